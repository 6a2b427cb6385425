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
import org.opensciencegrid.tokenrenewer.cli.Program.Result;
import org.opensciencegrid.tokenrenewer.issuer.Fault;
import org.opensciencegrid.tokenrenewer.text.Json;
import org.opensciencegrid.tokenrenewer.text.Members;

/** {@code status --warn}, {@code --color}, {@code --watch}, the order of accounts, and the history of a token. */
class StatusOptionsTest extends WithProgram {
    private static final String ONE = "[token one]\naccount = acct\ntoken_path = DIR/one.token\n";

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
        Result early = program.run("status");
        assertTrue(early.out().contains(ends) && early.out().contains("(in 9 d)"), early.out());
        assertFalse(early.out().contains("--reauthenticate"), early.out());
        assertTrue(early.out().startsWith("Accounts: 1 well."), early.out());
        assertEquals(
                "Nothing found: all is well.\n",
                program.run("check", "--offline").out());

        Result asked = program.run("status", "--warn=14d");
        assertTrue(asked.out().startsWith("Accounts: 1 with a warning."), asked.out());
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
    void coloursAreThereWhenAskedForAndNotInAPipe() {
        assertFalse(program.run("status").out().contains("\u001b"));
        Result always = program.run("status", "--color=always");
        assertTrue(always.out().contains("\u001b[32mok\u001b[0m      one "), always.out());
        assertEquals(program.run("status").out(), always.out().replaceAll("\u001b\\[[0-9;]*m", ""));
        assertFalse(program.run("status", "--color=always", "--json").out().contains("\u001b"));
        assertFalse(program.run("status", "--color=never").out().contains("\u001b"));
        assertTrue(program.run("check", "--offline", "--color=always").out().startsWith("\u001b[32mNothing found"));
        assertTrue(always.out()
                .lines()
                .map(line -> line.replaceAll("\u001b\\[[0-9;]*m", ""))
                .allMatch(line -> line.length() <= 80 || line.contains("/")));
    }

    @Test
    void whatNeedsAPersonComesFirst() {
        program.secret("b.pw", "correct horse battery staple");
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
        String text = program.run("status").out();
        List<String> order = text.lines()
                .filter(line -> line.startsWith("account") || line.matches("(ok|warning|ACTION) .*"))
                .map(line -> line.startsWith("account")
                        ? line.replaceFirst("  .*", "")
                        : line.replaceFirst(" +(\\S+) .*", " $1"))
                .toList();
        // Both accounts lack a token: the order of the config file; of one account's tokens the missing first.
        assertEquals(List.of("account acct", "ACTION two", "ok one", "account b", "ACTION three"), order, text);
        assertEquals(0, program.run("renew", "--account=acct").status());
        String later = program.run("status").out();
        assertTrue(later.indexOf("account b") < later.indexOf("account acct"), later);
        assertTrue(later.startsWith("Accounts: 1 in need of a person, 1 well."), later);
    }

    @Test
    void watchedInAPipeItIsPrintedAnewUntilNobodyReads() {
        program.accountWith(ONE + "[token two]\naccount = acct\ntoken_path = DIR/two.token\n");
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        PrintStream pipe = new PrintStream(seen, true, StandardCharsets.UTF_8) {
            @Override
            public boolean checkError() {
                int pages = text().split("Accounts: ", -1).length - 1;
                if (pages == 1) {
                    program.accountWith(ONE); // edited meanwhile
                } else if (pages == 2) {
                    program.config("[account"); // half written
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
                text.contains("need of a person")
                        && text.contains("Accounts: 1 well.")
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
        Members one = Members.parse(program.read("state/state/acct.json"))
                .orElseThrow()
                .member("tokens")
                .member("one");
        assertEquals(10, one.list("history").size());
        assertTrue(program.read("state/state/acct.json").length() < length + 1000);
    }

    /** The file of the version before has no history; and that version keeps what it does not know. */
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
