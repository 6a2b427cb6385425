package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Work that is skipped or done only once to speed up a run with many accounts, and work that must still be done. */
class FrugalTest {
    @TempDir
    Path directory;

    private final List<Path> read = new ArrayList<>();
    private boolean isBroken;
    private FileAccountStore store;

    @BeforeEach
    void twoAccounts() throws Exception {
        for (String name : List.of("one", "two")) {
            try (LockedAccount locked = store().lock(name, Given.NO_WAIT)) {
                OpenAccount account = locked.create(Given.password());
                account.save(Given.bytes("first"));
                account.save(Given.bytes("second"));
            }
        }
        read.clear();
        store = store();
    }

    private FileAccountStore store() {
        RealDisk real = new RealDisk();
        Disk disk = (Disk) Proxy.newProxyInstance(
                Disk.class.getClassLoader(), new Class<?>[] {Disk.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("read")) {
                        read.add(((Path) arguments[0]).getFileName());
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return new FileAccountStore(
                directory.resolve("accounts"),
                directory.resolve("rescue"),
                new FileAccountStore.Tools(disk, Given.HASH, Given.CHEAP, () -> {
                    if (isBroken) {
                        throw new NoClassDefFoundError("the jar was exchanged");
                    }
                    return Given.RANDOM;
                }));
    }

    /** Otherwise the first account would fail in the rehearsal, but all others with a rotated token. */
    @Test
    void aRehearsalThatFailsIsNone() throws Exception {
        isBroken = true;
        for (String name : List.of("one", "two", "one")) {
            try (LockedAccount locked = store.lock(name, Given.NO_WAIT)) {
                OpenAccount account = locked.open(Given.password());
                assertThrows(NoClassDefFoundError.class, account::reserve);
            }
        }
    }

    @Test
    void oneThatWentWellIsEnough() throws Exception {
        try (LockedAccount locked = store.lock("one", Given.NO_WAIT)) {
            locked.open(Given.password()).reserve();
        }
        isBroken = true;
        try (LockedAccount locked = store.lock("two", Given.NO_WAIT)) {
            locked.open(Given.password()).reserve();
        }
    }

    @Test
    void theGenerationBeforeIsReadWhereTheAccountFileIsDamaged() throws Exception {
        assertEquals("second", opened("one"));
        assertTrue(read.contains(Path.of("one.account")), read.toString());
        assertEquals(
                0, read.stream().filter(Path.of("one.account.prev")::equals).count(), read.toString());

        damage("one");
        assertEquals("first", opened("one"));
        assertEquals(
                1, read.stream().filter(Path.of("one.account.prev")::equals).count(), read.toString());
    }

    @Test
    void aNewAccountIsNewerThanTheGenerationBefore() throws Exception {
        damage("one");
        try (LockedAccount locked = store.lock("one", Given.NO_WAIT)) {
            OpenAccount account = locked.create(Given.password());
            assertEquals(1, account.generation());
            assertEquals(2, account.save(Given.bytes("new")).generation());
        }
    }

    private void damage(String name) throws IOException {
        Files.write(store.file(name), new byte[10]);
    }

    private String opened(String name) throws StoreException {
        try (LockedAccount locked = store.lock(name, Given.NO_WAIT)) {
            return Given.text(locked.open(Given.password()).plaintext());
        }
    }
}
