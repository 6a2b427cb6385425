package org.opensciencegrid.tokenrenewer.status;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/**
 * When runs come, as far as the timer and the last run tell.
 *
 * @param lastRun when a run last ended; empty where that is not known
 * @param nextBy when the next begins at the latest; empty where that is not known
 */
public record Schedule(Timer timer, Optional<Instant> lastRun, Optional<Instant> nextBy) {
    /** A run that takes longer is ended by its unit (TimeoutStartSec). */
    private static final Duration LONGEST_RUN = Duration.ofMinutes(5);

    static Schedule of(Timer timer, Optional<Instant> lastRun) {
        return new Schedule(timer, lastRun, timer.nextBy(lastRun));
    }

    /** Whether a run should have ended by now, and none has. */
    public boolean isOverdue(Instant now) {
        return nextBy.filter(by -> by.plus(LONGEST_RUN).isBefore(now)).isPresent();
    }

    Level level(Instant now) {
        if (isOverdue(now)) {
            return Level.ACTION;
        }
        return timer.isEnabled() ? Level.OK : Level.WARNING;
    }
}
