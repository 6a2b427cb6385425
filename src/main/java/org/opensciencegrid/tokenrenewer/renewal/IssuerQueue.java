package org.opensciencegrid.tokenrenewer.renewal;

import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.opensciencegrid.tokenrenewer.oidc.Pause;

/**
 * The accounts of one issuer, so that one that hangs does not hold up the others. Two at once, as each one more costs a
 * connection and our own cores are busy with as many, or {@value #SOME} of many accounts, as they wait for the disk at times;
 * where the issuer is what we wait for, up to {@value #MOST}.
 */
final class IssuerQueue implements AutoCloseable {
    private static final int FEW = 2;
    private static final int SOME = 4;
    private static final int MANY_ACCOUNTS = 25;
    /** Enough to hide the latency of an issuer, few enough not to hammer it. */
    static final int MOST = 32;

    private final Experience experience;
    private final ThreadPoolExecutor workers =
            new ThreadPoolExecutor(FEW, FEW, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());

    IssuerQueue(Pause time) {
        experience = new Experience(time);
    }

    /** What the accounts find of the issuer. */
    Experience experience() {
        return experience;
    }

    <T> Future<T> submit(Callable<T> account) {
        if (workers.getQueue().size() >= MANY_ACCOUNTS) {
            let(SOME);
        }
        return workers.submit(() -> {
            T result = account.call();
            let((int) Math.min(MOST, experience.room()));
            return result;
        });
    }

    /** At least so many at once from now on; starts as many as there are accounts waiting. */
    private synchronized void let(int workersAtOnce) {
        if (workers.getCorePoolSize() < workersAtOnce) {
            workers.setMaximumPoolSize(workersAtOnce);
            workers.setCorePoolSize(workersAtOnce);
        }
    }

    /** Those that were submitted go on. */
    @Override
    public void close() {
        workers.shutdown();
    }
}
