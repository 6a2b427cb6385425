package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HeldDirectoryTest {
    private static final int HOLDERS = 16;
    private static final int OTHERS = 16;
    private static final int TIMES = 10;

    @TempDir
    private Path temporary;

    /** Descriptor numbers are reused all the time, and some refer to the same directories. */
    @Test
    void itIsThatDirectoryWhateverOtherThreadsOpenAndClose() throws Exception {
        Path outer = Files.createDirectory(temporary.toRealPath().resolve("outer"));
        List<List<Inode>> ways = new ArrayList<>(List.of(List.of(Inode.of(outer))));
        for (String name : List.of("a", "b", "c")) {
            Path directory = Files.createDirectory(outer.resolve(name));
            ways.add(List.of(Inode.of(outer), Inode.of(directory)));
        }
        Path file = Files.createFile(temporary.resolve("file"));
        AtomicBoolean isOver = new AtomicBoolean();
        ExecutorService threads = Executors.newFixedThreadPool(HOLDERS + OTHERS);
        try {
            List<Future<?>> others = new ArrayList<>();
            for (int i = 0; i < OTHERS; i++) {
                Path opened = i % 2 == 0 ? file : outer.resolve("a");
                others.add(threads.submit((Callable<Void>) () -> {
                    while (!isOver.get()) {
                        try (FileChannel one = FileChannel.open(opened, StandardOpenOption.READ);
                                InputStream two = Files.newInputStream(file)) {
                            two.read();
                            one.position();
                        }
                    }
                    return null;
                }));
            }
            List<Future<Void>> holders = new ArrayList<>();
            for (int i = 0; i < HOLDERS; i++) {
                List<Inode> way = ways.get(i % ways.size());
                holders.add(threads.submit(() -> hold(way)));
            }
            try {
                for (Future<Void> holder : holders) {
                    holder.get();
                }
            } finally {
                isOver.set(true);
            }
            for (Future<?> other : others) {
                other.get();
            }
        } finally {
            isOver.set(true);
            threads.shutdownNow();
        }
    }

    private static Void hold(List<Inode> way) throws Exception {
        Object key = way.get(way.size() - 1).key();
        for (int i = 0; i < TIMES; i++) {
            try (HeldDirectory held = HeldDirectory.open(way)) {
                for (int j = 0; j < 5; j++) {
                    assertEquals(key, Inode.of(held.path().resolve(".")).key());
                }
                assertEquals(held.path().toFile().list().length, held.list("*").size());
                held.force();
            }
        }
        return null;
    }

    @Test
    void aPipeOrALinkInItsPlaceIsNotOpened() throws Exception {
        Path outer = Files.createDirectory(temporary.toRealPath().resolve("outer"));
        Path directory = Files.createDirectory(outer.resolve("a"));
        List<Inode> way = List.of(Inode.of(outer), Inode.of(directory));
        Path moved = Files.move(directory, outer.resolve("moved"));

        Files.createDirectory(directory);
        assertReplaced(way);
        Files.delete(directory);
        Files.createSymbolicLink(directory, outer);
        assertReplaced(way);
        Files.delete(directory);
        assertEquals(
                0, new ProcessBuilder("mkfifo", directory.toString()).start().waitFor());
        assertReplaced(way);
        Files.delete(directory);
        Files.move(moved, directory);
        HeldDirectory.open(way).close();
    }

    private static void assertReplaced(List<Inode> way) {
        IOException e = assertThrows(IOException.class, () -> HeldDirectory.open(way));
        assertTrue(e.getMessage().endsWith("it is replaced while it is opened"), e.getMessage());
    }
}
