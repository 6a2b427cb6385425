package org.opensciencegrid.tokenrenewer.renewal;

import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The accounts of one issuer, so that an issuer that hangs does not delay the others. Two run at once: each additional
 * one needs another connection, and two are enough to keep our CPU busy. If there are many accounts, {@value
 * #WORKERS_FOR_MANY} run at once, because they sometimes wait for the disk. If the issuer is the bottleneck, up to
 * {@value #MAX_WORKERS} run.
 */
final class IssuerQueue implements AutoCloseable {
    private static final int WORKERS_AT_START = 2;
    private static final int WORKERS_FOR_MANY = 4;
    private static final int MANY_ACCOUNTS = 25;
    /** Enough to hide the latency of an issuer, few enough not to overload it. */
    static final int MAX_WORKERS = 32;
    /** Includes accounts that wait for a slow response: each costs the issuer a connection, and us a thread. */
    static final int MAX_WAITING = 100;

    private final IssuerHealth health;
    /** The accounts that run now; {@code before} has those that ran at the last call of {@link #letOthersPass}. */
    private final Set<Object> atWork = ConcurrentHashMap.newKeySet();

    private Set<Object> before = Set.of();
    private final ThreadPoolExecutor workers = new ThreadPoolExecutor(
            WORKERS_AT_START, WORKERS_AT_START, 0, TimeUnit.SECONDS, new LinkedBlockingQueue<>());

    /** @param health how the issuer has answered in this run */
    IssuerQueue(IssuerHealth health) {
        this.health = health;
    }

    <T> Future<T> submit(Callable<T> account) {
        if (workers.getQueue().size() >= MANY_ACCOUNTS) {
            growTo(WORKERS_FOR_MANY);
        }
        return workers.submit(() -> {
            atWork.add(account);
            try {
                T result = account.call();
                growTo((int) Math.min(MAX_WORKERS, health.suggestedParallelism()));
                return result;
            } finally {
                atWork.remove(account);
            }
        });
    }

    /**
     * Called regularly while the run waits for an account. For each account that has run since the last call, adds a
     * worker, so that it does not delay the others. Also replaces a worker that an Error ended.
     */
    synchronized void letOthersPass() {
        Set<Object> now = Set.copyOf(atWork);
        long waiting = now.stream().filter(before::contains).count();
        before = now;
        if (!workers.getQueue().isEmpty()) {
            growTo((int) Math.min(MAX_WAITING, waiting + WORKERS_AT_START));
            workers.prestartAllCoreThreads();
        }
    }

    /** Allows at least this many at once from now on; starts as many as there are waiting accounts. */
    private synchronized void growTo(int workersAtOnce) {
        if (workers.getCorePoolSize() < workersAtOnce) {
            workers.setMaximumPoolSize(workersAtOnce);
            workers.setCorePoolSize(workersAtOnce);
        }
    }

    /** Accepts no more accounts; the submitted ones continue. */
    @Override
    public void close() {
        workers.shutdown();
    }
}
