package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.state.Failure;

/** Texts that operators read and grep for, held in files. */
class GoldenTest {
    @TempDir
    Path directory;

    @Test
    void everyFailureSaysWhatAndHowToRepairIt() throws IOException {
        Messages messages = new Messages(new Commands(Commands.CONFIG, Commands.STATE));
        Messages withoutService = new Messages(new Commands(Commands.CONFIG, Path.of("/state")));
        StringBuilder text = new StringBuilder();
        for (Failure.Kind kind : Failure.Kind.values()) {
            String where = kind == Failure.Kind.REGISTRATION_REFUSED ? "https://issuer.example.org" : "/where/file";
            Failure failure = new Failure(kind, where, "DETAIL");
            text.append(kind.word())
                    .append("\n  ")
                    .append(messages.what(failure))
                    .append("\n  ");
            String repair = messages.repair(failure, "ACCOUNT");
            text.append(repair).append("\n");
            String other = withoutService.repair(failure, "ACCOUNT");
            text.append(other.equals(repair) ? "" : "  without the service: " + other + "\n");
        }
        Golden.hold("failures.txt", text.toString());
    }

    @Test
    void everyFindingSaysWhatAndWhyAndHowToRepairIt() throws IOException {
        Commands commands = new Commands(Commands.CONFIG, Commands.STATE);
        CheckText check = new CheckText(new Messages(commands), commands, Colours.NONE);
        StringBuilder text = new StringBuilder();
        for (Finding.Kind kind : Finding.Kind.values()) {
            if (kind == Finding.Kind.RENEWAL) {
                continue; // its texts are those of failures.txt
            }
            Finding finding = new Finding(kind, "/where/file", "17", "ACCOUNT", Optional.empty());
            text.append(kind.word()).append(finding.isProblem() ? ", a problem\n  " : ", a warning\n  ");
            text.append(check.what(finding)).append("\n  ");
            text.append(check.why(finding)).append("\n  ");
            text.append(check.repair(finding)).append("\n");
        }
        Golden.hold("findings.txt", text.toString());
    }

    @Test
    void help() throws IOException {
        try (Program program = new Program(directory)) {
            StringBuilder text = new StringBuilder();
            text.append(program.run("--help").out());
            for (String command : Program.COMMANDS) {
                text.append("\n").append(program.run(command, "--help").out());
            }
            assertTrue(text.toString().lines().allMatch(line -> line.length() <= 80));
            Golden.hold("help.txt", text.toString());
        }
    }

    @Test
    void statusOfOneGoodOneFailingAndOneUnusedAccount() throws IOException {
        try (Program program = new Program(directory)) {
            program.setup("--scope=openid offline_access compute.read");
            program.secret("dead.pw", "dead");
            program.config("""
                    [account acct]
                    password_file = DIR/acct.pw
                    [account dead]
                    password_file = DIR/dead.pw
                    [token good]
                    account = acct
                    token_path = DIR/good.token
                    [token narrow]
                    account = acct
                    token_path = DIR/narrow.token
                    scope = compute.read
                    audience = https://ce.example.org:9619
                    [token none]
                    account = dead
                    token_path = DIR/none.token
                    """);
            program.run("renew");
            program.clock.advance(Duration.ofSeconds(150));
            String status = program.run("status").out();
            assertTrue(status.lines()
                    .filter(line -> !line.contains(directory.toString()))
                    .allMatch(line -> line.length() <= 80));
            Golden.hold(
                    "status.txt",
                    status.replace(directory.toString(), "DIR")
                            .replace(program.issuer.issuer(), "https://issuer.example.org")
                            .replaceAll("client \\S+,", "client CLIENT,")
                            .replaceAll("\\d{4}-\\d\\d-\\d\\d", "2026-01-02")
                            .replaceAll("T\\d\\d:\\d\\d:\\d\\d", "T10:00:00"));
        }
    }
}
