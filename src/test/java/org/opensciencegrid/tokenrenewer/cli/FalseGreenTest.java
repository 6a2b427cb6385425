package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Hosts whose tokens are no longer renewed: no command may report that everything is OK. FalseGreenIT has the cases
 * that need a mount.
 */
class FalseGreenTest extends WithProgram {
    private static final String SECTIONS = """
            [account acct]
            password_file = DIR/acct.pw
            [token one]
            account = acct
            token_path = DIR/one.token
            """;
    private static final Path DEFAULT = Path.of("main/dist/etc/osg/token-renewer/config.ini");

    /** What happened to the config file. */
    enum Config {
        EMPTY,
        CUT,
        DEFAULT_PUT_BACK,
        RPMSAVE_BESIDE,
        EDITORS_COPY_BESIDE
    }

    @BeforeEach
    void renewed() {
        program.issuer.policy.accessSeconds = 3600;
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.config(SECTIONS);
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("status").status());
    }

    @ParameterizedTest
    @EnumSource
    void aConfigFileThatNamesNobodyAnyMore(Config config) throws IOException {
        Path copy = spoil(config);
        Result renew = program.run("renew", "--metrics-file=" + program.file("m.prom"));
        assertEquals(2, renew.status(), renew.err());
        assertTrue(renew.err().contains("account acct was last renewed"), renew.err());
        Result status = program.run("status");
        assertEquals(1, status.status());
        assertTrue(status.out().contains("ACTION  account acct was last renewed"), status.out());
        assertTrue(program.run("status", "--json").out().contains("\"level\":\"action\""));
        String metrics = program.read("m.prom");
        assertTrue(metrics.contains("osg_token_renewer_forgotten_accounts 1\n"), metrics);
        assertTrue(metrics.contains("osg_token_renewer_level 2\n"), metrics);
        Result check = program.run("check", "--offline");
        assertEquals(1, check.status(), check.out());
        String found = check.out().replaceAll("\\s+", " ");
        assertTrue(found.contains("account acct was renewed until now"), found);
        assertFalse(found.contains("remove --revoke"), found);
        String first = copy == null ? "restore its sections in" : copy + " still has its sections";
        for (String said : new String[] {renew.err(), status.out(), check.out()}) {
            String words = said.replaceAll("\\s+", " ");
            assertFalse(words.contains(" remove acct"), words);
            assertTrue(
                    words.indexOf(first) >= 0 && words.indexOf(first) < words.indexOf("remove the account only if"),
                    words);
        }
        program.config(SECTIONS);
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("status").status());
    }

    private Path spoil(Config config) throws IOException {
        Path file = program.file("config.ini");
        switch (config) {
            case EMPTY -> program.config("");
            case CUT -> program.config(SECTIONS.substring(0, SECTIONS.indexOf("[token")));
            case DEFAULT_PUT_BACK -> program.config(Files.readString(DEFAULT));
            case RPMSAVE_BESIDE, EDITORS_COPY_BESIDE -> {
                Path copy = program.file(config == Config.RPMSAVE_BESIDE ? "config.ini.rpmsave" : "config.ini~");
                Files.move(file, copy);
                program.config(Files.readString(DEFAULT));
                return copy;
            }
            default -> throw new AssertionError(config);
        }
        return null;
    }

    @ParameterizedTest
    @ValueSource(strings = {"[token one\n", "MISSING"})
    void aConfigFileThatCannotBeRead(String text) throws IOException {
        assertEquals(
                0,
                program.run("renew", "--metrics-file=" + program.file("m.prom")).status());
        assertTrue(program.read("m.prom").contains("osg_token_renewer_level 0\n"));
        program.config(text);
        if (text.equals("MISSING")) {
            Files.delete(program.file("config.ini"));
        }
        assertEquals(
                2,
                program.run("renew", "--metrics-file=" + program.file("m.prom")).status());
        assertTrue(program.read("m.prom").contains("osg_token_renewer_level 2\n"));
        assertEquals(2, program.run("status").status());
        assertEquals(1, program.run("check", "--offline").status());
    }

    /** The run cannot even take the lock, so it cannot write the state either. */
    @Test
    void anAccountThatCannotBeLocked() throws IOException {
        Path lock = program.file("state/accounts/acct.account.lock");
        Files.move(lock, program.file("lock"));
        Files.createDirectory(lock);
        assertEquals(1, program.run("renew").status());
        assertEquals(1, program.run("status").status());
        Files.delete(lock);
        Files.move(program.file("lock"), lock);
        Result check = program.run("check", "--offline");
        assertEquals(0, check.status(), "it was corrected: " + check.out());
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("status").status());
    }

    /** The other accounts are renewed, so the run itself succeeded. */
    @Test
    void oneAccountOfTwo() {
        program.issuer.policy.refreshLife = Duration.ofDays(90);
        program.secret("b.pw", Program.PASSWORD);
        program.config(SECTIONS + SECTIONS.replace("acct", "b").replace("one", "two"));
        assertEquals(
                0,
                program.run(
                                "setup",
                                "--issuer=" + program.issuer.issuer(),
                                "--ca-file=" + program.file("ca.pem"),
                                "--pw-file=" + program.file("b.pw"),
                                "--scope=openid offline_access",
                                "b")
                        .status());
        assertEquals(0, program.run("renew").status());
        program.config(SECTIONS);
        Result renew = program.run("renew");
        assertEquals(0, renew.status(), renew.err());
        assertTrue(renew.err().contains("account b was last renewed"), renew.err());
        assertEquals(1, program.run("status").status());
        assertEquals(1, program.run("check", "--offline").status());

        program.clock.advance(Duration.ofDays(31)); // not reported any more: the admin may have removed it on purpose
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("status").status());
        program.config("");
        assertEquals(2, program.run("renew").status(), "however long ago");
        assertEquals(1, program.run("status").status());
    }

    /** Without its section, the token expires. Its file tells a lost section from one that was removed on purpose. */
    @Test
    void oneTokenOfTwo() throws IOException {
        program.config(SECTIONS + "[token two]\naccount = acct\ntoken_path = DIR/two.token\n");
        assertEquals(0, program.run("renew").status());
        program.config(SECTIONS + "[token renamed]\naccount = acct\ntoken_path = DIR/two.token\n");
        assertEquals(0, program.run("renew").status());
        assertFalse(program.run("status").out().contains("no section"), "its file is renewed");
        program.config(SECTIONS);
        Result status = program.run("status");
        assertEquals(0, status.status(), status.out());
        String said = status.out().replaceAll("\\s+", " ");
        assertTrue(said.contains("warning token renamed: it was renewed until now"), status.out());
        assertTrue(said.contains("if you removed it on purpose, delete " + program.file("two.token")), status.out());
        Result check = program.run("check", "--offline");
        assertEquals(0, check.status());
        assertTrue(check.out().contains("token renamed was renewed until now"), check.out());
        assertTrue(program.run("status", "--json").out().contains("\"level\":\"warning\""));
        program.config(SECTIONS + "[token three]\naccount = acct\ntoken_path = DIR/three.token\n");
        assertEquals(0, program.run("renew").status());
        program.config(SECTIONS);
        assertTrue(
                program.run("status").out().contains("tokens renamed, three: it was renewed until now"),
                program.run("status").out());
        Files.delete(program.file("three.token"));
        Files.delete(program.file("two.token"));
        assertFalse(program.run("status").out().contains("warning"));
        assertEquals("No problems found.\n", program.run("check", "--offline").out());
    }

    /** It has no account file, so nothing is lost. Lost sections are reported all the same. */
    @Test
    void anAccountOfClientCredentialsThatWasRenamed() {
        program.issuer.addClient(
                "client", "s3cret", "client_secret_basic", List.of(Policy.CLIENT_CREDENTIALS), List.of("read:/"));
        String robot = "[account robot]\ntoken_request_url = " + program.issuer.base()
                + "/token\nclient_id = client\nclient_secret = s3cret\nca_file = DIR/ca.pem\n"
                + "[token r]\naccount = robot\ntoken_path = DIR/r.token\n";
        program.config(SECTIONS + robot);
        assertEquals(0, program.run("renew").status());
        program.config(SECTIONS + robot.replace("robot", "machine"));
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("status").status(), program.run("status").out());
        program.config(SECTIONS); // the end of the file was lost
        Result lost = program.run("status");
        assertEquals(1, lost.status(), lost.out());
        assertTrue(lost.out().replaceAll("\\s+", " ").contains("account machine was last renewed"), lost.out());
        program.config("");
        assertEquals(2, program.run("renew").status());
        String status = program.run("status").out();
        assertTrue(status.contains("account machine was last renewed"), status);
    }

    @Test
    void anAccountThatNoTokenWasEverRenewedOf() {
        program.config("");
        assertEquals(0, program.run("remove", "acct").status());
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        assertEquals(0, program.run("renew").status(), "the sections come in a moment");
        assertEquals(0, program.run("status").status());
    }

    /** What happened to the state directory, and to the host's record of it. */
    enum Copy {
        ON_A_HOST_WITH_THIS_MACHINE_ID,
        OF_A_WHOLE_HOST,
        RESTORED_IN_PLACE,
        RESTORED_AFTER_ALL_WAS_LOST,
        WITHOUT_ANY_MEMORY
    }

    @ParameterizedTest
    @EnumSource
    void aCopyOfTheState(Copy copy) throws Exception {
        if (copy != Copy.WITHOUT_ANY_MEMORY) {
            Files.createDirectory(program.file("memory"));
            program.variables.put("CACHE_DIRECTORY", program.file("memory").toString());
        }
        assertEquals(0, program.run("renew").status());
        sh("cp -a state yesterday && cp -a memory yesterdays-memory; true");
        if (copy != Copy.OF_A_WHOLE_HOST) {
            assertEquals(0, program.run("renew").status());
        }
        switch (copy) {
            case ON_A_HOST_WITH_THIS_MACHINE_ID -> {
                program.variables.put(
                        "OSG_TOKEN_RENEWER_STATE_DIR", program.file("yesterday").toString());
                program.variables.put(
                        "CACHE_DIRECTORY",
                        Files.createDirectory(program.file("another")).toString());
            }
            case OF_A_WHOLE_HOST -> {
                program.variables.put(
                        "OSG_TOKEN_RENEWER_STATE_DIR", program.file("yesterday").toString());
                program.variables.put(
                        "CACHE_DIRECTORY", program.file("yesterdays-memory").toString());
            }
            case RESTORED_IN_PLACE -> sh("cp -a yesterday/. state/");
            case RESTORED_AFTER_ALL_WAS_LOST, WITHOUT_ANY_MEMORY -> sh("rm -rf state && mv yesterday state");
            default -> throw new AssertionError(copy);
        }
        int requests = program.issuer.count("/token");
        assertEquals(1, program.run("check", "--offline").status());
        if (copy == Copy.RESTORED_IN_PLACE) {
            Path seen = program.file("memory/acct.generation");
            assertTrue(program.run("renew", "--dry-run").err().contains("see " + seen), "seen without the password");
            assertEquals(1, program.run("status").status());
        }
        Result renew = program.run("renew", "--metrics-file=" + program.file("m.prom"));
        assertEquals(1, renew.status());
        assertTrue(renew.err().contains("restored from a backup or a copy of another host?"), renew.err());
        assertTrue(renew.err().contains("renew --force"), renew.err());
        assertEquals(requests, program.issuer.count("/token"), "nothing is asked");
        Result status = program.run("status");
        assertEquals(1, status.status(), status.out());
        assertTrue(program.read("m.prom").contains("osg_token_renewer_level 2\n"));
        assertEquals(
                0,
                program.setup("--scope=openid offline_access", "--reauthenticate")
                        .status());
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("status").status());
        assertEquals(0, program.run("check", "--offline").status());
        assertEquals(0, program.issuer.reuses());
    }

    /** After a reinstall with the old state directory, one command fixes the account. */
    @Test
    void aStateThatWasMoved() throws Exception {
        program.variables.put(
                "CACHE_DIRECTORY", Files.createDirectory(program.file("memory")).toString());
        assertEquals(0, program.run("renew").status());
        sh("cp -a state moved && rm -rf state memory/* && mv moved state");
        assertEquals(1, program.run("renew").status());
        assertEquals(0, program.run("renew", "--force").status());
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("status").status());
        assertEquals(0, program.run("check", "--offline").status());
        assertEquals(0, program.issuer.reuses());
    }

    /** A copy to a new file system can get the same inodes. Here the ctime of the lock file changes as in a copy. */
    @Test
    void aCopyWithTheSameInodes() throws Exception {
        assumeTrue(Files.exists(Path.of("/etc/machine-id")), "this machine has no id");
        program.variables.put(
                "CACHE_DIRECTORY", Files.createDirectory(program.file("memory")).toString());
        assertEquals(0, program.run("renew").status());
        sh("chmod 644 state/accounts/acct.account.lock && chmod 600 state/accounts/acct.account.lock");
        assertEquals(0, program.run("renew").status(), "this host knows the account");
        sh("chmod 644 state/accounts/acct.account.lock && chmod 600 state/accounts/acct.account.lock");
        program.variables.put(
                "CACHE_DIRECTORY",
                Files.createDirectory(program.file("another")).toString());
        Result renew = program.run("renew");
        assertEquals(1, renew.status());
        assertTrue(renew.err().contains("a copy of another host?"), renew.err());
    }

    /** The counterpart: without a copy, everything is reported as OK. */
    @Test
    void aHealthyHost() throws Exception {
        Path memory = Files.createDirectory(program.file("memory"));
        program.variables.put("CACHE_DIRECTORY", memory.toString());
        assertEquals(0, program.run("renew").status(), "after an upgrade from a version without memory");
        sh("rm -rf memory/*");
        assertEquals(0, program.run("renew").status(), "after the cache was cleaned, or in a new container");
        program.variables.put("RUNTIME_DIRECTORY", program.file("run").toString());
        assertEquals(0, program.run("renew").status(), "after a reboot");
        sh("cp -a state moved && rm -rf state && mv moved state");
        assertEquals(0, program.run("renew").status(), "on another disk of the same host");
        assertEquals(0, program.run("status").status());
        assertEquals(0, program.run("check", "--offline").status());
        program.issuer.policy.rotate = false;
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        assertEquals(0, program.run("renew").status());
        sh("cp -a state elsewhere");
        program.variables.put(
                "OSG_TOKEN_RENEWER_STATE_DIR", program.file("elsewhere").toString());
        program.variables.put(
                "CACHE_DIRECTORY",
                Files.createDirectory(program.file("another")).toString());
        Result copied = program.run("renew");
        assertEquals(0, copied.status(), "two hosts may use a refresh token that is not rotated");
        assertTrue(copied.err().contains("was saved on another host before"), copied.err());
    }

    @Test
    void aDropInThatAddsDirectories() throws Exception {
        Path memory = Files.createDirectory(program.file("memory"));
        program.variables.put("CACHE_DIRECTORY", memory + ":" + program.file("other"));
        program.variables.put("RUNTIME_DIRECTORY", program.file("run") + ":" + program.file("other"));
        assertEquals(0, program.run("renew", "--force").status());
        assertTrue(Files.exists(memory.resolve("acct.generation")));
        Environment environment = program.environment("", System.out, System.err);
        environment.variables().put("CACHE_DIRECTORY", "/var/cache/a:/var/cache/osg-token-renewer/host");
        Path ours = Path.of("/var/cache/osg-token-renewer/host");
        assertEquals(ours, environment.directory("CACHE_DIRECTORY", ours).orElseThrow());
    }

    private void sh(String command) throws Exception {
        Process process = new ProcessBuilder("sh", "-c", command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
    }
}
