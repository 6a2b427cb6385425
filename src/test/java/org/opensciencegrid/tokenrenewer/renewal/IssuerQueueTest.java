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
import org.opensciencegrid.tokenrenewer.oidc.Pause;

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

    /** The others wait for one another: they end only if so many are at it at once. */
    @Test
    void aSlowOneByMany() throws Exception {
        assertEquals(ACCOUNTS, run(ACCOUNTS, Duration.ofMillis(100), IssuerQueue.MOST));
        assertEquals(IssuerQueue.MOST, most.get());
    }

    /** How many accounts met as many as were to be at it at once, except the first ones. */
    private int run(int accounts, Duration answered, int together) throws Exception {
        AtomicInteger begun = new AtomicInteger();
        AtomicInteger atIt = new AtomicInteger();
        AtomicInteger met = new AtomicInteger();
        CountDownLatch all = new CountDownLatch(together);
        List<Future<Map<String, Outcome>>> results = new ArrayList<>();
        try (IssuerQueue queue = new IssuerQueue(Pause.REAL)) {
            for (int i = 0; i < accounts; i++) {
                results.add(queue.submit(() -> {
                    most.accumulateAndGet(atIt.incrementAndGet(), Math::max);
                    queue.experience().granted(answered);
                    if (begun.incrementAndGet() > 4) { // each of the first two has had one more
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
