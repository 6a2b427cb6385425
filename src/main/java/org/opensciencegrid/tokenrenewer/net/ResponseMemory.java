package org.opensciencegrid.tokenrenewer.net;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Limits memory: only one long response is read at a time. Responses of one server wait for each other before they wait
 * for those of other servers. A thread has the room until it releases it. A server that held the room until its time
 * was over does not get it again.
 */
final class ResponseMemory {
    /** Longer responses need the room. Real issuers send shorter responses. */
    static final int SHORT = 1 << 15;

    private static final ReentrantLock OF_ALL = new ReentrantLock(true);

    private final ReentrantLock ofServer = new ReentrantLock(true);
    private volatile boolean isRefused;

    boolean isTaken() {
        return OF_ALL.isHeldByCurrentThread();
    }

    /**
     * @param left the remaining time for the response. Because others cause the wait, it lasts at least {@link
     *     Limits#ROOM}
     * @throws IOException if there is no room in time, or this server does not get it again
     */
    void take(Duration left) throws IOException {
        long wait = Math.max(left.toNanos(), Limits.ROOM.toNanos());
        long end = System.nanoTime() + wait;
        try {
            if (!ofServer.tryLock(wait, TimeUnit.NANOSECONDS)
                    || isRefused
                    || !OF_ALL.tryLock(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                throw new IOException("there was no room for a long answer, as other answers are long too");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("we were interrupted");
        }
    }

    /** The server used up its time: others must not wait for it again. */
    void refuse() {
        isRefused = true;
    }

    /** Does nothing without {@link #take}. */
    void giveBack() {
        for (ReentrantLock lock : new ReentrantLock[] {OF_ALL, ofServer}) {
            while (lock.isHeldByCurrentThread()) {
                lock.unlock();
            }
        }
    }
}
