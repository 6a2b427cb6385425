package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs {@code status --watch} on a terminal that script(1) of util-linux provides. */
class WatchIT {
    private static final String OPEN = "\u001b[?1049h\u001b[?25l\u001b[?7l";
    private static final String CLOSE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
    private static final Path SCRIPT = Path.of("/usr/bin/script");

    @TempDir
    Path directory;

    private Process start(Installed installed, String variables, String arguments) throws IOException {
        assumeTrue(Files.isExecutable(SCRIPT), "needs script(1)");
        installed.config("");
        String program = Installed.PROGRAM_WORD;
        ProcessBuilder builder = new ProcessBuilder(
                        SCRIPT.toString(),
                        "-qfec",
                        "env --default-signal=INT " + variables + " " + program + " " + arguments,
                        directory.resolve("seen").toString())
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectErrorStream(true);
        builder.environment().putAll(installed.variables);
        builder.environment().put("TERM", "xterm");
        builder.environment().remove("NO_COLOR");
        return builder.start();
    }

    private String seen() throws IOException {
        Path seen = directory.resolve("seen");
        return Files.exists(seen) ? Files.readString(seen) : ""; // script(1) creates it when it starts
    }

    @Test
    void ctrlCEndsItAndTheScreenIsTheShellsAgain() throws Exception {
        Process process = start(new Installed(directory), "LC_ALL=C", "status --watch=1");
        try (OutputStream keys = process.getOutputStream()) {
            for (int i = 0; i < 900 && seen().split("Ctrl-C ends", -1).length < 3; i++) {
                Thread.sleep(100);
            }
            keys.write(3); // Ctrl-C
            keys.flush();
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "hangs");
        } finally {
            process.destroyForcibly();
        }
        String text = seen();
        assertEquals(130, process.exitValue(), text);
        assertTrue(text.contains(OPEN + "\u001b[1;1HNo tokens are configured"), text);
        assertTrue(text.lastIndexOf(CLOSE) > text.lastIndexOf("Ctrl-C ends"), text);
        assertFalse(text.substring(text.lastIndexOf(CLOSE)).contains("No tokens"), text);
    }

    @Test
    void colorsAreForTerminalsThatHaveThemAndPeopleWhoWantThem() throws Exception {
        assertTrue(shown("LC_ALL=C").contains("\u001b[33mwarning"), seen());
        assertFalse(shown("NO_COLOR=1").contains("\u001b"), seen());
        assertFalse(shown("TERM=dumb").contains("\u001b"), seen());
    }

    private String shown(String variables) throws Exception {
        Process process = start(new Installed(directory), variables, "check --offline");
        assertTrue(process.waitFor(90, TimeUnit.SECONDS), "hangs");
        assertTrue(seen().contains("no [token] section"), seen());
        return seen();
    }
}
