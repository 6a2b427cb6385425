package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/** Three tokens of one section, each for its own CE: renewed, shown and selected like tokens of three sections. */
class ForEachCommandsTest extends WithProgram {
    private static final String CE = "[token ce]\naccount = acct\nfor_each = ce1:9619 ce2:9619 ce3:9619\n"
            + "token_path = DIR/%(each)s.token\naudience = %(each)s\nmin_lifetime = 100\n";

    /** The issuer knows two of the three audiences. */
    private void setUp(String section) {
        program.issuer.policy.requireResourceAtDeviceTime = true;
        Result setup = program.setup("--scope=openid offline_access compute.read", "--audience=ce1:9619 ce3:9619");
        assertEquals(0, setup.status(), all(setup));
        program.accountWith(section);
        program.issuer.clearRecords();
    }

    private static String all(Result result) {
        return result.out() + result.err();
    }

    private JsonObject status() {
        return JsonObject.parse(program.run("status", "--json").out()).orElseThrow();
    }

    private JsonObject tokenStatus(int i) {
        return status().list("accounts").get(0).list("tokens").get(i);
    }

    @Test
    void theIssuerRefusesOneAndTheOthersAreRenewed() {
        assertEquals(
                0, program.setup("--scope=openid offline_access compute.read").status());
        program.accountWith(CE);
        program.issuer.clearRecords();
        program.issuer.fault(
                Fault.on("/token").after(1).respond(400, "application/json", "{\"error\":\"invalid_target\"}"));
        Result renewed = program.run("renew");
        assertEquals(1, renewed.status());
        assertEquals(
                List.of("ce1:9619", "ce2:9619", "ce3:9619"),
                program.issuer.requests("/token").stream()
                        .map(request -> request.parameter("audience"))
                        .toList());
        List<String> refreshTokens = program.issuer.requests("/token").stream()
                .map((Seen request) -> request.parameter("refresh_token"))
                .distinct()
                .toList();
        assertEquals(2, refreshTokens.size(), "the answer to the first rotated it; the refusal did not");
        assertTrue(all(renewed).contains("token ce@ce1:9619: renewed"), all(renewed));
        assertTrue(all(renewed).contains("token ce@ce3:9619: renewed"), all(renewed));
        assertTrue(all(renewed).contains("Failed to get token 'ce@ce2:9619'"), all(renewed));
        assertTrue(all(renewed).contains("3 tokens: 2 renewed, 1 failed (ce@ce2:9619)"), all(renewed));
        assertTrue(Files.exists(program.file("ce1:9619.token")));
        assertFalse(Files.exists(program.file("ce2:9619.token")));
        assertTrue(Files.exists(program.file("ce3:9619.token")));
        program.issuer.clearRecords();
        Result again = program.run("renew");
        assertTrue(all(again).contains("seconds remaining in 'ce@ce1:9619', not renewing"), all(again));
        assertTrue(all(again).contains("Failed to get token 'ce@ce2:9619'"), all(again));
        assertEquals(0, program.issuer.count("/token"), "the refused one has its own back-off");
        assertEquals("ce@ce2:9619", tokenStatus(1).string("token").orElseThrow());
        assertEquals("ce", tokenStatus(1).string("section").orElseThrow());
        assertTrue(tokenStatus(1).string("next_try").isPresent());
        assertTrue(tokenStatus(0).string("next_try").isEmpty());
    }

    @Test
    void statusAndMetricsAreByToken() {
        setUp(CE);
        program.run("renew", "--metrics-file=" + program.file("osg.prom"));
        String metrics = program.read("osg.prom");
        assertTrue(
                metrics.contains("token_expiry_timestamp_seconds{account=\"acct\",token=\"ce@ce1:9619\"} "), metrics);
        assertFalse(metrics.contains("token_expiry_timestamp_seconds{account=\"acct\",token=\"ce@ce2:9619\"} "));
        assertTrue(
                metrics.contains("token_failing_timestamp_seconds{account=\"acct\",token=\"ce@ce2:9619\"} "), metrics);
        String status = program.run("status").out();
        assertTrue(status.contains(" ce@ce3:9619 "), status);
        assertTrue(status.contains("token ce@ce2:9619: "), status);
        assertTrue(program.run("status", "ce@ce3:9619").out().contains("ce@ce3:9619"));
        Result all = program.run("status", "ce");
        assertEquals(2, all.status());
        assertTrue(
                all.err().contains("has 3 tokens; give the name of one: ce@ce1:9619, ce@ce2:9619, ce@ce3:9619"),
                all.err());
        assertEquals(
                program.read("ce3:9619.token"),
                program.run("token", "ce@ce3:9619").out().strip() + "\n");
        assertTrue(program.run("token", "ce").err().contains("give the name of one"));
        assertTrue(program.run("status", "--account=acct").out().contains("[token ce]"));
    }

