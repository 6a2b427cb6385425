package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.cli.output.StatusJsonTest;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/** One {@code check} names all mistakes: you do not have to fix one to find the next. */
class SeededMistakesTest extends WithProgram {
    private static final String SCHEMA = "reference/check-schema.json";
    private static final String GOOD = Program.PASSWORD;

    private static String account(String name) {
        return "[account " + name + "]\npassword_file = DIR/" + name + ".pw\n";
    }

    private static String token(String name, String account, String more) {
        return "[token " + name + "]\naccount = " + account + "\n" + more;
    }

    private void seed() throws IOException {
        seed("");
    }

    /** @param line in the middle of the config file */
    private void seed(String line) throws IOException {
        program.secret("open.pw", GOOD);
        program.mode("open.pw", "rw-rw-rw-");
        program.secret("lines.pw", GOOD + "\nanother line\n");
        program.secret("empty.pw", "\n");
        program.secret("good.pw", GOOD);
        program.config(account("open")
                + account("lines")
                + account("empty")
                + line
                + account("missing")
                + account("good")
                + account("unused")
                + "[account http]\ntoken_request_url = http://issuer.example.org/token\nclient_id = a\nclient_secret = b\n"
                + token("t1", "open", "token_path = DIR/same\n")
                + token("t2", "lines", "token_path = DIR/same\n")
                + token("t3", "empty", "token_path = DIR/nowhere/t3\n")
                + token("t4", "missing", "token_path = t4\n")
                + token("t5", "good", "token_path = DIR/t5\nmin_lifetime = 10m\n")
                + token("t6", "good", "token_path = DIR/t6\naudience = a,b\nscop = c\n")
                + token("t7", "http", "token_path = DIR/t7\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "this is no option\n", "[token lost\n"})
    void oneCheckNamesThemAll(String line) throws IOException {
        seed(line);
        Result check = program.run("check");
        assertEquals(1, check.status(), check.err());
        String found = check.out().replaceAll("\\s+", " ");
        for (String said : List.of(
                program.file("open.pw") + ": users other than its owner may change it",
                "only the first line is the password",
                program.file("empty.pw") + ": the first line is empty",
                program.file("missing.pw") + ": there is no such file",
                "token_request_url must be an https:// address",
                "also that of [token t1]",
                "the directory " + program.file("nowhere") + " does not exist",
                "token_path 't4' is not an absolute path",
                "min_lifetime '10m' is not a number of seconds",
                "the comma in audience is taken as a part of it",
                "'scop'",
                "the account is not set up")) {
            assertTrue(found.contains(said), said + " is not in: " + check.out());
        }
        // Its section may be in the part that cannot be read.
        assertEquals(line.isEmpty(), found.contains("no [token] section uses [account unused]"), check.out());
        if (!line.isEmpty()) {
            assertTrue(found.contains("config.ini:7 "), check.out());
            Result renew = program.run("renew");
            assertEquals(2, renew.status());
            assertFalse(renew.err().contains("Failed to get"), renew.err());
            assertFalse(Files.exists(program.file("t5")));
        }
    }

    /** Its section may lack an option, so that a connection to the issuer would show nothing. */
    @ParameterizedTest
    @ValueSource(
            strings = {"[account robot]\nca_file DIR/ca.pem\n", "[DEFAULT]\nca_file DIR/ca.pem\n[account robot]\n"})
    void noIssuerIsAskedIfALineCannotBeRead(String start) {
        program.config(start + "token_request_url = " + program.issuer.base()
                + "/token\nclient_id = robot\nclient_secret = s3cret\n"
                + "[token robot]\naccount = robot\ntoken_path = DIR/robot.token\n");
        Result check = program.run("check");
        assertEquals(1, check.status(), check.err());
        String found = check.out().replaceAll("\\s+", " ");
        assertTrue(found.contains("config.ini:2 "), check.out());
        assertFalse(found.contains("has a CA of its own"), check.out());
    }

    @Test
    void forMachines() throws IOException {
        seed();
        Result check = program.run("check", "--json");
        assertEquals(1, check.status(), check.err());
        JsonObject all = JsonObject.of(Json.object(check.out().strip()).orElseThrow());
        List<JsonObject> findings = all.list("findings");
        assertTrue(findings.size() >= 12, check.out());
        assertEquals(
                findings.stream().filter(one -> check(one, "problem")).count(),
                all.number("problems").orElseThrow());
        assertEquals(List.of(), StatusJsonTest.errors(SCHEMA, check.out()), check.out());
        assertFalse(StatusJsonTest.errors(SCHEMA, check.out().replaceFirst("\"problem\":true", "\"problem\":1"))
                .isEmpty());
        Set<String> described = new HashSet<>();
        StatusJsonTest.names(StatusJsonTest.schema(SCHEMA), described);
        assertEquals(described, StatusJsonTest.documented("reference/check-json.md"));
        findings.forEach(finding -> described.removeAll(finding.names()));
        described.removeAll(all.names());
        assertEquals(Set.of(), described, "described, and made by nothing here");
        JsonObject missing = findings.stream()
                .filter(one -> one.string("kind").orElse("").equals("password_missing"))
                .findFirst()
                .orElseThrow();
        assertEquals(
                program.file("missing.pw").toString(), missing.string("where").orElseThrow());
        assertEquals("missing", missing.string("account").orElseThrow());
        assertEquals(List.of("sh", "-c"), missing.words("command").subList(0, 2));
        program.config("");
        String none = program.run("check", "--json").out();
        assertEquals(List.of(), StatusJsonTest.errors(SCHEMA, none), none);
        assertTrue(none.startsWith("{\"schema\":1,\"problems\":0,"), none);
    }

    private static boolean check(JsonObject finding, String name) {
        return Boolean.TRUE.equals(finding.asMap().get(name));
    }
}
