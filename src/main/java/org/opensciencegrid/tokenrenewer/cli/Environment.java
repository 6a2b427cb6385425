package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.tokenrenewer.oidc.Pause;

/**
 * What the program gets from the world around it, so that tests and the demo can be that world.
 *
 * @param variables the process's environment variables
 * @param kdf cost for new account files; existing ones carry their own
 */
public record Environment(
        InputStream in,
        PrintStream out,
        PrintStream err,
        Map<String, String> variables,
        Clock clock,
        Pause pause,
        KdfParameters kdf) {

    static Environment ofProcess() {
        return new Environment(
                System.in,
                System.out,
                System.err,
                System.getenv(),
                Clock.systemUTC(),
                Pause.REAL,
                KdfParameters.DEFAULT);
    }

    Optional<String> variable(String name) {
        return Optional.ofNullable(variables.get(name)).filter(value -> !value.isEmpty());
    }

    /** Whether the terminal, if there is one, can only print. */
    boolean isDumb() {
        return variable("TERM").orElse("dumb").equals("dumb");
    }

    /**
     * Whether what is printed there goes to a terminal. System.console() is there only when standard input is one too, and
     * from Java 22 on always.
     */
    static boolean isTerminal(PrintStream stream) {
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

    Path path(String variable, String otherwise) {
        return Path.of(variable(variable).orElse(otherwise));
    }
}