    @Test
    void aHookGetsNameAndWord() {
        program.write("hook", "#!/bin/sh\necho \"$TOKEN_NAME $EACH $TOKEN_PATH\" >> " + program.file("called") + "\n");
        program.file("hook").toFile().setExecutable(true);
        setUp(CE + "post_renewal = DIR/hook\n[token plain]\naccount = acct\ntoken_path = DIR/plain\n"
                + "post_renewal = DIR/hook\n");
        program.variables.put("EACH", "not this one");
        program.run("renew");
        assertEquals(
                List.of(
                        "ce@ce1:9619 ce1:9619 " + program.file("ce1:9619.token"),
                        "ce@ce3:9619 ce3:9619 " + program.file("ce3:9619.token"),
                        "plain  " + program.file("plain")),
                program.read("called").lines().toList());
    }

    @Test
    void aWordThatIsRemovedIsReportedLikeASectionThatIsRemoved() {
        setUp(CE);
        program.run("renew");
        program.accountWith(CE.replace("ce3:9619", ""));
        String status = program.run("status").out();
        assertTrue(status.contains("token ce@ce3:9619: it was renewed until now, and has no section"), status);
        assertTrue(Files.exists(program.file("ce3:9619.token")), "kept");
        program.accountWith(CE.replace("for_each = ce1", "for_each = x/ce1"));
        assertEquals(List.of(), status().list("forgotten_tokens"), "while the section has a mistake");
    }

    @ParameterizedTest
    @CsvSource({
        "ce, ce@x ce@y ce@z/",
        "ce@y, ce@y",
        "ce@y plain, ce@y plain",
        "--token=ce, ce@x ce@y ce@z/",
        "--token=ce@x, ce@x",
        "ce@z/, ce@z/",
        "acct, ce@x ce@y ce@z/ plain",
        "--token=ce --account=acct, ce@x ce@y ce@z/"
    })
    void aNameSelectsOneTokenOrAllOfItsSection(String words, String selected) {
        program.accountWith("[token ce]\naccount = acct\nfor_each = x y z/\ntoken_path = DIR/%(each)s.t\n"
                + "[token plain]\naccount = acct\ntoken_path = DIR/plain\n");
        String said = all(program.run(("renew --dry-run " + words).split(" ")));
        for (String token : List.of("ce@x", "ce@y", "ce@z/", "plain")) {
            boolean isSaid = said.contains("token " + token + ":") || said.contains("token '" + token + "'");
            assertEquals(List.of(selected.split(" ")).contains(token), isSaid, token + ": " + said);
        }
    }

    @Test
    void aWrongNameIsAnsweredWithNamesLikeIt() {
        program.accountWith(CE);
        Result few = program.run("renew", "ce@ce4:9619");
        assertEquals(2, few.status());
        assertTrue(
                few.err()
                        .contains("no [token ce@ce4:9619] in use in " + program.file("config.ini")
                                + "; there are: ce, ce@ce1:9619, ce@ce2:9619, ce@ce3:9619\n"),
                few.err());
        String words = IntStream.range(0, 1000).mapToObj(i -> "ce" + i).collect(Collectors.joining(" "));
        program.accountWith("[token a]\naccount = acct\ntoken_path = DIR/a\n[token ce]\naccount = acct\nfor_each = "
                + words + "\ntoken_path = DIR/%(each)s\n");
        for (String command : List.of("renew", "status", "token")) {
            Result many = program.run(command, "ce@ce99x");
            assertEquals(2, many.status());
            assertTrue(many.err().contains("there are: ce@ce99, ce@ce990, ce@ce991, "), many.err());
            assertTrue(many.err().contains(" and 99"), many.err());
        }
    }

    @Test
    void aMistakeOfTheWholeSectionFailsOnce() {
        program.accountWith(CE.replace("= 100", "= half an hour"));
        Result result = program.run("renew");
        assertEquals(2, result.status());
        assertEquals(
                1,
                all(result)
                        .lines()
                        .filter(line -> line.contains("min_lifetime"))
                        .count(),
                all(result));
        assertTrue(all(result).contains("Failed to get token 'ce': "), all(result));
        assertTrue(program.run("status", "ce").err().contains("min_lifetime"));
        Result one = program.run("renew", "ce@ce2:9619");
        assertTrue(all(one).contains("Failed to get token 'ce@ce2:9619': "), all(one));
        assertEquals(1, program.run("check", "--offline").status());
    }
}
