package org.opensciencegrid.tokenrenewer.state;

import java.time.Instant;
import java.util.Locale;

/** Something of an account that ends at a known time, and that only a person can renew. */
public record Expiry(Kind kind, Instant at) {
    /** What ends. */
    public enum Kind {
        CLIENT_SECRET,
        CLIENT_CERTIFICATE,
        AUTHORIZATION;

        /** The word in state files and in JSON output. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }
}
