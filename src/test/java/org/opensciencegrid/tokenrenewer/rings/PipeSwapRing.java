package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * A user replaces her token file with a FIFO and back, as fast as possible, while the service renews her token and
 * another user's. No run may wait for her, and the other user gets a new token from each run. -Dpipe.runs=200, on four
 * machines at the same time, because a run waits for a second if it meets a FIFO.
 */
class PipeSwapRing {
    private static final int RUNS = Integer.getInteger("pipe.runs", 200);
    private static final int MACHINES = 4;

    @TempDir
    Path directory;

    @Test
    void noRunHangsAndTheOtherUserGetsEachToken() throws Exception {
        assumeTrue(System.getProperty("user.name").equals("root"), "needs root");
        List<AccessPoint> points = new ArrayList<>();
        List<Path> hers = new ArrayList<>();
        for (int i = 0; i < MACHINES; i++) {
            AccessPoint point = new AccessPoint(directory.resolve("machine" + i));
            points.add(point);
            Path alice = user(point, "alice", 65533);
            point.tokens(alice, user(point, "bob", 65532));
            point.authorize();
            hers.add(alice);
        }
        Swapping swapping = new Swapping(hers);
        ExecutorService machines = Executors.newFixedThreadPool(MACHINES);
        try {
            List<Future<Integer>> refused = new ArrayList<>();
            for (AccessPoint point : points) {
                refused.add(machines.submit(() -> runs(point)));
            }
            int all = 0;
            for (Future<Integer> one : refused) {
                all += one.get();
            }
            assertTrue(swapping.swaps.get() > RUNS, "swaps: " + swapping.swaps);
            System.out.println(
                    "--- " + RUNS + " runs, 0 hung, " + swapping.swaps + " swaps; " + all + " runs refused hers");
        } finally {
            machines.shutdownNow();
            swapping.stop();
            points.forEach(AccessPoint::close);
        }
    }

    /** How often her token was rejected. */
    private static int runs(AccessPoint point) throws Exception {
        int refused = 0;
        Path bob = point.file("tokens/bob/token");
        for (int i = 0; i < RUNS / MACHINES; i++) {
            String old = Files.readString(bob);
            Result ended = point.run("renew", "--force"); // fails after five minutes
            assertNotEquals(old, Files.readString(bob), ended.said());
            refused += ended.status();
            if (i % 10 == 0) {
                point.run("status");
                point.run("check", "--offline");
            }
        }
        return refused;
    }

    private static Path user(AccessPoint point, String name, int owner) throws Exception {
        Path home = Files.createDirectory(point.file("tokens/" + name));
        Files.setAttribute(home, "unix:uid", owner);
        return home.resolve("token");
    }

    /** In another process than the program: this one. */
    private static final class Swapping {
        final AtomicLong swaps = new AtomicLong();
        private final Thread thread;

        Swapping(List<Path> tokens) throws Exception {
            for (Path token : tokens) {
                AccessPoint.sh("mkfifo " + token.resolveSibling("pipe"));
                Files.copy(token, token.resolveSibling("file"));
            }
            thread = new Thread(() -> {
                while (!Thread.currentThread().isInterrupted()) {
                    tokens.forEach(token -> put(token.resolveSibling("pipe"), token));
                    tokens.forEach(token -> put(token.resolveSibling("file"), token));
                    swaps.addAndGet(tokens.size());
                }
            });
            thread.start();
        }

        /** With a hard link, because the program may replace the file at any moment. */
        private static void put(Path source, Path token) {
            Path next = token.resolveSibling("next");
            try {
                Files.createLink(next, source);
                Files.move(next, token, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void stop() throws InterruptedException {
            thread.interrupt();
            thread.join();
        }
    }
}
