package org.opensciencegrid.tokenrenewer.oidc;

import java.time.Duration;

/** Waiting and measuring how long, so that tests need not wait. */
public interface Pause {
    /** Real waiting. An interrupt ends a wait early and stays set. */
    Pause REAL = new Pause() {
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

    /** Time passed since some fixed moment. */
    Duration elapsed();
}
