package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * A copy of this machine on which the package is installed: its programs in /usr, its directories and its user. A shell
 * of root runs the command lines, exactly as a person would paste them.
 */
final class InstalledHost implements AutoCloseable {
    private static final Path SCRIPTS = Path.of("test", "resources", "root").toAbsolutePath();
    private static final String END = "-- end ";

    private final Process shell;
    private final BufferedReader said;

    InstalledHost() throws IOException {
        assumeTrue(System.getProperty("user.name").equals("root"), "only root has a machine of its own");
        for (String program : new String[] {"unshare", "setpriv", "setfacl"}) {
            assumeTrue(Files.isExecutable(Path.of("/usr/bin", program)), "no " + program);
        }
        shell = new ProcessBuilder(
                        "bash", SCRIPTS.resolve("machine").toString(), "env", "PATH=/usr/sbin:/usr/bin", "bash")
                .redirectErrorStream(true)
                .start();
        said = new BufferedReader(new InputStreamReader(shell.getInputStream(), StandardCharsets.UTF_8));
        Result mounted = run("mount -t overlay -o lowerdir=" + Installed.DIST.resolve("usr") + ":/usr overlay /usr"
                + " && mkdir -p /etc/systemd/system/multi-user.target.wants"
                + " && ln -s /usr/lib/systemd/system/osg-token-renewer.timer /etc/systemd/system/multi-user.target.wants/"
                + " && export OSG_TOKEN_RENEWER_JAVA_HOME=" + System.getProperty("java.home"));
        if (mounted.status() != 0) {
            close();
        }
        assumeTrue(mounted.status() == 0, mounted.out());
    }

    Result run(String line) throws IOException {
        return run(line, "");
    }

    /** Runs a command line with these lines as its standard input; each ends with a line feed. */
    Result run(String line, String answers) throws IOException {
        String text = "{ " + line + "\n} << 'ANSWERS'\n" + answers + "ANSWERS\nprintf '\\n" + END + "%s\\n' \"$?\"\n";
        shell.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        shell.getOutputStream().flush();
        StringBuilder out = new StringBuilder();
        String next = said.readLine();
        while (next != null && !next.startsWith(END)) {
            out.append(next).append('\n');
            next = said.readLine();
        }
        if (next != null && !out.isEmpty()) {
            out.setLength(out.length() - 1); // the line feed before the marker
        }
        return new Result(next == null ? 77 : Integer.parseInt(next.substring(END.length())), out.toString(), "");
    }

    /** Runs a command line that must succeed, and returns what it printed. */
    String must(String line) throws IOException {
        return must(line, "");
    }

    String must(String line, String answers) throws IOException {
        Result ended = run(line, answers);
        assertEquals(0, ended.status(), line + "\n" + ended.out());
        return ended.out();
    }

    @Override
    public void close() throws IOException {
        shell.getOutputStream().close();
        said.close();
        shell.destroy();
    }
}
