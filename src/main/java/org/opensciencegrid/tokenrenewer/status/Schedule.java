package org.opensciencegrid.tokenrenewer.status;

import java.time.Instant;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/**
 * When runs start, according to the timer and the last run.
 *
 * @param lastRun when a run last ended; empty if unknown
 * @param nextBy the latest time at which the next run starts; empty if unknown
 */
public record Schedule(Timer timer, Optional<Instant> lastRun, Optional<Instant> nextBy) {
    static Schedule of(Timer timer, Optional<Instant> lastRun) {
        return new Schedule(timer, lastRun, timer.nextBy(lastRun));
    }

    /** Whether a run should have ended by this time, but none has. */
    public boolean isOverdue(Instant now) {
        return nextBy.filter(by -> by.plus(Limits.START).isBefore(now)).isPresent();
    }

    Level level(Instant now) {
        if (isOverdue(now) || timer.stopsRuns()) {
            return Level.ACTION;
        }
        return timer.trouble().isPresent() ? Level.WARNING : Level.OK;
    }
}
