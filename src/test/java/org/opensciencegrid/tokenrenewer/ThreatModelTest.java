package org.opensciencegrid.tokenrenewer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** docs/developer/threat-model.md names a test for each threat and each goal. Each test must exist. */
class ThreatModelTest {
    private static final int GOALS = 14;
    private static final Pattern ROW = Pattern.compile("(?m)^\\| (G?\\d+) \\|.*$");
    private static final Pattern NAME = Pattern.compile("(\\w+(?:Test|IT|Ring))#(\\w+)");

    @Test
    void eachThreatAndGoalHasTestsThatExist() throws IOException {
        String model = Files.readString(Path.of("../docs/developer/threat-model.md"));
        Map<String, String> sources = sources();
        List<String> rows = new ArrayList<>();
        for (MatchResult row : ROW.matcher(model).results().toList()) {
            rows.add(row.group(1));
            assertTrue(NAME.matcher(row.group()).find(), "no test: " + row.group());
        }
        IntStream threats = IntStream.rangeClosed(
                1, (int) rows.stream().filter(row -> !row.startsWith("G")).count());
        IntStream goals = IntStream.rangeClosed(1, GOALS);
        assertEquals(
                Stream.concat(threats.mapToObj(String::valueOf), goals.mapToObj(goal -> "G" + goal))
                        .toList(),
                rows);
        for (MatchResult name : NAME.matcher(model).results().toList()) {
            String source = sources.getOrDefault(name.group(1), "");
            Pattern test = Pattern.compile("(?:void|(?:Stream|List)<DynamicTest>|ArchRule) " + name.group(2) + "\\b");
            assertTrue(test.matcher(source).find(), "no such test: " + name.group());
        }
    }

    /** The source texts by class name. */
    private static Map<String, String> sources() throws IOException {
        Map<String, String> sources = new HashMap<>();
        for (Path root : List.of(Path.of("test/java"), Path.of("../crypto-store/src/test/java"))) {
            try (Stream<Path> files = Files.walk(root)) {
                for (Path file :
                        files.filter(file -> file.toString().endsWith(".java")).toList()) {
                    String name = file.getFileName().toString().replace(".java", "");
                    sources.merge(name, Files.readString(file), String::concat);
                }
            }
        }
        return sources;
    }
}
