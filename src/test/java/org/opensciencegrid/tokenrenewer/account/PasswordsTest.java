package org.opensciencegrid.tokenrenewer.account;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.util.Secret;

class PasswordsTest {
    @TempDir
    Path directory;

    @Test
    void theCredentialsDirectoryGoesBeforeThePasswordFile() throws Exception {
        Path file = secret("configured", "from the file\n");
        Path credentials = Files.createDirectory(directory.resolve("credentials"));
        Passwords passwords = new Passwords(Optional.of(credentials));

        assertEquals("from the file", read(passwords, "acct", file));

        secret("credentials/acct.pw", "from systemd\nsecond line\n");
        assertEquals("from systemd", read(passwords, "acct", file));
        assertEquals("from systemd", read(passwords, "acct", directory.resolve("absent")));
        assertEquals("from the file", read(passwords, "other", file));
        assertEquals("from the file", read(new Passwords(Optional.empty()), "acct", file));
    }

    /** A pipe can be read once; a command may send several requests. */
    @Test
    void aKeyFromTheLauncherCanBeUsedAgain() throws Exception {
        Path pipe = secret("pipe", "the key");
        Passwords passwords = new Passwords(Optional.empty()).withPipes(" ce=/nowhere ce:key=" + pipe);
        assertEquals("the key", new String(passwords.passedKey("ce").orElseThrow(), StandardCharsets.UTF_8));
        Files.delete(pipe);
        assertEquals("the key", new String(passwords.passedKey("ce").orElseThrow(), StandardCharsets.UTF_8));
        assertEquals(Optional.empty(), passwords.passedKey("other"));
    }

    @Test
    void anUnfitCredentialIsSaidAndNotPassedOver() throws Exception {
        Path file = secret("configured", "from the file\n");
        Path credential = secret("acct.pw", "");

        PasswordFileException e = assertThrows(
                PasswordFileException.class, () -> read(new Passwords(Optional.of(directory)), "acct", file));

        assertEquals(PasswordFileException.Kind.EMPTY, e.kind());
        assertEquals(Optional.of(credential), e.file());
    }

    @Test
    void aSecretFileIsReadByTheSameRules() throws Exception {
        assertEquals(Secret.of("s3cr%t é"), SecretFile.read(secret("s", "s3cr%t é\nmore\n")));
        assertFalse(SecretFile.read(directory.resolve("s")).toString().contains("s3cr"));

        assertEquals(
                PasswordFileException.Kind.EMPTY, refused(secret("empty", "\n")).kind());
        assertEquals(
                PasswordFileException.Kind.BINARY,
                refused(secret("nul", "a\0b\n")).kind());
        assertEquals(
                PasswordFileException.Kind.MISSING,
                refused(directory.resolve("absent")).kind());
        assertEquals(PasswordFileException.Kind.NOT_A_FILE, refused(directory).kind());
    }

    private static PasswordFileException refused(Path file) {
        return assertThrows(PasswordFileException.class, () -> SecretFile.read(file));
    }

    private Path secret(String name, String content) throws Exception {
        return Files.writeString(directory.resolve(name), content);
    }

    private static String read(Passwords passwords, String account, Path file) throws PasswordFileException {
        try (Password password = passwords.read(account, file)) {
            return new String(password.copyBytes(), StandardCharsets.UTF_8);
        }
    }
}
