package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Faults at every operation of a rotation, on {@link ModelDisk}. Afterwards the account has the content before the save
 * or that of the save, and always that of the save if it had returned.
 */
class CrashTest {
    private static final DerivedKey KEY =
            new DerivedKey(Given.HASH, Given.password(), new byte[FormatOne.SALT_BYTES], Given.CHEAP);

    @TempDir
    private Path temporary;

    private AccountFiles files;
    /** States of the disk that were already checked. */
    private final Set<String> judged = new HashSet<>();

    /**
     * The state before a run, and the content that the run must find; null: there is no account, and the run creates
     * one.
     */
    private enum Start {
        NO_ACCOUNT(null),
        ACCOUNT("one"),
        ACCOUNT_AND_OLDER("one"),
        CRASHED_BEFORE_PUBLICATION("one"),
        CRASHED_AMID_PUBLICATION("one"),
        RESCUED_BESIDE("one"),
        RESCUED_ELSEWHERE("one"),
        ONLY_RESCUED("one"),
        DAMAGED("one"),
        RESERVATION_LEFT("one");

        private final String content;

        Start(String content) {
            this.content = content;
        }
    }

    /** Equal runs leave equal disks, so each is only checked once. */
    private static final class Counter extends SecureRandom {
        private static final long serialVersionUID = 1;
        private byte count;

        @Override
        public void nextBytes(byte[] bytes) {
            Arrays.fill(bytes, ++count);
        }
    }

    /** The progress of a run: all saves up to "returned" have returned, and no save after "tried" has started. */
    private static final class Progress {
        private int tried;
        private int returned;
    }

    private static final List<String> CONTENTS = List.of("one", "two", "three");

    @BeforeEach
    void locksAreReal() throws Exception {
        Path directory = Files.createDirectory(temporary.resolve("accounts")).toRealPath();
        files = new AccountFiles(Given.NAME, directory, temporary.resolve("rescue"));
    }

    private static byte[] sealed(String content, long generation) {
        return FormatOne.seal(Given.NAME, generation, KEY, new byte[FormatOne.NONCE_BYTES], Given.bytes(content));
    }

    private static byte[] withZeros(byte[] sealed) {
        return Arrays.copyOf(sealed, 64 * 1024);
    }

    private ModelDisk disk(Start start) {
        ModelDisk disk = new ModelDisk(files.directory());
        return switch (start) {
            case NO_ACCOUNT -> disk;
            case ACCOUNT -> disk.with(files.account(), sealed("one", 5));
            case ACCOUNT_AND_OLDER ->
                disk.with(files.account(), sealed("one", 5)).with(files.previous(), sealed("zero", 4));
            case CRASHED_BEFORE_PUBLICATION ->
                disk.with(files.account(), sealed("zero", 4)).with(files.next(), withZeros(sealed("one", 5)));
            case CRASHED_AMID_PUBLICATION ->
                disk.with(files.account(), sealed("zero", 4))
                        .with(files.old(), sealed("zero", 4))
                        .with(files.next(), sealed("one", 5));
            case RESCUED_BESIDE ->
                disk.with(files.account(), sealed("zero", 4))
                        .with(files.rescues().get(0), sealed("one", 5));
            case RESCUED_ELSEWHERE ->
                disk.with(files.account(), sealed("zero", 4))
                        .with(files.next(), new byte[100])
                        .with(files.rescues().get(1), sealed("one", 5));
            case ONLY_RESCUED -> disk.with(files.rescues().get(1), sealed("one", 5));
            case DAMAGED -> disk.with(files.account(), new byte[10]).with(files.previous(), sealed("one", 5));
            case RESERVATION_LEFT ->
                disk.with(files.account(), sealed("one", 5)).with(files.next(), withZeros(new byte[0]));
        };
    }

    private FileAccountStore store(Disk disk) {
        Counter random = new Counter();
        return new FileAccountStore(
                files.directory(),
                files.rescueDirectory(),
                new FileAccountStore.Tools(disk, Given.HASH, Given.CHEAP, () -> random));
    }

    /** Opens (or creates) the account and saves twice, like a run in which the token rotates twice. */
    private void run(ModelDisk disk, Progress progress, boolean isNew) throws StoreException {
        try (LockedAccount locked = store(disk).lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount account = isNew ? locked.create(Given.password()) : locked.open(Given.password());
            for (int i = isNew ? 0 : 1; i < CONTENTS.size(); i++) {
                account.reserve();
                progress.tried = i;
                SaveResult saved = account.save(Given.bytes(CONTENTS.get(i)));
                assertEquals(saved.generation(), account.generation());
                progress.returned = i;
            }
        }
    }

    private static Progress nothingDone(Start start) {
        Progress progress = new Progress();
        progress.tried = progress.returned = start.content == null ? -1 : 0;
        return progress;
    }

