package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Runs the packaged program with a terminal, which script(1) provides, and without one. */
class RenewTerminalIT {
    private static final String LIVE = "account acct: renewing ...";

    @TempDir
    Path directory;

    private Installed installed;
    private EmbeddedIssuer issuer;

    @BeforeEach
    void setUp() throws InterruptedException {
        installed = new Installed(directory);
        issuer = installed.startIssuer();
        installed.variables.put("TERM", "xterm");
        installed.accountWith(Installed.ONE);
        Result setup = installed.run(installed.setupLine(issuer, "--scope=openid offline_access"));
        assertEquals(0, setup.status(), setup.err());
    }

    @AfterEach
    void stop() {
        issuer.close();
    }

    private String atATerminal(String command) throws IOException, InterruptedException {
        Result screen = installed.command("script", "-qec", command, "/dev/null");
        assertEquals(0, screen.status(), screen.out());
        return screen.out();
    }

    @Test
    void showsWhatItIsAtAndTakesItAway() throws Exception {
        String renew = Installed.PROGRAM_WORD + " renew";
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
        Result renew = installed.run("renew");
        assertEquals(0, renew.status());
        assertEquals("", renew.err());
        assertFalse(renew.out().contains("\u001b"), renew.out());
        assertTrue(renew.out().startsWith("token one: renewed"), renew.out());
        assertFalse(atATerminal(Installed.PROGRAM_WORD + " renew 2> " + installed.file("err"))
                .contains("\u001b"));
    }
}
