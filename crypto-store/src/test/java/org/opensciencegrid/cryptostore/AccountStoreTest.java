package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The store on a real disk. */
class AccountStoreTest {
    private static final DerivedKey KEY =
            new DerivedKey(KeyDerivation.argon2id(), Given.password(), new byte[FormatOne.SALT_BYTES], Given.CHEAP);

    @TempDir
    private Path temporary;

    private FileAccountStore store;
    private AccountFiles files;

    @BeforeEach
    void directories() throws IOException {
        temporary = temporary.toRealPath();
        store = Given.store(temporary);
        files = new AccountFiles(Given.NAME, temporary.resolve("accounts"), temporary.resolve("rescue"));
    }

    private static byte[] sealed(String content, long generation, String account, DerivedKey key) {
        byte[] nonce = new byte[FormatOne.NONCE_BYTES];
        Given.RANDOM.nextBytes(nonce);
        return FormatOne.seal(account, generation, key, nonce, Given.bytes(content));
    }

    /** "5" is generation 5 with the content "five" and so on; other words are defects. "-" means no file. */
    private void put(Path file, String what) throws IOException {
        if (what.equals("-")) {
            return;
        }
        Files.createDirectories(file.getParent());
        DerivedKey other = new DerivedKey(
                KeyDerivation.argon2id(), Given.password("another"), new byte[FormatOne.SALT_BYTES], Given.CHEAP);
        byte[] five = sealed("content 5", 5, Given.NAME, KEY);
        byte[] bytes = switch (what) {
            case "empty" -> new byte[0];
            case "zeros" -> new byte[64 * 1024];
            case "partial" -> Arrays.copyOf(Arrays.copyOf(five, five.length / 2), 64 * 1024);
            case "corrupt" -> Arrays.copyOf(five, five.length - 3);
            case "5+zeros" -> Arrays.copyOf(five, 64 * 1024);
            case "4+zeros" -> Arrays.copyOf(sealed("content 4", 4, Given.NAME, KEY), 64 * 1024);
            case "5-of-another-password" -> sealed("content 5", 5, Given.NAME, other);
            case "4-of-another-password" -> sealed("content 4", 4, Given.NAME, other);
            case "4-of-another-salt" ->
                sealed(
                        "content 4",
                        4,
                        Given.NAME,
                        new DerivedKey(
                                KeyDerivation.argon2id(),
                                Given.password(),
                                Given.bytes("x".repeat(FormatOne.SALT_BYTES)),
                                Given.CHEAP));
            case "5-of-another-account" -> sealed("content 5", 5, "other", KEY);
            case "5-tampered" -> Files.readAllBytes(tampered(5));
            case "4-tampered" -> Files.readAllBytes(tampered(4));
            case "version-2" -> Given.bytes("osg-token-renewer-account 2\n");
            case "limits" -> Files.readAllBytes(Path.of("src/test/resources/vectors/kdf-memory-100-gib.account"));
            case "directory" -> null;
            default -> sealed("content " + what, Long.parseLong(what), Given.NAME, KEY);
        };
        if (bytes == null) {
            Files.createDirectories(file.resolve("with").resolve("content"));
        } else {
            Files.write(file, bytes);
        }
    }

    /** The tag belongs to another plaintext, but the checksum is right. */
    private Path tampered(int generation) throws IOException {
        DerivedKey sameCheck = new DerivedKey(
                (password, salt, parameters) -> {
                    byte[] out = new byte[KeyDerivation.LENGTH];
                    System.arraycopy(KEY.check(), 0, out, 32, 32);
                    return out;
                },
                Given.password(),
                KEY.salt(),
                Given.CHEAP);
        return Files.write(temporary.resolve("t"), sealed("evil", generation, Given.NAME, sameCheck));
    }

    @Test
    void anAccountFileThatIsOlderThanTheGenerationBeforeWasPutBack() throws IOException {
        put(files.account(), "4");
        put(files.previous(), "5");
        try (LockedAccount locked = store.lock(Given.NAME, Duration.ZERO)) {
            assertEquals(
                    Optional.of(new Generation(5, files.previous())),
                    locked.open(Given.password()).newerGeneration());
        }
    }

    @ParameterizedTest
    @CsvSource({"5, 6, -, 6", "5, 5, -, 0", "5, 4, -, 0", "corrupt, 6, -, 0", "5, 6, 6, 0"})
    void anAccountIsOldIfOnlyThePreviousFileIsNewer(String current, String previous, String next, long newer)
            throws IOException {
        put(files.account(), current);
        put(files.previous(), previous);
        put(files.next(), next);
        assertEquals(
                newer, store.newerGeneration(Given.NAME).map(Generation::number).orElse(0L));
    }

