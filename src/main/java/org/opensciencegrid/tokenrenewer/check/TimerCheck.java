package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/** Checks the timer, and whether it is fast enough for the tokens' lifetimes. */
final class TimerCheck {
    private TimerCheck() {}

    static List<Finding> ofService(ServiceMachine machine) {
        List<Finding> findings = new ArrayList<>();
        machine.timer().flatMap(TimerCheck::trouble).ifPresent(findings::add);
        if (machine.hasSystemd() && machine.timer().isEmpty()) {
            findings.add(Finding.of(Kind.TIMER_UNKNOWN, Timer.UNIT, ""));
        }
        if (Files.isDirectory(machine.classArchives()) && !hasArchive(machine.classArchives())) {
            findings.add(Finding.of(Kind.NO_CLASS_ARCHIVE, machine.classArchives(), ""));
        }
        return findings;
    }

    private static Optional<Finding> trouble(Timer timer) {
        return timer.trouble()
                .map(trouble -> Finding.of(Kind.valueOf("TIMER_" + trouble.name()), Timer.UNIT, timer.detail()));
    }

    /** The launcher uses only an archive of its Java version. */
    private static boolean hasArchive(Path directory) {
        String name = "classes-" + Runtime.version().feature() + "-*.jsa";
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, name)) {
            return files.iterator().hasNext();
        } catch (IOException e) {
            return true; // unknown
        }
    }

    /** Whether the token can expire between two runs, according to its lifetime at the last renewal. */
    static Optional<Finding> ofToken(Timer timer, TokenSection section, TokenState state) {
        Optional<Duration> gap = timer.longestGap();
        Optional<Duration> lifetime = state.lifetime();
        if (gap.isEmpty() || lifetime.isEmpty()) {
            return Optional.empty();
        }
        if (timer.isShorterThanGap(lifetime.get())) {
            return Optional.of(Finding.of(
                    Kind.TIMER_TOO_SLOW,
                    "[token " + section.section() + "]",
                    "it lives " + minutes(lifetime.get()) + ", and up to " + minutes(gap.get())
                            + " lie between two runs",
                    section.account()));
        }
        OptionalLong minLifetime = section.minLifetime();
        if (minLifetime.isPresent() && minLifetime.getAsLong() < gap.get().toSeconds()) {
            return Optional.of(Finding.of(
                    Kind.MIN_LIFETIME_TOO_SHORT,
                    "[token " + section.section() + "]",
                    String.valueOf(gap.get().toSeconds()),
                    section.account()));
        }
        return Optional.empty();
    }

    private static String minutes(Duration span) {
        return span.toMinutes() + " min";
    }
}
