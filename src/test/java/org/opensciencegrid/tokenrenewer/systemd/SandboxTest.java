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

/** With the shipped service, and with drop-ins of a site. */
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

    private static boolean allowsWrite(Sandbox sandbox, String directory) {
        return sandbox.allowsWrite(Path.of(directory));
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
        assertEquals(writable, allowsWrite(with(""), directory));
    }

    @Test
    void aSitesDirectories() throws IOException {
        Sandbox site = with("ReadWritePaths=/srv/tokens -/home/frontend\nReadOnlyPaths=/srv/tokens/fixed\n"
                + "InaccessiblePaths=/etc/osg/tokens/secret\n");
        assertTrue(allowsWrite(site, "/srv/tokens"));
        assertTrue(allowsWrite(site, "/home/frontend"));
        assertFalse(allowsWrite(site, "/srv/tokens/fixed"));
        assertFalse(allowsWrite(site, "/etc/osg/tokens/secret"));
        assertTrue(allowsWrite(site, "/etc/osg/tokens"));
    }

    @Test
    void anEmptyListForgetsWhatWasBefore() throws IOException {
        assertFalse(allowsWrite(with("ReadWritePaths=\nReadWritePaths=/srv\n"), "/etc/osg/tokens"));
    }

    @Test
    void weakerProtection() throws IOException {
        Sandbox full = with("ProtectSystem=full\nProtectHome=no\n");
        assertTrue(allowsWrite(full, "/srv/tokens"));
        assertTrue(allowsWrite(full, "/home/frontend"));
        assertFalse(allowsWrite(full, "/etc/other"));
        assertFalse(allowsWrite(full, "/usr/share"));
        assertTrue(allowsWrite(with("ProtectSystem=yes\nProtectHome=no\n"), "/etc/other"));
        assertTrue(allowsWrite(with("ProtectSystem=false\nProtectHome=no\n"), "/usr/share"));
    }

    @Test
    void credentials() throws IOException {
        Sandbox site = with("LoadCredential=acct.pw:/etc/osg/tokens/acct.pw\n");
        assertTrue(site.loadsCredential("acct.pw"));
        assertFalse(site.loadsCredential("other.pw"));
    }
}
