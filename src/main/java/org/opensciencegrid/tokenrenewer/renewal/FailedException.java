package org.opensciencegrid.tokenrenewer.renewal;

import org.opensciencegrid.tokenrenewer.state.Failure;

/** Carries a {@link Failure} to the place that turns it into an outcome. */
final class FailedException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Failure failure;

    FailedException(Failure failure) {
        super(failure.kind() + ": " + failure.detail());
        this.failure = failure;
    }

    Failure failure() {
        return failure;
    }
}
