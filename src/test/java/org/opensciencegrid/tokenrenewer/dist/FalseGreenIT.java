package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.tokenrenewer.cli.Program;

/**
 * File systems on which no account can be saved: the run, its metrics, status and check must say so, and the suggested
 * command must fix it.
 */
class FalseGreenIT {
    /** What a shell does to the state directory $S. */
    enum Damage {
        READ_ONLY("remount,rw", "mount --bind $S $S && mount -o remount,bind,ro $S"),
        NO_INODES(
                "df -i",
                "cp -a $S $S.kept && mount -t tmpfs -o nr_inodes=40,mode=0700 none $S && cp -a $S.kept/. $S\n"
                        + "i=0; while touch $S/fill$i; do i=$((i + 1)); done"),
        FULL(
                "df -h",
                "cp -a $S $S.kept && mount -t tmpfs -o size=2m,mode=0700 none $S && cp -a $S.kept/. $S\n"
                        + "cat /dev/zero > $S/fill");

        private final String repair;
        private final String commands;

        Damage(String repair, String commands) {
            this.repair = repair;
            this.commands = commands;
        }
    }

    @TempDir
    Path directory;

    private Program program;
    private Installed installed;

    @BeforeEach
    void renewed() throws Exception {
        assumeTrue(System.getProperty("user.name").equals("root"), "only root mounts");
        program = new Program(directory);
        installed = new Installed(directory);
        program.issuer.policy.accessSeconds = 3600;
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.accountWith(Program.ONE);
        assertEquals(0, program.run("renew").status());
    }

    @AfterEach
    void close() {
        if (program != null) {
            program.close();
        }
    }

    /** Once with a spare directory on a tmpfs that keeps the run's result, and once without. */
    @ParameterizedTest
    @CsvSource({
        "READ_ONLY, true",
        "READ_ONLY, false",
        "NO_INODES, true",
        "NO_INODES, false",
        "FULL, true",
        "FULL, false"
    })
    void nothingSaysThatAllIsWell(Damage damage, boolean hasMemory) throws Exception {
        List<String> lines = new ArrayList<>(List.of("S=" + directory.resolve("state")));
        if (hasMemory) {
            Path run = Files.createDirectory(directory.resolve("run"));
            lines.add("mount -t tmpfs -o mode=0700 none " + run);
            installed.variables.put("RUNTIME_DIRECTORY", run.toString());
        }
        String ours = Installed.PROGRAM_WORD;
        lines.add("{ " + damage.commands + "; } 2> /dev/null");
        lines.add("echo ==renew; " + ours + " renew --force --metrics-file=" + directory.resolve("m.prom"));
        lines.add("echo status $?; echo ==status; " + ours + " status");
        lines.add("echo status $?; echo ==json; " + ours + " status --json");
        lines.add("echo status $?; echo ==check; " + ours + " check --offline");
        lines.add("echo status $?; echo ==end");
        String said = inNamespace(String.join("\n", lines));
        int requests = program.issuer.count("/token", "refresh_token");
        for (String command : List.of("renew", "status", "json", "check")) {
            String part =
                    said.substring(said.indexOf("==" + command), said.indexOf("==", said.indexOf("==" + command) + 2));
            assertTrue(part.endsWith("status 1\n"), said);
            if (!command.equals("json")) {
                assertTrue(part.replaceAll("\\s+", " ").contains(damage.repair), part);
            }
        }
        assertTrue(said.contains("\"level\":\"action\""), said);
        String metrics = program.read("m.prom");
        assertTrue(metrics.contains("osg_token_renewer_level 2\n"), metrics);
        assertTrue(metrics.contains("osg_token_renewer_account_level{account=\"acct\"} 2\n"), metrics);
        assertEquals(1, requests, "none in the namespace");
    }

    private String inNamespace(String script) throws Exception {
        Path file = directory.resolve("script");
        Files.writeString(file, script + "\n");
        String said = installed.command("unshare", "-m", "sh", file.toString()).out();
        assumeTrue(!said.contains("unshare failed"), said);
        return said;
    }
}
