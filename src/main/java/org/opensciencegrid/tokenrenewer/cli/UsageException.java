package org.opensciencegrid.tokenrenewer.cli;

/** Nothing was attempted, as options or configuration are not usable. The message is what the operator reads. */
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
