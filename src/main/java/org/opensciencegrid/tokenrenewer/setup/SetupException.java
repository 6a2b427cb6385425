package org.opensciencegrid.tokenrenewer.setup;

import org.opensciencegrid.tokenrenewer.state.Failure;

/** No account was made; one that was there before is as it was. */
public final class SetupException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Failure failure;

    public SetupException(Failure failure) {
        super(failure.kind() + ": " + failure.detail());
        this.failure = failure;
    }

    public Failure failure() {
        return failure;
    }
}
