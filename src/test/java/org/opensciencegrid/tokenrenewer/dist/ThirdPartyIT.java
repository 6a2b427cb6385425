package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.zip.ZipFile;
import net.minidev.json.JSONArray;
import net.minidev.json.JSONObject;
import net.minidev.json.JSONValue;
import org.junit.jupiter.api.Test;

/**
 * Compares THIRD-PARTY.md with this build's bill of materials: each artifact in the jar with its version, license and
 * checksum. An artifact that changed or is new fails the test. After an intended change, write the table again and read
 * the diff; CONTRIBUTING.md has the command.
 */
class ThirdPartyIT {
    private static final Path KEPT = Path.of("main/dist/usr/share/licenses/osg-token-renewer/THIRD-PARTY.md");
    private static final String HEAD = "| artifact | version | license | SHA-256 of its jar |\n|---|---|---|---|\n";

    @Test
    void whatIsInTheJarIsWhatIsWrittenDown() throws IOException {
        String kept = Files.readString(KEPT);
        int start = kept.indexOf(HEAD);
        int end = kept.indexOf("\n\n", start) + 1;
        String table = HEAD + String.join("", rows());
        if (System.getProperty("third-party.write") != null) {
            Files.writeString(KEPT, kept.substring(0, start) + table + kept.substring(end));
        } else {
            assertEquals(table, kept.substring(start, end));
        }
    }

    @Test
    void theTextOfEveryLicenseIsThere() throws IOException {
        String kept = Files.readString(KEPT);
        for (String row : rows()) {
            String license = row.split(" \\| ")[2];
            assertTrue(license.equals("Apache-2.0") || kept.contains("\n## " + license), row);
        }
    }

    /** The bill of materials lists what was requested; this checks the content of the jar. */
    @Test
    void nothingElseIsInTheJar() throws IOException {
        try (ZipFile jar = new ZipFile(Installed.DIST
                .resolve("usr/share/osg-token-renewer/osg-token-renewer.jar")
                .toFile())) {
            Set<String> packages = jar.stream()
                    .map(entry -> entry.getName().replaceFirst("META-INF/versions/[0-9]+/", ""))
                    .filter(name -> name.endsWith(".class"))
                    .map(name -> name.replaceFirst("^(picocli|[^/]+/[^/]+)/.*", "$1"))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertEquals(
                    "[com/nimbusds, io/nayuki, net/jcip, net/minidev, org/bouncycastle, org/ini4j, org/objectweb,"
                            + " org/opensciencegrid, picocli]",
                    packages.toString());
        }
    }

    @Test
    void itIsShipped() throws IOException {
        Path shipped = Installed.DIST.resolve("usr/share/licenses/osg-token-renewer/THIRD-PARTY.md");
        assertEquals(-1, Files.mismatch(KEPT, shipped));
    }

    private static List<String> rows() throws IOException {
        Path bill = Installed.DIST.resolve("usr/share/doc/osg-token-renewer/osg-token-renewer.cdx.json");
        JSONArray components = (JSONArray) ((JSONObject) JSONValue.parse(Files.readString(bill))).get("components");
        List<String> rows = new ArrayList<>();
        for (Object each : components) {
            JSONObject component = (JSONObject) each;
            if (!component.get("group").equals("org.opensciencegrid")) {
                rows.add("| " + component.get("group") + ":" + component.get("name") + " | " + component.get("version")
                        + " | " + license(component) + " | " + sha256(component) + " |\n");
            }
        }
        assertTrue(rows.size() >= 10, rows.toString());
        return rows.stream().sorted().toList();
    }

    private static String license(JSONObject component) {
        List<String> all = new ArrayList<>();
        for (Object each : (JSONArray) component.get("licenses")) {
            JSONObject license = (JSONObject) ((JSONObject) each).get("license");
            all.add((String) license.getOrDefault("id", license.get("name")));
        }
        return String.join(" or ", all);
    }

    private static String sha256(JSONObject component) {
        for (Object each : (JSONArray) component.get("hashes")) {
            if (((JSONObject) each).get("alg").equals("SHA-256")) {
                return (String) ((JSONObject) each).get("content");
            }
        }
        throw new AssertionError("no SHA-256 of " + component);
    }
}
