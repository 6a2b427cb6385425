package org.opensciencegrid.tokenrenewer.renewal;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Work that a SIGTERM or SIGINT must not cut: from a refresh request until its answer is on disk. The hook lets running
 * work finish and new work wait, for the process is about to end.
 */
final class Unbroken {
    /** Longer than a request with its repeats, shorter than the unit's TimeoutStopSec=45. */
    private static final long LONGEST_SECONDS = 40;

    private static final ReentrantReadWriteLock ENDING = new ReentrantReadWriteLock(true);

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(Unbroken::awaitAll, "finish"));
    }

    private Unbroken() {}

    @FunctionalInterface
    interface Work<T, E extends Exception> {
        T run() throws E;
    }

    static <T, E extends Exception> T run(Work<T, E> work) throws E {
        ENDING.readLock().lock();
        try {
            return work.run();
        } finally {
            ENDING.readLock().unlock();
        }
    }

    private static void awaitAll() {
        try {
            // Never given back: what has not begun must not begin.
            if (!ENDING.writeLock().tryLock(LONGEST_SECONDS, TimeUnit.SECONDS)) {
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
