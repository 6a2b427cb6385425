package org.opensciencegrid.tokenrenewer.systemd;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * When the service runs, by its timer.
 *
 * @param isEnabled whether it runs after the next boot
 * @param longestGap the longest time between two runs of a machine that is up, without the length of the run itself; empty
 *     where the timer follows a calendar, or nothing that can be understood
 */
public record Timer(boolean isEnabled, Optional<Duration> longestGap) {
    public static final String UNIT = "osg-token-renewer.timer";

    private static final Duration DEFAULT_ACCURACY = Duration.ofMinutes(1);
    private static final Pattern PART = Pattern.compile("\\s*([0-9]+)\\s*([a-zµμ]*)\\s*");

    /** Empty where there is no such timer. */
    public static Optional<Timer> read(Path root) {
        return UnitFile.read(root, UNIT).map(unit -> new Timer(unit.isEnabled(), longestGap(unit)));
    }

    private static Optional<Duration> longestGap(UnitFile unit) {
        List<Duration> repeats = new ArrayList<>();
        boolean isCalendar = false;
        for (UnitFile.Assignment line : unit.assignments()) {
            if (!line.section().equals("Timer") || !line.key().startsWith("On")) {
                continue;
            }
            if (line.value().isEmpty()) { // systemd.timer(5): any empty trigger clears them all
                repeats.clear();
                isCalendar = false;
            } else if (line.key().equals("OnCalendar")) {
                isCalendar = true;
            } else if (line.key().equals("OnUnitActiveSec") || line.key().equals("OnUnitInactiveSec")) {
                span(line.value()).ifPresent(repeats::add);
            }
        }
        if (isCalendar) {
            return Optional.empty();
        }
        Duration late = unit.value("Timer", "RandomizedDelaySec")
                .flatMap(Timer::span)
                .orElse(Duration.ZERO)
                .plus(unit.value("Timer", "AccuracySec").flatMap(Timer::span).orElse(DEFAULT_ACCURACY));
        return repeats.stream().min(Duration::compareTo).map(late::plus); // the earliest trigger wins
    }

    /** A time span of systemd.time(7), such as 10min, 1h 30s or 90. */
    static Optional<Duration> span(String text) {
        Matcher part = PART.matcher(text);
        Duration sum = Duration.ZERO;
        int end = 0;
        while (part.lookingAt()) {
            Optional<Duration> unit = unit(part.group(2));
            if (unit.isEmpty() || part.group(1).length() > 9) {
                return Optional.empty();
            }
            sum = sum.plus(unit.get().multipliedBy(Long.parseLong(part.group(1))));
            end = part.end();
            part.region(end, text.length());
        }
        return end == text.length() && end > 0 ? Optional.of(sum) : Optional.empty();
    }

    private static Optional<Duration> unit(String word) {
        return switch (word) {
            case "us", "usec", "µs", "μs" -> Optional.of(Duration.ofNanos(1000));
            case "ms", "msec" -> Optional.of(Duration.ofMillis(1));
            case "", "s", "sec", "second", "seconds" -> Optional.of(Duration.ofSeconds(1));
            case "m", "min", "minute", "minutes" -> Optional.of(Duration.ofMinutes(1));
            case "h", "hr", "hour", "hours" -> Optional.of(Duration.ofHours(1));
            case "d", "day", "days" -> Optional.of(Duration.ofDays(1));
            case "w", "week", "weeks" -> Optional.of(Duration.ofDays(7));
            default -> Optional.empty();
        };
    }
}
