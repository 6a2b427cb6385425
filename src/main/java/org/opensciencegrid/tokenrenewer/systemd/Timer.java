package org.opensciencegrid.tokenrenewer.systemd;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * When the timer starts the service.
 *
 * @param isEnabled whether systemd starts the timer at boot
 * @param isActive whether the timer is started; empty if systemd was not asked or did not answer
 * @param trouble why no runs start, or will stop; empty if no problem is known
 * @param detail for some problems: the file or the exit status
 * @param longestGap the longest time between two runs while the machine is up, without the duration of the run; empty
 *     if the timer uses OnCalendar=, or a value that cannot be parsed
 * @param firstRunBy the latest time at which the first run after boot starts; empty for the same reasons as longestGap
 */
public record Timer(
        boolean isEnabled,
        Optional<Boolean> isActive,
        Optional<Trouble> trouble,
        String detail,
        Optional<Duration> longestGap,
        Optional<Instant> firstRunBy) {
    public static final String UNIT = "osg-token-renewer.timer";

    /** What prevents the timer from starting runs, worst first. */
    public enum Trouble {
        /** The timer or the service is masked. */
        MASKED,
        /** The state directory is a symbolic link: systemd does not start the service (status 238). */
        STATE_LINK,
        /** No setting starts a run after every boot, as OnBootSec= does. */
        NO_FIRST_RUN,
        /** No setting starts a run after the last one, as OnUnitActiveSec= does. */
        NO_SECOND_RUN,
        /** Neither enabled nor started. */
        OFF,
        /** Enabled but not started: no run starts before the next boot. */
        NOT_STARTED,
        /** The last run was not started, or something else ended it. */
        BROKEN_RUN,
        /** Files changed after systemd read them. */
        NOT_RELOADED,
        /** Not enabled: no run starts after the next boot. The timer is started, or its state is unknown. */
        NOT_ENABLED;

        /** The word in JSON output. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** Whether no run starts until an admin fixes it. */
        public boolean stopsRuns() {
            return compareTo(NOT_RELOADED) < 0;
        }
    }

    private static final List<String> FIRST_RUN = List.of("OnBootSec", "OnStartupSec", "OnActiveSec");
    private static final List<String> NEXT_RUN = List.of("OnUnitActiveSec", "OnUnitInactiveSec");

    private static final Duration DEFAULT_ACCURACY = Duration.ofMinutes(1);
    private static final Pattern PART = Pattern.compile("\\s*([0-9]+)\\s*([a-zµμ]*)\\s*");

    /** Reads only the unit files. Empty if there is no such timer. */
    public static Optional<Timer> read(Path root) {
        return read(root, Optional.empty());
    }

    /** Like {@link #read}, but also asks the systemd of this machine. */
    public static Optional<Timer> ask() {
        return read(Path.of("/"), RunningTimer.ask());
    }

    /** @param state what systemd reports; empty if it was not asked or did not answer */
    public static Optional<Timer> read(Path root, Optional<RunningTimer> state) {
        Optional<UnitFile> service = UnitFile.read(root, Sandbox.UNIT);
        return UnitFile.read(root, UNIT).map(unit -> {
            Optional<Boolean> isActive = state.map(RunningTimer::isActive);
            Optional<Duration> gap = longestDelay(unit, NEXT_RUN);
            Optional<Instant> first =
                    boot(root).flatMap(start -> longestDelay(unit, FIRST_RUN).map(start::plus));
            Optional<Path> mask = unit.mask().or(() -> service.flatMap(UnitFile::mask));
            Optional<Path> link = service.flatMap(of -> linkedState(root, of));
            Optional<Trouble> trouble = mask.map(file -> Trouble.MASKED)
                    .or(() -> link.map(target -> Trouble.STATE_LINK))
                    .or(() -> trouble(triggers(unit)))
                    .or(() -> trouble(unit.isEnabled(), state));
            String detail = mask.or(() -> link)
                    .map(Path::toString)
                    .orElse(state.map(RunningTimer::brokenRun).orElse(""));
            return new Timer(unit.isEnabled(), isActive, trouble, detail, gap, first);
        });
    }

    /** The target of the state directory, if it is a link and the unit has StateDirectory=. */
    private static Optional<Path> linkedState(Path root, UnitFile service) {
        for (String name : service.words("Service", "StateDirectory")) {
            Path directory = root.resolve("var/lib").resolve(name);
            if (Files.isSymbolicLink(directory)) {
                try {
                    return Optional.of(directory.resolveSibling(Files.readSymbolicLink(directory)));
                } catch (IOException e) {
                    return Optional.of(directory);
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<Trouble> trouble(List<UnitFile.Assignment> triggers) {
        if (triggers.stream().anyMatch(line -> line.key().equals("OnCalendar"))) {
            return Optional.empty();
        }
        if (triggers.stream().noneMatch(line -> FIRST_RUN.contains(line.key()))) {
            return Optional.of(Trouble.NO_FIRST_RUN);
        }
        return triggers.stream().noneMatch(line -> NEXT_RUN.contains(line.key()))
                ? Optional.of(Trouble.NO_SECOND_RUN)
                : Optional.empty();
    }

    private static Optional<Trouble> trouble(boolean isEnabled, Optional<RunningTimer> state) {
        if (state.isPresent() && !state.get().isActive()) {
            return Optional.of(isEnabled ? Trouble.NOT_STARTED : Trouble.OFF);
        }
        if (state.isPresent() && !state.get().brokenRun().isEmpty()) {
            return Optional.of(Trouble.BROKEN_RUN);
        }
        if (state.isPresent() && state.get().needsReload()) {
            return Optional.of(Trouble.NOT_RELOADED);
        }
        return isEnabled ? Optional.empty() : Optional.of(Trouble.NOT_ENABLED);
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

    /** Whether a token with this lifetime can expire between two runs. */
    public boolean isShorterThanGap(Duration lifetime) {
        return longestGap.isPresent() && lifetime.compareTo(longestGap.get()) <= 0;
    }

    /**
     * The latest time at which the next run starts. Only systemd knows the exact time, because it adds a random delay.
     * A manual run since the timer's last run only makes the next one earlier.
     *
     * @param lastRun when the last run ended, whether the timer or an admin started it
     */
    public Optional<Instant> nextBy(Optional<Instant> lastRun) {
        Optional<Instant> next = lastRun.flatMap(at -> longestGap.map(at::plus));
        boolean willRun = isEnabled && trouble.isEmpty() || isActive.orElse(false) && !stopsRuns();
        return willRun
                ? Stream.of(next, firstRunBy).flatMap(Optional::stream).max(Instant::compareTo)
                : Optional.empty();
    }

    /** Whether no run starts until an admin fixes it. */
    public boolean stopsRuns() {
        return trouble.filter(Trouble::stopsRuns).isPresent();
    }

    /** The On...= lines in effect. */
    private static List<UnitFile.Assignment> triggers(UnitFile unit) {
        List<UnitFile.Assignment> triggers = new ArrayList<>();
        for (UnitFile.Assignment line : unit.assignments()) {
            if (line.section().equals("Timer")
                    && (line.key().equals("OnCalendar") || line.key().matches("On.*Sec"))) {
                if (line.value().isEmpty()) { // systemd.timer(5): an empty value of any trigger clears all of them
                    triggers.clear();
                } else {
                    triggers.add(line);
                }
            }
        }
        return triggers;
    }

    private static Optional<Duration> longestDelay(UnitFile unit, List<String> keys) {
        List<UnitFile.Assignment> triggers = triggers(unit);
        if (triggers.stream().anyMatch(line -> line.key().equals("OnCalendar"))) {
            return Optional.empty();
        }
        Duration latest = unit.value("Timer", "RandomizedDelaySec")
                .flatMap(Timer::span)
                .orElse(Duration.ZERO)
                .plus(unit.value("Timer", "AccuracySec").flatMap(Timer::span).orElse(DEFAULT_ACCURACY));
        return triggers.stream()
                .filter(line -> keys.contains(line.key()))
                .flatMap(line -> span(line.value()).stream())
                .min(Duration::compareTo) // the earliest trigger starts the run
                .map(latest::plus);
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
