package org.opensciencegrid.tokenrenewer.renewal;

import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Runs the post_renewal commands in threads other than the {@link IssuerQueue}s', so that a command that hangs delays
 * no renewal. Not loaded if no token has a post_renewal.
 */
final class HookQueue {
    /** Commands at once: enough that a few that hang do not delay the others, few enough for a small machine. */
    static final int MOST = 8;

    private final ThreadPoolExecutor workers =
            new ThreadPoolExecutor(MOST, MOST, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>());

    HookQueue() {
        workers.allowCoreThreadTimeOut(
                true); // we do not know which command is the last, so idle threads end on their own
    }

    <T> Future<T> submit(Callable<T> account) {
        return workers.submit(account);
    }
}
