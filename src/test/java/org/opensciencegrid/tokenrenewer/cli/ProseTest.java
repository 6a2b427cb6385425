package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.state.Failure;

class ProseTest {
    /** A program where a command may begin, by what its first argument looks like. */
    private static final Pattern COMMAND = Pattern.compile(
            "(?:^|: |&& |then )([a-z][a-z-]+) "
                    + "(?:-{1,2}[a-zA-Z]|/|osg-|[augo][-+=][rwx]|ACCOUNT|'|root:|0|set-ntp|(?:(?:re)?start|edit|enable|upgrade) (?:osg|-))");

    private static List<String> repairs() {
        List<String> repairs = new ArrayList<>();
        for (Commands commands : List.of(
                new Commands(Commands.CONFIG, Commands.STATE), new Commands(Path.of("/c.ini"), Path.of("/state")))) {
            Messages messages = new Messages(commands);
            CheckText check = new CheckText(messages, commands, Colours.NONE);
            for (Failure.Kind kind : Failure.Kind.values()) {
                repairs.add(messages.repair(new Failure(kind, "/where/file", "DETAIL"), "ACCOUNT"));
            }
            for (Finding.Kind kind : Finding.Kind.values()) {
                if (kind != Finding.Kind.RENEWAL) {
                    repairs.add(check.repair(new Finding(kind, "/where/file", "17", "ACCOUNT", Optional.empty())));
                }
            }
        }
        return repairs;
    }

    @Test
    void noCommandOfARepairIsBroken() {
        TreeSet<String> programs = new TreeSet<>();
        for (String repair : repairs()) {
            List<String> pieces = Prose.pieces(repair);
            assertEquals(repair, String.join(" ", pieces));
            Matcher command = COMMAND.matcher(repair);
            while (command.find()) {
                programs.add(command.group(1));
                String begin = command.group(1) + " ";
                assertTrue(pieces.stream().anyMatch(piece -> piece.contains(begin)), begin + "in " + repair);
            }
        }
        assertTrue(programs.size() >= 15, programs.toString());
    }

    @Test
    void proseIsBrokenAtBlanksAndCommandsHaveALineOfTheirOwn() {
        String command =
                "osg-token-renewer --config=/a/long/path/config.ini --state-dir=/another/long/path change-password acct";
        assertEquals(
                """
                Failed to get token 'one': the password file does not hold the password of
                    /state/accounts/acct.account; if it was to be changed:
                    COMMAND;
                    or start anew: osg-token-renewer-setup acct (asked again after 10:00)""".replace("COMMAND", command),
                Prose.wrapped("Failed to get token 'one': the password file does not hold the password of"
                        + " /state/accounts/acct.account; if it was to be changed: " + command
                        + "; or start anew: osg-token-renewer-setup acct (asked again after 10:00)"));
        assertEquals("x".repeat(100), Prose.wrapped("x".repeat(100)));
        String lines = "x".repeat(50) + " y\nz " + "x".repeat(50);
        assertEquals(lines, Prose.wrapped(lines), "lines that are short enough each");
        String link = "    https://issuer.example.org/ " + "y".repeat(80);
        assertEquals(link, Prose.wrapped(link), "what is indented is to be copied");
    }

    @Test
    void whatIsQuotedOrInParenthesesIsOfTheCommand() {
        assertEquals(
                List.of(
                        "make",
                        "it:",
                        "(umask 077; openssl rand -base64 32 > /a b),",
                        "or",
                        "sed -i '1s/^[ \\t]*//; 1s/x, y/' /f;",
                        "then",
                        "sudo osg-token-renewer setup '--scope=a; it'\\''s' acct"),
                Prose.pieces(
                        "make it: (umask 077; openssl rand -base64 32 > /a b), or sed -i '1s/^[ \\t]*//; 1s/x, y/' /f; then"
                                + " sudo osg-token-renewer setup '--scope=a; it'\\''s' acct"));
        assertEquals(
                List.of("(umask 077; openssl rand > /f) && osg-token-renewer-setup acct"),
                Prose.pieces("(umask 077; openssl rand > /f) && osg-token-renewer-setup acct"));
        assertEquals(
                List.of("install", "that", "version", "again:", "dnf upgrade x"),
                Prose.pieces("install that version again: dnf upgrade x"));
    }
}
