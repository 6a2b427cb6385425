package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.opensciencegrid.cryptostore.OpenAccount.RecoveredFrom;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/** What every {@link AccountStore} does. Each implementation has a subclass. */
abstract class AccountStoreContract {
    private static final Duration LONG = Duration.ofMinutes(1);

    /** A store with accounts that the other stores of the test share, as of another process. */
    abstract AccountStore store();

    /** Changes the stored bytes of an account. */
    abstract void change(String name, UnaryOperator<byte[]> change) throws IOException;

    /** The stored bytes of an account. */
    private byte[] stored(String name) throws IOException {
        List<byte[]> found = new ArrayList<>();
        change(name, bytes -> {
            found.add(bytes);
            return bytes;
        });
        return found.get(0);
    }

    private static void assertFails(Kind kind, Executable executable) {
        assertEquals(kind, assertThrows(StoreException.class, executable).kind());
    }

    private static void assertContent(String text, long generation, AccountStore store) throws StoreException {
        assertEquals(new Given.Content(text, generation, RecoveredFrom.CURRENT), Given.open(store, Given.NAME));
    }

    @Test
    void aSavedAccountIsReadByAnotherProcess() throws Exception {
        SaveResult saved = Given.create(store(), Given.NAME, "one");
        assertEquals(1, saved.generation());
        assertFalse(saved.rescued());
        assertContent("one", 1, store());
        assertEquals(2, Given.rotate(store(), Given.NAME, "two").generation());
        assertContent("two", 2, store());
        assertArrayEquals(Given.bytes("two"), store().view(Given.NAME, Given.password()));
        Header header = store().peek(Given.NAME);
        assertEquals(Given.NAME, header.account());
        assertEquals(2, header.generation());
        assertEquals(Given.CHEAP, header.kdf());
    }

    @Test
    void theStoredBytesAreEncrypted() throws Exception {
        Given.create(store(), Given.NAME, "the refresh token");
        assertFalse(Given.text(stored(Given.NAME)).contains("the refresh token"));
    }

