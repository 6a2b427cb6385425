package org.opensciencegrid.cryptostore.oidcagent;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.params.Argon2Parameters;
import org.opensciencegrid.cryptostore.Argon2id;
import org.opensciencegrid.cryptostore.Disk;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.RealDisk;
import org.opensciencegrid.cryptostore.RegularFile;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.cryptostore.oidcagent.AgentFileException.Kind;

/**
 * An account file of oidc-agent. Supports the format of 2.1.0 and later (seven lines of Base64) and the older format
 * (one line of hexadecimal digits). Reading changes nothing. Specified in {@code docs/admin/oidc-agent.md}.
 */
public final class AgentFile {
    /** The maximum file size in bytes. Files of oidc-agent have about one thousand. */
    public static final int MAX_FILE_BYTES = 256 * 1024;

    private static final int NONCE_BYTES = 24;
    private static final int SALT_BYTES = 16;
    private static final int KEY_BYTES = 32;
    private static final String SIZES = NONCE_BYTES + ":" + SALT_BYTES + ":" + SecretBox.TAG_BYTES + ":" + KEY_BYTES;

    /** libsodium's numbers for the two variants, with the "interactive" costs that oidc-agent used. */
    private enum Algorithm {
        ARGON2I(1, Argon2Parameters.ARGON2_i, new KdfParameters(32 * 1024, 4, 1)),
        ARGON2ID(2, Argon2Parameters.ARGON2_id, new KdfParameters(64 * 1024, 2, 1));

        private final int number;
        private final int type;
        private final KdfParameters cost;

        Algorithm(int number, int type, KdfParameters cost) {
            this.number = number;
            this.type = type;
            this.cost = cost;
        }
    }

    private static final String DECIMAL = "(0|[1-9][0-9]{0,17})";
    private static final String BASE64 = "([A-Za-z0-9+/]+={0,2})";
    /** "1" is libsodium's number of the Base64 alphabet. */
    private static final Pattern CURRENT = Pattern.compile(DECIMAL + "\n" + BASE64 + "\n" + BASE64 + "\n" + SIZES
            + ":1:" + DECIMAL + ":" + DECIMAL + ":([12])\n" + BASE64 + "\n" + BASE64 + "(\n[^\n]*)?\n*");

    private static final Pattern OLD =
            Pattern.compile(DECIMAL + ":([0-9a-f]{32}):([0-9a-f]{48}):([0-9a-f]+)(\n[^\n]*)?\n*");

    private final Path file;
    private final byte[] nonce;
    private final byte[] salt;
    private final byte[] sealed;
    /** Empty in the old format, which contains neither. */
    private final Optional<Kdf> kdf;

    /** How the key was derived, and the second half of it, which shows whether the password is right. */
    private record Kdf(Algorithm algorithm, KdfParameters cost, byte[] check) {}

    private AgentFile(Path file, byte[] nonce, byte[] salt, byte[] sealed, Optional<Kdf> kdf) {
        this.file = file;
        this.nonce = nonce;
        this.salt = salt;
        this.sealed = sealed;
        this.kdf = kdf;
    }

    /**
     * Reads a regular file, without following a symbolic link.
     *
     * @throws AgentFileException MISSING, EMPTY, PGP, DAMAGED, LIMITS, UNREADABLE
     */
    public static AgentFile read(Path file) throws AgentFileException {
        try {
            return decode(file, RegularFile.read(file, MAX_FILE_BYTES).bytes());
        } catch (AgentFileException e) {
            throw e;
        } catch (NoSuchFileException e) {
            throw new AgentFileException(Kind.MISSING, file, "there is no such file", e);
        } catch (IOException e) {
            throw new AgentFileException(Kind.UNREADABLE, file, "cannot be read: " + StoreException.reason(e), e);
        }
    }