    @Test
    void memoryIsAllocatedIfAnAccountHasNoKey() throws IOException {
        List<KdfParameters> prepared = new ArrayList<>();
        KeyDerivation derivation = new KeyDerivation() {
            @Override
            public byte[] derive(Password password, byte[] salt, KdfParameters parameters) {
                return Given.HASH.derive(password, salt, parameters);
            }

            @Override
            public void prepare(KdfParameters parameters) {
                prepared.add(parameters);
            }
        };
        FileAccountStore some = new FileAccountStore(
                files.directory(),
                files.rescueDirectory(),
                new FileAccountStore.Tools(new RealDisk(), derivation, Given.CHEAP, () -> Given.RANDOM));
        some.prepare(List.of());
        assertEquals(List.of(), prepared);
        some.prepare(List.of(Given.NAME, "other"));
        assertEquals(List.of(Given.CHEAP), prepared);
    }

    @Test
    void theMarksOfAPlaceAreThoseOfTheLockFile() throws IOException {
        assertEquals(Optional.empty(), store.lockInode(Given.NAME));
        assertEquals(Optional.empty(), store.lockChangedAt(Given.NAME));
        try (LockedAccount locked = store.lock(Given.NAME, Duration.ZERO)) {
            assertFalse(locked.exists());
            put(files.previous(), "5");
            assertTrue(locked.exists());
        }
        assertEquals(
                Files.getAttribute(files.lock(), "unix:ino").toString(),
                store.lockInode(Given.NAME).orElseThrow());
        assertEquals(
                Files.getAttribute(files.lock(), "unix:ctime").toString(),
                store.lockChangedAt(Given.NAME).orElseThrow());
    }

    /** The probe tests the disk, and not only the directory. */
    @Test
    void theProbeIsWrittenAndFlushed() throws IOException {
        Files.createDirectories(files.directory());
        List<String> calls = new ArrayList<>();
        RealDisk disk = new RealDisk();
        Disk watched = (Disk) Proxy.newProxyInstance(
                Disk.class.getClassLoader(), new Class<?>[] {Disk.class}, (proxy, method, arguments) -> {
                    Object result = method.invoke(disk, arguments);
                    return !(result instanceof Disk.OpenFile file)
                            ? result
                            : Proxy.newProxyInstance(
                                    Disk.class.getClassLoader(),
                                    new Class<?>[] {Disk.OpenFile.class},
                                    (open, called, given) -> {
                                        calls.add(called.getName());
                                        return called.invoke(file, given);
                                    });
                });
        new FileAccountStore(
                        files.directory(),
                        files.rescueDirectory(),
                        new FileAccountStore.Tools(watched, Given.HASH, Given.CHEAP, () -> Given.RANDOM))
                .requireWritable();
        assertEquals(List.of("write", "force", "close"), calls);
    }

    @ParameterizedTest
    @CsvSource({
        "java.nio.file.AccessDeniedException, Permission denied",
        "java.nio.file.NoSuchFileException, No such file or directory",
        "java.nio.file.FileAlreadyExistsException, File exists",
        "java.nio.file.DirectoryNotEmptyException, Directory not empty"
    })
    void anErrorHasTheWordsOfTheOperatingSystem(Class<? extends IOException> type, String words) throws Exception {
        assertEquals(
                words, StoreException.reason(type.getConstructor(String.class).newInstance("file")));
    }

    @Test
    void theProbeLeavesNothing() throws IOException {
        store.requireWritable();
        assertFalse(Files.exists(files.directory()), "a directory that does not exist is not created");
        Files.createDirectories(files.directory());
        Files.writeString(files.directory().resolve(".probe"), "left by a crash");
        store.requireWritable();
        try (Stream<Path> left = Files.list(files.directory())) {
            assertEquals(List.of(), left.toList());
        }
        Files.createDirectories(files.directory().resolve(".probe/with"));
        StoreException e = assertThrows(StoreException.class, store::requireWritable);
        assertEquals(StoreException.Kind.UNWRITABLE, e.kind());
    }

