package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.cli.Program.Result;

/** Commands as they are typed, and what they print, with nothing in it that differs from one day or machine to the next. */
final class Session implements AutoCloseable {
    private static final int LENGTH = 70;
    private static final Instant NOW = Instant.parse("2026-11-26T10:00:00Z");

    final Program program;
    private final StringBuilder text = new StringBuilder();

    Session(Path directory) {
        program = new Program(ofOneLength(directory));
        program.clock.advance(Duration.between(program.clock.instant(), NOW));
        program.issuer.policy.interval = 0;
    }

    /** Lines are broken by their length, and the directory's name is in them. */
    private static Path ofOneLength(Path directory) {
        Path padded = directory.resolve(
                "d".repeat(Math.max(1, LENGTH - directory.toString().length())));
        try {
            return Files.createDirectories(padded);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A line about what comes. */
    Session note(String line) {
        text.append("# ").append(line).append('\n');
        return this;
    }

    Session run(String... arguments) {
        return answer("", arguments);
    }

    Session answer(String lines, String... arguments) {
        text.append("$ osg-token-renewer");
        for (String word : arguments) {
            text.append(' ').append(word.isEmpty() || word.contains(" ") ? "'" + word + "'" : word);
        }
        Result result = program.answer(lines, arguments);
        text.append('\n').append(result.out()).append(result.err());
        text.append("(exit status ").append(result.status()).append(")\n\n");
        return this;
    }

    Session setup(String... more) {
        Result result = program.setup(more);
        text.append("$ osg-token-renewer setup ").append(String.join(" ", more)).append(" ... acct\n");
        text.append(result.out()).append(result.err());
        text.append("(exit status ").append(result.status()).append(")\n\n");
        return this;
    }

    String text() {
        return stable(text.toString());
    }

    /** The same on every machine. */
    String stable(String said) {
        String above = program.directory.getParent().toString();
        String same = said.replace(program.directory.toString(), "DIR")
                .replaceAll(Pattern.quote(above) + "/d*\\.\\.\\.", "DIR...") // where a text was cut
                .replace(program.issuer.issuer(), "https://idp.example.org")
                .replace(program.issuer.base(), "https://idp.example.org")
                // as long as the name with its port is, so that lines break alike
                .replaceAll("localhost(:| port )\\d+", "idp.example.org")
                .replaceAll("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", "MPLR-MVLJ");
        return same.replaceAll("(?<=[Cc]lient |client   {1,20}|/register/)[A-Za-z0-9_-]{16}(?![A-Za-z0-9_-])", "CLIENT")
                .replaceAll("(?m)^[█▀▄ ]{30,}[█▀▄]", "PICTURE")
                .replaceAll("(?m)(^PICTURE\n)+", "PICTURE\n") // as many lines as its link needs
                .replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID")
                .replace(" by the user " + System.getProperty("user.name"), " by the user USER")
                .replaceAll("(?m)^[<>] .*\n", "") // requests and answers, cut where the port's digits let them
                .replaceAll("renewer\\d+\\.tmp", "renewer0.tmp");
    }

    @Override
    public void close() {
        program.close();
    }
}
