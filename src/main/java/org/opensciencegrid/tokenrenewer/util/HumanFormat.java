package org.opensciencegrid.tokenrenewer.util;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Formats times and durations for people. */
public final class HumanFormat {
    private HumanFormat() {}

    /** The duration, rounded, in the largest unit that gives at least two: "58 min", "26 h", "12 d". */
    public static String span(Duration span) {
        long seconds = Math.max(0, span.toSeconds());
        if (seconds < 120) {
            return seconds + " s";
        }
        if (seconds < 120 * 60) {
            return (seconds + 30) / 60 + " min";
        }
        if (seconds < 48 * 3600) {
            return (seconds + 1800) / 3600 + " h";
        }
        return (seconds + 43_200) / 86_400 + " d";
    }

    /** RFC 3339 in UTC, to the second. */
    public static String time(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }

    public static String count(long number, String word) {
        return number + " " + word + (number == 1 ? "" : "s");
    }

    /** The first names, and how many more there are: "a, b and 3 more". */
    public static String some(List<String> names, int most) {
        return names.size() <= most
                ? String.join(", ", names)
                : String.join(", ", names.subList(0, most)) + " and " + (names.size() - most) + " more";
    }

    /** The time of day, for times that are near. */
    public static String clock(Instant time) {
        return time.toString().substring(11, 16) + " UTC";
    }

    public static String ago(Instant time, Instant now) {
        Duration span = Duration.between(time, now);
        return span.isNegative() ? "in " + span(span.negated()) : span(span) + " ago";
    }
}
