package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/** Tests {@code status --warn}, {@code --color}, {@code --watch}, the order of accounts, and the history of a token. */
class StatusOptionsTest extends WithProgram {
    private static final String ONE = Program.ONE;

    @BeforeEach
    void site() {
        program.issuer.policy.accessSeconds = 3600;
        program.issuer.policy.refreshExpiresIn = Duration.ofDays(10).toSeconds();
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.accountWith(ONE);
        assertEquals(0, program.run("renew").status());
    }

    @Test
    void warnIsTheSameSpanForStatusAndCheck() {
        String ends = "the authorization ends ";
        assertFalse(program.run("status").out().contains(ends));
        Result early = program.run("status", "--long");
        assertTrue(early.out().contains(ends) && early.out().contains("(in 10 d)"), early.out());
        assertFalse(early.out().contains("--reauthenticate"), early.out());
        assertTrue(early.out().endsWith("\n1 token: 1 OK\n"), early.out());
        assertEquals("No problems found.\n", program.run("check", "--offline").out());

        Result asked = program.run("status", "--warn=14d");
        assertTrue(asked.out().endsWith("\n1 token: 1 OK, 1 account warning\n"), asked.out());
        assertTrue(asked.out().contains("setup --reauthenticate acct"), asked.out());
        assertTrue(program.run("check", "--offline", "--warn=14d")
                .out()
                .contains("the authorization of account acct ends"));

        program.clock.advance(Duration.ofDays(3).plusMinutes(1));
        assertTrue(program.run("status").out().contains("setup --reauthenticate acct"), "7 days by default");
        assertTrue(program.run("check", "--offline").out().contains("the authorization of account acct ends"));
        assertFalse(program.run("status", "--warn=36h").out().contains("setup --reauthenticate acct"));
    }

    @Test
    void colorsAreThereWhenAskedForAndNotInAPipe() {
        assertFalse(program.run("status").out().contains("\u001b"));
        Result always = program.run("status", "--color=always");
        assertTrue(always.out().contains("\u001b[32mok\u001b[0m      one "), always.out());
        assertEquals(program.run("status").out(), always.out().replaceAll("\u001b\\[[0-9;]*m", ""));
        assertFalse(program.run("status", "--color=always", "--json").out().contains("\u001b"));
        assertFalse(program.run("status", "--color=never").out().contains("\u001b"));
        assertTrue(program.run("check", "--offline", "--color=always").out().startsWith("\u001b[32mNo problems found"));
        assertTrue(always.out()
                .lines()
                .map(line -> line.replaceAll("\u001b\\[[0-9;]*m", ""))
                .allMatch(line -> line.length() <= 80 || line.contains("/")));
    }

    @Test
    void whatNeedsAttentionComesLast() {
        program.secret("b.pw", Program.PASSWORD);
        program.config("""
                [account acct]
                password_file = DIR/acct.pw
                [account b]
                password_file = DIR/b.pw
                [token one]
                account = acct
                token_path = DIR/one.token
                [token two]
                account = acct
                token_path = DIR/two.token
                [token three]
                account = b
                token_path = DIR/three.token
                """);
        // Neither account has a token: they stay in the order of the config file.
        assertEquals(
                List.of("ok one", "ACTION two", "ACTION three", "ACTION token two:", "ACTION account b:"),
                order("status"));
        assertEquals(
                List.of("account acct", "ok one", "ACTION two", "account b", "ACTION three"),
                order("status", "--long"));
        assertEquals(0, program.run("renew", "--account=acct").status());
        assertEquals(
                List.of("account acct", "ok one", "ok two", "account b", "ACTION three"), order("status", "--long"));
        assertTrue(program.run("status").out().endsWith("\n3 tokens: 1 needs attention, 2 OK\n"));
    }

    private List<String> order(String... command) {
        return program.run(command)
                .out()
                .lines()
                .filter(line -> line.startsWith("account") || line.matches("(ok|warning|ACTION) .*"))
                .map(line -> line.startsWith("account")
                        ? line.replaceFirst("  .*", "")
                        : line.replaceFirst(" +((?:(?:account|token) )?\\S+) .*", " $1"))
                .toList();
    }

