package org.opensciencegrid.tokenrenewer.cli.output;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/**
 * What the program gets from its surroundings, so that tests and the demo can replace it. As a function, reads an
 * environment variable.
 *
 * @param variables the process's environment variables
 * @param kdf cost for new account files; existing files store their own
 */
public record Environment(
        InputStream in,
        PrintStream out,
        PrintStream err,
        Map<String, String> variables,
        Clock clock,
        Sleeper pause,
        KdfParameters kdf)
        implements Function<String, Optional<String>> {

    /** The environment of this process. */
    public static Environment ofProcess() {
        return new Environment(
                System.in,
                System.out,
                System.err,
                System.getenv(),
                Clock.systemUTC(),
                Sleeper.REAL,
                KdfParameters.DEFAULT);
    }

    /** The value of an environment variable; empty if it is not set or has no value. */
    public Optional<String> variable(String name) {
        String value = variables.get(name);
        return value == null || value.isEmpty() ? Optional.empty() : Optional.of(value);
    }

    @Override
    public Optional<String> apply(String name) {
        return variable(name);
    }

    /**
     * A directory that systemd made for the service. A drop-in can add others: then the variable is a sorted list.
     *
     * @param own the directory of our unit
     */
    public Optional<Path> directory(String name, Path own) {
        Optional<String> list = variable(name);
        if (list.isEmpty()) {
            return Optional.empty();
        }
        List<String> all = List.of(list.get().split(":", -1));
        return Optional.of(all.contains(own.toString()) ? own : Path.of(all.get(0)));
    }

    /** Whether the output goes to a terminal that can position text. */
    public boolean isFullTerminal() {
        return !isDumb() && isTerminal(out);
    }

    /** Whether the terminal, if there is one, can only print text. */
    public boolean isDumb() {
        return variable("TERM").orElse("dumb").equals("dumb");
    }

    /**
     * Whether the stream goes to a terminal. System.console() cannot answer this: it is null if standard input is not a
     * terminal, and never null from Java 22 on.
     */
    public static boolean isTerminal(PrintStream stream) {
        return stream == System.out && isTerminal(1) || stream == System.err && isTerminal(2);
    }

    private static boolean isTerminal(int descriptor) {
        try {
            String device = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor))
                    .toString();
            return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty") || device.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    /** Whether what the program prints is seen on a terminal, also where the launcher copies it there. */
    public boolean isShownOnTerminal() {
        return isTerminal(out) || variable("OSG_TOKEN_RENEWER_STDOUT").equals(Optional.of("terminal"));
    }

    /** The path in an environment variable; empty if it is not set or has no value. */
    public Optional<Path> path(String name) {
        Optional<String> path = variable(name);
        return path.isPresent() ? Optional.of(Path.of(path.get())) : Optional.empty();
    }

    /** The path in an environment variable. */
    public Path path(String variable, String fallback) {
        return Path.of(variable(variable).orElse(fallback));
    }
}
