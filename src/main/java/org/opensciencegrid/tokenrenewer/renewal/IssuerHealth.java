package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Duration;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/** How one issuer has answered in this run. */
final class IssuerHealth {
    /**
     * Each account waits up to a minute before it gives up, so a thousand accounts would exceed the ten minutes that
     * systemd allows a run. We measure time and do not count failures: a few accounts may have problems of their own
     * and come first.
     */
    private static final Duration OUTAGE = Duration.ofMinutes(2);

    private static final Duration SLOW = Duration.ofMillis(40);

    /**
     * The CPU time for one account. While one account waits for a response, we can work on waiting time / WORK others.
     */
    private static final Duration CPU_TIME = Duration.ofMillis(3);

    private final Sleeper time;
    /** An account that tried for at least this long got no response at all. */
    private static final Duration SILENCE = Limits.RESPONSE.minusSeconds(1);

    /** If fewer accounts than this get no response, each may have a problem of its own. */
    private static final int SEVERAL = 3;

    private Duration lastGrant = Duration.ZERO;
    private Optional<Duration> downSince = Optional.empty();
    private int timeouts;
    private Optional<Failure> last = Optional.empty();
    private int slowInARow;
    private Duration waited = Duration.ZERO;

    /** @param time measures how long the issuer has not answered */
    IssuerHealth(Sleeper time) {
        this.time = time;
    }

    /**
     * Why no other account should send a request: for two minutes every account failed, or several waited for the full
     * timeout and no account got a response in that time.
     */
    synchronized Optional<Failure> outage() {
        boolean isLong =
                downSince.isPresent() && time.elapsed().minus(downSince.get()).compareTo(OUTAGE) > 0;
        return isLong || timeouts >= SEVERAL ? last : Optional.empty();
    }

    /**
     * How many accounts can run at once without waiting for our CPU, if the issuer is the bottleneck; otherwise 0. A
     * single late response does not count, because our own CPU may be the cause.
     */
    synchronized long suggestedParallelism() {
        return slowInARow > 1 ? waited.dividedBy(CPU_TIME) : 0;
    }

    /** @param waited for a token */
    synchronized void granted(Duration waited) {
        downSince = Optional.empty();
        timeouts = 0;
        lastGrant = time.elapsed();
        this.waited = waited;
        slowInARow = waited.compareTo(SLOW) > 0 ? slowInARow + 1 : 0;
    }

    /**
     * Ignores failures that are not the issuer's fault: most of them sent no request.
     *
     * @param tried how long the account tried
     */
    synchronized void failed(Failure failure, Duration tried) {
        if (failure.kind().isIssuerInTrouble()) {
            // If another account got a response in that time, this account has a problem of its own.
            boolean isAlone = time.elapsed().minus(tried).compareTo(lastGrant) < 0;
            if (!isAlone && tried.compareTo(SILENCE) >= 0) {
                timeouts++;
            }
            downSince = downSince.or(() -> Optional.of(time.elapsed()));
            last = Optional.of(failure);
            waited = OUTAGE; // the request was repeated, with pauses
            slowInARow++;
        }
    }
}