    static AgentFile decode(Path file, byte[] bytes) throws AgentFileException {
        if (bytes.length > MAX_FILE_BYTES) {
            throw new AgentFileException(Kind.LIMITS, file, "longer than an account file can be");
        }
        String text = new String(bytes, ISO_8859_1);
        if (text.isBlank()) {
            throw new AgentFileException(Kind.EMPTY, file, "it is empty");
        } else if (text.stripLeading().startsWith("-----BEGIN PGP MESSAGE-----")) {
            throw new AgentFileException(Kind.PGP, file, "it is encrypted by gpg");
        }
        Matcher current = CURRENT.matcher(text);
        if (current.matches()) {
            byte[] sealed = base64(file, current.group(7), current.group(1));
            return new AgentFile(
                    file,
                    base64(file, current.group(2), NONCE_BYTES),
                    base64(file, current.group(3), SALT_BYTES),
                    sealed,
                    Optional.of(kdf(file, current)));
        }
        Matcher old = OLD.matcher(text);
        if (old.matches() && old.group(4).length() % 2 == 0) {
            HexFormat hex = HexFormat.of();
            byte[] sealed = hex.parseHex(old.group(4));
            requireLength(file, sealed, old.group(1));
            return new AgentFile(
                    file, hex.parseHex(old.group(3)), hex.parseHex(old.group(2)), sealed, Optional.empty());
        }
        throw damaged(file, "it has not the form of an account of oidc-agent, or not any more");
    }

    /**
     * Checks the limits before any memory is allocated: an attacker can choose the numbers until the tag is verified.
     */
    private static Kdf kdf(Path file, Matcher current) throws AgentFileException {
        long bytes = Long.parseLong(current.group(5));
        Algorithm algorithm = current.group(6).equals("1") ? Algorithm.ARGON2I : Algorithm.ARGON2ID;
        byte[] check = base64(file, current.group(8), KEY_BYTES);
        try {
            int memory = Math.toIntExact(bytes / 1024); // rounds like libsodium
            return new Kdf(
                    algorithm, new KdfParameters(memory, Math.toIntExact(Long.parseLong(current.group(4))), 1), check);
        } catch (ArithmeticException | IllegalArgumentException e) {
            throw new AgentFileException(Kind.LIMITS, file, "its key derivation exceeds all limits of oidc-agent");
        }
    }

    /**
     * Decrypts the JSON text, byte for byte. The caller wipes it. Needs one key derivation for the current format, and
     * up to two for the old one.
     *
     * @throws AgentFileException WRONG_PASSWORD, WRONG_PASSWORD_OR_DAMAGED, DAMAGED
     */
    public byte[] open(Password password) throws AgentFileException {
        return kdf.isPresent() ? openCurrent(kdf.get(), password) : openOld(password);
    }

    private byte[] openCurrent(Kdf stored, Password password) throws AgentFileException {
        byte[] derived = Argon2id.derive(stored.algorithm().type, password, salt, stored.cost(), 2 * KEY_BYTES);
        byte[] key = Arrays.copyOf(derived, KEY_BYTES);
        byte[] check = Arrays.copyOfRange(derived, KEY_BYTES, derived.length);
        try {
            Optional<byte[]> text = SecretBox.open(key, nonce, sealed);
            if (text.isPresent()) {
                return text.get(); // authentic; if the check line differs, only that line is damaged
            } else if (org.bouncycastle.util.Arrays.constantTimeAreEqual(check, stored.check())) {
                throw damaged(file, "the password is right, but the content is damaged");
            }
            throw new AgentFileException(Kind.WRONG_PASSWORD, file, "the password is not the one it was made with");
        } finally {
            wipe(derived, key, check);
        }
    }

