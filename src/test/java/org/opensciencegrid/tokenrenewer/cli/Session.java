package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Runs commands and records their output as a person sees it, without anything that differs between days or machines.
 */
public final class Session implements AutoCloseable {
    private static final int LENGTH = 70;
    private static final Instant NOW = Instant.parse("2026-11-26T10:00:00Z");

    public final Program program;
    private final Map<String, StringBuilder> scenes = new LinkedHashMap<>();
    private StringBuilder text = new StringBuilder();

    public Session(Path directory) {
        program = new Program(ofOneLength(directory));
        program.clock.advance(Duration.between(program.clock.instant(), NOW));
        program.issuer.policy.interval = 0;
        scene("begin");
    }

    /** Pads the directory's name, because the wrapping of lines depends on its length. */
    private static Path ofOneLength(Path directory) {
        Path padded = directory.resolve(
                "d".repeat(Math.max(1, LENGTH - directory.toString().length())));
        try {
            return Files.createDirectories(padded);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Begins a part of the session that has a golden file of its own. */
    Session scene(String title) {
        text = new StringBuilder();
        if (scenes.put(title, text) != null) {
            throw new IllegalArgumentException("two scenes have the title " + title);
        }
        return this;
    }

    /** Adds lines about the next command. */
    Session comment(String lines) {
        text.append(lines.indent(2).replaceAll("(?m)^ ", "#")).append('\n');
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

    /** Compares each scene with its golden file. */
    void hold(String directory) {
        Map<String, String> files = new TreeMap<>();
        scenes.values().removeIf(StringBuilder::isEmpty);
        scenes.forEach(
                (title, said) -> files.put(title.replaceAll("[^A-Za-z0-9]+", "-") + ".txt", stable(said.toString())));
        Golden.hold(directory, files);
    }

    /** Replaces everything that differs between machines. */
    String stable(String said) {
        String above = program.directory.getParent().toString();
        String same = said.replace(program.directory.toString(), "DIR")
                .replaceAll(Pattern.quote(above) + "/d*\\.\\.\\.", "DIR...") // where a text was truncated
                .replace(program.issuer.issuer(), "https://idp.example.org")
                .replace(program.issuer.base(), "https://idp.example.org")
                // as long as the name with its port, so that lines wrap in the same places
                .replaceAll("localhost(:| port )\\d+", "idp.example.org")
                .replaceAll("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", "MPLR-MVLJ");
        return same.replaceAll("(?<=[Cc]lient |client   {1,20}|/register/)[A-Za-z0-9_-]{16}(?![A-Za-z0-9_-])", "CLIENT")
                .replaceAll("(?m)^[█▀▄ ]{30,}[█▀▄]", "PICTURE")
                .replaceAll("(?m)(^PICTURE\n)+", "PICTURE\n") // the number of lines depends on the link
                .replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID")
                .replace(" by the user " + System.getProperty("user.name"), " by the user USER")
                .replaceAll("(?m)^[<>] .*\n", "") // requests and responses, whose length depends on the port
                .replaceAll("has the kid \\S+", "has the kid KID")
                .replaceAll("\\{\"keys\":\\[.*?\\]\\}", "JWKS")
                .replaceAll("renewer\\d+\\.tmp", "renewer0.tmp")
                .replaceAll("n{100,}", "n...");
    }

    @Override
    public void close() {
        program.close();
    }
}
