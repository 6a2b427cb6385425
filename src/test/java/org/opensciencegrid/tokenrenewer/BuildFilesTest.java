package org.opensciencegrid.tokenrenewer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Downloads of the build and the program: through the site's mirrors and with the site's own clients. */
class BuildFilesTest {
    private static final Pattern REGISTRY = Pattern.compile(
            "https?://[^/\\s\"']*(maven|repo|registry|npmjs|sonatype|jitpack|mirror|artifactory|nexus)[^\\s\"'<]*|\"resolved\":.*");
    private static final Pattern NAMESPACE = Pattern.compile("http://maven\\.apache\\.org/(POM|xsd)/.*");
    private static final Pattern CLIENT_ID =
            Pattern.compile("new Client\\(\\s*\"|\"[^\"]*(client_id/|googleusercontent|public-oidc-agent)[^\"]*\"");

    /** A row of THIRD-PARTY.md. */
    private static final Pattern LIBRARY =
            Pattern.compile("(?m)^\\| ([^ :]+):(\\S+) \\| (\\S+) \\| [^|]+ \\| ([0-9a-f]{64}) \\|$");

    @Test
    void noRegistryHasItsAddressHere() throws IOException {
        List<String> addresses = new ArrayList<>();
        List<Path> files = files("..", "pom\\.xml|mvnw|\\.mvn/.*|\\.ci/.*|rpm/.*|(src|crypto-store)/pom\\.xml");
        assertTrue(files.size() > 10, files.toString());
        for (Path file : files) {
            var found = REGISTRY.matcher(Files.readString(file));
            while (found.find()) {
                if (!NAMESPACE.matcher(found.group()).matches()) {
                    addresses.add(file + ": " + found.group());
                }
            }
        }
        assertEquals(List.of(), addresses);
    }

    @Test
    void noClientIdIsBuiltIn() throws IOException {
        List<String> ids = new ArrayList<>();
        List<Path> files = files("main", "java/.*\\.java");
        assertTrue(files.size() > 100, files.toString());
        for (Path file : files) {
            var found = CLIENT_ID.matcher(Files.readString(file));
            while (found.find()) {
                ids.add(file + ": " + found.group());
            }
        }
        assertEquals(List.of(), ids);
    }

    /**
     * At least the libraries in the program's jar. .ci/checksums/run also checks the plugins, and tests that Maven
     * compares.
     */
    @Test
    void mavenComparesEachLibraryWithItsChecksum() throws IOException {
        String config = Files.readString(Path.of("../.mvn/maven.config"));
        assertTrue(config.contains("postProcessor.trustedChecksums=true\n"), config);
        List<String> sums = Files.readAllLines(Path.of("../.mvn/checksums/checksums.sha256"));
        assertEquals(List.copyOf(new TreeSet<>(sums)), sums);
        List<String> missing = new ArrayList<>();
        List<MatchResult> libraries = LIBRARY.matcher(
                        Files.readString(Path.of("main/dist/usr/share/licenses/osg-token-renewer/THIRD-PARTY.md")))
                .results()
                .toList();
        assertTrue(libraries.size() > 5, libraries.toString());
        for (MatchResult library : libraries) {
            String name = library.group(2);
            String version = library.group(3);
            String sum = library.group(4) + "  " + library.group(1).replace('.', '/') + "/" + name + "/" + version + "/"
                    + name + "-" + version + ".jar";
            if (!sums.contains(sum)) {
                missing.add(sum);
            }
        }
        assertEquals(List.of(), missing, "to write the checksums again: .mvn/record");
    }

    private static List<Path> files(String root, String names) throws IOException {
        try (Stream<Path> all = Files.walk(Path.of(root))) {
            return all.filter(file -> Path.of(root).relativize(file).toString().matches(names))
                    .filter(file -> !file.toString().contains("/node_modules/"))
                    .filter(Files::isRegularFile)
                    .toList();
        }
    }
}
