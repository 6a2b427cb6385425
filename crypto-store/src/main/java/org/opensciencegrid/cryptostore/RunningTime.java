package org.opensciencegrid.cryptostore;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Time that also passes while this machine sleeps, and never goes back. A clock that is set forward adds to it; a clock
 * that is set back takes nothing away. So a lease may end too early, but not too late.
 */
final class RunningTime {
    private final LongSupplier nanoTime;
    private final LongSupplier millis;
    private long lastNanoTime;
    private long lastMillis;
    private long passed;

    RunningTime(LongSupplier nanoTime, LongSupplier millis) {
        this.nanoTime = nanoTime;
        this.millis = millis;
        this.lastNanoTime = nanoTime.getAsLong();
        this.lastMillis = millis.getAsLong();
    }

    synchronized long nanos() {
        long nowNanoTime = nanoTime.getAsLong();
        long nowMillis = millis.getAsLong();
        passed += Math.max(nowNanoTime - lastNanoTime, TimeUnit.MILLISECONDS.toNanos(nowMillis - lastMillis));
        lastNanoTime = nowNanoTime;
        lastMillis = nowMillis;
        return passed;
    }
}