    /** After a power failure, the content is one of those that are permitted, and the account is usable. */
    private void assertWhole(ModelDisk disk, Progress progress, String when) throws StoreException {
        for (ModelDisk after : disk.afterPowerFailure()) {
            if (!judged.add(after.identity() + progress.returned + " " + progress.tried)) {
                continue;
            }
            String where = when + " leaves " + after.names();
            FileAccountStore store = store(after);
            String found;
            try {
                found = Given.open(store, Given.NAME).text();
            } catch (StoreException e) {
                assertEquals(StoreException.Kind.MISSING, e.kind(), where + ": " + e.getMessage());
                assertEquals(-1, progress.returned, where + ": lost");
                continue;
            }
            int index = CONTENTS.indexOf(found);
            assertTrue(index >= progress.returned && index <= progress.tried, where + ": found " + found);
            SaveResult saved = Given.rotate(store, Given.NAME, "later");
            assertEquals(files.account(), saved.file(), where);
            assertEquals("later", Given.open(store, Given.NAME).text(), where);
            assertTrue(
                    after.names().stream().noneMatch(name -> name.matches(".*(rescue|next)")), where + after.names());
        }
    }

    private static Stream<Object[]> startsAndFaults() {
        return Stream.of(Start.values())
                .flatMap(start -> Stream.of(ModelDisk.Fault.values())
                        .filter(fault -> fault != ModelDisk.Fault.NONE)
                        .map(fault -> new Object[] {start, fault}));
    }

    @ParameterizedTest
    @MethodSource("startsAndFaults")
    void aFaultAtAnyOperationLosesNothing(Start start, ModelDisk.Fault fault) throws StoreException {
        int operations = 0;
        for (boolean reached = true; reached; operations++) {
            int n = operations;
            ModelDisk disk = disk(start);
            disk.arm(fault, n);
            Progress progress = nothingDone(start);
            reached = false;
            try {
                run(disk, progress, start == Start.NO_ACCOUNT);
            } catch (ModelDisk.Crash e) {
                reached = true;
            } catch (StoreException e) {
                assertTrue(
                        e.kind() == StoreException.Kind.UNWRITABLE || e.kind() == StoreException.Kind.UNREADABLE,
                        e.getMessage());
            }
            assertWhole(disk, progress, start + ", " + fault + " at " + n + " " + disk.log);
            assertEquals(0, disk.open, "files left open by " + disk.log);
            reached |= disk.log.size() > n;
        }
        assertTrue(operations >= 27, "a run that saves twice has more than " + operations + " operations");
    }

    /** One operation fails, the run continues, and then the power fails. */
    @Tag("slow")
    @ParameterizedTest
    @EnumSource(names = {"NO_ACCOUNT", "ACCOUNT_AND_OLDER", "CRASHED_BEFORE_PUBLICATION", "RESCUED_ELSEWHERE"})
    void anErrorAndThenACrash(Start start) throws StoreException {
        boolean more = true;
        for (int n = 0; more; n++) {
            more = false;
            for (ModelDisk.Fault error : List.of(ModelDisk.Fault.ERROR, ModelDisk.Fault.ERROR_AFTER_EFFECT)) {
                for (int m = n + 1; ; m++) {
                    ModelDisk disk = disk(start);
                    disk.arm(error, n);
                    disk.crashAt(m);
                    Progress progress = nothingDone(start);
                    boolean finished = true;
                    try {
                        run(disk, progress, start == Start.NO_ACCOUNT);
                    } catch (ModelDisk.Crash e) {
                        finished = false;
                    } catch (StoreException e) {
                        // The run gave up.
                    }
                    assertWhole(disk, progress, start + ", " + error + " at " + n + ", crash at " + m + " " + disk.log);
                    more |= disk.log.size() > n;
                    if (finished) {
                        break;
                    }
                }
            }
        }
    }

    /** Step 7 makes the new content durable; the later steps must not be needed for it. */
    @ParameterizedTest
    @EnumSource
    void fromStepSevenOnTheNewContentIsThere(Start start) throws StoreException {
        ModelDisk dry = disk(start);
        dry.arm(ModelDisk.Fault.NONE, 0);
        run(dry, nothingDone(start), start == Start.NO_ACCOUNT);
        int second = dry.log.lastIndexOf("fdatasync " + files.next().getFileName());
        assertTrue(second > 0);
        for (int n = second + 1; n < dry.log.size(); n++) {
            ModelDisk disk = disk(start);
            disk.arm(ModelDisk.Fault.CRASH, n);
            Progress progress = nothingDone(start);
            int crash = n;
            assertThrows(
                    ModelDisk.Crash.class, () -> run(disk, progress, start == Start.NO_ACCOUNT), () -> "at " + crash);
            progress.returned = CONTENTS.size() - 1; // as if it had returned
            assertWhole(disk, progress, start + " at " + n + " " + disk.log);
        }
    }

