package org.opensciencegrid.tokenrenewer.cli.output;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * A file for node_exporter's textfile collector. Replaced by rename, because the collector would report half a file as
 * an error.
 */
public final class MetricsFile {
    private MetricsFile() {}

    /** @param to may be relative */
    public static void write(Path to, String text) throws IOException {
        Path file = to.toAbsolutePath();
        // The collector reads only *.prom.
        Path temporary = Files.createTempFile(file.getParent(), ".osg-token-renewer", ".tmp");
        try {
            Files.write(temporary, text.getBytes(StandardCharsets.UTF_8));
            Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rw-r--r--"));
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