    @Test
    void fortyTokensFitFiftyLinesOfATerminal() {
        StringBuilder tokens = new StringBuilder();
        for (int i = 1; i <= 40; i++) {
            String name = i % 2 == 0 ? "t" + i : "production-frontend-of-a-large-experiment-" + i;
            tokens.append("[token " + name + "]\naccount = acct\ntoken_path = DIR/" + i + ".token\n");
        }
        program.accountWith(tokens.toString());
        assertTrue(program.file("one.token").toFile().delete()); // otherwise, its lost section is reported
        assertEquals(0, program.run("renew").status());
        fits(program.run("status").out(), "40 tokens: 40 OK");
        program.issuer.revokeAll();
        assertEquals(1, program.run("renew", "--force").status());
        fits(program.run("status").out(), "40 tokens: 40 need attention");
        program.config(program.read("config.ini").replace("password_file", "passwrd_file"));
        assertTrue(program.run("status").out().lines().count() <= 100);
    }

    private static void fits(String text, String counts) {
        assertTrue(text.endsWith("\n" + counts + "\n"), text);
        assertTrue(text.lines().count() <= 50, text);
        assertTrue(text.lines().allMatch(line -> line.length() <= 80 || line.contains("/")), text);
    }

    @Test
    void watchedInAPipeItIsPrintedAnewUntilNobodyReads() {
        program.accountWith(ONE + "[token two]\naccount = acct\ntoken_path = DIR/two.token\n");
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        PrintStream pipe = new PrintStream(seen, true, StandardCharsets.UTF_8) {
            @Override
            public boolean checkError() {
                int pages = text().split("TIME LEFT", -1).length - 1;
                if (pages == 1) {
                    program.accountWith(ONE); // edited while we watch
                } else if (pages == 2) {
                    program.config("[account"); // only partly written
                }
                return seen.size() > 20_000 || text().contains("config.ini:1");
            }

            private String text() {
                return seen.toString(StandardCharsets.UTF_8);
            }
        };
        long began = program.clock.instant().getEpochSecond();
        int status = Main.run(program.environment("", pipe, pipe), "status", "--watch=7");
        String text = seen.toString(StandardCharsets.UTF_8);
        assertEquals(1, status, "of the first page: a token is missing");
        assertEquals(21, program.clock.instant().getEpochSecond() - began);
        assertTrue(
                text.contains("2 tokens: 1 needs attention, 1 OK")
                        && text.contains("1 token: 1 OK\n")
                        && text.contains("config.ini:1"),
                text);
        assertFalse(text.contains("\u001b"), text);
    }

    @Tag("slow")
    @Test
    void theHistoryOfATokenIsShortAndTellsOfDays() {
        for (int i = 0; i < 30; i++) {
            program.clock.advance(Duration.ofMinutes(10));
            assertEquals(0, program.run("renew").status());
        }
        program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"));
        assertEquals(0, program.run("renew").status());
        program.issuer.clearFaults();
        assertEquals(0, program.run("renew").status());
        String text = program.run("status", "one").out();
        assertTrue(
                text.replaceAll("\\s+", " ")
                        .matches(
                                ".* history \\S+Z renewed \\S+Z failed: issuer_trouble \\S+Z renewed, 31 times since \\S+Z "),
                text);
        int length = program.read("state/state/acct.json").length();
        for (int i = 0; i < 12; i++) {
            program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"));
            assertEquals(0, program.run("renew").status());
            program.issuer.clearFaults();
            assertEquals(0, program.run("renew").status());
        }
        JsonObject one = JsonObject.parse(program.read("state/state/acct.json"))
                .orElseThrow()
                .member("tokens")
                .member("one");
        assertEquals(10, one.list("history").size());
        assertTrue(program.read("state/state/acct.json").length() < length + 1000);
    }

    /** The previous version writes no history, and keeps members that it does not know. */
    @Test
    void theStateOfAnOlderVersionIsRead() {
        String old = program.read("state/state/acct.json").replaceAll(",\"history\":\\[[^]]*]", "");
        assertFalse(old.contains("history"));
        program.write("state/state/acct.json", old);
        program.file("state/state/.last-run").toFile().delete();
        assertEquals(0, program.run("status", "one").status());
        assertFalse(program.run("status", "one").out().contains("history"));
        String odd = "\"history\":[1,{},\"x\",{\"outcome\":\"renewed\",\"from\":\"soon\"}],\"tried_at\"";
        program.write("state/state/acct.json", old.replace("\"tried_at\"", odd));
        assertEquals(0, program.run("status", "one").status());
        assertEquals(0, program.run("renew").status());
        assertTrue(program.run("status", "one").out().contains("history"));
        assertTrue(Json.object(program.run("status", "--json").out()).isPresent());
    }
}
