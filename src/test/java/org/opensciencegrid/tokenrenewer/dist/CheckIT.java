package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.cli.Program;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * A site with one fault of every kind that a command or a change of the password fixes. check must find each fault, and its repair
 * must fix it.
 */
class CheckIT {
    private static final int FAULTS = 15;
    private static final String GOOD = Program.PASSWORD;

    @TempDir
    Path directory;

    private final Set<String> fixed = new TreeSet<>();
    private Program program;

    @Test
    void everyRepairRepairs() throws Exception {
        try (Program site = new Program(directory)) {
            program = site;
            Installed installed = new Installed(directory);
            seed();
            installed.variables.put(
                    "CREDENTIALS_DIRECTORY", program.file("default").toString());
            Result found = installed.run("check", "--json");
            assertEquals(1, found.status(), found.out() + found.err());
            List<JsonObject> findings = findings(found.out()).stream()
                    .sorted(Comparator.comparing(CheckIT::isDear))
                    .toList();
            assertEquals(FAULTS, findings.size(), found.out());
            String printed = installed.run("check").out();
            assertTrue(
                    printed.lines().filter(line -> !line.contains("/")).allMatch(line -> line.length() <= 80), printed);
            for (JsonObject finding : findings) {
                List<String> command = finding.words("command");
                String line = command.isEmpty() ? changePassword(finding) : printedOf(command);
                assertTrue(
                        command.isEmpty() || printed.contains("\n         " + line + "\n"),
                        line + " is not a line of " + printed);
                run(installed, line);
                String left =
                        program.run("check", "--offline", "--json").out(); // in this process, because that is faster
                assertFalse(
                        findings(left).stream().anyMatch(one -> key(one).equals(key(finding))),
                        line + " does not repair it: " + left);
                fixed.add(finding.string("kind").orElseThrow());
            }
            assertEquals(FAULTS, fixed.size(), fixed + " are of fewer kinds");
            // The issuer's clock stood still, and the commands may have taken more than a minute.
            program.clock.advance(Duration.between(program.clock.instant(), Instant.now()));
            Result well = installed.run("check");
            assertEquals("No problems found.\n", well.out());
            assertEquals(0, well.status(), well.err());
            assertEquals(0, installed.run("renew").status());
        }
    }

    private static List<JsonObject> findings(String json) {
        return JsonObject.parse(json.strip()).orElseThrow().list("findings");
    }

    private static List<String> key(JsonObject finding) {
        return Stream.of("kind", "where", "account")
                .map(name -> finding.string(name).orElse(""))
                .toList();
    }

    /** These commands derive keys, which is slow. */
    private static boolean isDear(JsonObject finding) {
        return finding.string("advice").orElseThrow().contains("change-password --old-pw-file=COPY");
    }

    /** What a person does who follows the advice. */
    private static String changePassword(JsonObject finding) {
        assertTrue(isDear(finding), finding.toJson());
        String file = finding.string("where").orElseThrow();
        return "cp -p " + file + " " + file + ".copy && echo another good password > " + file
                + " && osg-token-renewer change-password "
                + finding.string("account").orElseThrow() + " --old-pw-file=" + file + ".copy";
    }

    /** The command as printed; none of these has a word that needs quotes. */
    private static String printedOf(List<String> command) {
        return command.get(0).equals("sh") ? command.get(2) : String.join(" ", command);
    }

    @Test
    void aDiskThatIsNearlyFull() throws Exception {
        Installed installed = new Installed(directory);
        String said = checkWithStateOn("tmpfs -o size=3m,mode=0700", installed, 1);
        assertTrue(said.contains("PROBLEM  " + installed.file("state")), said);
        assertTrue(said.contains("its file system has 3072 KiB left"), said);
    }

    @Test
    void aFileSystemThatReportsNoSizeIsNotFull() throws Exception {
        String said = checkWithStateOn("ramfs -o mode=0700", new Installed(directory), 0);
        assertFalse(said.contains("KiB left"), said);
    }

    /** Needs its own file system, and so root. */
    private static String checkWithStateOn(String fileSystem, Installed installed, int status) throws Exception {
        assumeTrue(System.getProperty("user.name").equals("root"), "only root mounts");
        installed.config("");
        Files.createDirectory(installed.file("state"));
        Result ended = installed.command(
                "unshare",
                "-m",
                "sh",
                "-c",
                "mount -t " + fileSystem + " none " + installed.file("state") + " || exit 77; exec "
                        + Installed.PROGRAM_WORD + " check --offline");
        String said = ended.out();
        assumeTrue(ended.status() != 77 && !said.contains("unshare failed"), said);
        assertEquals(status, ended.status(), said);
        return said;
    }

    private void seed() throws Exception {
        program.issuer.policy.interval = 0; // the issuer's clock does not advance
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
        // No section names its password file; this directory replaces /etc/osg/tokens.
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
        Files.move(account, account.resolveSibling("acct.account.next")); // as after a crash
        Files.write(account, old);
        program.config(config + "[token nowhere]\naccount = acct\ntoken_path = DIR/nowhere/token\n");
        program.mode("config.ini", "rw-r--rw-");
        program.mode("acct.pw", "rw-r--r--");
        program.mode("acct.token", "rw-r--r--");
        program.mode("open", "rwxr-xrwx");
        program.mode("state", "rwxr-xr-x");
    }

    private void account(String name, String password) {
        program.secret(name + ".pw", password);
        program.issuer.approveAutomatically(name);
        Result made = program.run(
                "setup",
                "--issuer=" + program.issuer.issuer(),
                "--scope=openid offline_access",
                "--ca-file=" + program.file("ca.pem"),
                "--pw-file=" + program.file(name + ".pw"),
                name);
        assertEquals(0, made.status(), made.err());
    }

    private void mode(String file, String mode) throws Exception {
        program.mode(file, mode);
    }

    private static void run(Installed installed, String command) throws Exception {
        String path = Installed.PROGRAM.getParent() + ":" + System.getenv("PATH");
        Result ended = installed.command("env", "PATH=" + path, "bash", "-c", command);
        assertEquals(0, ended.status(), command + "\n" + ended.out());
    }
}
