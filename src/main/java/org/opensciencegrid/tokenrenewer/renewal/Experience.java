package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Duration;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.state.Failure;

/** What the accounts of one issuer have found of it in this run. */
final class Experience {
    /** Each account waits for a while before it gives up: a thousand of them would outlast the time that systemd gives a run. */
    private static final int ENOUGH = IssuerQueue.MOST;

    private static final Duration SLOW = Duration.ofMillis(40);

    private int downInARow;
    private int slowInARow;
    private Optional<Failure> last = Optional.empty();

    /** Why nobody should ask the issuer any more, if so many accounts in a row have waited in vain. */
    synchronized Optional<Failure> outage() {
        return downInARow >= ENOUGH ? last : Optional.empty();
    }

    /** Whether the issuer is what a run waits for; one late answer alone may be our own cores' doing. */
    synchronized boolean isSlow() {
        return slowInARow > 1;
    }

    /**
     * @param failure of an account that has asked; empty where all went well
     * @param waited for the last answer
     */
    synchronized void learn(Optional<Failure> failure, Duration waited) {
        boolean isDown = failure.filter(why ->
                        why.kind() == Failure.Kind.ISSUER_UNREACHABLE || why.kind() == Failure.Kind.ISSUER_TROUBLE)
                .isPresent();
        downInARow = isDown ? downInARow + 1 : 0;
        slowInARow = isDown || waited.compareTo(SLOW) > 0 ? slowInARow + 1 : 0;
        last = failure;
    }
}
