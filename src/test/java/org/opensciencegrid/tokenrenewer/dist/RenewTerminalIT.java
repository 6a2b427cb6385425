package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.dist.Installed.Ended;

/** Runs the packaged program with a terminal, which script(1) provides, and without one. */
class RenewTerminalIT {
    private static final String LIVE = "account acct: renewing ...";

    @TempDir
    Path directory;

    private Installed installed;
    private EmbeddedIssuer issuer;

    @BeforeEach
    void setUp() throws InterruptedException {
        TestCa ca = new TestCa();
        issuer = EmbeddedIssuer.start(ca);
        issuer.policy.interval = 1;
        issuer.approveAutomatically("alice");
        installed = new Installed(directory);
        installed.variables.put("TERM", "xterm");
        ca.writeCaPem(installed.file("ca.pem"));
        installed.write(
                "config.ini",
                "[account acct]\npassword_file = " + installed.file("acct.pw") + "\n[token one]\naccount = acct\n"
                        + "token_path = " + installed.file("one.token") + "\n");
        Ended setup = installed.run(
                "setup",
                "--issuer=" + issuer.issuer(),
                "--ca-file=" + installed.file("ca.pem"),
                "--pw-file=" + installed.file("acct.pw"),
                "--scope=openid offline_access",
                "acct");
        assertEquals(0, setup.status(), setup.err());
    }

    @AfterEach
    void stop() {
        issuer.close();
    }

    private String atATerminal(String command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("script", "-qec", command, "/dev/null")
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile());
        builder.environment().putAll(installed.variables);
        Process process = builder.start();
        String screen = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(90, TimeUnit.SECONDS), screen);
        assertEquals(0, process.exitValue(), screen);
        return screen;
    }

    @Test
    void showsWhatItIsAtAndTakesItAway() throws Exception {
        String renew = Installed.DIST.resolve("usr/bin/osg-token-renewer") + " renew";
        String screen = atATerminal(renew);
        int live = screen.indexOf(LIVE);
        int cleared = screen.lastIndexOf("\u001b[2F\u001b[J");
        int renewed = screen.indexOf("token one: renewed");
        assertTrue(live >= 0 && live < cleared && cleared < renewed, screen);

        String onlyErrors = atATerminal(renew + " > " + installed.file("out"));
        assertTrue(onlyErrors.contains(LIVE), onlyErrors);
    }

    @Test
    void isQuietElsewhere() throws Exception {
        Ended renew = installed.run("renew");
        assertEquals(0, renew.status());
        assertEquals("", renew.err());
        assertFalse(renew.out().contains("\u001b"), renew.out());
        assertTrue(renew.out().startsWith("token one: renewed"), renew.out());
        assertFalse(
                atATerminal(Installed.DIST.resolve("usr/bin/osg-token-renewer") + " renew 2> " + installed.file("err"))
                        .contains("\u001b"));
    }
}
