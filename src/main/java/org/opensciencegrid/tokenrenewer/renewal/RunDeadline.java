package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Duration;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/** When a run must start no more renewals, and when it must end, before systemd kills it. */
final class RunDeadline {
    private final Sleeper time;
    private final Duration lastBegin;
    private final Duration end;

    /** For a run that starts now. */
    RunDeadline(Sleeper time) {
        this(time, Limits.LAST_RENEWAL_START, Limits.RUN);
    }

    RunDeadline(Sleeper time, Duration begin, Duration run) {
        this.time = time;
        Duration now = time.elapsed();
        lastBegin = now.plus(begin);
        end = now.plus(run);
    }

    /** How long renewals may still start; zero if none may. */
    Duration leftToBegin() {
        return left(lastBegin);
    }

    /** Fails if no other request for this account may start. */
    void requireTimeToBegin(String account) throws FailureException {
        if (leftToBegin().isZero()) {
            throw new FailureException(outOfTime(account));
        }
    }

    /** Why an account got no token. */
    static Failure outOfTime(String account) {
        return new Failure(Failure.Kind.OUT_OF_TIME, account, "the issuer was not asked, as answers came slowly");
    }

    /** How long the run may still take; zero if it must end. */
    Duration left() {
        return left(end);
    }

    /** Time since some fixed moment. */
    Duration elapsed() {
        return time.elapsed();
    }

    private Duration left(Duration moment) {
        Duration left = moment.minus(time.elapsed());
        return left.isNegative() ? Duration.ZERO : left;
    }
}
