package org.opensciencegrid.tokenrenewer.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;

/** Reads config.ini. */
public final class ConfigFile {
    /** Enough for 10,000 tokens. Keeps a wrong path (a log, a disk image) from being read into memory. */
    static final int MAX_BYTES = 4 * 1024 * 1024;

    private ConfigFile() {}

    /**
     * Reads and checks the whole file.
     *
     * @throws ConfigException if the file cannot be read or no section can be used
     */
    public static Config read(Path file) throws ConfigException {
        return Validation.validate(file, IniParser.parse(text(file)));
    }

    /**
     * Reads and checks the whole file for a renewal.
     *
     * @param reserved directories that must not contain a token: those of accounts, state and cached keys
     * @param onAlwaysDue called before validation if a token has no min_lifetime, because there will be work to do
     */
    public static Config read(Path file, List<Path> reserved, Runnable onAlwaysDue) throws ConfigException {
        RawConfig raw = IniParser.parse(text(file));
        if (Validation.hasTokenWithoutMinLifetime(raw)) {
            onAlwaysDue.run();
        }
        return Validation.validate(file, raw, reserved);
    }

    /**
     * Reads how to reach the issuer of an account. The account may have no section yet; then {@code [DEFAULT]} applies.
     * An unreadable file counts as empty.
     *
     * @throws ConfigException if the proxy or the timeout is invalid
     */
    public static NetworkOptions networkOptions(Path file, String account) throws ConfigException {
        RawConfig raw;
        try {
            raw = IniParser.parse(text(file));
        } catch (ConfigException e) {
            return NetworkOptions.DEFAULT;
        }
        String header = raw.sections().stream()
                .filter(name -> PythonText.words(name).equals(List.of("account", account)))
                .findFirst()
                .orElse(RawConfig.DEFAULT);
        Diagnostics diagnostics = new Diagnostics();
        NetworkOptions networkOptions = new Section(raw, diagnostics, header, "account", account).networkOptions();
        if (!diagnostics.problems().isEmpty()) {
            throw new ConfigException(file, diagnostics.problems());
        }
        return networkOptions;
    }

    private static String text(Path file) throws ConfigException {
        return decode(file, bytes(file));
    }

    static byte[] bytes(Path file) throws ConfigException {
        if (Files.isDirectory(file)) {
            throw unusable(file, "is a directory; give the path of the config.ini in it");
        }
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (NoSuchFileException e) {
            throw unusable(file, "no such file; create it, or set OSG_TOKEN_RENEWER_CONFIG_PATH to where it is");
        } catch (AccessDeniedException e) {
            throw unusable(
                    file,
                    "permission denied; the user "
                            + System.getProperty("user.name")
                            + " must be able to read it and to enter its directory");
        } catch (IOException e) {
            throw unusable(file, "cannot be read (" + e.getMessage() + "); make it a plain, readable file");
        }
        if (bytes.length > MAX_BYTES) {
            throw unusable(file, "is larger than 4 MiB; a configuration is not, so check the path");
        }
        return bytes;
    }

    static String decode(Path file, byte[] bytes) throws ConfigException {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        try {
            // newDecoder() reports malformed bytes; new String() would put U+FFFD into a secret or a path.
            return StandardCharsets.UTF_8.newDecoder().decode(in).toString();
        } catch (CharacterCodingException e) {
            int wrong = in.position();
            long line =
                    1 + IntStream.range(0, wrong).filter(i -> bytes[i] == '\n').count();
            throw unusable(
                    file,
                    String.format(
                            Locale.ROOT,
                            "is not UTF-8 text (line %d, byte 0x%02X); save it as UTF-8",
                            line,
                            bytes[wrong]));
        }
    }

    private static ConfigException unusable(Path file, String text) {
        return new ConfigException(file, List.of(new ConfigError(0, text)));
    }
}
