package org.opensciencegrid.tokenrenewer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each record of docs/developer/decisions names tests that exist, so that such a test is not lost unnoticed. */
class DecisionsTest {
    private static final Path RECORDS = Path.of("../docs/developer/decisions");
    private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT|Ring))\\.(\\w+)`");

    static List<String> records() throws IOException {
        try (Stream<Path> files = Files.list(RECORDS)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals("README.md"))
                    .sorted()
                    .toList();
        }
    }

    @ParameterizedTest
    @MethodSource("records")
    void aRecordNamesTheTestsThatHoldIt(String record) throws IOException {
        String text = Files.readString(RECORDS.resolve(record));
        for (String heading : List.of("## Context\n", "## Decision\n", "## Consequences\n")) {
            assertTrue(text.contains(heading), heading);
        }
        assertTrue(Files.readString(RECORDS.resolve("README.md")).contains("(" + record + ")"), "not in the index");
        if (text.contains("\nWithdrawn: ")) {
            return;
        }
        assertTrue(text.contains("\nConfirmation: "), "no test is named");
        var named = TEST.matcher(text.substring(text.indexOf("\nConfirmation: ")));
        int tests = 0;
        while (named.find()) {
            tests++;
            assertTrue(source(named.group(1)).contains(" " + named.group(2)), named.group());
        }
        assertTrue(tests > 0, "no test is named");
    }

    private static String source(String test) throws IOException {
        try (Stream<Path> ours = Files.walk(Path.of("test/java"));
                Stream<Path> store = Files.walk(Path.of("../crypto-store/src/test/java"))) {
            List<Path> found = Stream.concat(ours, store)
                    .filter(file -> file.getFileName().toString().equals(test + ".java"))
                    .toList();
            assertEquals(1, found.size(), test);
            return Files.readString(found.get(0));
        }
    }
}
