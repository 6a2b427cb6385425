package org.opensciencegrid.tokenrenewer.net;

import java.time.Duration;

/** Waits and measures time. Tests use another implementation that does not wait. */
public interface Sleeper {
    /** Really waits. An interrupt ends a wait early and stays set. */
    Sleeper REAL = new Sleeper() {
        @Override
        public void sleep(Duration duration) {
            try {
                Thread.sleep(duration.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public Duration elapsed() {
            return Duration.ofNanos(System.nanoTime()); // not the wall clock, which may jump
        }
    };

    void sleep(Duration duration);

    /** Time since some fixed moment. */
    Duration elapsed();
}
