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

/** The timer, alone and against the lifetimes of tokens. */
final class TimerCheck {
    private TimerCheck() {}

    static List<Finding> ofService(Machine machine) {
        List<Finding> findings = new ArrayList<>();
        if (machine.timer().filter(timer -> !timer.isEnabled()).isPresent()) {
            findings.add(Finding.of(Kind.TIMER_OFF, Timer.UNIT, ""));
        }
        if (machine.timer().isEmpty()) {
            findings.add(Finding.of(Kind.TIMER_UNKNOWN, Timer.UNIT, ""));
        }
        if (Files.isDirectory(machine.classArchives()) && !hasArchive(machine.classArchives())) {
            findings.add(Finding.of(Kind.NO_CLASS_ARCHIVE, machine.classArchives(), ""));
        }
        return findings;
    }

    private static boolean hasArchive(Path directory) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, "classes-*.jsa")) {
            return files.iterator().hasNext();
        } catch (IOException e) {
            return true; // cannot be told
        }
    }

    /** Whether the token can expire between two runs, by the life that the issuer gave it last time. */
    static Optional<Finding> ofToken(Timer timer, TokenSection section, TokenState state) {
        Optional<Duration> gap = timer.longestGap();
        Optional<Duration> life = state.life();
        if (gap.isEmpty() || life.isEmpty()) {
            return Optional.empty();
        }
        if (timer.misses(life.get())) {
            return Optional.of(Finding.of(
                    Kind.TIMER_TOO_SLOW,
                    "[token " + section.name() + "]",
                    "it lives " + minutes(life.get()) + ", and up to " + minutes(gap.get()) + " lie between two runs"));
        }
        OptionalLong least = section.minLifetime();
        if (least.isPresent() && least.getAsLong() < gap.get().toSeconds()) {
            return Optional.of(Finding.of(
                    Kind.MIN_LIFETIME_TOO_SHORT,
                    "[token " + section.name() + "]",
                    String.valueOf(gap.get().toSeconds())));
        }
        return Optional.empty();
    }

    private static String minutes(Duration span) {
        return span.toMinutes() + " min";
    }
}
