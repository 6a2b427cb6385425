package org.opensciencegrid.tokenrenewer.cli.terminal;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Asks questions on the terminal, or reads the answers from a pipe. */
public final class Terminal {
    private final PrintStream out;
    private final BufferedReader in;
    private final Optional<Console> console;

    public Terminal(Environment environment) {
        this.out = environment.out();
        this.in = new BufferedReader(new InputStreamReader(environment.in(), StandardCharsets.UTF_8));
        // Use the console for secrets only, and only if standard input is a terminal: with a pipe, the questions must
        // be printed too.
        this.console = environment.in() == System.in ? Optional.ofNullable(System.console()) : Optional.empty();
    }

    /**
     * The answer without surrounding spaces; {@code defaultAnswer} for an empty line.
     *
     * @param option named in the error if there is no answer
     */
    String ask(String question, String defaultAnswer, String option) {
        while (true) {
            out.print(question + (defaultAnswer.isEmpty() ? "" : " [" + defaultAnswer + "]") + ": ");
            out.flush();
            String answer = line(option).strip();
            if (!answer.isEmpty() || !defaultAnswer.isEmpty()) {
                return answer.isEmpty() ? defaultAnswer : answer;
            }
        }
    }

    /** Whether a user reads the output and can answer. */
    public boolean isInteractive() {
        return console.isPresent() && out == System.out;
    }

    /** Whether the locale says that the terminal shows more than ASCII. */
    public static boolean isUtf8(Environment environment) {
        String locale = environment
                .variable("LC_ALL")
                .or(() -> environment.variable("LC_CTYPE"))
                .or(() -> environment.variable("LANG"))
                .orElse("")
                .toLowerCase(Locale.ROOT);
        return locale.contains("utf-8") || locale.contains("utf8");
    }

    /** Yes or no; no if there is no answer. */
    public boolean confirm(String question) {
        while (true) {
            out.print(question + " (y/n): ");
            out.flush();
            String answer = read();
            if (answer == null) {
                out.println();
                return false;
            }
            switch (answer.strip().toLowerCase(Locale.ROOT)) {
                case "y", "yes" -> {
                    return true;
                }
                case "n", "no" -> {
                    return false;
                }
                default -> {
                    // ask again: only a clear answer counts
                }
            }
        }
    }

    /** The answer as typed, without echo. */
    public Secret askSecret(String question, String option) {
        while (true) {
            String answer;
            if (console.isPresent()) {
                char[] typed = console.get().readPassword("%s: ", question);
                answer = typed == null ? noAnswer(option) : new String(typed);
            } else {
                out.print(question + ": ");
                out.flush();
                answer = line(option);
                out.println();
            }
            if (!answer.isEmpty()) {
                return Secret.of(answer);
            }
        }
    }

    private String line(String option) {
        String line = read();
        return line == null ? noAnswer(option) : line;
    }

    private String read() {
        try {
            return in.readLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String noAnswer(String option) {
        out.println();
        throw new UsageException("cannot ask, because standard input is not a terminal; give " + option);
    }
}
