package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

class IssuerQueueTest {
    private static final int ACCOUNTS = 100;

    private final AtomicInteger most = new AtomicInteger();

    @Test
    void aFastIssuerIsAskedByTwoAtOnce() throws Exception {
        assertEquals(20, run(20, Duration.ofMillis(1), 2));
        assertEquals(2, most.get());
    }

    @Test
    void andByFourForManyAccounts() throws Exception {
        assertEquals(ACCOUNTS, run(ACCOUNTS, Duration.ofMillis(1), 4));
        assertEquals(4, most.get());
    }

    /** The other accounts wait for each other: they end only if this many run at once. */
    @Test
    void aSlowOneByMany() throws Exception {
        assertEquals(ACCOUNTS, run(ACCOUNTS, Duration.ofMillis(100), IssuerQueue.MAX_WORKERS));
        assertEquals(IssuerQueue.MAX_WORKERS, most.get());
    }

    /** All accounts wait for the last one: without more workers, it would never start. */
    @Test
    void whoWaitsForAnAnswerHoldsUpNoOther() throws Exception {
        int accounts = 12;
        CountDownLatch all = new CountDownLatch(accounts);
        List<Future<Boolean>> results = new ArrayList<>();
        try (IssuerQueue queue = new IssuerQueue(new IssuerHealth(Sleeper.REAL))) {
            for (int i = 0; i < accounts; i++) {
                results.add(queue.submit(() -> {
                    all.countDown();
                    return all.await(20, TimeUnit.SECONDS);
                }));
            }
            for (int i = 0; i < 1000 && !all.await(10, TimeUnit.MILLISECONDS); i++) {
                queue.letOthersPass();
            }
        }
        for (Future<Boolean> result : results) {
            assertTrue(result.get());
        }
    }

    @Test
    void butNotWithoutEnd() throws Exception {
        AtomicInteger begun = new AtomicInteger();
        CountDownLatch end = new CountDownLatch(1);
        List<Future<Boolean>> results = new ArrayList<>();
        try (IssuerQueue queue = new IssuerQueue(new IssuerHealth(Sleeper.REAL))) {
            for (int i = 0; i < 2 * IssuerQueue.MAX_WAITING; i++) {
                results.add(queue.submit(() -> {
                    begun.incrementAndGet();
                    return end.await(60, TimeUnit.SECONDS);
                }));
            }
            for (int i = 0; i < 10 * IssuerQueue.MAX_WAITING; i++) {
                queue.letOthersPass();
                Thread.yield();
            }
            assertTrue(begun.get() <= IssuerQueue.MAX_WAITING, begun + " at once");
            end.countDown();
        }
        for (Future<Boolean> result : results) {
            assertTrue(result.get());
        }
    }

    /** Returns how many accounts ran at the same time as the expected number of others, without the first ones. */
    private int run(int accounts, Duration answered, int together) throws Exception {
        AtomicInteger begun = new AtomicInteger();
        AtomicInteger atIt = new AtomicInteger();
        AtomicInteger met = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(together);
        List<Future<Map<String, Outcome>>> results = new ArrayList<>();
        IssuerHealth health = new IssuerHealth(Sleeper.REAL);
        try (IssuerQueue queue = new IssuerQueue(health)) {
            for (int i = 0; i < accounts; i++) {
                results.add(queue.submit(() -> {
                    most.accumulateAndGet(atIt.incrementAndGet(), Math::max);
                    health.granted(answered);
                    if (begun.incrementAndGet() > 4) { // each of the first two workers has had a second account
                        all.countDown();
                        if (all.await(20, TimeUnit.SECONDS)) {
                            met.incrementAndGet();
                        }
                    } else {
                        met.incrementAndGet();
                    }
                    atIt.decrementAndGet();
                    return Map.of();
                }));
            }
        }
        for (Future<Map<String, Outcome>> result : results) {
            assertTrue(result.get(60, TimeUnit.SECONDS).isEmpty());
        }
        return met.get();
    }
}
