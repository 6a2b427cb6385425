package org.opensciencegrid.tokenrenewer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Links between the documents of the repository, and the documents that source code, scripts and man pages name. */
class LinksTest {
    private static final Path DOCS = Path.of("..", "docs");

    /** A document by its path in the repository or on a machine, for example in a comment or a message. */
    private static final Pattern DOCUMENT = Pattern.compile(
            "(?<![\\w/.])(?:/usr/share/doc/osg-token-renewer|docs)/([\\w-]+(?:/[\\w-]+)*\\.(?:md|json))");

    @Test
    void linksResolve() throws IOException {
        List<String> broken = new ArrayList<>();
        for (Path file :
                Links.files(DOCS, Path.of("../README.md"), Path.of("../CONTRIBUTING.md"), Path.of("../SECURITY.md"))) {
            if (file.toString().endsWith(".md")) {
                broken.addAll(Links.broken(file));
            }
        }
        assertEquals(List.of(), broken);
    }

    @Test
    void brokenLinksAreFound(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("b.md"), "# Here: `a` and b\n");
        Path file = Files.writeString(
                directory.resolve("a.md"),
                "[b](b.md) [there](b.md#here-a-and-b) [no](c.md) [nowhere](b.md#there) [web](https://example.org/x.md)\n");
        assertEquals(List.of(file + ": c.md", file + ": b.md#there"), Links.broken(file));
    }

    @Test
    void everyDocumentIsInAnIndex() throws IOException {
        Set<Path> reached = new HashSet<>();
        Deque<Path> open = new ArrayDeque<>(List.of(DOCS.resolve("README.md"), DOCS.resolve("developer/README.md")));
        while (!open.isEmpty()) {
            Path file = open.pop().normalize();
            if (file.startsWith(DOCS) && file.toString().endsWith(".md") && reached.add(file)) {
                open.addAll(Links.targets(file));
            }
        }
        assertEquals(
                List.of(),
                Links.files(DOCS).stream()
                        .map(Path::normalize)
                        .filter(file -> file.toString().endsWith(".md") && !reached.contains(file))
                        .toList());
    }

    @Test
    void documentsThatAreNamedExist() throws IOException {
        List<String> missing = new ArrayList<>();
        int named = 0;
        for (Path file : Links.files(
                Path.of("main"),
                Path.of("test/java"),
                Path.of("test/resources/golden"),
                Path.of("../crypto-store/src/main"),
                Path.of("../crypto-store/src/test/java"),
                Path.of("../systemd"),
                Path.of("../rpm"),
                Path.of("../CONTRIBUTING.md"))) {
            String text = Files.readString(file).replace("\\-", "-");
            for (MatchResult document : DOCUMENT.matcher(text).results().toList()) {
                named++;
                if (!Files.exists(DOCS.resolve(document.group(1)))
                        && !document.group(1).equals("CHANGELOG.md")) {
                    missing.add(file + ": " + document.group());
                }
            }
        }
        assertEquals(List.of(), missing);
        assertTrue(named > 20, named + " documents are named");
    }
}
