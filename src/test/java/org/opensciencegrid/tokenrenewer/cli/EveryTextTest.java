package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every text for people in the packages that print must be in a golden file: a new text needs a line in {@link
 * TranscriptTest} that makes the program print it, or a line in {@code not-golden.txt} with the reason.
 */
class EveryTextTest {
    private static final Path ROOMS = Path.of("main", "java", "org", "opensciencegrid", "tokenrenewer");
    private static final Path GOLDEN = Path.of("test", "resources", "golden");
    private static final Pattern COMMENT = Pattern.compile("/\\*.*?\\*/|(?<=[\\s;])//[^\n]*", Pattern.DOTALL);
    private static final Pattern JOINED = Pattern.compile("\"\\s*\\+\\s*\"");
    private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\\n]|\\\\.)*)\"");

    @Test
    void isInAGoldenFile() throws IOException {
        String golden = golden();
        TreeSet<String> missing = new TreeSet<>();
        TreeSet<String> excused = new TreeSet<>(excused());
        for (String text : texts()) {
            if (!golden.contains(text) && !excused.remove(text)) {
                missing.add(text);
            }
        }
        assertEquals("", String.join("\n", missing), "said by the program and in no golden file");
        assertEquals("", String.join("\n", excused), "excused in not-golden.txt for nothing");
    }

    @Test
    void textsAreFoundAtAll() throws IOException {
        assertTrue(texts().size() > 300);
        assertTrue(texts().contains("the account is not set up"));
        assertTrue(texts().contains("a '%' that belongs to the value must be written '%%'"));
    }

    /** String literals of three words or more; a placeholder splits a text. */
    private static List<String> texts() throws IOException {
        List<String> texts = new ArrayList<>();
        for (String room : List.of("cli", "config")) {
            try (Stream<Path> files = Files.walk(ROOMS.resolve(room))) {
                for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                    String code = JOINED.matcher(
                                    COMMENT.matcher(Files.readString(file)).replaceAll(""))
                            .replaceAll("");
                    Matcher literal = LITERAL.matcher(code);
                    while (literal.find()) {
                        String text = literal.group(1)
                                .replaceAll("\\\\u[0-9a-fA-F]{4}", "")
                                .translateEscapes();
                        for (String part : text.split("%(?:n|-?\\d*[sdX])")) {
                            String plain = part.replaceFirst("^\\d+:", "")
                                    .replaceAll("\\s+", " ")
                                    .strip();
                            if (plain.chars().filter(c -> c == ' ').count() >= 2) {
                                texts.add(plain);
                            }
                        }
                    }
                }
            }
        }
        return texts;
    }

    private static String golden() throws IOException {
        try (Stream<Path> files = Files.walk(GOLDEN)) {
            StringBuilder all = new StringBuilder();
            for (Path file : files.filter(name -> Files.isRegularFile(name) && !name.endsWith("not-golden.txt"))
                    .sorted()
                    .toList()) {
                all.append(Files.readString(file)).append('\n');
            }
            return all.toString().replaceAll("\\s+", " ");
        }
    }

    private static List<String> excused() throws IOException {
        try (Stream<String> lines = Files.lines(GOLDEN.resolve("not-golden.txt"))) {
            return lines.filter(line -> !line.isEmpty() && !line.startsWith("#"))
                    .collect(Collectors.toList());
        }
    }
}
