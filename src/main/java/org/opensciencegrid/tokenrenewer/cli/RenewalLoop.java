package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.function.IntSupplier;
import org.opensciencegrid.tokenrenewer.cli.output.MetricsFile;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * {@code renew --every}: one run after the other, in the foreground, until a signal ends the process. For containers and
 * hosts without systemd. A signal waits for requests that were sent, as in a single run.
 */
final class RenewalLoop {
    private static final Duration SHORTEST = Duration.ofSeconds(10);
    private static final Duration LONGEST = Duration.ofDays(1);

    /** The waits differ by up to this part of the interval, so that the containers of a site do not run in step. */
    private static final int JITTER = 10;

    private final CommandContext context;
    private final Duration interval;
    private final Optional<Path> livenessFile;
    private final SecureRandom random = new SecureRandom();

    /**
     * @param every the value of the option
     * @param livenessFile replaced after each run, even after a failed one
     */
    RenewalLoop(CommandContext context, String every, Optional<Path> livenessFile) {
        this.context = context;
        this.interval = CommandContext.span("--every", every);
        this.livenessFile = livenessFile;
        if (interval.compareTo(SHORTEST) < 0 || interval.compareTo(LONGEST) > 0) {
            throw new UsageException("--every=" + Printable.of(every) + ": give " + HumanFormat.span(SHORTEST) + " to "
                    + HumanFormat.span(LONGEST));
        }
    }

    /**
     * Runs until the thread is interrupted. A mistake in the command line or the config file ends the first run's
     * process with {@link UsageException}; later, the next run reads the corrected file.
     *
     * @param run one run, which returns its exit status
     * @return the exit status of the last run
     */
    int run(IntSupplier run) {
        context.cacheKeys();
        int status = run.getAsInt();
        while (true) {
            reportAlive(status);
            context.environment().pause().sleep(jittered());
            if (Thread.currentThread().isInterrupted()) {
                return status;
            }
            try {
                status = run.getAsInt();
            } catch (RuntimeException e) {
                status = Main.reportFailure(context, e);
            }
        }
    }

    /** The value of the option. */
    Duration interval() {
        return interval;
    }

    /** From the start of one run to the start of the next. */
    Duration longestGap() {
        return interval.plus(interval.dividedBy(JITTER)).plus(Limits.RUN);
    }

    private Duration jittered() {
        long part = interval.toMillis() / JITTER;
        return interval.plusMillis(random.nextLong(-part, part + 1));
    }

    private void reportAlive(int status) {
        if (livenessFile.isEmpty()) {
            return;
        }
        Path file = livenessFile.get();
        Instant now = context.environment().clock().instant().truncatedTo(ChronoUnit.SECONDS);
        try {
            MetricsFile.write(file, now + " exit status " + status + "\n");
        } catch (IOException e) {
            context.output()
                    .warning(
                            "no liveness file: " + Printable.of(e.toString()),
                            Optional.of(context.commands().allowWritingFile(file)),
                            JsonObject.NONE.with("event", "no_liveness_file"));
        }
    }
}
