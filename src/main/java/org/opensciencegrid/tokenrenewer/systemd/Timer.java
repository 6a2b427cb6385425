package org.opensciencegrid.tokenrenewer.systemd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * When the service runs, by its timer.
 *
 * @param isEnabled whether it runs after the next boot
 * @param longestGap the longest time between two runs of a machine that is up, without the length of the run itself; empty
 *     where the timer follows a calendar, or nothing that can be understood
 * @param firstBy when the first run after the start of this machine began at the latest; empty as above
 */
public record Timer(boolean isEnabled, Optional<Duration> longestGap, Optional<Instant> firstBy) {
    public static final String UNIT = "osg-token-renewer.timer";

    private static final Duration DEFAULT_ACCURACY = Duration.ofMinutes(1);
    private static final Pattern PART = Pattern.compile("\\s*([0-9]+)\\s*([a-zµμ]*)\\s*");

    /** Empty where there is no such timer. */
    public static Optional<Timer> read(Path root) {
        return UnitFile.read(root, UNIT).map(unit -> {
            Optional<Duration> afterBoot = longest(unit, List.of("OnBootSec", "OnStartupSec"));
            return new Timer(
                    unit.isEnabled(),
                    longest(unit, List.of("OnUnitActiveSec", "OnUnitInactiveSec")),
                    boot(root).flatMap(start -> afterBoot.map(start::plus)));
        });
    }

    /** proc(5): btime of /proc/stat. */
    private static Optional<Instant> boot(Path root) {
        try (Stream<String> lines = Files.lines(root.resolve("proc/stat"))) {
            return lines.filter(line -> line.startsWith("btime "))
                    .map(line -> Instant.ofEpochSecond(Long.parseLong(line.substring(6))))
                    .findFirst();
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Whether a token that lives so long can end between two runs. */
    public boolean misses(Duration life) {
        return longestGap.isPresent() && life.compareTo(longestGap.get()) <= 0;
    }

    /**
     * When the next run begins at the latest, and not when it does: that is drawn by lot, and known to systemd alone. One
     * that was started by hand since the timer's last makes it only earlier.
     *
     * @param lastRun when one last ended, by whomever it was started
     */
    public Optional<Instant> nextBy(Optional<Instant> lastRun) {
        Optional<Instant> next = lastRun.flatMap(at -> longestGap.map(at::plus));
        return isEnabled
                ? Stream.of(next, firstBy).flatMap(Optional::stream).max(Instant::compareTo)
                : Optional.empty();
    }

    private static Optional<Duration> longest(UnitFile unit, List<String> triggers) {
        List<Duration> spans = new ArrayList<>();
        boolean isCalendar = false;
        for (UnitFile.Assignment line : unit.assignments()) {
            if (!line.section().equals("Timer") || !line.key().startsWith("On")) {
                continue;
            }
            if (line.value().isEmpty()) { // systemd.timer(5): any empty trigger clears them all
                spans.clear();
                isCalendar = false;
            } else if (line.key().equals("OnCalendar")) {
                isCalendar = true;
            } else if (triggers.contains(line.key())) {
                span(line.value()).ifPresent(spans::add);
            }
        }
        if (isCalendar) {
            return Optional.empty();
        }
        Duration late = unit.value("Timer", "RandomizedDelaySec")
                .flatMap(Timer::span)
                .orElse(Duration.ZERO)
                .plus(unit.value("Timer", "AccuracySec").flatMap(Timer::span).orElse(DEFAULT_ACCURACY));
        return spans.stream().min(Duration::compareTo).map(late::plus); // the earliest trigger wins
    }

    /** A time span of systemd.time(7), such as 10min, 1h 30s or 90. */
    public static Optional<Duration> span(String text) {
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
