package org.opensciencegrid.tokenrenewer.scenario;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * Observed responses of issuers and of gateways in front of them: one file below resources/scenarios for each behavior.
 */
@Tag("slow")
class ScenariosTest {
    private static final Path FILES = Path.of("test/resources/scenarios");
    private static final Path TABLE = Path.of("..", "docs", "developer", "issuer-quirks.md");

    @TempDir
    Path directory;

    @TestFactory
    Stream<DynamicTest> eachScenario() throws IOException {
        String only = System.getProperty("scenario", "");
        return all().stream()
                .filter(scenario -> scenario.name().contains(only))
                .map(scenario -> DynamicTest.dynamicTest(
                        scenario.name(),
                        () -> scenario.play(Files.createDirectory(directory.resolve(scenario.name())))));
    }

    /** The rows are generated from the files; this test prints them if they differ. */
    @Test
    void theTableOfQuirksHasARowForEach() throws IOException {
        List<String> rows = all().stream()
                .map(scenario -> "| `" + scenario.name() + "` | " + scenario.text("behavior") + " | "
                        + scenario.text("seen") + " | " + scenario.text("right") + " |")
                .toList();
        List<String> table = Files.readAllLines(TABLE);
        int start = table.indexOf("| scenario | behavior | seen | what is right |") + 2;
        assertEquals(String.join("\n", rows), String.join("\n", table.subList(start, start + rows.size())));
        assertEquals("", table.size() > start + rows.size() ? table.get(start + rows.size()) : "");
    }

    private static List<Scenario> all() throws IOException {
        try (Stream<Path> files = Files.list(FILES)) {
            List<Path> sorted = files.sorted().toList();
            List<Scenario> all = new java.util.ArrayList<>();
            for (Path file : sorted) {
                all.add(Scenario.read(file));
            }
            return all;
        }
    }
}
