package org.opensciencegrid.tokenrenewer.status;

import java.util.Locale;

/** How serious a state is, from best to worst. */
public enum Level {
    OK,
    /** Something differs from the configuration, but does not need attention yet. */
    WARNING,
    /** An admin must act, or services have no valid token. */
    ACTION;

    /** The word in JSON output. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    Level or(Level other) {
        return compareTo(other) >= 0 ? this : other;
    }
}
