package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Bad input gets one line with what, where and the command that fixes it, and the right exit status; no data is lost.
 */
@Tag("slow")
class BadInputTest extends WithProgram {
    private static final String TOKENS = """
            [token bad]
            account = acct
            token_path = DIR/bad.token
            [token good]
            account = other
            token_path = DIR/good.token
            """;

    @BeforeEach
    void twoAccounts() {
        program.setup("--scope=openid offline_access");
        program.issuer.addClient(
                "other", "other-secret", "client_secret_basic", List.of(Policy.CLIENT_CREDENTIALS), List.of("read:/"));
        program.config("[account acct]\npassword_file = DIR/acct.pw\n[account other]\ntoken_request_url = "
                + program.issuer.base()
                + "/token\nclient_id = other\nclient_secret = other-secret\nca_file = DIR/ca.pem\n"
                + TOKENS);
        program.write("bad.token", "old\n");
    }

    /** A misspelled --state-dir, or a disk that is not mounted. */
    @Test
    void aStateDirectoryInAMissingDirectoryIsNamed() {
        program.variables.put(
                "OSG_TOKEN_RENEWER_STATE_DIR", program.file("none/state").toString());
        Result renew = program.run("renew");
        assertEquals(1, renew.status());
        assertTrue(
                renew.err()
                        .contains("correct --state-dir or OSG_TOKEN_RENEWER_STATE_DIR, or create the directory:"
                                + " install -d -m 700 " + program.file("none/state")),
                renew.err());
        Result remove = program.run("remove", "acct");
        assertTrue(
                remove.err()
                        .contains(
                                program.file("none/state/accounts/acct.account").toString()),
                remove.err());
    }

    /**
     * @param name what is wrong
     * @param spoil makes the mistake
     * @param words that the line must have
     */
    record Case(String name, Consumer<Program> spoil, String... words) {
        @Override
        public String toString() {
            return name;
        }
    }

