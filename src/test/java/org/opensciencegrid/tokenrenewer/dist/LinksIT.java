package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.Links;

/** Links between the installed documents, and the documents that installed files name. */
class LinksIT {
    private static final Path DOCS = Installed.DIST.resolve("usr/share/doc/osg-token-renewer");
    private static final Pattern DOCUMENT =
            Pattern.compile("/usr/share/doc/osg-token-renewer/([\\w-]+(?:/[\\w-]+)*\\.(?:md|json))");

    @Test
    void linksResolveOnAMachine() throws IOException {
        List<String> broken = new ArrayList<>();
        List<Path> files = Links.files(DOCS);
        assertTrue(files.size() > 10, files.toString());
        for (Path file : files) {
            if (file.toString().endsWith(".md")) {
                broken.addAll(Links.broken(file));
            }
        }
        assertEquals(List.of(), broken);
    }

    @Test
    void documentsThatInstalledFilesNameAreInstalled() throws IOException {
        List<String> missing = new ArrayList<>();
        int named = 0;
        for (Path file : Links.files(
                Installed.DIST.resolve("etc"),
                Installed.DIST.resolve("usr/bin"),
                Installed.DIST.resolve("usr/sbin"),
                Installed.DIST.resolve("usr/lib"),
                Installed.DIST.resolve("usr/libexec"),
                Installed.DIST.resolve("usr/share/man"),
                Path.of("test/resources/golden"))) {
            String text = Files.readString(file).replace("\\-", "-");
            for (MatchResult document : DOCUMENT.matcher(text).results().toList()) {
                named++;
                if (!Files.exists(DOCS.resolve(document.group(1)))) {
                    missing.add(file + ": " + document.group());
                }
            }
        }
        assertEquals(List.of(), missing);
        assertTrue(named >= 5, named + " documents are named");
    }
}
