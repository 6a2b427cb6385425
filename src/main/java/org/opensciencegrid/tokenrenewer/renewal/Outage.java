package org.opensciencegrid.tokenrenewer.renewal;

import java.util.Optional;
import org.opensciencegrid.tokenrenewer.state.Failure;

/**
 * What the accounts of one issuer have found of it in this run. Each waits for a while before it gives up; where so many in a
 * row have waited in vain, the others need not: a thousand of them would outlast the time that systemd gives a run.
 */
final class Outage {
    private static final int ENOUGH = IssuerQueue.MOST;

    private int inARow;
    private Optional<Failure> last = Optional.empty();

    /** Why nobody should ask the issuer any more, if so. */
    synchronized Optional<Failure> failure() {
        return inARow >= ENOUGH ? last : Optional.empty();
    }

    /** @param failure of an account that has asked; empty where all went well */
    synchronized void learn(Optional<Failure> failure) {
        boolean isDown = failure.filter(why ->
                        why.kind() == Failure.Kind.ISSUER_UNREACHABLE || why.kind() == Failure.Kind.ISSUER_TROUBLE)
                .isPresent();
        inARow = isDown ? inARow + 1 : 0;
        last = failure;
    }
}
