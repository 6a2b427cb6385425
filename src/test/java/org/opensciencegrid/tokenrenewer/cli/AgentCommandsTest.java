package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.oidcagent.AgentFile;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.Json;

/** Imports from oidc-agent and exports to it, with an issuer that shows whether a person had to approve. */
@Tag("slow")
class AgentCommandsTest extends WithProgram {
    private static final String PASSWORD = Program.PASSWORD;

    /** Makes an oidc-agent account: exports what setup made, and removes it here. */
    @BeforeEach
    void anAccountOfOidcAgent() throws IOException {
        program.accountWith(Program.ONE);
        assertEquals(
                0, program.setup("--scope=openid offline_access compute.read").status());
        Files.createDirectory(program.file("agent"));
        Result export = program.run(
                "export-oidc-agent", "acct", "--to", program.file("agent/acct").toString());
        assertEquals(0, export.status(), export.err());
        assertEquals(0, program.run("remove", "acct").status());
    }

    @AfterEach
    void theIssuerHasNothingToComplainOf() {
        assertEquals(List.of(), program.issuer.violations());
    }

    @Test
    void anImportedAccountRenewsWithoutAPerson() throws IOException {
        byte[] before = Files.readAllBytes(program.file("agent/acct"));
        int devices = program.issuer.count("/device_authorization");
        int refreshes = program.issuer.count("/token", Policy.REFRESH_TOKEN);
        Result imported = program.run("import-oidc-agent", "--all", "--from=" + program.file("agent"));
        assertEquals(0, imported.status(), imported.err());
        assertTrue(imported.out().contains("become outdated"), imported.out());
        assertEquals(
                refreshes, program.issuer.count("/token", Policy.REFRESH_TOKEN), "nothing is rotated by an import");

        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("renew").status());
        assertEquals(3, program.read("one.token").split("\\.").length);
        assertEquals(devices, program.issuer.count("/device_authorization"));
        assertEquals(1, program.issuer.registeredClients().size());
        assertArrayEquals(before, Files.readAllBytes(program.file("agent/acct")));
        assertEquals(0, program.run("status").status());
        assertEquals(
                0, program.run("setup", "--reauthenticate", "acct").status(), "the imported client can be used on");
    }

    @Test
    void anAccountThatIsHereAlreadyIsNotReplaced() throws IOException {
        importAll();
        byte[] ours = Files.readAllBytes(program.file("state/accounts/acct.account"));
        Result again = program.run("import-oidc-agent", "acct", "--from=" + program.file("agent"));
        assertEquals(1, again.status());
        assertTrue(again.err().contains("remove acct"), again.err());
        assertEquals(
                0,
                program.run("import-oidc-agent", "--all", "--from=" + program.file("agent"))
                        .status());
        assertArrayEquals(ours, Files.readAllBytes(program.file("state/accounts/acct.account")));
    }

    @Test
    void whatGoesBackIsWhatCame() throws IOException {
        Map<String, Object> came = agentJson(Map.of(
                "client_name",
                "oidc-agent:acct-host",
                "redirect_uris",
                List.of("http://localhost:4242"),
                "cert_path",
                program.file("ca.pem").toString(),
                "audience",
                "https://ce.example.org:9619 other",
                "daeSetByUser",
                0,
                "a_member_of_the_future",
                "kept",
                "response_types",
                List.of()));
        importAll();
        assertEquals(
                0,
                program.run(
                                "export-oidc-agent",
                                "acct",
                                "--to",
                                program.file("back").toString())
                        .status());
        assertEquals(came, open(program.file("back")));
        Result again = program.run(
                "export-oidc-agent", "acct", "--to", program.file("back").toString());
        assertEquals(1, again.status(), "never over another file");
        assertEquals(
                "rw-------",
                java.nio.file.attribute.PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(program.file("back"))));
    }

    @Test
    void anAccountMadeWithAllLinesOfThePasswordFileIsOpenedToo() throws IOException {
        seal(open(program.file("agent/acct")), "line one\nline two");
        program.secret("acct.pw", "line one\nline two");
        importAll();
        program.secret("acct.pw", "line one");
        assertEquals(0, program.run("renew").status(), "from now on the first line is the password");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "mytoken_url | https://mytoken.example.org | mytoken server",
                "refresh_token | '' | contains no refresh token",
                "issuer_url | '' | names no issuer",
            })
    void whatCannotBeRenewedIsRefusedByName(String member, String value, String why) throws IOException {
        agentJson(Map.of(member, value));
        refused(why);
    }

    @Test
    void aPersonsPasswordIsNeverUsed() throws IOException {
        agentJson(Map.of("refresh_token", "", "username", "alice", "password", "her password"));
        Result result = refused("renewed with a user's password");
        assertFalse((result.out() + result.err()).contains("her password"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | is empty: oidc-agent was interrupted",
                "-----BEGIN PGP MESSAGE----- | is encrypted with gpg",
                "something | is damaged",
            })
    void whatIsNoAccountFileIsRefusedByName(String content, String why) {
        program.write("agent/acct", content);
        refused(why);
    }

    @Test
    void aWrongPasswordAndAMissingFileAreToldApart() {
        program.secret("acct.pw", "another password");
        refused("does not open oidc-agent's account");
        program.secret("acct.pw", PASSWORD);
        program.file("agent/acct").toFile().delete();
        refused("has no such account");
    }

    @Test
    void anIssuerThatDoesNotAnswerLeavesNothingHalfDone() {
        program.issuer.close();
        Result result = program.run("import-oidc-agent", "acct", "--from=" + program.file("agent"));
        assertEquals(1, result.status());
        assertFalse(Files.exists(program.file("state/accounts/acct.account")), result.err());
    }

    @Test
    void allImportsTheGoodOnesAndFailsForTheOthers() throws IOException {
        Files.writeString(program.file("agent/acct.clientconfig"), "not an account");
        Files.writeString(program.file("agent/issuer.config"), "not an account");
        Files.writeString(program.file("agent/broken"), "");
        Result result = program.run("import-oidc-agent", "--all", "--from=" + program.file("agent"));
        assertEquals(1, result.status());
        assertTrue(result.out().contains("account acct: imported"), result.out());
        assertEquals(1, result.err().lines().count(), result.err());
    }

    @Test
    void thePlaceOfOidcAgentIsFoundAsItFindsIt() throws IOException {
        assertEquals(2, program.run("import-oidc-agent", "--all").status());
        program.variables.put("HOME", program.file("home").toString());
        Files.createDirectories(program.file("home"));
        Files.move(program.file("agent"), program.file("home/.oidc-agent"));
        assertEquals(0, program.run("import-oidc-agent", "--all").status());
        assertEquals(2, program.run("import-oidc-agent", "../acct", "--from=/").status());
        assertEquals(2, program.run("import-oidc-agent").status());
        assertEquals(2, program.run("import-oidc-agent", "--all", "acct").status());
    }

    private void importAll() {
        Result imported = program.run("import-oidc-agent", "--all", "--from=" + program.file("agent"));
        assertEquals(0, imported.status(), imported.err());
    }

    private Result refused(String why) {
        Result result = program.run("import-oidc-agent", "acct", "--from=" + program.file("agent"));
        assertEquals(1, result.status(), result.out());
        assertTrue(result.err().contains(why), result.err());
        assertFalse(Files.exists(program.file("state/accounts/acct.account")));
        return result;
    }

    /** Changes these members of oidc-agent's account; returns all members. */
    private Map<String, Object> agentJson(Map<String, Object> members) throws IOException {
        Map<String, Object> json = new LinkedHashMap<>(open(program.file("agent/acct")));
        json.putAll(members);
        seal(json, PASSWORD);
        return json;
    }

    private void seal(Map<String, Object> json, String password) throws IOException {
        try (Password secret = Password.of(password.getBytes(StandardCharsets.UTF_8))) {
            byte[] text = Json.write(json).getBytes(StandardCharsets.UTF_8);
            Files.write(program.file("agent/acct"), AgentFile.seal(text, secret));
        }
    }

    private static Map<String, Object> open(Path file) throws IOException {
        try (Password secret = Password.of(PASSWORD.getBytes(StandardCharsets.UTF_8))) {
            return Json.object(new String(AgentFile.read(file).open(secret), StandardCharsets.UTF_8))
                    .orElseThrow();
        }
    }
}
