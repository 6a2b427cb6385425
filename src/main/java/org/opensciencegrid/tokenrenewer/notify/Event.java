package org.opensciencegrid.tokenrenewer.notify;

import java.util.Locale;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.state.Expiry;

/**
 * The reason of a message.
 *
 * @param expiry for {@link Kind#EXPIRES}: what ends
 * @param days for {@link Kind#EXPIRES}: the message is sent this many days before
 */
public record Event(Kind kind, Optional<Expiry> expiry, long days) {
    /** What happened. */
    public enum Kind {
        /** Several runs failed one after the other. */
        FAILING,
        EXPIRES,
        /** What was reported before is over. */
        WELL,
        /** An admin wants to see a message. */
        TEST;

        /** The word in JSON output. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** An event that is not about an end. */
    public static Event of(Kind kind) {
        return new Event(kind, Optional.empty(), 0);
    }

    static Event expires(Expiry expiry, long days) {
        return new Event(Kind.EXPIRES, Optional.of(expiry), days);
    }
}