    @Test
    void theOperationsOfARotationAreThoseOfTheProtocol() throws StoreException {
        ModelDisk disk = disk(Start.ACCOUNT_AND_OLDER);
        try (LockedAccount locked = store(disk).lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount account = locked.open(Given.password());
            disk.arm(ModelDisk.Fault.NONE, 0);
            account.reserve();
            account.reserve();
            account.save(Given.bytes("two"));
        }
        assertEquals(
                List.of(
                        "read cilogon-example.account",
                        "delete cilogon-example.account.next",
                        "create cilogon-example.account.next",
                        "write cilogon-example.account.next",
                        "fsync cilogon-example.account.next",
                        "force accounts",
                        "write cilogon-example.account.next",
                        "fdatasync cilogon-example.account.next",
                        "truncate cilogon-example.account.next",
                        "fsync cilogon-example.account.next",
                        "read cilogon-example.account",
                        "delete cilogon-example.account.old",
                        "link cilogon-example.account.old",
                        "rename cilogon-example.account.prev",
                        "rename cilogon-example.account",
                        "force accounts"),
                disk.log);
    }

    @Test
    void aFullDiskShowsAtTheReservationAndNotAfterIt() throws StoreException {
        ModelDisk disk = disk(Start.ACCOUNT);
        try (LockedAccount locked = store(disk).lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount account = locked.open(Given.password());
            disk.full = true;
            StoreException e = assertThrows(StoreException.class, account::reserve);
            assertEquals(StoreException.Kind.UNWRITABLE, e.kind());
            assertTrue(e.getMessage().endsWith("cannot be written: No space left on device"), e.getMessage());
            assertEquals(List.of("cilogon-example.account"), disk.names(), "no half file");
            disk.full = false;
            account.reserve();
            disk.full = true;
            SaveResult saved = account.save(Given.bytes("two"));
            assertEquals(new SaveResult(6, files.account(), false, ""), saved);
            saved = account.save(Given.bytes("three")); // without a reservation
            assertEquals(new SaveResult(7, files.rescues().get(1), true, "No space left on device"), saved);
            assertEquals(
                    StoreException.Kind.UNWRITABLE,
                    assertThrows(StoreException.class, account::reserve).kind(),
                    "the rescued generation must come home first");
        }
        assertEquals(
                StoreException.Kind.UNWRITABLE,
                assertThrows(StoreException.class, () -> Given.open(store(disk), Given.NAME))
                        .kind());
        disk.full = false;
        assertEquals(
                new Given.Content("three", 7, OpenAccount.RecoveredFrom.RESCUE), Given.open(store(disk), Given.NAME));
        assertEquals(
                new Given.Content("three", 7, OpenAccount.RecoveredFrom.CURRENT), Given.open(store(disk), Given.NAME));
    }

    /** Every operation failed, but step 7 had succeeded: the caller sees a failure, and recovery finds the content. */
    @Test
    void whatASaveLeftInNextIsNotThrownAway() throws StoreException {
        for (boolean again : new boolean[] {false, true}) {
            ModelDisk disk = disk(Start.ACCOUNT);
            try (LockedAccount locked = store(disk).lock(Given.NAME, Given.NO_WAIT)) {
                OpenAccount account = locked.open(Given.password());
                account.reserve();
                disk.arm(ModelDisk.Fault.ERROR_EVERYWHERE, 2); // after write and fdatasync
                StoreException e = assertThrows(StoreException.class, () -> account.save(Given.bytes("two")));
                assertEquals(StoreException.Kind.UNWRITABLE, e.kind());
                assertEquals("one", Given.text(account.plaintext()));
                disk.arm(ModelDisk.Fault.NONE, 0);
                if (again) {
                    assertEquals(new SaveResult(6, files.account(), false, ""), account.save(Given.bytes("three")));
                }
            }
            assertEquals(
                    again ? "three" : "two", Given.open(store(disk), Given.NAME).text());
        }
    }

