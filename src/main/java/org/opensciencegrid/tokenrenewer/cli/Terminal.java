package org.opensciencegrid.tokenrenewer.cli;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** Questions to whoever sits at the terminal, or to the lines of a pipe. */
final class Terminal {
    private final PrintStream out;
    private final BufferedReader in;
    private final Optional<Console> console;

    Terminal(Environment environment) {
        this.out = environment.out();
        this.in = new BufferedReader(new InputStreamReader(environment.in(), StandardCharsets.UTF_8));
        // The console is for secrets only, and only where standard input is it: a pipe must get its questions too.
        this.console = environment.in() == System.in ? Optional.ofNullable(System.console()) : Optional.empty();
    }

    /**
     * The answer without blanks around it; {@code otherwise} for an empty line.
     *
     * @param option what to name where nobody can answer
     */
    String ask(String question, String otherwise, String option) {
        while (true) {
            out.print(question + (otherwise.isEmpty() ? "" : " [" + otherwise + "]") + ": ");
            out.flush();
            String answer = line(option).strip();
            if (!answer.isEmpty() || !otherwise.isEmpty()) {
                return answer.isEmpty() ? otherwise : answer;
            }
        }
    }

    /** Whether a person reads what is printed and can answer it. */
    boolean isInteractive() {
        return console.isPresent() && out == System.out;
    }

    /** Whether the locale says that the terminal shows more than ASCII. */
    static boolean isUtf8(Environment environment) {
        String locale = environment
                .variable("LC_ALL")
                .or(() -> environment.variable("LC_CTYPE"))
                .or(() -> environment.variable("LANG"))
                .orElse("")
                .toLowerCase(Locale.ROOT);
        return locale.contains("utf-8") || locale.contains("utf8");
    }

    /** Yes or no; no where nobody answers. */
    boolean confirm(String question) {
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
                    // asked again: an answer must be meant
                }
            }
        }
    }

    /** The answer as it is typed, not shown. */
    Secret askSecret(String question, String option) {
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
        throw new UsageException("nobody is there to answer; give " + option);
    }
}
