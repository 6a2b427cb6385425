package org.opensciencegrid.tokenrenewer.systemd;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServiceEnvironmentTest {
    @Test
    void isThatOfTheUnitWithItsDropInsAndFiles(@TempDir Path root) throws IOException {
        assertEquals(Optional.empty(), ServiceEnvironment.read(root));
        Path units = Files.createDirectories(root.resolve("usr/lib/systemd/system"));
        Files.writeString(units.resolve(Sandbox.UNIT), "[Service]\nEnvironment=A=1 B=2\n");
        assertEquals(Optional.of(Map.of("A", "1", "B", "2")), ServiceEnvironment.read(root));
        Path dropIns = Files.createDirectories(root.resolve("etc/systemd/system/" + Sandbox.UNIT + ".d"));
        Files.writeString(
                dropIns.resolve("proxy.conf"),
                "[Service]\nEnvironment=\nEnvironment=\"HTTPS_PROXY=http://me:a%%40b@proxy:1\" 'C=x y'\n"
                        + "EnvironmentFile=-/etc/default/renewer\nEnvironmentFile=-/etc/absent\n");
        Files.createDirectories(root.resolve("etc/default"));
        Files.writeString(root.resolve("etc/default/renewer"), "# comment\nNO_PROXY=\"a.org b.org\"\nC=z\n");
        assertEquals(
                Optional.of(Map.of("HTTPS_PROXY", "http://me:a%40b@proxy:1", "C", "z", "NO_PROXY", "a.org b.org")),
                ServiceEnvironment.read(root));
    }
}
