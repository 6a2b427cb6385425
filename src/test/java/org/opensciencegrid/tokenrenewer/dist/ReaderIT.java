package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** A user who cannot read the service's files gets one message, with the command to use. */
class ReaderIT {
    private static final boolean IS_ROOT = System.getProperty("user.name").equals("root");

    @TempDir
    Path directory;

    private String said;

    @ParameterizedTest
    @ValueSource(strings = {"status", "status --json", "check --offline", "status --account=acct"})
    void isToldWhatToType(String command) throws Exception {
        Installed installed = site();
        assertEquals(2, run(installed, command), said);
        assertEquals(1, said.lines().count(), said);
        assertTrue(said.startsWith(installed.file("state") + ": permission denied for "), said);
        assertTrue(said.contains(". To fix: run this as root: ") && said.endsWith(" " + command + "\n"), said);
    }

    @Test
    void aConfigFileThatIsNotForAllIsToldTheSameWay() throws Exception {
        Installed installed = site();
        installed.mode("config.ini", IS_ROOT ? "rw-r-----" : "---------");
        assertEquals(2, run(installed, "status"), said);
        assertTrue(said.startsWith(installed.file("config.ini") + ": permission denied for "), said);
    }

    /** Replacing the file would give it to the user of setup, and the service could no longer read it. */
    @Test
    void aConfigFileOfSomebodyElseKeepsItsOwner() throws Exception {
        assumeTrue(IS_ROOT, "nobody here can be two users");
        Installed installed = new Installed(directory);
        try (EmbeddedIssuer issuer = installed.startIssuer()) {
            issuer.addClient(
                    "host:demo",
                    "s3cret",
                    "client_secret_basic",
                    List.of(Policy.CLIENT_CREDENTIALS),
                    List.of("read:/"));
            installed.write("secret", "s3cret\n");
            installed.config("# theirs\n");
            installed.mode("config.ini", "rw-rw-rw-");
            installed.mode("", "rwxrwxrwx");
            int status = run(
                    installed,
                    "setup --client-credentials --write-config --client-id=host:demo --issuer=" + issuer.issuer()
                            + " --client-secret-file=" + installed.file("secret") + " --ca-file="
                            + installed.file("ca.pem")
                            + " acct");
            assertEquals(1, status, said);
            assertTrue(said.contains(installed.file("config.ini") + " could not be written: "), said);
            assertTrue(said.contains("its owner and mode could not be kept\n"), said);
            assertTrue(said.contains("Add this to "), "to do it by hand: " + said);
            assertEquals("# theirs\n", installed.read("config.ini"));
            assertEquals("root", Files.getOwner(installed.file("config.ini")).getName());
        }
    }

    private Installed site() throws IOException {
        Installed installed = new Installed(directory);
        installed.config("");
        Files.createDirectories(installed.file("state"));
        installed.mode("state", IS_ROOT ? "rwx------" : "---------");
        installed.mode("", "rwxr-xr-x");
        return installed;
    }

    /** Runs as an unprivileged user if possible; otherwise removes our own permissions first. */
    private int run(Installed installed, String command) throws Exception {
        String program = Installed.PROGRAM_WORD;
        List<String> line = new ArrayList<>();
        if (IS_ROOT) {
            line.addAll(List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"));
            assumeTrue(ended(installed, line, "test -r " + program) == 0, "nobody may not come here");
        }
        return ended(installed, line, program + " " + command);
    }

    private int ended(Installed installed, List<String> as, String command) throws Exception {
        List<String> line = new ArrayList<>(as);
        line.addAll(List.of("bash", "-c", command));
        Result ended = installed.commandIn(Path.of("/"), line.toArray(String[]::new));
        said = ended.out();
        return ended.status();
    }
}
