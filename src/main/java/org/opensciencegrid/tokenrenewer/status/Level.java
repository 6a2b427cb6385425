package org.opensciencegrid.tokenrenewer.status;

import java.util.Locale;

/** How things stand, from best to worst. */
public enum Level {
    OK,
    /** Something is not as asked, but no person is needed yet. */
    WARNING,
    /** A person must act, or services are without a token. */
    ACTION;

    /** The word of JSON output. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    Level or(Level other) {
        return compareTo(other) >= 0 ? this : other;
    }
}
