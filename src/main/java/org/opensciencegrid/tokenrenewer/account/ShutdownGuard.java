package org.opensciencegrid.tokenrenewer.account;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.opensciencegrid.tokenrenewer.net.Limits;

/**
 * Runs work that SIGTERM and SIGINT must not interrupt: from a request for a token until the response is saved. The
 * shutdown hook lets running work finish and blocks new work, because the process is about to end.
 */
public final class ShutdownGuard {
    /** Longer than a renewal, shorter than the unit's TimeoutStopSec. */
    private static final Duration LONGEST = Limits.RENEWAL.plusSeconds(10);

    private static final ReentrantReadWriteLock ENDING = new ReentrantReadWriteLock(true);
    private static final List<Runnable> LAST = new CopyOnWriteArrayList<>();

    static {
        Runtime.getRuntime().addShutdownHook(new Thread(new AwaitAll(), "finish"));
    }

    private ShutdownGuard() {}

    @FunctionalInterface
    public interface Work<T, E extends Exception> {
        T run() throws E;
    }

    /** Runs when the process ends, after all such work. */
    public static void atEnd(Runnable last) {
        LAST.add(last);
    }

    public static <T, E extends Exception> T run(Work<T, E> work) throws E {
        ENDING.readLock().lock();
        try {
            return work.run();
        } finally {
            ENDING.readLock().unlock();
        }
    }

    private static final class AwaitAll implements Runnable {
        @Override
        public void run() {
            try {
                // Never released: work that has not started must not start.
                if (!ENDING.writeLock().tryLock(LONGEST.toSeconds(), TimeUnit.SECONDS)) {
                    return;
                }
                for (Runnable last : LAST) {
                    last.run();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
