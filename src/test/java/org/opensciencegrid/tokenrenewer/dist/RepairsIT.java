package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Runs the commands for an installed service as root on a copy of this machine: each must fix the fault for which it
 * was printed.
 */
class RepairsIT {
    private static final Path SCRIPTS = Path.of("test", "resources", "root").toAbsolutePath();

    @Test
    void everyCommandOfTheInstalledServiceFixesItsFinding() throws Exception {
        assumeTrue(System.getProperty("user.name").equals("root"), "only root has a machine of its own");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "no python3");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/setfacl")), "no setfacl");
        ProcessBuilder builder = new ProcessBuilder(
                        "bash",
                        SCRIPTS.resolve("machine").toString(),
                        "/usr/bin/python3",
                        SCRIPTS.resolve("repairs.py").toString(),
                        Installed.DIST.toString())
                .redirectErrorStream(true);
        builder.environment().put("OSG_TOKEN_RENEWER_JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        assumeTrue(status != 77, said);
        assertEquals(0, status, said);
        assertEquals(21, said.lines().count(), said);
    }
}
