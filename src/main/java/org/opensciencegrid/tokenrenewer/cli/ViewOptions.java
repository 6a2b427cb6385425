package org.opensciencegrid.tokenrenewer.cli;

import java.time.Duration;
import picocli.CommandLine.Option;

/** What {@code status} and {@code check} are both told of how to show things. */
final class ViewOptions {
    @Option(
            names = "--warn",
            paramLabel = "SPAN",
            defaultValue = "7d",
            description = "warn of secrets and authorizations that end within it (default: 7d)")
    private String warn;

    @Option(
            names = "--color",
            paramLabel = "WHEN",
            defaultValue = "auto",
            description = "auto, always or never (default: auto: on a terminal, unless NO_COLOR is set)")
    private Colours.When color;

    /** How far ahead to look. */
    Duration within() {
        return Root.span("--warn", warn);
    }

    Colours colours(Environment environment) {
        return Colours.of(color, environment);
    }
}
