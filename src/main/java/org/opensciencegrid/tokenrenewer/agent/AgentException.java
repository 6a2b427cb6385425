package org.opensciencegrid.tokenrenewer.agent;

import org.opensciencegrid.tokenrenewer.state.Failure;

/** An account was not taken over, or not given back. */
public final class AgentException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Failure failure;

    AgentException(Failure failure) {
        super(failure.kind().word());
        this.failure = failure;
    }

    /** Why. */
    public Failure failure() {
        return failure;
    }
}
