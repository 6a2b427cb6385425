package org.opensciencegrid.tokenrenewer.account;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;

/**
 * Finds the password of an account: in the pipe that root's launcher filled, or in {@code NAME.pw} in systemd's
 * credentials directory if the site uses {@code LoadCredential=}, or else in its {@code password_file}.
 */
public final class Passwords {
    private static final int MAX_KEY_BYTES = 1 << 16;

    private final Optional<Path> credentialsDirectory;
    private final Map<String, Path> pipes;
    private final Map<String, Password> readFromPipe = new HashMap<>();
    private final Map<String, byte[]> keysFromPipe = new HashMap<>();

    /**
     * @param credentialsDirectory $CREDENTIALS_DIRECTORY
     */
    public Passwords(Optional<Path> credentialsDirectory) {
        this(credentialsDirectory, Map.of());
    }

    private Passwords(Optional<Path> credentialsDirectory, Map<String, Path> pipes) {
        this.credentialsDirectory = credentialsDirectory;
        this.pipes = pipes;
    }

    /** @param pipes accounts and the pipes with their passwords, and as ACCOUNT:key with their private keys, as {@code NAME=PATH NAME=PATH} */
    public Passwords withPipes(String pipes) {
        Map<String, Path> byAccount = new HashMap<>();
        for (String pipe : pipes.split(" ")) {
            int equals = pipe.indexOf('=');
            if (equals >= 0) {
                byAccount.putIfAbsent(pipe.substring(0, equals), Path.of(pipe.substring(equals + 1)));
            }
        }
        return new Passwords(credentialsDirectory, byAccount);
    }

    /** Whether root's launcher passed the password of this account, because this process cannot read its file. */
    public boolean isPassedByLauncher(String account) {
        return pipes.containsKey(account);
    }

    /** The content of the private key of a client that root's launcher passed; empty if it passed none. */
    public synchronized Optional<byte[]> passedKey(String account) {
        Path pipe = pipes.get(account + ":key");
        if (pipe == null) {
            return Optional.empty();
        }
        byte[] content = keysFromPipe.get(account);
        if (content == null) { // a pipe can be read once
            try (InputStream in = Files.newInputStream(pipe)) {
                content = in.readNBytes(MAX_KEY_BYTES);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            keysFromPipe.put(account, content);
        }
        return Optional.of(content.clone());
    }

    /** The private key of a client: {@code NAME.key} in systemd's credentials directory, or else the configured file. */
    public Path keyFile(String account, Path configured) {
        return credential(account + ".key").orElse(configured);
    }

    public Password read(String account, Path passwordFile) throws PasswordFileException {
        if (pipes.containsKey(account)) {
            return readPipe(account);
        }
        Optional<Path> credential = credential(account + ".pw");
        Password password = PasswordFile.read(credential.orElse(passwordFile));
        // systemd passes a credential to one start of the unit. A key derived from it must not live longer.
        return credential.isPresent() ? password.withoutOrigin() : password;
    }

    private Optional<Path> credential(String fileName) {
        if (credentialsDirectory.isEmpty()) {
            return Optional.empty();
        }
        Path file = credentialsDirectory.get().resolve(fileName);
        return Files.exists(file) ? Optional.of(file) : Optional.empty();
    }

    /** A pipe can be read once, and a command may need the password several times. */
    private synchronized Password readPipe(String account) throws PasswordFileException {
        Password password = readFromPipe.get(account);
        if (password == null) {
            try (InputStream in = Files.newInputStream(pipes.get(account))) {
                password = PasswordFile.readStream(in);
            } catch (PasswordFileException e) {
                throw e;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            readFromPipe.put(account, password);
        }
        byte[] copy = password.copyBytes();
        try {
            return Password.of(copy);
        } finally {
            Arrays.fill(copy, (byte) 0);
        }
    }
}
