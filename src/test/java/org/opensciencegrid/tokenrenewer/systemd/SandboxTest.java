package org.opensciencegrid.tokenrenewer.systemd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** By the service that we ship, and by drop-ins of a site. */
class SandboxTest {
    @TempDir
    Path root;

    @BeforeEach
    void ship() throws IOException {
        Path units = Files.createDirectories(root.resolve("usr/lib/systemd/system"));
        Files.copy(Path.of("..", "systemd", Sandbox.UNIT), units.resolve(Sandbox.UNIT));
    }

    private Sandbox with(String dropIn) throws IOException {
        Path directory = Files.createDirectories(root.resolve("etc/systemd/system/" + Sandbox.UNIT + ".d"));
        Files.writeString(directory.resolve("site.conf"), "[Service]\n" + dropIn);
        return Sandbox.read(root).orElseThrow();
    }

    private static boolean lets(Sandbox sandbox, String directory) {
        return sandbox.lets(Path.of(directory));
    }

    @ParameterizedTest
    @CsvSource({
        "/etc/osg/tokens, true",
        "/etc/osg/tokens/site, true",
        "/etc/osg/tokens2, false",
        "/etc/osg, false",
        "/srv/tokens, false",
        "/home/frontend, false",
        "/tmp, false"
    })
    void asShipped(String directory, boolean writable) throws IOException {
        assertEquals(writable, lets(with(""), directory));
    }

    @Test
    void aSitesDirectories() throws IOException {
        Sandbox site = with("ReadWritePaths=/srv/tokens -/home/frontend\nReadOnlyPaths=/srv/tokens/fixed\n"
                + "InaccessiblePaths=/etc/osg/tokens/secret\n");
        assertTrue(lets(site, "/srv/tokens"));
        assertTrue(lets(site, "/home/frontend"));
        assertFalse(lets(site, "/srv/tokens/fixed"));
        assertFalse(lets(site, "/etc/osg/tokens/secret"));
        assertTrue(lets(site, "/etc/osg/tokens"));
    }

    @Test
    void anEmptyListForgetsWhatWasBefore() throws IOException {
        assertFalse(lets(with("ReadWritePaths=\nReadWritePaths=/srv\n"), "/etc/osg/tokens"));
    }

    @Test
    void weakerProtection() throws IOException {
        Sandbox full = with("ProtectSystem=full\nProtectHome=no\n");
        assertTrue(lets(full, "/srv/tokens"));
        assertTrue(lets(full, "/home/frontend"));
        assertFalse(lets(full, "/etc/other"));
        assertFalse(lets(full, "/usr/share"));
        assertTrue(lets(with("ProtectSystem=yes\nProtectHome=no\n"), "/etc/other"));
        assertTrue(lets(with("ProtectSystem=false\nProtectHome=no\n"), "/usr/share"));
    }

    @Test
    void credentials() throws IOException {
        Sandbox site = with("LoadCredential=acct.pw:/etc/osg/tokens/acct.pw\n");
        assertTrue(site.loadsCredential("acct.pw"));
        assertFalse(site.loadsCredential("other.pw"));
    }
}
