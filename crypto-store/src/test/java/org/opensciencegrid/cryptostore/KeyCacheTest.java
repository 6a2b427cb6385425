package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyCacheTest {
    private static final Path MEMORY = Path.of("/dev/shm");

    @TempDir
    private Path temporary;

    private final AtomicInteger derivations = new AtomicInteger();
    private Path keys;
    private Path password;

    @BeforeEach
    void prepare() throws IOException {
        assumeTrue(Files.isWritable(MEMORY) && Files.getFileStore(MEMORY).type().equals("tmpfs"), "no tmpfs here");
        keys = Files.createTempDirectory(MEMORY, "osg-token-renewer-test-");
        password = temporary.resolve("acct.pw");
        writePassword(Given.PASSWORD);
        Given.create(Given.store(temporary), Given.NAME, "content");
    }

    @AfterEach
    void tidy() throws IOException {
        if (keys != null) {
            try (Stream<Path> files = Files.walk(keys)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            }
        }
    }

    private void writePassword(String text) throws IOException {
        Files.writeString(password, text + "\n");
        Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-------"));
    }

    private Path entry() {
        return keys.resolve(Given.NAME + ".key");
    }

    private FileAccountStore store(Path cache) {
        return new FileAccountStore(
                        temporary.resolve("accounts"),
                        temporary.resolve("rescue"),
                        Given.CHEAP,
                        (secret, salt, parameters) -> {
                            derivations.incrementAndGet();
                            return KeyDerivation.argon2id().derive(secret, salt, parameters);
                        })
                .withKeyCache(cache);
    }

    /** The state directory was restored with the previous generation, without a boot since. */
    @Test
    void anAccountThatWasPutBackIsKnown() throws IOException {
        Path accounts = temporary.resolve("accounts");
        byte[] old = Files.readAllBytes(accounts.resolve(Given.NAME + ".account"));
        try (LockedAccount locked = store(keys).lock(Given.NAME, Duration.ZERO)) {
            OpenAccount account = locked.open(PasswordFile.read(password));
            assertEquals(Optional.empty(), account.newerGeneration());
            account.save(Given.bytes("content 2"));
            account.save(Given.bytes("content 3"));
        }
        Files.write(accounts.resolve(Given.NAME + ".account"), old);
        Files.delete(accounts.resolve(Given.NAME + ".account.prev"));
        try (LockedAccount locked = store(keys).lock(Given.NAME, Duration.ZERO)) {
            OpenAccount account = locked.open(PasswordFile.read(password));
            Path seen = keys.resolve(Given.NAME + ".generation");
            assertEquals(Optional.of(new Generation(3, seen)), account.newerGeneration());
            locked.delete();
        }
        try (Stream<Path> left = Files.list(keys)) {
            assertEquals(0, left.count());
        }
    }

    private String open() throws IOException {
        return open(PasswordFile.read(password), keys);
    }

    private String open(Password secret, Path cache) throws IOException {
        try (secret;
                LockedAccount account = store(cache).lock(Given.NAME, Given.NO_WAIT)) {
            return Given.text(account.open(secret).plaintext());
        }
    }

    /** Opens the account twice, and returns how many keys were derived the second time. */
    private int derivedAgain(Password secret, Path cache) throws IOException {
        open(PasswordFile.read(password), cache);
        derivations.set(0);
        assertEquals("content", open(secret, cache));
        return derivations.get();
    }

    private int derivedAgain() throws IOException {
        derivations.set(0);
        assertEquals("content", open());
        return derivations.get();
    }

    private String open(FileAccountStore store, Password secret) throws IOException {
        try (secret;
                LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            return Given.text(account.open(secret).plaintext());
        }
    }

    @Test
    void aStoreKeepsKeysInItsProcessUntilThePasswordFileChanges() throws IOException {
        FileAccountStore store = store(keys).withInProcessKeyCache();
        assertEquals("content", open(store, PasswordFile.read(password)));
        assertEquals("content", open(store, PasswordFile.read(password)));
        assertEquals(1, derivations.get());
        assertFalse(Files.exists(entry()), "no file");

        writePassword("another password");
        assertThrows(StoreException.class, () -> open(store, PasswordFile.read(password)));
        assertEquals(2, derivations.get());
        writePassword(Given.PASSWORD);
        assertEquals("content", open(store, PasswordFile.read(password)));
        assertEquals(3, derivations.get());
    }

    @Test
    void aStoreKeepsNoKeyOfAPasswordWithoutAFile() throws IOException {
        FileAccountStore store = store(keys).withInProcessKeyCache();
        open(store, PasswordFile.read(password).withoutOrigin());
        open(store, PasswordFile.read(password).withoutOrigin());
        assertEquals(2, derivations.get());
    }

    @Test
    void aKeyIsDerivedOnceForAllRunsUntilTheNextBoot() throws IOException {
        open();
        assertEquals(1, derivations.get());
        assertEquals(0, derivedAgain());
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(entry())));
        Files.delete(entry());
        assertEquals(1, derivedAgain());
    }

    @Test
    void aSaveKeepsTheSaltAndSoTheKey() throws IOException {
        open();
        try (Password secret = PasswordFile.read(password);
                LockedAccount account = store(keys).lock(Given.NAME, Given.NO_WAIT)) {
            account.open(secret).save(Given.bytes("content"));
        }
        assertEquals(0, derivedAgain());
    }

    @Test
    void thePasswordItselfIsNotInIt() throws IOException {
        open();
        String text = new String(Files.readAllBytes(entry()), java.nio.charset.StandardCharsets.ISO_8859_1);
        assertFalse(text.contains("correct"));
    }

    @Test
    void anotherPasswordInTheFileIsNoticed() throws IOException {
        open();
        writePassword("correct horse battery stapler"); // another size
        StoreException e = assertThrows(StoreException.class, this::open);
        assertEquals(StoreException.Kind.WRONG_PASSWORD, e.kind());
    }

    @Test
    void anotherPasswordOfTheSameLengthAndTimeIsNoticed() throws IOException, InterruptedException {
        open();
        Thread.sleep(20); // ctime advances with the kernel's tick
        var modified = Files.getLastModifiedTime(password);
        writePassword("correct horse battery stapLe");
        Files.setLastModifiedTime(password, modified);
        StoreException e = assertThrows(StoreException.class, this::open);
        assertEquals(StoreException.Kind.WRONG_PASSWORD, e.kind());
    }

    @Test
    void aWrongPasswordLeavesNoKey() throws IOException {
        writePassword("wrong");
        assertThrows(StoreException.class, this::open);
        assertFalse(Files.exists(entry()));
    }

    @Test
    void aPasswordFromElsewhereIsDerivedEachTime() throws IOException {
        assertEquals(1, derivedAgain(Given.password(), keys));
        assertEquals(1, derivedAgain(PasswordFile.read(password).withoutOrigin(), keys));
        assertEquals(0, derivedAgain(PasswordFile.read(password), keys));
    }

    @Test
    void aNewSaltIsNotMetByTheOldKey() throws IOException {
        open();
        try (Password secret = PasswordFile.read(password);
                LockedAccount account = store(keys).lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = account.open(secret);
            open.rekey(secret);
            assertFalse(Files.exists(entry()), "a key of the old salt is of no more use");
            open.save(Given.bytes("content"));
        }
        assertEquals(1, derivedAgain());
    }

    @Test
    void theKeyGoesWithTheAccount() throws IOException {
        open();
        try (LockedAccount account = store(keys).lock(Given.NAME, Given.NO_WAIT)) {
            account.delete();
        }
        assertFalse(Files.exists(entry()));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 64, 127, 129, 100_000})
    void garbageIsPassedOver(int length) throws IOException {
        open();
        byte[] garbage = new byte[length];
        Arrays.fill(garbage, (byte) 'x');
        Files.write(entry(), garbage);
        assertEquals(1, derivedAgain());
        assertEquals(0, derivedAgain());
    }

    @Test
    void oneThatACrashLeftHalfMadeIsInNobodysWay() throws IOException {
        Files.writeString(keys.resolve(Given.NAME + ".key.part"), "x");
        open();
        assertEquals(0, derivedAgain());
    }

    @Test
    void everyChangedByteIsNoticed() throws IOException {
        open();
        byte[] good = Files.readAllBytes(entry());
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= 1;
            Files.write(entry(), bad);
            assertEquals(1, derivedAgain(), "byte " + i);
        }
    }

    /**
     * A user who can write to the cache can correct the checksum; then the check value of the account file shows it.
     */
    @Test
    void aForgedKeyIsNotUsed() throws IOException {
        assertFalse(new KeyCache(keys).contains(Given.NAME));
        open();
        assertTrue(new KeyCache(keys).contains(Given.NAME));
        byte[] zeros = new byte[KeyDerivation.LENGTH];
        try (Password secret = PasswordFile.read(password)) {
            FormatOne.Sealed sealed = FormatOne.decode(
                    temporary,
                    Files.readAllBytes(temporary.resolve("accounts/" + Given.NAME + ".account")),
                    Given.NAME);
            new KeyCache(keys).put(Given.NAME, secret, sealed.salt(), sealed.parameters(), zeros);
        }
        assertEquals(1, derivedAgain());
        assertEquals(0, derivedAgain());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-r-----", "rw----r--", "r--------", "rwx------"})
    void aFileOfAnotherModeIsNotBelieved(String mode) throws IOException {
        open();
        Files.setPosixFilePermissions(entry(), PosixFilePermissions.fromString(mode));
        assertEquals(1, derivedAgain());
    }

    @Test
    void aSymbolicLinkIsNotFollowed() throws IOException {
        open();
        Path elsewhere = keys.resolve("elsewhere");
        Files.move(entry(), elsewhere);
        Files.createSymbolicLink(entry(), elsewhere);
        assertEquals(1, derivedAgain());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rwxr-x---", "rwx-----x", "rwxrwxrwx"})
    void aDirectoryThatOthersMayEnterKeepsNothing(String mode) throws IOException {
        Files.setPosixFilePermissions(keys, PosixFilePermissions.fromString(mode));
        assertEquals(1, derivedAgain(PasswordFile.read(password), keys));
        assertFalse(Files.exists(entry()));
    }

    @Test
    void nobodyElsesDirectoryOrFileIsBelieved() throws IOException {
        open();
        assumeTrue(Files.getAttribute(keys, "unix:uid").equals(0), "only root can give files away");
        Files.setAttribute(entry(), "unix:uid", 65534);
        assertEquals(1, derivedAgain());
        Files.setAttribute(keys, "unix:uid", 65534);
        assertEquals(1, derivedAgain());
        assertEquals(1, derivedAgain());
    }

    @Test
    void nothingReachesADisk() throws IOException {
        Path disk = Files.createDirectory(
                temporary.resolve("disk"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        assumeTrue(!Files.getFileStore(disk).type().equals("tmpfs"), "the temporary directory is in memory");
        assertEquals(1, derivedAgain(PasswordFile.read(password), disk));
        try (Stream<Path> files = Files.list(disk)) {
            assertEquals(0, files.count());
        }
        assertEquals(1, derivedAgain(PasswordFile.read(password), temporary.resolve("missing")));
        assertTrue(Files.notExists(temporary.resolve("missing")));
    }
}
