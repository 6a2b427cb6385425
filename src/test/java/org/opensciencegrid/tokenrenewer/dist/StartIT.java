package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * What a run of the timer loads, as the build saw it in real runs with and without something due. The JVM looks at
 * exceptions of picocli as it verifies who catches them; nothing of it runs.
 */
class StartIT {
    @Test
    void aRunLoadsNothingThatItDoesNotNeed() throws Exception {
        List<String> classes = Files.readAllLines(Installed.DIST.resolve("usr/share/osg-token-renewer/classes.list"));
        assertTrue(classes.stream()
                .anyMatch(name -> name.startsWith("org/opensciencegrid/tokenrenewer/cli/RenewCommand")));
        assertEquals(
                List.of(),
                classes.stream()
                        .filter(name -> name.startsWith("picocli/") && !name.endsWith("Exception")
                                || name.startsWith("java/net/http/")
                                || name.startsWith("org/opensciencegrid/tokenrenewer/setup/")
                                || name.startsWith("org/opensciencegrid/tokenrenewer/check/"))
                        .toList());
    }
}
