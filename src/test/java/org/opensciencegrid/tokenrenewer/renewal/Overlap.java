package org.opensciencegrid.tokenrenewer.renewal;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.opensciencegrid.testkit.Fault;

/** Makes two runs overlap. */
final class Overlap {
    private Overlap() {}

    /** The issuer holds the first run's response until the second run waits for the lock. */
    static List<Outcome> twoRunsThatBothFindItDue(Site site) throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        site.issuer.fault(Fault.on("/token").grant("refresh_token").rewrite(body -> {
            asked.countDown();
            try {
                go.await(20, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return body;
        }));
        ExecutorService threads = Executors.newFixedThreadPool(2);
        try {
            Future<List<Outcome>> first = threads.submit(() -> site.renew());
            if (!asked.await(20, TimeUnit.SECONDS)) {
                throw new AssertionError("no request");
            }
            Future<List<Outcome>> second = threads.submit(() -> site.renew());
            awaitLock();
            go.countDown();
            List<Outcome> outcomes = new ArrayList<>(first.get(30, TimeUnit.SECONDS));
            outcomes.addAll(second.get(30, TimeUnit.SECONDS));
            return outcomes;
        } finally {
            go.countDown();
            threads.shutdownNow();
        }
    }

    /** Waits until a thread is in the store's queue. */
    private static void awaitLock() {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (System.nanoTime() < end) {
            for (StackTraceElement[] stack : Thread.getAllStackTraces().values()) {
                for (StackTraceElement frame : stack) {
                    if (frame.getClassName().endsWith(".ProcessLock")) {
                        return;
                    }
                }
            }
            Thread.yield();
        }
        throw new AssertionError("nobody waits for the lock");
    }
}
