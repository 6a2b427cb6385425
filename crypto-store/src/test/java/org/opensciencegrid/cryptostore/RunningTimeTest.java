package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class RunningTimeTest {
    private final AtomicLong nanoTime = new AtomicLong(7);
    private final AtomicLong millis = new AtomicLong(1_000_000);
    private final RunningTime time = new RunningTime(nanoTime::get, millis::get);

    private long after(long awakeSeconds, long clockSeconds) {
        nanoTime.addAndGet(TimeUnit.SECONDS.toNanos(awakeSeconds));
        millis.addAndGet(TimeUnit.SECONDS.toMillis(clockSeconds));
        return TimeUnit.NANOSECONDS.toSeconds(time.nanos());
    }

    @Test
    void itPassesDuringSleepAndDoesNotStopWhenTheClockIsSet() {
        assertEquals(10, after(10, 10));
        assertEquals(110, after(0, 100), "asleep");
        assertEquals(3710, after(0, 3600), "the clock was set forward");
        assertEquals(3720, after(10, -3600), "and back");
        assertEquals(3730, after(10, 10));
    }
}
