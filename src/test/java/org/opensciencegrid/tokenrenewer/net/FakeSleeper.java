package org.opensciencegrid.tokenrenewer.net;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.opensciencegrid.testkit.SettableClock;

/** Waits by setting the clock that the test's issuer also uses. */
public final class FakeSleeper implements Sleeper {
    private final SettableClock clock;
    private final Instant start;
    private final List<Duration> sleeps = new CopyOnWriteArrayList<>();
    private volatile Runnable afterEach = () -> {};
    /** How many seconds pass in a second of waiting: all threads that wait share one clock. */
    public volatile int haste = 1;

    public FakeSleeper(SettableClock clock) {
        this.clock = clock;
        this.start = clock.instant();
    }

    /** Runs this after each wait, to simulate another process. */
    public void afterEach(Runnable action) {
        afterEach = action;
    }

    /** Every wait so far. */
    public List<Duration> sleeps() {
        return List.copyOf(sleeps);
    }

    @Override
    public void sleep(Duration duration) {
        sleeps.add(duration);
        clock.advance(duration.multipliedBy(haste));
        afterEach.run();
    }

    @Override
    public Duration elapsed() {
        return Duration.between(start, clock.instant());
    }
}
