package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Files in src/test/resources/config, each with what Python's configparser makes of it (expected.txt). */
class CorpusTest {
    @ParameterizedTest
    @MethodSource("expected")
    void readAsPythonReadsIt(String line) throws Exception {
        int blank = line.indexOf(' ');
        assertEquals(line.substring(blank + 1), Dump.of(Files.readAllBytes(corpus(line.substring(0, blank)))));
    }

    @Test
    void noFileIsForgotten() throws Exception {
        Set<String> listed =
                expected().map(line -> line.substring(0, line.indexOf(' '))).collect(Collectors.toSet());
        Set<String> present;
        try (Stream<Path> files = Files.walk(corpus("."))) {
            present = files.filter(file -> file.toString().endsWith(".ini"))
                    .map(file -> file.getParent().getFileName() + "/" + file.getFileName())
                    .collect(Collectors.toSet());
        }
        assertEquals(listed, present);
    }

    static Stream<String> expected() throws IOException, URISyntaxException {
        List<String> lines = Files.readAllLines(corpus("expected.txt"));
        return lines.stream();
    }

    static Path corpus(String name) throws URISyntaxException {
        return Path.of(CorpusTest.class.getResource("/config/expected.txt").toURI())
                .resolveSibling(name);
    }
}
