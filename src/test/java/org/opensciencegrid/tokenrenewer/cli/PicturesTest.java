package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.cli.output.RepairCommands;

/** Draws the pictures of the README from the program's output, and fails if they differ. */
class PicturesTest {
    private static final Path PICTURES = Golden.DOCS.resolve("pictures");

    @TempDir
    Path directory;

    private Session session;
    private Program program;
    private Host host;

    @BeforeEach
    void site() throws IOException {
        session = new Session(directory);
        program = session.program;
        host = new Host(session);
        host.enableTimer();
    }

    @AfterEach
    void stop() {
        session.close();
    }

    private void account(String name) {
        program.secret(name + ".pw", Program.PASSWORD);
        assertEquals(
                0,
                program.run(
                                "setup",
                                "--issuer=" + program.issuer.issuer(),
                                "--scope=openid offline_access compute.read",
                                "--ca-file=" + program.file("ca.pem"),
                                "--pw-file=" + program.file(name + ".pw"),
                                name)
                        .status());
    }

    /** With the paths of an installed service. */
    private String installed(String text) {
        return session.stable(text)
                .replace(" --config=DIR/config.ini --state-dir=DIR/state", "")
                .replace("DIR/config.ini", RepairCommands.CONFIG.toString())
                .replace("DIR/state", RepairCommands.STATE.toString())
                .replace("DIR/srv", "/srv")
                .replace("DIR", "/etc/osg/tokens");
    }

    @Test
    void status() throws IOException {
        program.issuer.policy.accessSeconds = 3600;
        account("osdf");
        program.issuer.revokeAll();
        account("cms");
        account("dune");
        program.config("""
                [account cms]
                password_file = DIR/cms.pw
                [account osdf]
                password_file = DIR/osdf.pw
                [account dune]
                password_file = DIR/dune.pw
                [token cms-ce]
                account = cms
                token_path = DIR/cms.ce.token
                [token cms-storage]
                account = cms
                token_path = DIR/cms.storage.token
                [token osdf-origin]
                account = osdf
                token_path = DIR/osdf.origin.token
                [token dune-ce]
                account = dune
                token_path = DIR/dune.ce.token
                """);
        assertEquals(1, program.run("renew").status());
        program.clock.advance(Duration.ofMinutes(12));
        program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"));
        assertEquals(0, program.run("renew", "--account=dune").status());
        program.clock.advance(Duration.ofMinutes(3));
        String text = installed(host.status(Host.colors()));
        Golden.hold(PICTURES.resolve("status.svg"), Picture.of("osg-token-renewer status", text));
    }

    @Test
    void check() throws IOException {
        account("cms");
        Files.createDirectories(program.file("srv/tokens"));
        program.mode("srv/tokens", "rwxr-xr-x");
        host.dropIn(
                "osg-token-renewer.service",
                "[Service]\nReadWritePaths=" + program.directory + "\n" + "ReadOnlyPaths=" + program.file("srv")
                        + "\n");
        host.dropIn("osg-token-renewer.timer", "[Timer]\nOnUnitActiveSec=\nOnBootSec=15min\nOnUnitActiveSec=30min\n");
        program.config("""
                [account cms]
                password_file = DIR/cms.pw
                [token cms-ce]
                account = cms
                token_path = DIR/srv/tokens/cms.token
                min_lifetime = 600
                """);
        program.issuer.policy.accessSeconds = 3600;
        assertEquals(0, program.run("renew").status());
        program.mode("cms.pw", "rw-r--r--");
        String text = installed(host.check(Host.colors()));
        Golden.hold(PICTURES.resolve("check.svg"), Picture.of("osg-token-renewer check --offline", text));
    }

    @Test
    void setup() {
        program.secret("cms.pw", Program.PASSWORD);
        String text = program.run(
                        "setup",
                        "--issuer=" + program.issuer.issuer(),
                        "--scope=openid offline_access compute.read",
                        "--ca-file=" + program.file("ca.pem"),
                        "--pw-file=" + program.file("cms.pw"),
                        "cms")
                .out();
        Golden.hold(PICTURES.resolve("setup.svg"), Picture.of("osg-token-renewer-setup cms", installed(text)));
    }

    @Test
    void aLineIsWrappedAndMarkupIsText() {
        String svg = Picture.of("x", "a".repeat(85) + "\u001b[1;31m<b>\u001b[0m&");
        assertTrue(svg.contains(">" + "a".repeat(80) + "<") && svg.contains(">aaaaa<"), svg);
        assertTrue(svg.contains("fill=\"#ff6b6b\" font-weight=\"bold\">&lt;b&gt;<"), svg);
        assertThrows(AssertionError.class, () -> Picture.of("x", "\u001b[35mx"));
    }
}
