package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Tests setup --write-config: what it adds, what it keeps, and the first token. */
@Tag("slow")
class SetupConfigTest extends WithProgram {
    private static final String SCOPE = "--scope=openid offline_access compute.read";
    private static final String MINE = "# mine, \u00e9\n[account other]\n# why\npassword_file : /o\n  \n";

    @AfterEach
    void theIssuerHasNothingToComplainOf() {
        assertEquals(List.of(), program.issuer.violations());
    }

    private String sections(String token, String path) {
        return "[account acct]\n\npassword_file = " + program.file("acct.pw") + "\n\n[token " + token
                + "]\n\naccount = acct\ntoken_path = " + path + "\n";
    }

    private List<String> leftovers() throws IOException {
        try (var files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(".config.ini"))
                    .toList();
        }
    }

    @Test
    void oneCommandToTheFirstToken() throws IOException {
        program.write("config.ini", MINE);
        program.mode("config.ini", "rw-r-----");
        Result setup = program.setup(SCOPE, "--write-config", "--token=one");
        assertEquals(0, setup.status(), setup.toString());
        assertEquals(
                MINE + "\n" + sections("one", program.file("acct.one.token").toString()), program.read("config.ini"));
        assertEquals("rw-r-----", mode(program.file("config.ini")));
        assertEquals(3, program.read("acct.one.token").split("\\.").length);
        assertTrue(
                setup.out()
                        .contains("Added [account acct] and [token one] to " + program.file("config.ini") + ".\n"
                                + "token one: renewed, expires in "),
                setup.out());
        assertEquals(List.of(), leftovers());
        assertEquals(0, program.run("status").status());
    }

    @Test
    void aTokenThatCouldNotBeWrittenIsToldBeforeAnybodyApproves() {
        Result setup = program.setup(SCOPE, "--write-config", "--token-path=" + program.file("gone/t"));
        assertEquals(2, setup.status(), setup.toString());
        assertTrue(
                setup.err()
                        .contains("token_path " + program.file("gone/t") + ": the directory " + program.file("gone")
                                + " does not exist"),
                setup.err());
        assertEquals(List.of(), program.issuer.requests());
    }

    @Test
    void aSecondTimeChangesNothingAndRenews() {
        program.setup(SCOPE, "--write-config", "--token-path=" + program.file("t"));
        String config = program.read("config.ini");
        assertEquals(sections("acct", program.file("t").toString()), config);
        String token = program.read("t");
        Result again = program.setup(SCOPE, "--write-config", "--token-path=" + program.file("t"));
        assertEquals(0, again.status(), again.err());
        assertEquals(config, program.read("config.ini"));
        assertTrue(again.out().contains("has [account acct] and [token acct] already."), again.out());
        assertFalse(token.equals(program.read("t")), "the new authorization gives tokens");
    }

    /** Exit status 2 would mean that nothing was done. */
    @Test
    void aMistakeInAnotherTokenOfTheAccountIsAFailureOfAnAccountThatIsMade() {
        program.config("[account acct]\npassword_file = DIR/acct.pw\n[token t]\naccount = acct\ntoken_path = DIR/t\n"
                + "[token bad]\naccount = acct\ntoken_path = DIR/bad\nmin_lifetime = x\n");
        Result setup = program.setup(SCOPE, "--write-config");
        assertEquals(1, setup.status(), setup.toString());
        assertTrue(Files.exists(program.file("state/accounts/acct.account")), setup.toString());
        assertEquals(3, program.read("t").split("\\.").length);
        assertEquals(2, program.run("renew").status());
    }

    @Test
    void theAccountAloneComesWithATokenToPaste() {
        Result setup = program.setup(SCOPE, "--write-config", "--audience=https://a.example.org https://b.example.org");
        assertEquals(0, setup.status(), setup.err());
        assertEquals("[account acct]\n\npassword_file = " + program.file("acct.pw") + "\n", program.read("config.ini"));
        String paste =
                setup.out().substring(setup.out().indexOf("[token"), setup.out().indexOf("To get the token now"));
        assertTrue(paste.contains("audience = https://a.example.org https://b.example.org\n"), paste);
        program.write("config.ini", program.read("config.ini") + paste);
        Result renew = program.run("renew");
        assertEquals(0, renew.status(), renew.err());
        assertEquals(3, program.read("acct.token").split("\\.").length);
    }

    @Test
    void whatIsPrintedToPasteIsCompleteAndNotTwice() {
        Result setup = program.setup(SCOPE, "--token=one");
        String paste = setup.out()
                .substring(setup.out().indexOf("[account"), setup.out().indexOf("To get the token now"));
        assertEquals(sections("one", program.file("acct.one.token").toString()) + "\n", paste);
        program.config("[account acct]\npassword_file = DIR/acct.pw\n");
        assertFalse(program.setup(SCOPE).out().contains("[account acct]"), "it has that one");
    }

    @Test
    void aConflictIsToldBeforeAnybodyIsAsked() {
        program.config("[account acct]\npassword_file = DIR/elsewhere.pw\n");
        String before = program.read("config.ini");
        Result setup = program.setup(SCOPE, "--write-config");
        assertEquals(2, setup.status(), setup.toString());
        assertTrue(
                setup.err().contains("config.ini:1: [account acct] is there already, and has another password_file"),
                setup.err());
        assertEquals(before, program.read("config.ini"));
        assertEquals(0, program.issuer.count("/register"));
        assertEquals(2, program.setup(SCOPE, "--write-config", "--token=a b").status());
    }

    /** Without --write-config, setup succeeds, but the timer would not renew the account with this section. */
    @Test
    void anAccountThatTheConfigFileHasOtherwiseIsWarnedOf() {
        program.config("[account acct]\npassword_file = DIR/else.pw\n[token t]\naccount = acct\ntoken_path = DIR/t\n");
        Result setup = program.setup(SCOPE);
        assertEquals(0, setup.status(), setup.toString());
        assertTrue(
                setup.err()
                        .startsWith("warning: " + program.file("config.ini") + ":1: [account acct] is there already"),
                setup.err());
        assertTrue(setup.out().contains("\npassword_file = " + program.file("acct.pw") + "\n"), setup.out());
    }

    @Test
    void aDirectoryThatCannotBeWrittenIsToldBeforeAnybodyIsAsked() throws IOException {
        program.variables.put(
                "OSG_TOKEN_RENEWER_CONFIG_PATH",
                program.file("missing/config.ini").toString());
        Result setup = program.setup(SCOPE, "--write-config");
        assertEquals(2, setup.status(), setup.toString());
        String line = "--write-config: " + program.file("missing/config.ini") + " cannot be written by the user ";
        assertTrue(setup.err().startsWith(line), setup.err());
        assertEquals(0, program.issuer.count("/register"));
    }

    @Test
    void aSymbolicLinkStaysOne() throws IOException {
        Files.createDirectory(program.file("managed"));
        program.write("managed/config.ini", MINE);
        Files.createSymbolicLink(program.file("config.ini"), Path.of("managed", "config.ini"));
        assertEquals(0, program.setup(SCOPE, "--write-config", "--token=one").status());
        assertTrue(Files.isSymbolicLink(program.file("config.ini")));
        assertTrue(program.read("managed/config.ini").startsWith(MINE + "\n[account acct]"));
    }

    @Test
    void aFirstRenewalThatFailsIsTold() throws IOException {
        Path loop = program.file("t");
        Files.createSymbolicLink(loop, loop);
        Result setup = program.setup(SCOPE, "--write-config", "--token-path=" + loop);
        assertEquals(1, setup.status(), setup.toString());
        assertTrue(setup.out().contains("Account acct is ready."), setup.out());
        assertTrue(setup.err().startsWith("Failed to write token 'acct'"), setup.err());
    }

    @Test
    void theSecretOfAServiceIsWrittenSoThatItReadsBack() throws IOException {
        program.issuer.addClient(
                "host:demo",
                "100%secret%%s",
                "client_secret_basic",
                List.of(Policy.CLIENT_CREDENTIALS),
                List.of("compute.read"));
        Result setup = program.answer(
                "100%secret%%s\n",
                "setup",
                "--client-credentials",
                "--issuer=" + program.issuer.issuer(),
                "--client-id=host:demo",
                "--client-secret-file=-",
                "--ca-file=" + program.file("ca.pem"),
                "--write-config",
                "--token-path=" + program.file("t"),
                "acct");
        assertEquals(0, setup.status(), setup.toString());
        assertFalse(setup.out().contains("100%"), "a secret is no text for the screen");
        assertEquals(3, program.read("t").split("\\.").length);
        assertEquals("rw-------", mode(program.file("config.ini")));
    }

    /** Only the token section can have them: such an account has no account file. */
    @Test
    void theScopeAndAudienceOfAServiceAreThoseOfItsToken() {
        program.issuer.addClient(
                "host:demo",
                "s3cret",
                "client_secret_basic",
                List.of(Policy.CLIENT_CREDENTIALS),
                List.of("compute.read", "compute.create", "read:/50%"));
        program.secret("secret", "s3cret");
        List<String> line = new ArrayList<>(List.of(
                "setup",
                "--client-credentials",
                "--issuer=" + program.issuer.issuer(),
                "--client-id=host:demo",
                "--client-secret-file=" + program.file("secret"),
                "--ca-file=" + program.file("ca.pem"),
                "--scope=compute.read",
                "--scope=read:/50%",
                "--audience=https://ce.example.org",
                "--token-path=" + program.file("t"),
                "acct"));
        String section = "[token acct]\n\naccount = acct\ntoken_path = " + program.file("t")
                + "\nscope = compute.read read:/50%%\naudience = https://ce.example.org\n";
        Result paste = program.run(line.toArray(String[]::new));
        assertTrue(paste.out().contains(section), paste.toString());
        line.add("--write-config");
        Result setup = program.run(line.toArray(String[]::new));
        assertEquals(0, setup.status(), setup.toString());
        assertTrue(program.read("config.ini").endsWith("\n" + section), program.read("config.ini"));
        assertEquals("", setup.err(), "as asked");
        var asked = program.issuer.requests("/token");
        assertEquals(
                List.of("compute.read read:/50%", "https://ce.example.org"),
                List.of(
                        asked.get(asked.size() - 1).parameter("scope"),
                        asked.get(asked.size() - 1).parameter("audience")));
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    /** For the setup wrapper: see its add_to_config. */
    @Test
    void theWrapperGetsTheSumAndTheLinesAndTheFileStays() throws Exception {
        program.write("config.ini", MINE);
        program.write("addition", "");
        Result setup =
                program.setup(SCOPE, "--write-config", "--token=one", "--config-addition=" + program.file("addition"));
        assertEquals(0, setup.status(), setup.err());
        assertEquals(MINE, program.read("config.ini"));
        String sum = java.util.HexFormat.of()
                .formatHex(java.security.MessageDigest.getInstance("SHA-256")
                        .digest(Files.readAllBytes(program.file("config.ini"))));
        assertEquals(
                sum + "\ntoken\n\n"
                        + sections("one", program.file("acct.one.token").toString()) + "\0",
                program.read("addition"));
        assertFalse(Files.exists(program.file("acct.one.token")), "the wrapper goes on");
    }

    @Test
    void allThatNobodyAnswersIsToldAtOnce() {
        Result setup = program.run(
                "setup",
                "--manual",
                "--ca-file=" + program.file("ca.pem"),
                "--pw-file=" + program.file("acct.pw"),
                "acct");
        assertEquals(2, setup.status());
        assertEquals(
                "cannot ask, because standard input is not a terminal; give --issuer=URL, --scope=\"SCOPE ...\", --client-id=ID,"
                        + " --client-secret-file=FILE\n",
                setup.err());
    }

    @Test
    void commandsThatRepairNameTheConfigFileFromTheRoot() throws IOException {
        Path relative = Path.of("").toAbsolutePath().relativize(program.file("config.ini"));
        program.accountWith("[token one]\naccount = acct\ntoken_path = DIR/t\n");
        Result renew = program.run("renew", "--config=" + relative);
        assertEquals(1, renew.status(), renew.toString());
        assertTrue(renew.err().contains("--config=/"), renew.err());
        assertFalse(renew.err().contains(" --config=.."), renew.err());
    }

    @Test
    void aStateDirectoryThatIsNotThereIsNamed() {
        program.accountWith("[token one]\naccount = acct\ntoken_path = DIR/t\n");
        Result status = program.run("status", "--state-dir=" + program.file("sttae"));
        assertEquals(2, status.status(), status.toString());
        assertTrue(status.err().contains("sttae: no such directory"), status.err());
    }
}
