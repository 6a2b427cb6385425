package org.opensciencegrid.tokenrenewer.notify;

import org.jspecify.annotations.Nullable;

/**
 * A message is not known to be delivered. The message of the exception is one printable line without a period.
 */
public final class DeliveryException extends Exception {
    private static final long serialVersionUID = 1;

    /** How far the delivery got. */
    enum Kind {
        /** It was not delivered. */
        FAILED,
        /** It was not delivered, and the same server would fail for every message now. */
        UNREACHABLE,
        /** All of it was sent, and only the answer is missing: it is perhaps delivered. */
        UNANSWERED,
        /** There was no time left to try. */
        NOT_TRIED
    }

    private final Kind kind;

    DeliveryException(Kind kind, String message) {
        this(kind, message, null);
    }

    DeliveryException(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }

    /** Whether only the answer is missing. */
    public boolean isPerhapsDelivered() {
        return kind == Kind.UNANSWERED;
    }

    /** What went wrong; never null. */
    public String reason() {
        return String.valueOf(getMessage());
    }
}
