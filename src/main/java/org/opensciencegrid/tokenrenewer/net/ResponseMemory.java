package org.opensciencegrid.tokenrenewer.net;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Limits memory: only one long response is read at a time. Responses of one server wait for each other before they wait
 * for those of other servers. A thread holds the memory until it releases it. If a server uses up its time limit while
 * it holds the memory, it does not get the memory again.
 */
final class ResponseMemory {
    /** Longer responses need the memory. Real issuers send shorter responses. */
    static final int SHORT_RESPONSE_BYTES = 1 << 15;

    private static final ReentrantLock GLOBAL = new ReentrantLock(true);

    private final ReentrantLock perServer = new ReentrantLock(true);
    private final int bodyLimit;
    private volatile boolean isDenied;

    /** @param bodyLimit of each response of the server, in bytes */
    ResponseMemory(int bodyLimit) {
        this.bodyLimit = bodyLimit;
    }

    int bodyLimit() {
        return bodyLimit;
    }

    boolean isHeld() {
        return GLOBAL.isHeldByCurrentThread();
    }

    /**
     * @param remaining the remaining time for the response. Because others cause the wait, it lasts at least {@link
     *     Limits#MEMORY_WAIT}
     * @throws IOException if there is no memory in time, or this server does not get it again
     */
    void acquire(Duration remaining) throws IOException {
        long wait = Math.max(remaining.toNanos(), Limits.MEMORY_WAIT.toNanos());
        long end = System.nanoTime() + wait;
        try {
            if (!perServer.tryLock(wait, TimeUnit.NANOSECONDS)
                    || isDenied
                    || !GLOBAL.tryLock(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                throw new IOException("there was no room for a long answer, as other answers are long too");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("we were interrupted");
        }
    }

    /** The server used up its time: others must not wait for it again. */
    void deny() {
        isDenied = true;
    }

    /** Does nothing without {@link #acquire}. */
    void release() {
        for (ReentrantLock lock : new ReentrantLock[] {GLOBAL, perServer}) {
            while (lock.isHeldByCurrentThread()) {
                lock.unlock();
            }
        }
    }
}
