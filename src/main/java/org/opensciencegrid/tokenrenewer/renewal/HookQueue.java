package org.opensciencegrid.tokenrenewer.renewal;

import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The sites' programs, away from the {@link IssuerQueue}s: one that hangs until its timeout holds up no renewal. Where no
 * token has a post_renewal this class is not loaded.
 */
final class HookQueue {
    /** Programs at once: enough that a few that hang do not hold up the others, few enough for a small machine. */
    static final int MOST = 8;

    private final ThreadPoolExecutor workers =
            new ThreadPoolExecutor(MOST, MOST, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>());

    HookQueue() {
        workers.allowCoreThreadTimeOut(true); // nobody knows which account is the last with news
    }

    <T> Future<T> submit(Callable<T> account) {
        return workers.submit(account);
    }
}
