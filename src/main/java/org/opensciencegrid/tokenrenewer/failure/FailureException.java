package org.opensciencegrid.tokenrenewer.failure;

/**
 * A task failed for a reason that a person can read about. Unless the failure says otherwise, nothing changed: an account
 * still works as before, and a setup that failed created no account.
 */
public final class FailureException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Failure failure;

    public FailureException(Failure failure) {
        super(failure.kind() + ": " + failure.detail());
        this.failure = failure;
    }

    public Failure failure() {
        return failure;
    }
}