    /** {@link FileAccountStore#newerGeneration} needs no lock, so a run may publish while it reads. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void anAccountThatIsRenewedMeanwhileIsNotOld(int renewals) throws IOException {
        put(files.account(), "5");
        Path memory = Files.createDirectory(temporary.resolve("memory"));
        RealDisk disk = new RealDisk();
        AtomicInteger left = new AtomicInteger(renewals);
        Disk slow = (Disk) Proxy.newProxyInstance(
                Disk.class.getClassLoader(), new Class<?>[] {Disk.class}, (proxy, method, arguments) -> {
                    Object result;
                    try {
                        result = method.invoke(disk, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                    if (files.account().equals(arguments[0])) {
                        while (left.getAndDecrement() > 0) {
                            renew(memory);
                        }
                    }
                    return result;
                });
        FileAccountStore reader = new FileAccountStore(
                        files.directory(),
                        files.rescueDirectory(),
                        new FileAccountStore.Tools(slow, KeyDerivation.argon2id(), Given.CHEAP, () -> Given.RANDOM))
                .withHostRecords(memory);
        assertEquals(Optional.empty(), reader.newerGeneration(Given.NAME));
        assertEquals(5 + renewals, store.peek(Given.NAME).generation());
    }

    private void renew(Path memory) throws IOException {
        try (LockedAccount locked = store.withHostRecords(memory).lock(Given.NAME, Duration.ZERO)) {
            locked.open(Given.password()).save(Given.bytes("renewed"));
        }
    }

    @Test
    void aReservationThatWasLeftTellsWhenARunWasInterrupted() throws IOException {
        Instant then = Instant.parse("2026-11-29T12:00:00Z");
        put(files.account(), "5");
        try (LockedAccount locked = store.lock(Given.NAME, Duration.ZERO)) {
            assertEquals(Optional.empty(), locked.open(Given.password()).interruptedAt());
        }
        put(files.next(), "zeros");
        Files.setLastModifiedTime(files.next(), FileTime.from(then));
        try (LockedAccount locked = store.lock(Given.NAME, Duration.ZERO)) {
            assertEquals(Optional.of(then), locked.open(Given.password()).interruptedAt());
        }
    }

    @Test
    void workersThatStartAtOnceAgreeOnTheInstance() throws Exception {
        int workers = 4;
        ExecutorService pool = Executors.newFixedThreadPool(workers);
        try {
            for (int round = 0; round < 300; round++) {
                Path memory = Files.createDirectory(temporary.resolve("memory" + round));
                CyclicBarrier start = new CyclicBarrier(workers);
                Callable<Optional<String>> worker = () -> {
                    start.await();
                    return store.withHostRecords(memory).instance();
                };
                Set<Optional<String>> names = new HashSet<>();
                for (Future<Optional<String>> name : pool.invokeAll(Collections.nCopies(workers, worker))) {
                    names.add(name.get());
                }
                assertEquals(Set.of(store.withHostRecords(memory).instance()), names);
                assertTrue(names.iterator().next().isPresent());
                try (Stream<Path> left = Files.list(memory)) {
                    assertEquals(1, left.count());
                }
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void aDamagedInstanceIsReplaced() throws IOException {
        Path memory = Files.createDirectory(temporary.resolve("memory"));
        Files.writeString(memory.resolve("instance"), "damaged");
        assertTrue(store.withHostRecords(memory).instance().isPresent());
    }

    /** As where a lock has no effect. */
    @Test
    void aGenerationOfAnotherRunIsNotReplaced() throws IOException {
        put(files.account(), "5");
        try (LockedAccount locked = store.lock(Given.NAME, Duration.ZERO)) {
            OpenAccount account = locked.open(Given.password());
            put(files.account(), "6");
            StoreException before = assertThrows(StoreException.class, account::reserve, "nothing is to be asked");
            assertTrue(before.getMessage().contains("the lock has no effect"), before.getMessage());
        }
        put(files.account(), "5");
        try (LockedAccount locked = store.lock(Given.NAME, Duration.ZERO)) {
            OpenAccount account = locked.open(Given.password());
            account.reserve();
            put(files.account(), "6");
            SaveResult saved = account.save(Given.bytes("new"));
            assertTrue(saved.rescued());
            assertTrue(saved.problem().contains("the lock has no effect"), saved.problem());
            assertEquals(7, saved.generation(), "recovery prefers it to the other run's");
        }
        assertEquals(6, store.peek(Given.NAME).generation());
        try (LockedAccount locked = store.lock(Given.NAME, Duration.ZERO)) {
            OpenAccount account = locked.open(Given.password());
            assertArrayEquals(Given.bytes("new"), account.plaintext());
            assertEquals(OpenAccount.RecoveredFrom.RESCUE, account.recoveredFrom());
        }
    }

