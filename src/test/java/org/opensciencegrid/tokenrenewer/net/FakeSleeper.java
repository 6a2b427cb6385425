package org.opensciencegrid.tokenrenewer.net;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.opensciencegrid.testkit.SettableClock;

/** Waits by setting the clock that the test's issuer also uses. */
public final class FakeSleeper implements Sleeper {
    private final SettableClock clock;
    private final AtomicReference<Duration> slept = new AtomicReference<>(Duration.ZERO);
    private final List<Duration> sleeps = new CopyOnWriteArrayList<>();
    private volatile Runnable afterEach = () -> {};
    /** How many seconds pass in a second of waiting: all threads that wait share one clock. */
    public volatile int haste = 1;

    public FakeSleeper(SettableClock clock) {
        this.clock = clock;
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
        pass(duration.multipliedBy(haste));
        afterEach.run();
    }

    /** Lets time pass without a sleep, such as that of a slow response. */
    public void pass(Duration duration) {
        slept.accumulateAndGet(duration, Duration::plus);
        clock.advance(duration);
    }

    @Override
    public Duration elapsed() {
        return slept.get(); // a change of the clock is no time that passed
    }
}
