package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LockTest {
    private static final Duration LONG = Duration.ofMinutes(1);

    @TempDir
    private Path temporary;

    private FileAccountStore store;

    @BeforeEach
    void oneAccount() throws StoreException {
        store = Given.store(temporary);
        Given.create(store, Given.NAME, "0");
    }

    private static void assertBusy(FileAccountStore store, Duration wait) {
        StoreException e = assertThrows(StoreException.class, () -> store.lock(Given.NAME, wait));
        assertEquals(StoreException.Kind.BUSY, e.kind());
        assertTrue(e.getMessage().contains("another run holds the lock"), e.getMessage());
    }

    private FileAccountStore sameByLink() throws IOException {
        Path link = Files.createSymbolicLink(temporary.resolve("link"), temporary.resolve("accounts"));
        return new FileAccountStore(link, temporary.resolve("rescue"), Given.CHEAP, Given.HASH);
    }

    @Test
    void oneHolderPerAccountInAProcess() throws IOException {
        FileAccountStore sameByLink = sameByLink();
        LockedAccount held = store.lock(Given.NAME, Given.NO_WAIT);
        assertBusy(store, Duration.ofMillis(30));
        assertBusy(sameByLink, Given.NO_WAIT);
        store.lock("another", Given.NO_WAIT).close();
        held.close();
        held.close();
        assertThrows(IllegalStateException.class, held::exists);
        sameByLink.lock(Given.NAME, Given.NO_WAIT).close();
        LockedAccount again = store.lock(Given.NAME, Given.NO_WAIT);
        held.close();
        assertBusy(store, Given.NO_WAIT);
        again.close();
    }

    @Test
    void anInterruptedWaitIsBusy() throws StoreException {
        try (LockedAccount held = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertTrue(held.exists());
            Thread.currentThread().interrupt();
            StoreException e = assertThrows(StoreException.class, () -> store.lock(Given.NAME, LONG));
            assertTrue(Thread.interrupted());
            assertEquals(StoreException.Kind.BUSY, e.kind());
        }
        store.lock(Given.NAME, Given.NO_WAIT).close();
    }

    @Test
    void closingTheLockClosesTheAccount() throws StoreException {
        LockedAccount held = store.lock(Given.NAME, Given.NO_WAIT);
        OpenAccount first = held.open(Given.password());
        OpenAccount second = held.open(Given.password());
        assertThrows(IllegalStateException.class, first::plaintext);
        OpenAccount third = held.create(Given.password());
        assertThrows(IllegalStateException.class, second::plaintext);
        held.delete();
        assertThrows(IllegalStateException.class, third::plaintext);
        OpenAccount fourth = held.create(Given.password());
        held.close();
        assertThrows(IllegalStateException.class, () -> fourth.save(new byte[1]));
        assertThrows(IllegalStateException.class, () -> held.open(Given.password()));
        assertThrows(IllegalStateException.class, () -> held.create(Given.password()));
        assertThrows(IllegalStateException.class, held::delete);
    }

    @Tag("slow")
    @Test
    void noUpdateIsLostAmongThreads() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Future<Void>> all = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                Callable<Void> task = () -> {
                    count(store, 5);
                    return null;
                };
                all.add(threads.submit(task));
            }
            for (Future<Void> each : all) {
                each.get();
            }
        } finally {
            threads.shutdownNow();
        }
        assertEquals(new Given.Content("40", 41, OpenAccount.RecoveredFrom.CURRENT), Given.open(store, Given.NAME));
    }

    @Tag("slow")
    @Test
    void noUpdateIsLostAmongProcesses() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            processes.add(jvm("count"));
        }
        count(store, 20);
        for (Process process : processes) {
            assertEquals(0, process.waitFor());
        }
        assertEquals("60", Given.open(store, Given.NAME).text());
    }

    /** Closing any descriptor of the lock file releases a fcntl lock, so attempts in this process must not open one. */
    @Test
    void aFailedAttemptDoesNotDropTheLock() throws Exception {
        try (LockedAccount held = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertBusy(store, Given.NO_WAIT);
            assertBusy(sameByLink(), Given.NO_WAIT);
            assertEquals(1, store.peek(Given.NAME).generation());
            assertTrue(held.exists());
            assertEquals(BUSY, jvm("try").waitFor(), "still held against others");
        }
        assertEquals(0, jvm("try").waitFor());
    }

    @Test
    void anotherProcessIsWaitedForAsLongAsAsked() throws Exception {
        Process other = jvm("hold", ProcessBuilder.Redirect.PIPE);
        assertEquals("held", other.inputReader().readLine());
        assertBusy(store, Given.NO_WAIT);
        long start = System.nanoTime();
        assertBusy(store, Duration.ofMillis(100));
        assertTrue(System.nanoTime() - start >= Duration.ofMillis(100).toNanos());
        assertEquals(List.of(), Given.openFilesBelow(temporary), "a failed attempt leaves none open");
        other.outputWriter().close();
        store.lock(Given.NAME, LONG).close();
        assertEquals(0, other.waitFor());
    }

    private static final int BUSY = 75;

    private Process jvm(String what) throws IOException {
        return jvm(what, ProcessBuilder.Redirect.INHERIT);
    }

    private Process jvm(String what, ProcessBuilder.Redirect streams) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LockTest.class.getName(),
                        what,
                        temporary.toString())
                .redirectInput(streams)
                .redirectOutput(streams)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** The main method of the other process. */
    public static void main(String[] arguments) throws IOException {
        FileAccountStore store = Given.store(Path.of(arguments[1]));
        try {
            if (arguments[0].equals("count")) {
                count(store, 20);
            } else if (arguments[0].equals("hold")) {
                try (LockedAccount held = store.lock(Given.NAME, Given.NO_WAIT)) {
                    System.out.println(held.exists() ? "held" : "nothing there");
                    System.in.read(); // until the other process closes it
                }
            } else {
                store.lock(Given.NAME, Duration.ofMillis(50)).close();
            }
        } catch (StoreException e) {
            System.exit(e.kind() == StoreException.Kind.BUSY ? BUSY : 1);
        }
    }

    private static void count(FileAccountStore store, int times) throws StoreException {
        for (int i = 0; i < times; i++) {
            try (LockedAccount account = store.lock(Given.NAME, LONG)) {
                OpenAccount open = account.open(Given.password());
                int number = Integer.parseInt(Given.text(open.plaintext()));
                open.save(Given.bytes(Integer.toString(number + 1)));
            }
        }
    }
}
