package org.opensciencegrid.tokenrenewer.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Times and spans as people say them. */
final class Words {
    private Words() {}

    /** The span in its largest unit that leaves at least two: "58 min", "26 h", "12 d". */
    static String span(Duration span) {
        long seconds = Math.max(0, span.toSeconds());
        if (seconds < 120) {
            return seconds + " s";
        }
        if (seconds < 120 * 60) {
            return seconds / 60 + " min";
        }
        if (seconds < 48 * 3600) {
            return seconds / 3600 + " h";
        }
        return seconds / 86_400 + " d";
    }

    /** RFC 3339 in UTC, to the second. */
    static String time(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    static String count(long number, String word) {
        return number + " " + word + (number == 1 ? "" : "s");
    }

    /** The time of day, for what is near. */
    static String clock(Instant time) {
        return time.toString().substring(11, 16) + " UTC";
    }

    static String ago(Instant time, Instant now) {
        Duration span = Duration.between(time, now);
        return span.isNegative() ? "in " + span(span.negated()) : span(span) + " ago";
    }
}
