package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.cli.Program;
import org.opensciencegrid.tokenrenewer.dist.Installed.Ended;
import org.opensciencegrid.tokenrenewer.issuer.Policy;

/** A site with a fault of every kind that a command can repair: each is found, and the command that check names repairs it. */
class CheckIT {
    private static final int FAULTS = 15;
    private static final String GOOD = "correct horse battery staple";

    /** The first line of what is the matter, below the one that says where. */
    private static final Pattern WHAT = Pattern.compile("(?m)^(?:PROBLEM|warning)  .*\\n {9}(.*)");

    /** What is to be typed: the whole text, or what follows the alternative for a person. */
    private static final Pattern REPAIR = Pattern.compile(".* repair: (?:[^:]*\\b(?:or|or end it|then): )?(.*)");

    @TempDir
    Path directory;

    private Program program;

    @Test
    void everyRepairRepairs() throws Exception {
        try (Program site = new Program(directory)) {
            program = site;
            Installed installed = new Installed(directory);
            seed();
            installed.variables.put(
                    "CREDENTIALS_DIRECTORY", program.file("default").toString());
            Ended found = installed.run("check");
            assertEquals(1, found.status(), found.out() + found.err());
            List<String> repairs = unwrapped(found.out())
                    .lines()
                    .map(REPAIR::matcher)
                    .filter(Matcher::matches)
                    .map(repair -> repair.group(1))
                    .sorted(Comparator.comparing(repair -> repair.contains("change-password"))) // they make keys dear
                    .toList();
            assertEquals(FAULTS, repairs.size(), found.out());
            assertEquals(FAULTS, repairs.stream().distinct().count());
            assertEquals(
                    FAULTS,
                    WHAT.matcher(found.out())
                            .results()
                            .map(what -> what.group(1))
                            .distinct()
                            .count(),
                    "the same finding twice: " + found.out());
            assertTrue(
                    found.out().lines().filter(line -> !line.contains("/")).allMatch(line -> line.length() <= 80),
                    found.out());
            for (String repair : repairs) {
                run(installed, repair);
                String left = unwrapped(program.run("check", "--offline").out()); // in this process, as it is faster
                assertFalse(left.contains(repair), repair + " does not repair it: " + left);
            }
            Ended well = installed.run("check");
            assertEquals("Nothing found: all is well.\n", well.out());
            assertEquals(0, well.status(), well.err());
            assertEquals(0, installed.run("renew").status());
        }
    }

    /** One line for each finding. */
    private static String unwrapped(String text) {
        return text.replaceAll("\\n {9}(?=\\S)", " ");
    }

    /** Needs a file system of its own, and so root. */
    @Test
    void aDiskThatIsNearlyFull() throws Exception {
        assumeTrue(System.getProperty("user.name").equals("root"), "only root mounts");
        Installed installed = new Installed(directory);
        installed.write("config.ini", "");
        Files.createDirectory(installed.file("state"));
        ProcessBuilder builder = new ProcessBuilder(
                        "unshare",
                        "-m",
                        "sh",
                        "-c",
                        "mount -t tmpfs -o size=3m,mode=0700 tmpfs " + installed.file("state") + " || exit 77; exec "
                                + Installed.DIST.resolve("usr/bin/osg-token-renewer") + " check --offline")
                .redirectErrorStream(true);
        builder.environment().putAll(installed.variables);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assumeTrue(process.exitValue() != 77 && !said.contains("unshare failed"), said);
        assertTrue(said.contains("PROBLEM  " + installed.file("state")), said);
        assertTrue(said.contains("its file system has 3072 KiB left"), said);
        assertEquals(1, process.exitValue());
    }

    private void seed() throws Exception {
        program.issuer.policy.interval = 0; // the issuer's clock stands
        program.issuer.addClient(
                "client", "s3cret", "client_secret_basic", List.of(Policy.CLIENT_CREDENTIALS), List.of("read:/"));
        account("dead", GOOD);
        program.config("[account dead]\npassword_file = DIR/dead.pw\n[token of-dead]\naccount = dead\n"
                + "token_path = DIR/dead.token\n");
        program.issuer.revokeAll();
        assertEquals(1, program.run("renew").status());
        account("windows", GOOD + "\r");
        account("bom", "\ufeff" + GOOD);
        account("blanks", " " + GOOD);
        account("short", "short");
        account("lines", GOOD);
        account("stranger", GOOD);
        account("acct", GOOD);
        // No section names its password file; this stands for /etc/osg/tokens.
        Files.createDirectory(program.file("default"));
        program.secret("default/stranger.pw", GOOD);
        program.write("lines.pw", GOOD + "\nanother line\n");
        StringBuilder config = new StringBuilder("[account client]\ntoken_request_url = " + program.issuer.base()
                + "/token\nclient_id = client\nclient_secret = s3cret\nca_file = DIR/ca.pem\n");
        for (String name : List.of("windows", "bom", "blanks", "short", "lines", "dead", "acct")) {
            config.append("[account " + name + "]\npassword_file = DIR/" + name + ".pw\n");
            config.append("[token of-" + name + "]\naccount = " + name + "\ntoken_path = DIR/" + name + ".token\n");
        }
        config.append("[token of-client]\naccount = client\ntoken_path = DIR/open/client.token\n");
        Files.createDirectories(program.file("open"));
        program.config(config.toString());
        byte[] old = Files.readAllBytes(program.file("state/accounts/acct.account"));
        assertEquals(1, program.run("renew").status());
        Path account = program.file("state/accounts/acct.account");
        Files.move(account, account.resolveSibling("acct.account.next")); // as a crash leaves it
        Files.write(account, old);
        program.config(config + "[token nowhere]\naccount = acct\ntoken_path = DIR/nowhere/token\n");
        mode("config.ini", "rw-r--rw-");
        mode("acct.pw", "rw-r--r--");
        mode("acct.token", "rw-r--r--");
        mode("open", "rwxr-xrwx");
        mode("state", "rwxr-xr-x");
    }

    private void account(String name, String password) {
        program.secret(name + ".pw", password);
        program.issuer.approveAutomatically(name);
        Program.Result made = program.run(
                "setup",
                "--issuer=" + program.issuer.issuer(),
                "--scope=openid offline_access",
                "--ca-file=" + program.file("ca.pem"),
                "--pw-file=" + program.file(name + ".pw"),
                name);
        assertEquals(0, made.status(), made.err());
    }

    private void mode(String file, String mode) throws Exception {
        Files.setPosixFilePermissions(program.file(file), PosixFilePermissions.fromString(mode));
    }

    private static void run(Installed installed, String command) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("bash", "-c", command).redirectErrorStream(true);
        builder.redirectInput(Path.of("/dev/null").toFile());
        builder.environment().putAll(installed.variables);
        builder.environment()
                .merge("PATH", Installed.DIST.resolve("usr/bin").toString(), (path, ours) -> ours + ":" + path);
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(0, process.exitValue(), command + "\n" + said);
    }
}