    /** Rescue copies cannot be written either, but the content that step 7 made durable is still readable. */
    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5, 6, 7, 8, 9}) // from the truncation to the last sync of the directory
    void aDiskThatTurnsReadOnlyAfterStepSevenHasTheNewContent(int n) throws StoreException {
        ModelDisk disk = disk(Start.ACCOUNT);
        try (LockedAccount locked = store(disk).lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount account = locked.open(Given.password());
            account.reserve();
            disk.arm(ModelDisk.Fault.READ_ONLY_FROM_NOW_ON, n);
            SaveResult saved = account.save(Given.bytes("two"));
            assertEquals(new SaveResult(6, n < 9 ? files.next() : files.account(), true, "Input/output error"), saved);
            assertEquals("two", Given.text(account.plaintext()));
            disk.arm(ModelDisk.Fault.NONE, 0);
            account.reserve(); // publishes it first, and a crash now finds it
        }
        assertEquals(
                new Given.Content("two", 6, OpenAccount.RecoveredFrom.CURRENT), Given.open(store(disk), Given.NAME));
    }

    @Test
    void aDiskThatTurnsReadOnlyBeforeStepSevenIsNotBelieved() throws StoreException {
        ModelDisk disk = disk(Start.ACCOUNT);
        try (LockedAccount locked = store(disk).lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount account = locked.open(Given.password());
            account.reserve();
            disk.arm(ModelDisk.Fault.READ_ONLY_FROM_NOW_ON, 1); // at fdatasync: readable content may not be on disk
            StoreException e = assertThrows(StoreException.class, () -> account.save(Given.bytes("two")));
            assertEquals(StoreException.Kind.UNWRITABLE, e.kind());
            assertEquals(2, e.getCause().getSuppressed().length, "each rescue copy says why it was not made");
            assertEquals("one", Given.text(account.plaintext()));
        }
    }

    @Test
    void aWriteThatAnInterruptEndsIsRescuedAndTheInterruptIsNotForgotten() throws StoreException {
        ModelDisk disk = disk(Start.ACCOUNT);
        disk.interrupts = true;
        try (LockedAccount locked = store(disk).lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount account = locked.open(Given.password());
            account.reserve();
            disk.arm(ModelDisk.Fault.ERROR, 0);
            SaveResult saved = account.save(Given.bytes("two"));
            assertTrue(Thread.interrupted());
            assertEquals(files.rescues().get(0), saved.file());
            assertFalse(disk.has(files.next()), "the space is given back");
            assertEquals(new SaveResult(7, files.account(), false, ""), account.save(Given.bytes("three")));
            assertFalse(Thread.interrupted());
        }
    }

    @Test
    void aRescueCopyIsRemovedOnceItIsOldAndNotLookedForAgain() throws StoreException {
        ModelDisk disk = disk(Start.RESCUED_BESIDE);
        Path rescue = files.rescues().get(0);
        String delete = "delete " + rescue.getFileName();
        disk.arm(ModelDisk.Fault.NONE, 0);
        Given.rotate(store(disk), Given.NAME, "two");
        assertEquals(1, disk.log.stream().filter(delete::equals).count(), disk.log.toString());
        int at = disk.log.indexOf(delete);

        disk = disk(Start.RESCUED_BESIDE);
        disk.arm(ModelDisk.Fault.ERROR, at);
        Given.rotate(store(disk), Given.NAME, "two");
        assertEquals(2, disk.log.stream().filter(delete::equals).count(), "once more after " + disk.log);
        assertFalse(disk.has(rescue));
    }

    @Test
    void aRescueCopyThatACrashLeftHalfMadeIsInNobodysWay() throws StoreException {
        ModelDisk disk = disk(Start.ACCOUNT);
        files.rescues().forEach(rescue -> disk.with(AccountFiles.incomplete(rescue), new byte[10]));
        try (LockedAccount locked = store(disk).lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount account = locked.open(Given.password());
            disk.full = true;
            assertEquals(
                    files.rescues().get(1), account.save(Given.bytes("two")).file());
        }
    }

    /** A deletion is complete or has no effect, and nothing reappears. */
    @ParameterizedTest
    @EnumSource
    void aDeletedAccountStaysDeleted(Start start) throws StoreException {
        for (int n = 0; ; n++) {
            ModelDisk disk = disk(start)
                    .with(files.rescues().get(1), sealed("one", 5))
                    .with(AccountFiles.incomplete(files.rescues().get(0)), new byte[10]);
            boolean hadAccountFile = disk.has(files.account());
            disk.arm(ModelDisk.Fault.CRASH, n);
            boolean deleted = false;
            try (LockedAccount locked = store(disk).lock(Given.NAME, Given.NO_WAIT)) {
                locked.delete();
                deleted = true;
            } catch (ModelDisk.Crash e) {
                // The process is dead.
            }
            for (ModelDisk after : disk.afterPowerFailure()) {
                boolean accountIsGone = hadAccountFile && !after.has(files.account());
                if (deleted || accountIsGone) {
                    assertEquals(List.of(), after.names(), "the account file goes last");
                    assertEquals(
                            StoreException.Kind.MISSING,
                            assertThrows(StoreException.class, () -> Given.open(store(after), Given.NAME))
                                    .kind());
                }
            }
            if (deleted) {
                return;
            }
        }
    }
}