    /** The file does not contain the costs. Tries those of libsodium before 1.0.15, then the later ones. */
    private byte[] openOld(Password password) throws AgentFileException {
        for (Algorithm algorithm : Algorithm.values()) {
            byte[] key = Argon2id.derive(algorithm.type, password, salt, algorithm.cost, KEY_BYTES);
            try {
                Optional<byte[]> text = SecretBox.open(key, nonce, sealed);
                if (text.isPresent()) {
                    return text.get();
                }
            } finally {
                wipe(key);
            }
        }
        throw new AgentFileException(
                Kind.WRONG_PASSWORD_OR_DAMAGED,
                file,
                "the password is not the one it was made with, or it is damaged; this old form cannot tell");
    }

    /** Encrypts in the format of oidc-agent 4.2.6 and 5.3.3. */
    public static byte[] seal(byte[] json, Password password) {
        return seal(json, password, Algorithm.ARGON2ID.cost);
    }

    static byte[] seal(byte[] json, Password password, KdfParameters cost) {
        SecureRandom random = new SecureRandom();
        byte[] nonce = new byte[NONCE_BYTES];
        random.nextBytes(nonce);
        byte[] salt = new byte[SALT_BYTES];
        random.nextBytes(salt);
        byte[] derived = Argon2id.derive(Algorithm.ARGON2ID.type, password, salt, cost, 2 * KEY_BYTES);
        byte[] key = Arrays.copyOf(derived, KEY_BYTES);
        try {
            byte[] sealed = SecretBox.seal(key, nonce, json);
            List<String> lines = List.of(
                    String.valueOf(sealed.length),
                    base64(nonce),
                    base64(salt),
                    SIZES + ":1:" + cost.iterations() + ":" + 1024L * cost.memoryKiB() + ":"
                            + Algorithm.ARGON2ID.number,
                    base64(sealed),
                    base64(Arrays.copyOfRange(derived, KEY_BYTES, derived.length)),
                    "Generated using version: 4.2.6"); // oidc-agent must know this version, because it selects how to
            // read the rest
            return String.join("\n", lines).getBytes(US_ASCII);
        } finally {
            wipe(derived, key);
        }
    }

    /**
     * Writes a new file with mode 0600, completely or not at all. The file is durable when this returns.
     *
     * @throws AgentFileException UNWRITABLE, also if a file with that name exists
     */
    public static void write(Path file, byte[] content) throws AgentFileException {
        Disk disk = new RealDisk();
        Path target = file.toAbsolutePath();
        Path part = target.resolveSibling("." + target.getFileName() + ".part");
        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new AgentFileException(Kind.UNWRITABLE, file, "there is a file of that name");
        }
        try {
            disk.delete(part);
            try (Disk.OpenFile open = disk.create(part)) {
                open.write(content);
                open.force(true);
            }
            disk.rename(part, target);
            disk.forceDirectory(Objects.requireNonNull(target.getParent()));
        } catch (IOException e) {
            disk.deleteQuietly(part); // it is hidden, and the next export to this name replaces it
            throw new AgentFileException(Kind.UNWRITABLE, file, "cannot be written: " + StoreException.reason(e), e);
        }
    }

    private static byte[] base64(Path file, String text, int length) throws AgentFileException {
        return base64(file, text, String.valueOf(length));
    }

    private static byte[] base64(Path file, String text, String length) throws AgentFileException {
        try {
            byte[] bytes = Base64.getDecoder().decode(text);
            requireLength(file, bytes, length);
            if (base64(bytes).equals(text)) {
                return bytes;
            }
        } catch (IllegalArgumentException e) {
            // Reported below.
        }
        throw damaged(file, "a line of it is not Base64 any more");
    }

    private static void requireLength(Path file, byte[] bytes, String length) throws AgentFileException {
        if (!length.equals(String.valueOf(bytes.length))) {
            throw damaged(file, "a part of it has not the length that it should have");
        }
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static AgentFileException damaged(Path file, String reason) {
        return new AgentFileException(Kind.DAMAGED, file, reason);
    }

    private static void wipe(byte[]... secrets) {
        for (byte[] secret : secrets) {
            Arrays.fill(secret, (byte) 0);
        }
    }
}
