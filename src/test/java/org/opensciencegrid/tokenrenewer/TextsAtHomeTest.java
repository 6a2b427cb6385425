package org.opensciencegrid.tokenrenewer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Sentences stand in the cli room. Other rooms give facts (a kind, a place, a few words in lower case) that it makes a
 * sentence of, with the repair beside it. ArchitectureTest sees who prints; here is what is handed up to be printed.
 */
class TextsAtHomeTest {
    private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern SENTENCE =
            Pattern.compile("^[A-Z][a-z']+ [a-z].*|.*[a-z] [a-z]+[.!?]$|.*[a-z]\\\\n.*");

    /** Words of the operating system, which we compare with or repeat as they are, and a line of oidc-agent's file. */
    private static final Set<String> NOT_OURS = Set.of(
            "Permission denied",
            "No such file or directory",
            "File exists",
            "Directory not empty",
            "Device or resource busy",
            "No space left on device",
            "Disk quota exceeded",
            "Operation not permitted",
            "Generated using version: 4.2.6");

    @Test
    void sentencesStandInTheCliRoom() throws IOException {
        List<String> elsewhere = new ArrayList<>();
        int literals = 0;
        for (Path file : sources()) {
            int number = 0;
            for (String line : Files.readAllLines(file)) {
                number++;
                if (line.strip().startsWith("*") || line.strip().startsWith("/")) {
                    continue;
                }
                var found = LITERAL.matcher(line);
                while (found.find()) {
                    literals++;
                    if (SENTENCE.matcher(found.group(1)).matches() && !NOT_OURS.contains(found.group(1))) {
                        elsewhere.add(file + ":" + number + ": " + found.group());
                    }
                }
            }
        }
        assertEquals(
                "",
                String.join("\n", elsewhere),
                "these sentences belong into Messages or a *Text of the cli room; here a kind and a few facts do");
        assertTrue(literals > 500, "looked at " + literals + " texts only");
    }

    /** Not config: its messages are those of Python's configparser, which sites know and grep for. */
    private static List<Path> sources() throws IOException {
        try (Stream<Path> ours = Files.walk(Path.of("main/java"));
                Stream<Path> store = Files.walk(Path.of("../crypto-store/src/main/java"))) {
            return Stream.concat(ours, store)
                    .filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> !file.toString().contains("/tokenrenewer/cli/")
                            && !file.toString().contains("/tokenrenewer/config/"))
                    .toList();
        }
    }
}
