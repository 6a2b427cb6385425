package org.opensciencegrid.tokenrenewer.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class SiteProgramTest {
    private static final String LONG = "x".repeat(1 << 20);

    @TempDir
    Path directory;

    private SiteProgram.Result run(String script, Duration time) throws IOException {
        Path program = directory.resolve("program");
        Files.writeString(program, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        return SiteProgram.run(List.of(program.toString()), Map.of(), "TEST_ID", LONG, time);
    }

    @Test
    void longInputArrivesWhole() throws IOException {
        assertEquals("1048576\n", run("wc -c", Duration.ofSeconds(30)).output());
    }

    /** A pipe holds 64 KiB. */
    @Test
    @Timeout(40)
    void aProgramThatDoesNotReadIsKilledInTime() throws IOException {
        long began = System.nanoTime();
        assertFalse(run("exec sleep 50", Duration.ofSeconds(1)).ended());
        assertTrue(Duration.ofNanos(System.nanoTime() - began).toSeconds() < 20);
    }

    @Test
    @Timeout(40)
    void aProgramThatEndsWithoutReadingHasEnded() throws IOException {
        assertEquals(3, run("sleep 50 & exit 3", Duration.ofSeconds(30)).status());
    }
}