    static List<Case> failures() {
        return List.of(
                new Case("missing password file", p -> delete(p, "acct.pw"), "acct.pw", "restore it from a backup"),
                new Case(
                        "empty password file",
                        p -> p.secret("acct.pw", ""),
                        "acct.pw",
                        "the first line of a regular file"),
                new Case(
                        "binary password file",
                        p -> p.secret("acct.pw", "a\0b"),
                        "acct.pw",
                        "the first line of a regular file"),
                new Case(
                        "wrong password",
                        p -> p.secret("acct.pw", "another"),
                        "does not hold the password",
                        "setup acct"),
                new Case("damaged account file", p -> flip(p, "state/accounts/acct.account"), "damaged", "setup acct"),
                new Case(
                        "account file of another account",
                        p -> p.write(
                                "state/accounts/acct.account",
                                resealed(p.read("state/accounts/acct.account")
                                        .replace("account: acct", "account: xxxx"))),
                        "another account",
                        "setup acct"),
                new Case(
                        "account not set up",
                        p -> delete(p, "state/accounts/acct.account"),
                        "not set up",
                        "setup acct"),
                new Case(
                        "account file of a newer version",
                        p -> p.write(
                                "state/accounts/acct.account",
                                p.read("state/accounts/acct.account")
                                        .replace("osg-token-renewer-account 1", "osg-token-renewer-account 2")),
                        "newer version"),
                new Case(
                        "dead refresh token",
                        p -> p.issuer.revokeAll(),
                        "invalid_grant",
                        "setup --reauthenticate acct",
                        "retried after"),
                new Case(
                        "client deleted at the issuer",
                        p -> p.issuer.registeredClients().forEach(p.issuer::removeClient),
                        "invalid_client",
                        "setup acct"),
                new Case(
                        "issuer in trouble",
                        p -> p.issuer.fault(Fault.on("/token")
                                .grant("refresh_token")
                                .always()
                                .respond(503, "text/html", "<h1>no\u001b[2J</h1>")),
                        "503",
                        "the next run retries"),
                new Case(
                        "answer without a token",
                        p -> p.issuer.fault(Fault.on("/token")
                                .grant("refresh_token")
                                .always()
                                .remove("access_token")),
                        "not a token"),
                new Case(
                        "unreachable issuer",
                        p -> p.issuer.fault(Fault.on("/token")
                                .grant("refresh_token")
                                .always()
                                .drop()),
                        "gave no answer",
                        "the next run retries"),
                new Case(
                        "CA not trusted",
                        p -> p.config(p.read("config.ini")
                                .replace("[account acct]\n", "[account acct]\nca_file = DIR/other-ca.pem\n")),
                        "TLS",
                        "ca_file"),
                new Case(
                        "token directory missing",
                        p -> p.config(p.read("config.ini")
                                .replace("DIR/bad.token", "DIR/nowhere/bad.token")
                                .replace("/bad.token", "/nowhere/bad.token")),
                        "Failed to write",
                        "nowhere",
                        "mkdir -m 0750"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void oneTokenFailsAndTheOtherIsRenewed(Case test) throws IOException {
        new org.opensciencegrid.testkit.TestCa().writeCaPem(program.file("other-ca.pem"));
        test.spoil().accept(program);
        Result result = program.run("renew");
        assertEquals(1, result.status(), result.toString());
        List<String> lines = result.err().lines().toList();
        assertEquals(1, lines.size(), result.err());
        assertTrue(lines.get(0).startsWith("Failed to "), lines.get(0));
        for (String word : test.words()) {
            assertTrue(lines.get(0).contains(word), word + " in: " + lines.get(0));
        }
        assertFalse(lines.get(0).contains("\u001b"));
        assertEquals(3, program.read("good.token").split("\\.").length, "the other token is renewed");
        if (Files.isRegularFile(program.file("bad.token"))) {
            assertEquals("old\n", program.read("bad.token"), "the old token stays");
        }
        Result status = program.run("status");
        assertEquals(1, status.status(), "a token whose validity is unknown, and a failure: " + status.out());
    }

    static List<Case> configurations() {
        return List.of(
                new Case("missing config file", p -> delete(p, "config.ini"), "config.ini"),
                new Case(
                        "unknown section",
                        p -> p.config("[acount a]\n"),
                        "config.ini:1",
                        "Unrecognized config section"),
                new Case(
                        "missing account option",
                        p -> p.config("[token t]\ntoken_path = /x\n"),
                        "config.ini:1",
                        "Config section [token t]: missing 'account' attribute"));
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void aBadConfigurationAttemptsNothing(Case test) {
        test.spoil().accept(program);
        program.issuer.clearRecords();
        Result result = program.run("renew");
        assertEquals(2, result.status());
        for (String word : test.words()) {
            assertTrue(result.err().contains(word), word + " in: " + result.err());
        }
        assertFalse(result.err().contains("\tat "), result.err());
        assertEquals(0, program.issuer.requests().size());
        assertEquals(2, program.run("status").status());
    }

    /** In the original program, and in this one before 2.0, one typing error stopped every token of the host. */
    @Test
    void oneFaultySectionAmongTenStopsItselfAlone() throws IOException {
        StringBuilder config = new StringBuilder("[account acct]\npassword_file = DIR/acct.pw\n");
        for (int i = 1; i <= 10; i++) {
            config.append("[token t" + i + "]\naccount = acct\ntoken_path = DIR/t" + i + ".token\n");
        }
        program.config(config + "min_lifetime = 10m\n");
        Result result = program.run("renew");
        assertEquals(2, result.status(), result.err());
        for (int i = 1; i <= 9; i++) {
            assertTrue(Files.exists(program.file("t" + i + ".token")), result.err());
        }
        assertFalse(Files.exists(program.file("t10.token")));
        assertTrue(
                result.err().contains("Failed to get token 't10': " + program.file("config.ini") + ":33: "),
                result.err());
        assertEquals(2, program.run("renew", "--token=t10").status());
        assertEquals(0, program.run("renew", "--token=t1").status());

        Result status = program.run("status");
        assertEquals(2, status.status());
        assertTrue(status.out().contains("1 mistake in the config file"), status.out());
        assertTrue(status.out().contains("min_lifetime '10m'"), status.out());
        assertTrue(program.run("status", "--json").out().contains("\"config_errors\":[{\"line\":33,"));
        assertEquals(2, program.run("status", "t10").status());
        assertEquals(0, program.run("status", "t1").status());
        assertEquals(1, program.run("check", "--offline").status());
    }

    @Test
    void aFaultySectionGoesBeforeATokenThatFails() throws IOException {
        program.config(program.read("config.ini") + "[token]\n");
        program.issuer.close();
        assertEquals(2, program.run("renew", "--force", "--strict").status());
    }

    /**
     * The suggested command must work when pasted: the words that were typed, with the right directories, quoted for a
     * shell.
     */
    @Test
    void whatAnotherUserIsToTypeIsWhatWasTyped() throws IOException {
        assumeTrue(System.getProperty("user.name").equals("root"), "only root gives files away");
        Files.createDirectories(program.file("state"));
        Files.setAttribute(program.file("state"), "unix:uid", 54_321);
        String again = " belongs to 54321. To fix: run this as that user, or as root: osg-token-renewer --config="
                + program.file("config.ini") + " --state-dir=" + program.file("state") + " ";
        program.config("");
        assertEquals(
                program.file("state") + again + "setup --qr '--scope=openid it'\\''s' acct\n",
                program.run(
                                "--config",
                                program.file("config.ini").toString(),
                                "setup",
                                "--qr",
                                "--scope=openid it's",
                                "--state-dir=" + program.file("state"),
                                "acct")
                        .err());
        assertEquals(
                program.file("state") + again + "renew\n", program.run("renew").err());
    }

    @Test
    void anUnknownOptionIsAWarningAndTheTokenIsRenewed() {
        program.config(program.read("config.ini").replace("[token bad]\n", "[token bad]\nscpoe = x\n"));
        Result result = program.run("renew");
        assertEquals(0, result.status(), result.err());
        assertTrue(result.err().contains("warning: " + program.file("config.ini") + ":"), result.err());
        assertTrue(result.err().contains("scpoe"), result.err());
        assertNotEquals("old\n", program.read("bad.token"));
    }

    @Test
    void misspeltNamesOfTokensAndAccountsAreUsageErrors() {
        assertEquals(2, program.run("renew", "--token=god").status());
        assertEquals(2, program.run("renew", "--account=acc").status());
        assertEquals(2, program.run("renew", "--tokn=x").status());
        assertEquals(2, program.run("setup", "../../x").status());
        assertEquals(2, program.run("setup", "--manual", "--public", "x").status());
        assertEquals(2, program.run("setup").status());
        assertEquals(2, program.run("nonsense").status());
        assertEquals(2, program.run().status());
    }

    static List<Case> setups() {
        return List.of(
                new Case(
                        "wrong issuer",
                        p -> p.issuer.policy.otherIssuerText = "https://evil.example.org",
                        "describes the issuer"),
                new Case(
                        "no metadata",
                        p -> {
                            p.issuer.policy.openidConfiguration = false;
                            p.issuer.policy.oauthAuthorizationServer = false;
                        },
                        "no OpenID or OAuth metadata"),
                new Case(
                        "registration refused",
                        p -> p.issuer.policy.openRegistration = false,
                        "egistration",
                        "--manual"),
                new Case(
                        "initial access token missing",
                        p -> p.issuer.policy.registrationToken = "initial-token",
                        "401",
                        "--registration-token-file"),
                new Case(
                        "no refresh token granted",
                        p -> p.issuer.fault(Fault.on("/token").always().remove("refresh_token")),
                        "no refresh token",
                        "offline_access"),
                new Case(
                        "TLS failure",
                        p -> new org.opensciencegrid.testkit.TestCa().writeCaPem(p.file("ca.pem")),
                        "TLS",
                        "--ca-file"),
                new Case("nobody answers", p -> p.issuer.close(), "check the issuer's URL"));
    }

    @ParameterizedTest
    @MethodSource("setups")
    void aSetupThatCannotSucceedSaysWhyAndChangesNothing(Case test) throws IOException {
        byte[] before = Files.readAllBytes(program.file("state/accounts/acct.account"));
        test.spoil().accept(program);
        Result result = program.setup("--scope=openid offline_access");
        assertEquals(1, result.status(), result.toString());
        assertEquals(1, result.err().lines().count(), result.err());
        for (String word : test.words()) {
            assertTrue(result.err().contains(word), word + " in: " + result.err());
        }
        assertEquals(
                new String(before, StandardCharsets.US_ASCII),
                program.read("state/accounts/acct.account"),
                "the account that was there is as it was");
    }

    @Test
    void aSetupThatAskedNobodyIsAUsageError() {
        Result url = program.run("setup", "--issuer=no url", "--scope=a", "--pw-file=" + program.file("acct.pw"), "x");
        assertEquals(2, url.status(), url.err());
        delete(program, "ca.pem");
        Result ca = program.setup("--scope=openid");
        assertEquals(2, ca.status(), ca.err());
        assertTrue(ca.err().contains("--ca-file: " + program.file("ca.pem") + ": no such file"), ca.err());
        delete(program, "acct.pw");
        Result password = program.run("setup", "--issuer=https://issuer.example.org", "--scope=a", "acct");
        assertEquals(2, password.status(), password.err());
        assertTrue(password.err().contains("acct.pw"), password.err());
    }

    private static void delete(Program program, String name) {
        program.file(name).toFile().delete();
    }

    private static void mkdir(Program program, String name) {
        program.file(name).toFile().mkdir();
    }

    private static void flip(Program program, String name) {
        program.write(name, program.read(name).replaceFirst("cipher", "cipheR"));
    }

    /** The file with a correct checksum, so that only the change itself is wrong. */
    private static String resealed(String file) {
        String body = file.substring(0, file.indexOf("end: "));
        try {
            byte[] sum =
                    java.security.MessageDigest.getInstance("SHA-256").digest(body.getBytes(StandardCharsets.US_ASCII));
            return body + "end: sha256=" + java.util.Base64.getEncoder().encodeToString(sum) + "\n";
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
