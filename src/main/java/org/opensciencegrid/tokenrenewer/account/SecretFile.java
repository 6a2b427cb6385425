package org.opensciencegrid.tokenrenewer.account;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Reads a secret from the first line of a file, under the same rules as a password file. */
public final class SecretFile {
    private SecretFile() {}

    public static Secret read(Path file) throws PasswordFileException {
        try (Password line = PasswordFile.read(file)) {
            return Secret.of(new String(line.copyBytes(), StandardCharsets.UTF_8));
        }
    }
}
