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
 * Only cli contains sentences. Other packages return facts (a kind, a path, a few words in lower case), and cli makes a
 * sentence of them, with the command that fixes it. ArchitectureTest checks which classes print; this test checks what
 * the others return.
 */
class TextsAtHomeTest {
    private static final Pattern LITERAL = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"");
    /** A line that ends with CR and LF is HTTP, not a sentence. */
    private static final Pattern SENTENCE =
            Pattern.compile("^[A-Z][a-z']+ [a-z].*|.*[a-z] [a-z]+[.!?]$|.*[a-z](?<!\\\\r)\\\\n.*");

    /** Messages of the operating system, which we compare or repeat unchanged, and a line of oidc-agent's file. */
    private static final Set<String> NOT_OURS = Set.of(
            "Permission denied",
            "No such file or directory",
            "File exists",
            "Directory not empty",
            "Device or resource busy",
            "No space left on device",
            "Disk quota exceeded",
            "Operation not permitted",
            "Stale file handle",
            "Operation not supported",
            "Function not implemented",
            "Invalid argument",
            "Invalid cross-device link",
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

    /** Without config: its messages are those of Python's configparser, which sites know and search for. */
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
