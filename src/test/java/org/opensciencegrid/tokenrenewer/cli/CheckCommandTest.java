package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Findings of {@code check} that no command fixes; CheckIT has the others. */
@Tag("slow")
class CheckCommandTest extends WithProgram {
    private static final String TOKEN = Program.ONE;

    @BeforeEach
    void goodSite() {
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.accountWith(TOKEN);
        assertEquals(0, program.run("renew").status());
    }

    @Test
    void aGoodSiteHasNothingAndIsNotTouched() throws IOException {
        TreeMap<String, String> before = files();
        int tokens = program.issuer.count("/token");
        Result result = program.run("check");
        assertEquals("No problems found.\n", result.out(), result.err());
        assertEquals(0, result.status());
        TreeMap<String, String> after = files();
        String accounts = program.file("state/accounts").toString();
        after.put(accounts, before.get(accounts)); // check tried to create a file there
        assertEquals(before, after);
        assertEquals(tokens, program.issuer.count("/token"));
        assertTrue(program.issuer.violations().isEmpty());
        assertEquals(
                "{\"schema\":1,\"problems\":0,\"findings\":[]}\n",
                program.run("check", "--json").out());
    }

    @Test
    void offlineLeavesTheIssuerAlone() {
        program.issuer.close();
        assertEquals(0, program.run("check", "--offline").status());
        assertEquals(0, program.run("check").status(), "an issuer that is down for a while is a warning");
        assertTrue(program.run("check").out().startsWith("warning"));
    }

