package org.opensciencegrid.tokenrenewer.cli;

import java.time.Duration;
import org.opensciencegrid.tokenrenewer.cli.output.Colors;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import picocli.CommandLine.Option;

/** The options that {@code status} and {@code check} share. */
final class ViewOptions {
    @Option(
            names = "--warn",
            paramLabel = "SPAN",
            description = "warn of secrets and authorizations that end within it (default: 7d)")
    private String warn = "7d";

    @Option(
            names = "--color",
            paramLabel = "WHEN",
            description = "auto, always or never (default: auto: on a terminal, unless NO_COLOR is set)")
    private Colors.When color = Colors.When.auto;

    /** How far ahead to warn. */
    Duration warnWithin() {
        return CommandContext.span("--warn", warn);
    }

    Colors colors(Environment environment) {
        return Colors.of(color, environment);
    }
}
