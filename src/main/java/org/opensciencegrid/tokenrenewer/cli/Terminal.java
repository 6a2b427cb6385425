package org.opensciencegrid.tokenrenewer.cli;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
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
        try {
            String line = in.readLine();
            return line == null ? noAnswer(option) : line;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String noAnswer(String option) {
        out.println();
        throw new UsageException("nobody is there to answer; give " + option);
    }
}
