package org.opensciencegrid.tokenrenewer.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * JSONTestSuite, a file from outside the project's directory; skipped if it is missing. Each file is used as the value
 * of a member, because {@link Json} reads objects. No exception may escape.
 */
class JsonSuiteTest {
    private static final String ARCHIVE = "data/json/JSONTestSuite-test_parsing.tgz";
    private static final int BLOCK = 512;
    private static final Map<String, Boolean> ACCEPTED = new TreeMap<>();

    @BeforeAll
    static void readAll() throws IOException {
        Optional<Path> archive = Stream.of(System.getProperty("shared", "../../shared"), "../../../shared")
                .map(place -> Path.of(place, ARCHIVE))
                .filter(Files::exists)
                .findFirst();
        assumeTrue(archive.isPresent(), "shared/" + ARCHIVE + " does not lie beside the project");
        try (DataInputStream tar = new DataInputStream(new GZIPInputStream(Files.newInputStream(archive.get())))) {
            for (byte[] head = tar.readNBytes(BLOCK);
                    head.length == BLOCK && head[0] != 0;
                    head = tar.readNBytes(BLOCK)) {
                String name = new String(head, 0, 100, StandardCharsets.US_ASCII).replaceAll("\0.*", "");
                int size = Integer.parseInt(new String(head, 124, 11, StandardCharsets.US_ASCII), 8);
                byte[] content = tar.readNBytes(size);
                tar.skipNBytes((BLOCK - size % BLOCK) % BLOCK);
                if (name.endsWith(".json")) {
                    String text = "{\"member\":" + new String(content, StandardCharsets.UTF_8) + "}";
                    ACCEPTED.put(
                            name.substring(name.lastIndexOf('/') + 1),
                            Json.object(text).isPresent());
                }
            }
        }
    }

    private static List<String> accepted(String kind) {
        return ACCEPTED.keySet().stream()
                .filter(name -> name.startsWith(kind) && ACCEPTED.get(name))
                .toList();
    }

    @Test
    void allOfThemAreRead() {
        assertEquals(318, ACCEPTED.size());
    }

    @Test
    void whatIsJsonIsAccepted() {
        List<String> all =
                ACCEPTED.keySet().stream().filter(name -> name.startsWith("y_")).toList();
        assertEquals(95, all.size());
        assertEquals(all, accepted("y_"));
    }

    /** Where the parser is more lenient than RFC 8259. None of it makes a token out of something else. */
    @Test
    void theLenienceIsKnown() throws IOException {
        List<String> pinned = Files.readAllLines(Path.of("test/resources/json-lenient.txt"));
        assertEquals(
                String.join("\n", pinned),
                String.join(
                        "\n",
                        Stream.concat(accepted("n_").stream(), accepted("i_").stream())
                                .toList()));
    }
}
