package org.opensciencegrid.tokenrenewer.life;

import org.opensciencegrid.tokenrenewer.state.Failure;

/** What was to be done to an account was not done; the account is as usable as before. */
public final class LifeException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Failure failure;

    LifeException(Failure failure) {
        super(failure.kind().word());
        this.failure = failure;
    }

    /** Why. */
    public Failure failure() {
        return failure;
    }
}