    /**
     * @param spoil makes the fault
     * @param status the exit status
     * @param words that the output must have
     */
    record Case(String name, Consumer<Program> spoil, int status, String... words) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> cases() {
        return List.of(
                new Case("broken config", p -> p.config("[token]\nx"), 1, "config.ini:", "are not renewed until"),
                new Case("no config", p -> delete(p, "config.ini"), 1, "no such file"),
                new Case("no tokens", p -> p.config(""), 1, "no [token] section", "was renewed until now"),
                new Case(
                        "unused account",
                        p -> p.accountWith(TOKEN + "[account spare]\npassword_file = DIR/acct.pw\n"),
                        0,
                        "[account spare]"),
                new Case(
                        "comma in audience",
                        p -> p.accountWith(TOKEN + "audience = a,b\n"),
                        0,
                        "comma",
                        "config.ini:6"),
                new Case(
                        "two tokens on one path",
                        p -> p.accountWith(TOKEN + "[token two]\naccount = acct\ntoken_path = DIR/one.token\n"),
                        0,
                        "also that of [token one]"),
                new Case(
                        "percent in a value",
                        p -> p.accountWith("[token one]\naccount = acct\ntoken_path = DIR/50%.token\n"),
                        1,
                        "'%'",
                        "config.ini:5"),
                new Case(
                        "relative token_path",
                        p -> p.accountWith("[token one]\naccount = acct\ntoken_path = one.token\n"),
                        1,
                        "is not an absolute path"),
                new Case("password file missing", p -> delete(p, "acct.pw"), 1, "acct.pw", "restore it from a backup"),
                new Case("wrong password", p -> p.secret("acct.pw", "another password"), 1, "change-password"),
                new Case("account not set up", p -> delete(p, "state/accounts/acct.account"), 1, "setup acct"),
                new Case("account damaged", p -> p.write("state/accounts/acct.account", "x"), 1, "damaged"),
                new Case("token_path is a directory", CheckCommandTest::directoryInstead, 1, "is a directory"),
                new Case("issuer's certificate", p -> new TestCa().writeCaPem(p.file("ca.pem")), 1, "TLS", "ca_file"),
                new Case("issuer in trouble", CheckCommandTest::trouble, 0, "503", "the next run retries"),
                new Case(
                        "another issuer there",
                        p -> p.issuer.fault(Fault.on("/.well-known/openid-configuration")
                                .always()
                                .respond(200, "application/json", "{\"issuer\":\"https://evil.example.org\"}")),
                        1,
                        "describes the issuer"),
                new Case(
                        "long token",
                        p -> p.write("one.token", "x".repeat(16_381) + "\n"),
                        0,
                        "16381 bytes",
                        "HTCondor"),
                new Case(
                        "token from the future",
                        p -> p.clock.advance(java.time.Duration.ofHours(-2)),
                        1,
                        "issued in the future",
                        "set this machine's clock"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void finds(Case spoilt) {
        spoilt.spoil().accept(program);
        Result result = program.run("check");
        String unwrapped = result.out().replaceAll("\\s+", " ");
        for (String words : spoilt.words()) {
            assertTrue(unwrapped.contains(words), result.out());
        }
        assertEquals(spoilt.status(), result.status(), result.out());
        assertEquals("", result.err());
    }

    /** A lost password: the command that check suggests, exactly as printed, must make the account usable again. */
    @Test
    void aLostPasswordIsRepairedByASetupWithANewOne() throws Exception {
        delete(program, "acct.pw");
        String out = program.run("check", "--offline").out();
        String said = out.lines()
                .map(String::strip)
                .filter(line -> line.startsWith("(set -C"))
                .findFirst()
                .orElseThrow();
        String[] commands = said.split(" && ");
        assertEquals(0, new ProcessBuilder("sh", "-c", commands[0]).start().waitFor());
        assertEquals(1, program.run("renew", "--force").status(), "a new password alone opens nothing");
        assertEquals(1, program.setup("--reauthenticate").status(), "nor does it for setup");
        String setup = "osg-token-renewer --config=" + program.file("config.ini") + " --state-dir="
                + program.file("state") + " setup acct";
        assertEquals(setup, commands[1]);
        String answers = program.issuer.issuer() + "\nopenid offline_access\n";
        List<String> typed = new ArrayList<>(List.of(setup.split(" ")).subList(1, setup.split(" ").length));
        typed.add("--ca-file=" + program.file("ca.pem")); // for the test's issuer
        assertEquals(0, program.answer(answers, typed.toArray(String[]::new)).status());
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("check").status());
    }

    /** If only the account file names the CA, the certificate of an unknown CA is no fault. */
    @Test
    void theIssuerOfAnAccountThatDoesNotOpenIsLookedAtOnlyWithTheCaOfTheSection() {
        delete(program, "acct.pw");
        String without = program.run("check").out();
        assertTrue(without.contains("the issuer was not checked, because account acct could not be opened"), without);
        assertTrue(without.endsWith("1 problem, 1 warning.\n"), without);
        assertFalse(program.run("check", "--offline").out().contains("not looked at"));
        program.accountWith("ca_file = DIR/ca.pem\n" + TOKEN);
        String with = program.run("check").out();
        assertTrue(with.endsWith("1 problem, 0 warnings.\n"), with);
        new TestCa().writeCaPem(program.file("ca.pem"));
        assertTrue(program.run("check").out().contains("TLS"));
    }

    @Test
    void anEarlierRefusalIsToldUntilItHealsAndAnOldTroubleIsNot() {
        program.issuer.revokeAll();
        assertEquals(1, program.run("renew").status());
        assertTrue(program.run("check", "--offline").out().contains("--reauthenticate acct"));
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        assertEquals(0, program.run("renew").status());
        assertFalse(program.run("check", "--offline").out().contains("reauthenticate"));
    }

    private static void directoryInstead(Program program) {
        delete(program, "one.token");
        try {
            Files.createDirectory(program.file("one.token"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void trouble(Program program) {
        program.issuer.fault(
                Fault.on("/.well-known/openid-configuration").always().respond(503, "text/plain", "no"));
    }

    private static void delete(Program program, String file) {
        try {
            Files.delete(program.file(file));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private TreeMap<String, String> files() throws IOException {
        TreeMap<String, String> files = new TreeMap<>();
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path file : all.toList()) {
                files.put(
                        file.toString(),
                        Files.getLastModifiedTime(file) + (Files.isRegularFile(file) ? Files.readString(file) : ""));
            }
        }
        return files;
    }
}