    @Test
    void nothingIsStoredBeforeTheFirstSave() throws Exception {
        AccountStore store = store();
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertFalse(locked.exists());
            OpenAccount created = locked.create(Given.password());
            created.reserve();
            assertEquals(0, created.plaintext().length);
        }
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertFalse(locked.exists());
            assertFails(Kind.MISSING, () -> locked.open(Given.password()));
        }
        assertFails(Kind.MISSING, () -> store.peek(Given.NAME));
        assertFails(Kind.MISSING, () -> store.view(Given.NAME, Given.password()));
    }

    @Test
    void aReservationAloneChangesNothing() throws Exception {
        AccountStore store = store();
        Given.create(store, Given.NAME, "one");
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = locked.open(Given.password());
            open.reserve();
            open.reserve();
            assertTrue(open.mayAsk());
        }
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertEquals(Optional.empty(), locked.open(Given.password()).interruptedAt());
        }
        assertContent("one", 1, store());
    }

    @Test
    void severalAnswersInOneRun() throws Exception {
        AccountStore store = store();
        Given.create(store, Given.NAME, "one");
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = locked.open(Given.password());
            for (int i = 2; i <= 4; i++) {
                open.reserve();
                assertTrue(open.mayAsk());
                assertEquals(i, open.save(Given.bytes("content " + i)).generation());
                assertEquals("content " + i, Given.text(open.plaintext()));
                assertContentOfView("content " + i);
            }
        }
        assertContent("content 4", 4, store());
    }

    private void assertContentOfView(String text) throws StoreException {
        assertEquals(text, Given.text(store().view(Given.NAME, Given.password())), "durable when save returns");
    }

    @Test
    void anOptionalSaveBetweenAnswers() throws Exception {
        AccountStore store = store();
        Given.create(store, Given.NAME, "one");
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = locked.open(Given.password());
            assertEquals(2, open.saveOptional(Given.bytes("without a request")).generation());
            assertContentOfView("without a request");
            open.reserve();
            assertEquals(3, open.saveOptional(Given.bytes("more")).generation());
            assertContentOfView("more");
            assertEquals("more", Given.text(open.plaintext()));
            assertTrue(open.mayAsk());
            assertEquals(4, open.save(Given.bytes("answer")).generation());
            open.reserve();
            assertTrue(open.mayAsk());
            assertEquals(5, open.saveOptional(Given.bytes("last")).generation());
        }
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertEquals(Optional.empty(), locked.open(Given.password()).interruptedAt());
        }
        assertContent("last", 5, store());
    }

    @Test
    void thePlaintextIsACopy() throws Exception {
        AccountStore store = store();
        Given.create(store, Given.NAME, "one");
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = locked.open(Given.password());
            open.plaintext()[0] = 'x';
            assertEquals("one", Given.text(open.plaintext()));
        }
    }

    @Test
    void aNewPassword() throws Exception {
        AccountStore store = store();
        Given.create(store, Given.NAME, "one");
        assertWrongPassword(store, "another");
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount open = locked.open(Given.password());
            open.rekey(Given.password("another"));
            open.save(open.plaintext());
        }
        assertWrongPassword(store, Given.PASSWORD);
        assertWrongPassword(store(), Given.PASSWORD);
        assertEquals("one", Given.text(store.view(Given.NAME, Given.password("another"))));
    }

    private static void assertWrongPassword(AccountStore store, String password) throws StoreException {
        assertFails(Kind.WRONG_PASSWORD, () -> store.view(Given.NAME, Given.password(password)));
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertFails(Kind.WRONG_PASSWORD, () -> locked.open(Given.password(password)));
        }
    }

    @Test
    void aNewAccountReplacesTheOldOneWithItsSave() throws Exception {
        AccountStore store = store();
        Given.create(store, Given.NAME, "old");
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            OpenAccount created = locked.create(Given.password("another"));
            assertEquals(1, created.generation());
            assertContentOfView("old");
            assertEquals(2, created.save(Given.bytes("new")).generation());
        }
        assertEquals("new", Given.text(store().view(Given.NAME, Given.password("another"))));
    }

    @Test
    void aDeletedAccountIsMissing() throws Exception {
        AccountStore store = store();
        Given.create(store, Given.NAME, "one");
        Given.create(store, "another", "kept");
        for (int i = 0; i < 2; i++) {
            try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
                locked.delete();
                assertFalse(locked.exists());
            }
            assertFails(Kind.MISSING, () -> store.peek(Given.NAME));
        }
        assertEquals("kept", Given.text(store.view("another", Given.password())));
        Given.create(store, Given.NAME, "again");
        assertEquals("again", Given.open(store(), Given.NAME).text());
    }

    @Test
    void damageIsFoundAndNeverReplacedByARun() throws Exception {
        AccountStore store = store();
        Given.create(store, Given.NAME, "one");
        byte[] sound = stored(Given.NAME);
        change(Given.NAME, bytes -> {
            byte[] changed = bytes.clone();
            changed[changed.length - 3] ^= 1;
            return changed;
        });
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertTrue(locked.exists());
            assertThrows(StoreException.class, () -> locked.open(Given.password()));
        }
        change(Given.NAME, bytes -> sound);
        assertContent("one", 1, store());
    }

    @Test
    void theAccountOfAnotherNameIsRejected() throws Exception {
        AccountStore store = store();
        Given.create(store, Given.NAME, "one");
        Given.create(store, "another", "other");
        byte[] other = stored("another");
        change(Given.NAME, bytes -> other);
        try (LockedAccount locked = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertFails(Kind.WRONG_ACCOUNT, () -> locked.open(Given.password()));
        }
    }

    @Test
    void oneHolderAtATime() throws Exception {
        Given.create(store(), Given.NAME, "one");
        AccountStore store = store();
        LockedAccount held = store.lock(Given.NAME, Given.NO_WAIT);
        assertFails(Kind.BUSY, () -> store.lock(Given.NAME, Duration.ofMillis(30)));
        assertFails(Kind.BUSY, () -> store().lock(Given.NAME, Given.NO_WAIT));
        store.lock("another", Given.NO_WAIT).close();
        held.close();
        held.close();
        assertThrows(IllegalStateException.class, held::exists);
        assertThrows(IllegalStateException.class, () -> held.open(Given.password()));
        store().lock(Given.NAME, Given.NO_WAIT).close();
    }

    @Test
    void anInterruptedWaitIsBusy() throws Exception {
        AccountStore store = store();
        try (LockedAccount held = store.lock(Given.NAME, Given.NO_WAIT)) {
            assertFalse(held.exists());
            Thread.currentThread().interrupt();
            assertFails(Kind.BUSY, () -> store.lock(Given.NAME, LONG));
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void thereIsOneOpenAccountAtATime() throws Exception {
        AccountStore store = store();
        Given.create(store, Given.NAME, "one");
        LockedAccount held = store.lock(Given.NAME, Given.NO_WAIT);
        OpenAccount first = held.open(Given.password());
        OpenAccount second = held.open(Given.password());
        assertThrows(IllegalStateException.class, first::plaintext);
        OpenAccount third = held.create(Given.password());
        assertThrows(IllegalStateException.class, () -> second.save(Given.bytes("x")));
        held.close();
        assertThrows(IllegalStateException.class, () -> third.save(Given.bytes("x")));
        assertContent("one", 1, store());
    }

    @Test
    void noUpdateIsLostAmongThreads() throws Exception {
        Given.create(store(), Given.NAME, "0");
        ExecutorService threads = Executors.newFixedThreadPool(3);
        List<Future<Void>> ends = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Callable<Void> counter = () -> {
                AccountStore store = store();
                for (int n = 0; n < 3; n++) {
                    try (LockedAccount locked = store.lock(Given.NAME, LONG)) {
                        OpenAccount open = locked.open(Given.password());
                        open.reserve();
                        open.save(Given.bytes(String.valueOf(Integer.parseInt(Given.text(open.plaintext())) + 1)));
                    }
                }
                return null;
            };
            ends.add(threads.submit(counter));
        }
        for (Future<Void> end : ends) {
            end.get();
        }
        threads.shutdown();
        assertContent("9", 10, store());
    }

    @Test
    void aNameThatCouldBeAPathIsRejected() {
        for (String name : List.of("", "..", "a/b", "a b")) {
            assertThrows(IllegalArgumentException.class, () -> store().lock(name, Given.NO_WAIT));
            assertThrows(IllegalArgumentException.class, () -> store().file(name));
        }
    }
}
