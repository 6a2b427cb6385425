package org.opensciencegrid.tokenrenewer.notify;

import org.jspecify.annotations.Nullable;

/** A message was not delivered. The message of the exception is one printable line without a period. */
public final class DeliveryException extends Exception {
    private static final long serialVersionUID = 1;

    private final boolean isUnreachable;

    DeliveryException(String message, boolean isUnreachable, @Nullable Throwable cause) {
        super(message, cause);
        this.isUnreachable = isUnreachable;
    }

    /** Whether the same server would fail for every message now. */
    boolean isUnreachable() {
        return isUnreachable;
    }

    /** What went wrong; never null. */
    public String reason() {
        return String.valueOf(getMessage());
    }
}
