package org.opensciencegrid.tokenrenewer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.testkit.Policy;

/** docs/developer/issuer-quirks.md names the code for each quirk of an issuer. The names must exist in the current code. */
class QuirksTest {
    private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");

    /** Settings of the embedded issuer that are not a quirk of a server, or need nothing from the client. */
    private static final Set<String> NO_QUIRK = Set.of(
            "strict",
            "interval",
            "deviceLife",
            "scopes",
            "accessSeconds",
            "signatureAlgorithm",
            "defaultAudience",
            "sendSlowDown", // the client always keeps the interval
            "sendCompleteUri",
            "deviceDropsUnknownScope",
            "scopesIfNoneRegistered", // the client always sends scope
            "minClientName", // our name is longer
            "pathScopes",
            "killFamilyOnReuse"); // a used token is only sent again after a lost response

    private record Quirk(String what, List<String> policies, String owner, String test) {}

    private static List<Quirk> table() throws IOException {
        List<Quirk> quirks = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of("..", "docs", "developer", "issuer-quirks.md"))) {
            String[] cells = line.split("\\|");
            if (cells.length == 6 && cells[5].contains("`")) {
                quirks.add(new Quirk(
                        cells[1].strip(),
                        quoted(cells[3]),
                        quoted(cells[4]).get(0),
                        quoted(cells[5]).get(0)));
            }
        }
        assertTrue(quirks.size() > 30, "the table is read");
        return quirks;
    }

    private static List<String> quoted(String cell) {
        return QUOTED.matcher(cell)
                .results()
                .map((MatchResult match) -> match.group(1))
                .toList();
    }

    /** The text of the only class with that name. */
    private static Optional<String> source(String root, String name) throws IOException {
        try (Stream<Path> files = Files.walk(Path.of(root))) {
            Optional<Path> file =
                    files.filter(path -> path.endsWith(name + ".java")).findFirst();
            return file.isEmpty() ? Optional.empty() : Optional.of(Files.readString(file.get()));
        }
    }

    @Test
    void ownersExist() throws IOException {
        for (Quirk quirk : table()) {
            assertTrue(source("main/java", quirk.owner()).isPresent(), quirk::toString);
        }
    }

    @Test
    void testsExistAndImitateIt() throws IOException {
        for (Quirk quirk : table()) {
            String[] parts = quirk.test().split("\\.");
            String text = source("test/java", parts[0]).orElse("");
            assertTrue(text.contains("void " + parts[1] + "("), quirk::toString);
            for (String policy : quirk.policies()) {
                assertTrue(text.contains("policy." + policy + " ="), () -> policy + " is not set for " + quirk);
            }
        }
    }

    @Test
    void eachOddityOfTheEmbeddedIssuerIsHere() throws IOException {
        Set<String> named = new HashSet<>();
        table().forEach(quirk -> named.addAll(quirk.policies()));
        Set<String> fields = new TreeSet<>();
        Arrays.stream(Policy.class.getFields())
                .filter(field -> !java.lang.reflect.Modifier.isStatic(field.getModifiers()))
                .map(Field::getName)
                .forEach(fields::add);
        for (String field : fields) {
            assertTrue(
                    named.contains(field) ^ NO_QUIRK.contains(field), () -> field + " has no row, or has one too many");
        }
        named.removeAll(fields);
        assertEquals(Set.of(), named, "no such field of Policy");
        assertFalse(fields.isEmpty());
    }
}