    /** As procfs does, which every machine has. */
    @Test
    void aDirectoryThatRefusesFsyncIsNoFailure() throws IOException {
        Path directory = Path.of("/proc/self");
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            IOException refused = assertThrows(IOException.class, () -> channel.force(true));
            assertEquals("Invalid argument", refused.getMessage());
        }
        new RealDisk().forceDirectory(directory);
    }

    /** What a full disk, or one that let nothing be removed, has left. */
    @Test
    void nothingStaysOfAFailedRescue() throws IOException {
        put(files.account(), "5");
        put(files.next(), "zeros");
        Path part = AccountFiles.incomplete(files.rescues().get(0));
        Files.createFile(part);
        try (LockedAccount locked = store.lock(Given.NAME, Duration.ZERO)) {
            locked.open(Given.password());
        }
        assertFalse(Files.exists(part));
        assertFalse(Files.exists(files.next()));
    }

    /** As if a lock has no effect: the zeros of another run replaced the account. */
    @Test
    void theReservationOfAnotherRunIsNotPublished() throws IOException {
        put(files.account(), "5");
        try (LockedAccount locked = store.lock(Given.NAME, Duration.ZERO)) {
            OpenAccount account = locked.open(Given.password());
            account.reserve();
            Files.delete(files.next());
            put(files.next(), "zeros");
            SaveResult saved = account.save(Given.bytes("content 6"));
            assertTrue(saved.rescued());
            assertTrue(saved.problem().contains("the lock has no effect"), saved.problem());
        }
        assertEquals(5, store.peek(Given.NAME).generation());
        assertEquals(64 * 1024, Files.size(files.next()), "it is the other run's");
        try (LockedAccount locked = store.lock(Given.NAME, Duration.ZERO)) {
            assertArrayEquals(
                    Given.bytes("content 6"), locked.open(Given.password()).plaintext());
        }
    }

    /** The recovery table of docs/reference/account-file.md. */
    @ParameterizedTest(name = "{0} next={1} prev={2} rescue={3} -> {4} {5}")
    @CsvSource({
        // account, next, prev, rescue (same directory), expected generation or kind, source
        "4, -, -, -, 4, CURRENT",
        "4, -, 3, -, 4, CURRENT",
        "4, empty, 3, -, 4, CURRENT",
        "4, zeros, 3, -, 4, CURRENT",
        "4, partial, 3, -, 4, CURRENT",
        "4, corrupt, 3, -, 4, CURRENT",
        "4, 3, 3, -, 4, CURRENT",
        "4, 4, 3, -, 4, CURRENT",
        "4, 4+zeros, 3, -, 4, CURRENT",
        "4, 5, 3, -, 5, NEXT",
        "4, 5+zeros, 3, -, 5, NEXT",
        "4, 5+zeros, -, -, 5, NEXT",
        "4, 6, 3, -, 4, CURRENT",
        "4-of-another-salt, 5, 3, -, 5, NEXT",
        "4, 5-of-another-password, 3, -, WRONG_PASSWORD, -",
        "4, 5-of-another-account, 3, -, WRONG_ACCOUNT, -",
        "4, 5-tampered, 3, -, TAMPERED, -",
        "4, version-2, 3, -, UNSUPPORTED, -",
        "4, limits, 3, -, LIMITS, -",
        "4, directory, 3, -, UNREADABLE, -",
        "4-tampered, -, 3, -, TAMPERED, -",
        "4-tampered, 5, 3, -, TAMPERED, -",
        "4-tampered, -, 3, 5, TAMPERED, -",
        "4-of-another-password, -, 3, -, WRONG_PASSWORD, -",
        "4-of-another-password, 5, 3, -, WRONG_PASSWORD, -",
        "5-of-another-account, -, 3, -, WRONG_ACCOUNT, -",
        "version-2, -, 3, -, UNSUPPORTED, -",
        "version-2, 5, 3, -, UNSUPPORTED, -",
        "directory, -, 3, -, UNREADABLE, -",
        "-, -, -, -, MISSING, -",
        "-, zeros, -, -, MISSING, -",
        "-, partial, -, -, MISSING, -",
        "-, 1, -, -, 1, NEXT",
        "-, 5+zeros, 4, -, 5, NEXT",
        "-, 3, 4, -, 4, PREVIOUS",
        "-, 4, 4, -, 4, PREVIOUS",
        "-, zeros, 4, -, 4, PREVIOUS",
        "-, -, 4, -, 4, PREVIOUS",
        "-, -, corrupt, -, CORRUPT, -",
        "-, -, 5-tampered, -, TAMPERED, -",
        "empty, -, 3, -, 3, PREVIOUS",
        "corrupt, -, -, -, CORRUPT, -",
        "corrupt, -, corrupt, -, CORRUPT, -",
        "corrupt, corrupt, 3, -, 3, PREVIOUS",
        "corrupt, 5, 3, -, 5, NEXT",
        "corrupt, 6, 3, -, 6, NEXT",
        "corrupt, 5, corrupt, -, 5, NEXT",
        "corrupt, version-2, 3, -, UNSUPPORTED, -",
        "corrupt, -, 5-of-another-password, -, WRONG_PASSWORD, -",
        "corrupt, -, version-2, -, CORRUPT, -",
        "corrupt, -, directory, -, UNREADABLE, -",
        "4, -, 3, 5, 5, RESCUE",
        "4, zeros, 3, 5, 5, RESCUE",
        "4, 5, 3, 5, 5, RESCUE",
        "4, 5, 3, 6, 6, RESCUE",
        "4, -, 3, 7, 7, RESCUE",
        "4, -, 3, 4, 4, CURRENT",
        "4, -, 3, 3, 4, CURRENT",
        "4, 5, 3, 4, 5, NEXT",
        "4, -, 3, corrupt, 4, CURRENT",
        "4, -, 3, 5-of-another-password, 4, CURRENT",
        "4, -, 3, 5-of-another-account, 4, CURRENT",
        "4, -, 3, 5-tampered, 4, CURRENT",
        "4, -, 3, version-2, 4, CURRENT",
        "4, -, 3, directory, UNREADABLE, -",
        "corrupt, -, 3, 5, 5, RESCUE",
        "corrupt, -, 3, 2, 3, PREVIOUS",
        "-, -, -, 1, 1, RESCUE",
        "-, -, -, 5-of-another-password, WRONG_PASSWORD, -",
    })
    void recovery(String account, String next, String prev, String rescue, String expected, String from)
            throws IOException {
        for (Path rescuePlace : files.rescues()) {
            for (Path file : List.of(
                    files.account(),
                    files.next(),
                    files.previous(),
                    files.rescues().get(0),
                    rescuePlace)) {
                deleteAll(file);
            }
            put(files.account(), account);
            put(files.next(), next);
            put(files.previous(), prev);
            put(rescuePlace, rescue);
            if (from.equals("-")) {
                List<String> before = snapshot();
                StoreException e = assertThrows(StoreException.class, () -> Given.open(store, Given.NAME));
                assertEquals(StoreException.Kind.valueOf(expected), e.kind(), e.getMessage());
                assertEquals(before, snapshot(), "refused: nothing was touched");
                continue;
            }
            long generation = Long.parseLong(expected);
            assertEquals(
                    new Given.Content("content " + expected, generation, OpenAccount.RecoveredFrom.valueOf(from)),
                    Given.open(store, Given.NAME));
            assertFalse(Files.exists(files.next()), "published or dropped");
            OpenAccount.RecoveredFrom again = from.equals("PREVIOUS")
                    ? OpenAccount.RecoveredFrom.PREVIOUS // until the next save: it must stay visible
                    : OpenAccount.RecoveredFrom.CURRENT;
            assertEquals(new Given.Content("content " + expected, generation, again), Given.open(store, Given.NAME));
            SaveResult saved = Given.rotate(store, Given.NAME, "after");
            assertEquals(new SaveResult(generation + 1, files.account(), false, ""), saved);
            assertEquals(
                    new Given.Content("after", generation + 1, OpenAccount.RecoveredFrom.CURRENT),
                    Given.open(store, Given.NAME));
            assertEquals(
                    Set.of("version-2", "5-of-another-account").contains(rescue),
                    Files.exists(rescuePlace),
                    "an old or damaged rescue copy is removed, one that is not understood stays");
        }
    }

    private void deleteAll(Path file) throws IOException {
        if (Files.exists(file)) {
            try (Stream<Path> all = Files.walk(file)) {
                for (Path each : all.sorted(java.util.Comparator.reverseOrder()).toList()) {
                    Files.delete(each);
                }
            }
        }
    }

    private List<String> snapshot() throws IOException {
        List<String> all = new ArrayList<>();
        try (Stream<Path> paths = Files.walk(temporary)) {
            for (Path file : paths.sorted().toList()) {
                if (!file.toString().endsWith(".lock") && !file.equals(temporary.resolve("t"))) {
                    all.add(file + (Files.isRegularFile(file) ? " " + Arrays.hashCode(Files.readAllBytes(file)) : ""));
                }
            }
        }
        all.remove(files.directory().toString()); // the lock creates it
        return all;
    }

    @Test
    void aLifeOfAnAccount() throws IOException {
        assertEquals(List.of(), store.names());
        try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertFalse(account.exists());
            OpenAccount open = account.create(Given.password());
            assertArrayEquals(new byte[0], open.plaintext());
            assertEquals(0, open.generation());
            assertEquals(OpenAccount.RecoveredFrom.CURRENT, open.recoveredFrom());
            assertEquals(Given.CHEAP, open.parameters());
            assertFalse(account.exists(), "nothing is on disk before the first save");
            open.reserve();
            assertFalse(account.exists(), "a reservation is no account");
            assertEquals(new SaveResult(1, files.account(), false, ""), open.save(Given.bytes("one")));
            assertTrue(account.exists());
            assertFalse(Files.exists(files.previous()));
            assertEquals(new SaveResult(2, files.account(), false, ""), open.save(Given.bytes("two")));
            assertEquals("two", Given.text(open.plaintext()));
        }
        assertEquals(List.of(), Given.openFilesBelow(temporary));
        assertEquals("rwx------", mode(files.directory()));
        for (Path file : List.of(files.account(), files.previous(), files.lock())) {
            assertEquals("rw-------", mode(file));
        }
        assertEquals(List.of(Given.NAME), store.names());
        assertEquals(new Header(Given.NAME, 2, Given.CHEAP, List.of()), store.peek(Given.NAME));
        assertEquals(files.account(), store.file(Given.NAME));
        assertEquals("two", Given.open(store, Given.NAME).text());
        Files.delete(files.account());
        assertEquals(new Given.Content("one", 1, OpenAccount.RecoveredFrom.PREVIOUS), Given.open(store, Given.NAME));
        Given.rotate(store, Given.NAME, "three");
        try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            account.delete();
            assertFalse(account.exists());
        }
        assertEquals(List.of(), store.names());
        try (Stream<Path> left = Files.list(files.directory())) {
            assertEquals(List.of(files.lock()), left.toList());
        }
        assertEquals(
                StoreException.Kind.MISSING,
                assertThrows(StoreException.class, () -> store.peek(Given.NAME)).kind());
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    @Test
    void anOpenAccountDerivesItsKeyOnce() throws StoreException {
        AtomicInteger derivations = new AtomicInteger();
        KeyDerivation counting = (password, salt, parameters) -> {
            derivations.incrementAndGet();
            return Given.HASH.derive(password, salt, parameters);
        };
        store = new FileAccountStore(files.directory(), files.rescueDirectory(), Given.CHEAP, counting);
        Given.create(store, Given.NAME, "one");
        assertEquals(1, derivations.getAndSet(0));
        try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = account.open(Given.password());
            open.save(Given.bytes("two"));
            open.save(Given.bytes("three"));
        }
        assertEquals(1, derivations.get());
    }

    @Test
    void keysAreWipedWhenTheyAreDoneWith() throws StoreException {
        List<byte[]> derived = new ArrayList<>();
        KeyDerivation keeping = (password, salt, parameters) -> {
            byte[] key = Given.HASH.derive(password, salt, parameters);
            derived.add(key);
            return key;
        };
        store = new FileAccountStore(files.directory(), files.rescueDirectory(), Given.CHEAP, keeping);
        byte[] zeros = new byte[KeyDerivation.LENGTH];
        Given.create(store, Given.NAME, "one");
        try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertThrows(StoreException.class, () -> account.open(Given.password("wrong")));
            OpenAccount open = account.open(Given.password());
            open.rekey(Given.password());
            assertArrayEquals(zeros, derived.get(2), "the key before");
            open.save(Given.bytes("two"));
            open.close();
            assertThrows(IllegalStateException.class, () -> open.rekey(Given.password()));
        }
        assertEquals("two", Given.text(store.view(Given.NAME, Given.password())));
        assertEquals(5, derived.size());
        derived.forEach(key -> assertArrayEquals(zeros, key));
    }

    @Test
    void everyWriteHasAFreshNonceAndEveryNewAccountAFreshSalt() throws IOException {
        Given.create(store, Given.NAME, "one");
        String first = Files.readString(files.account());
        Given.rotate(store, Given.NAME, "one");
        String second = Files.readString(files.account());
        assertEquals(line(first, 3), line(second, 3), "the salt stays, so one derivation does");
        assertNotEquals(line(first, 5), line(second, 5));
        Given.create(store, Given.NAME, "one");
        assertNotEquals(line(second, 3), line(Files.readString(files.account()), 3));
    }

    private static String line(String text, int number) {
        return text.split("\n")[number];
    }

    @Test
    void aNewAccountInPlaceOfAnOlderOneGoesOnCounting() throws StoreException, IOException {
        put(files.account(), "4-of-another-password");
        assertEquals(5, Given.create(store, Given.NAME, "new").generation());
        assertEquals("new", Given.open(store, Given.NAME).text());
        put(files.account(), "corrupt");
        put(files.rescues().get(1), "9");
        assertEquals(10, Given.create(store, Given.NAME, "newer").generation());
        assertFalse(Files.exists(files.rescues().get(1)));
        assertEquals("newer", Given.open(store, Given.NAME).text());
    }

    @Test
    void anAbandonedNewAccountLeavesTheOlderOne() throws IOException {
        for (String next : List.of("-", "5+zeros", "zeros")) {
            put(files.account(), "4");
            put(files.next(), next);
            try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
                account.create(Given.password("new")).reserve();
            }
            long newest = next.startsWith("5") ? 5 : 4;
            assertEquals("content " + newest, Given.open(store, Given.NAME).text());
        }
    }

    @Test
    void aNewAccountDoesNotReplaceThatOfANewerProgram() throws IOException {
        for (Path file : List.of(files.account(), files.next(), files.previous())) {
            put(file, "version-2");
            StoreException e = assertThrows(StoreException.class, () -> Given.create(store, Given.NAME, "x"));
            assertEquals(StoreException.Kind.UNSUPPORTED, e.kind());
            assertEquals(file, e.file());
            Files.delete(file);
        }
    }

    @Test
    void aNewPasswordAndCost() throws StoreException {
        Given.create(store, Given.NAME, "one");
        KdfParameters higher = new KdfParameters(16, 2, 1);
        FileAccountStore stronger = new FileAccountStore(files.directory(), files.rescueDirectory(), higher);
        try (LockedAccount account = stronger.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = account.open(Given.password());
            assertEquals(Given.CHEAP, open.parameters());
            open.rekey(Given.password("new password"));
            assertEquals(higher, open.parameters());
            open.save(open.plaintext());
        }
        assertEquals(higher, store.peek(Given.NAME).kdf());
        assertEquals(
                StoreException.Kind.WRONG_PASSWORD,
                assertThrows(StoreException.class, () -> Given.open(store, Given.NAME))
                        .kind());
        try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertEquals(
                    "one",
                    Given.text(account.open(Given.password("new password")).plaintext()));
        }
    }

    @Test
    void theLastGenerationIsRefusedBeforeTheIssuerIsAsked() throws IOException {
        put(files.account(), Long.toString(FormatOne.MAX_GENERATION));
        try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = account.open(Given.password());
            assertEquals(
                    StoreException.Kind.LIMITS,
                    assertThrows(StoreException.class, open::reserve).kind());
            assertEquals(
                    StoreException.Kind.LIMITS,
                    assertThrows(StoreException.class, () -> open.save(new byte[1]))
                            .kind());
        }
    }

    @Test
    void aReservationTakesItsSpaceAndIsGivenBack() throws IOException {
        Given.create(store, Given.NAME, "x".repeat(50_000));
        try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = account.open(Given.password());
            open.reserve();
            open.reserve();
            assertEquals(150_000, Files.size(files.next()));
            assertEquals("rw-------", mode(files.next()));
            open.close();
            open.close();
            assertFalse(Files.exists(files.next()));
            assertThrows(IllegalStateException.class, open::reserve);
            assertThrows(IllegalStateException.class, open::plaintext);
            assertThrows(IllegalStateException.class, () -> open.save(new byte[1]));
        }
    }

    @Test
    void growthBeyondTheReservation() throws StoreException {
        Given.create(store, Given.NAME, "x");
        Given.rotate(store, Given.NAME, "y".repeat(180_000));
        assertEquals("y".repeat(180_000), Given.open(store, Given.NAME).text());
        Given.rotate(store, Given.NAME, "z");
        assertEquals("z", Given.open(store, Given.NAME).text());
    }

    @Test
    void theDirectoryVanishesBetweenReservationAndSave() throws IOException {
        Given.create(store, Given.NAME, "one");
        try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = account.open(Given.password());
            open.reserve();
            Files.move(files.directory(), temporary.resolve("away"));
            SaveResult saved = open.save(Given.bytes("two"));
            assertEquals(new SaveResult(2, files.rescues().get(1), true, "No such file or directory"), saved);
            assertEquals("rwx------", mode(files.rescueDirectory()));
            assertEquals("rw-------", mode(saved.file()));
        }
        assertEquals(List.of(Given.NAME), store.names());
        assertEquals(new Given.Content("two", 2, OpenAccount.RecoveredFrom.RESCUE), Given.open(store, Given.NAME));
        assertFalse(Files.exists(files.rescues().get(1)));
    }

    @Test
    void nowhereToWrite() throws IOException {
        Given.create(store, Given.NAME, "one");
        put(files.rescueDirectory().resolve("x"), "4");
        try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = account.open(Given.password());
            Files.createDirectories(files.next().resolve("full"));
            StoreException e = assertThrows(StoreException.class, open::reserve);
            assertEquals(StoreException.Kind.UNWRITABLE, e.kind());
            assertEquals(files.next() + ": cannot be written: Directory not empty", e.getMessage());
            for (Path rescue : files.rescues()) {
                Files.createDirectories(AccountFiles.incomplete(rescue).resolve("full"));
            }
            e = assertThrows(StoreException.class, () -> open.save(Given.bytes("two")));
            assertEquals(StoreException.Kind.UNWRITABLE, e.kind());
            assertEquals("one", Given.text(open.plaintext()));
            deleteAll(files.next());
            assertEquals(new SaveResult(2, files.account(), false, ""), open.save(Given.bytes("two")), "tried again");
        }
        assertEquals("two", Given.open(store, Given.NAME).text());
    }

    @Test
    void aPreviousGenerationThatCannotBeKeptDoesNotStopTheNewOne() throws IOException {
        Given.create(store, Given.NAME, "one");
        Files.createDirectories(files.previous().resolve("full"));
        SaveResult saved = Given.rotate(store, Given.NAME, "two");
        assertFalse(saved.rescued());
        assertEquals(files.account(), saved.file());
        assertTrue(saved.problem().startsWith("the previous generation was not kept: "), saved.problem());
        assertEquals("two", Given.open(store, Given.NAME).text());
    }

    @Test
    void anInterruptDoesNotStopASave() throws StoreException {
        Given.create(store, Given.NAME, "one");
        try (LockedAccount account = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = account.open(Given.password());
            open.reserve();
            Thread.currentThread().interrupt();
            SaveResult saved = open.save(Given.bytes("two"));
            assertTrue(Thread.interrupted(), "the flag is set again");
            assertEquals(new SaveResult(2, files.account(), false, ""), saved);
        }
        assertEquals("two", Given.open(store, Given.NAME).text());
    }

    @Test
    void peekTellsOfWhatWaits() throws IOException {
        put(files.account(), "4");
        put(files.next(), "5+zeros");
        assertEquals(List.of(files.next()), store.peek(Given.NAME).unpublished());
        put(files.rescues().get(1), "6");
        assertEquals(
                List.of(files.next(), files.rescues().get(1)),
                store.peek(Given.NAME).unpublished());
        put(files.account(), "corrupt");
        assertEquals(
                StoreException.Kind.CORRUPT,
                assertThrows(StoreException.class, () -> store.peek(Given.NAME)).kind());
    }

    @Test
    void namesAreThoseOfAllFilesThatHoldAnAccount() throws IOException {
        for (String file : List.of(
                "b.account",
                "a.account.prev",
                "c.account.next",
                "d.account.lock",
                "e.txt",
                "..account",
                "f...account",
                "x.account.account",
                "g.account.old",
                "-.account")) {
            Files.createDirectories(files.directory());
            Files.createFile(files.directory().resolve(file));
        }
        put(files.rescueDirectory().resolve("r.account.rescue"), "empty");
        assertEquals(List.of("a", "b", "c", "r", "x.account"), store.names());
    }

    @Test
    void namesAreCheckedEverywhere() {
        assertThrows(IllegalArgumentException.class, () -> store.file("../x"));
        assertThrows(IllegalArgumentException.class, () -> store.peek("../x"));
        assertThrows(IllegalArgumentException.class, () -> store.lock("../x", Given.NO_WAIT));
    }

    @Test
    void nothingFollowsASymbolicLink() throws IOException {
        put(temporary.resolve("target"), "4");
        Files.createDirectories(files.directory());
        Files.createSymbolicLink(files.account(), temporary.resolve("target"));
        StoreException e = assertThrows(StoreException.class, () -> Given.open(store, Given.NAME));
        assertEquals(StoreException.Kind.UNREADABLE, e.kind());
        assertEquals(files.account() + ": cannot be read: a symbolic link", e.getMessage());
        Files.delete(files.lock());
        Files.createSymbolicLink(files.lock(), temporary.resolve("made-by-the-link"));
        e = assertThrows(StoreException.class, () -> store.lock(Given.NAME, Given.NO_WAIT));
        assertEquals(StoreException.Kind.UNWRITABLE, e.kind());
        assertFalse(Files.exists(temporary.resolve("made-by-the-link")));
        Files.delete(files.lock());
        store.lock(Given.NAME, Given.NO_WAIT).close(); // the failed attempt does not hold the lock
    }
}
