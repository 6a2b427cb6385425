package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.cli.output.CheckText;
import org.opensciencegrid.tokenrenewer.cli.output.Colors;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.Repair;
import org.opensciencegrid.tokenrenewer.cli.output.RepairCommands;
import org.opensciencegrid.tokenrenewer.failure.Failure;

/** Compares the texts that admins read and search for with files. */
class GoldenTest {
    @TempDir
    Path directory;

    @Test
    void everyFailureSaysWhatAndHowToRepairIt() throws IOException {
        Messages messages = new Messages(Host.COMMANDS);
        Messages withoutService = new Messages(Host.WITHOUT_SERVICE);
        StringBuilder text = new StringBuilder();
        for (Failure.Kind kind : Failure.Kind.values()) {
            String where = switch (kind) {
                case REGISTRATION_REFUSED -> "https://issuer.example.org";
                case CLUSTER_FORBIDDEN ->
                    "update secrets NAMESPACE/osg-token-renewer-account-ACCOUNT".toLowerCase(Locale.ROOT);
                case EXCHANGE_REFUSED, EXCHANGE_SCOPE_REFUSED, EXCHANGE_AUDIENCE_REFUSED -> "NAME client-of-ACCOUNT";
                default -> "/where/file";
            };
            Failure failure = new Failure(kind, where, "DETAIL");
            text.append(kind.word())
                    .append("\n  ")
                    .append(messages.what(failure))
                    .append("\n  ");
            String repair = messages.repair(failure, "ACCOUNT").marked();
            text.append(repair).append("\n");
            String other = withoutService.repair(failure, "ACCOUNT").marked();
            text.append(other.equals(repair) ? "" : "  without the service: " + other + "\n");
        }
        Golden.hold("failures.txt", text.toString());
    }

    @Test
    void everyFindingSaysWhatAndWhyAndHowToRepairIt() throws IOException {
        CheckText check = new CheckText(new Messages(Host.COMMANDS), Host.COMMANDS, Colors.NONE);
        StringBuilder text = new StringBuilder();
        for (Finding.Kind kind : Finding.Kind.values()) {
            if (kind == Finding.Kind.RENEWAL) {
                continue; // failures.txt has its texts
            }
            Finding finding = new Finding(kind, "/where/file", "17", "ACCOUNT", Optional.empty());
            text.append(kind.word()).append(finding.isProblem() ? ", a problem\n  " : ", a warning\n  ");
            text.append(check.what(finding)).append("\n  ");
            text.append(check.why(finding)).append("\n  ");
            text.append(check.repair(finding).marked()).append("\n");
        }
        Golden.hold("findings.txt", text.toString());
    }

    /** The same failures and findings if a file exists already, or a program is not installed. */
    @Test
    void aRepairDependsOnWhatIsThere() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "x");
        Path link = Files.createSymbolicLink(directory.resolve("link"), file);
        Path sticky = Files.createDirectory(directory.resolve("sticky"));
        Path token = Files.writeString(sticky.resolve("token"), "x");
        Files.setAttribute(sticky, "unix:mode", 01777);
        Path unset = Path.of("/state/accounts");
        RepairCommands bare = new RepairCommands(RepairCommands.CONFIG, RepairCommands.STATE, directory);
        StringBuilder text = new StringBuilder();
        Messages messages = new Messages(Host.COMMANDS);
        for (Failure failure : List.of(
                new Failure(Failure.Kind.PASSWORD_MISSING, file.toString(), ""),
                new Failure(Failure.Kind.CLIENT_KEY, file.toString(), ""),
                new Failure(Failure.Kind.CLIENT_KEY, "", ""),
                new Failure(Failure.Kind.CLIENT_KEY_UNWRITABLE, file.toString(), ""),
                new Failure(Failure.Kind.ACCOUNT_UNREADABLE, link.toString(), ""),
                new Failure(Failure.Kind.STORE_UNWRITABLE, unset.toString(), "Read-only file system"),
                new Failure(Failure.Kind.STORE_UNWRITABLE, unset.toString(), "Permission denied"),
                new Failure(Failure.Kind.STORE_UNWRITABLE, unset.toString(), "No such file or directory"),
                new Failure(Failure.Kind.TOKEN_DIRECTORY_MISSING, file.toString(), ""),
                new Failure(Failure.Kind.TOKEN_NOT_PERMITTED, token.toString(), "Operation not permitted"),
                new Failure(Failure.Kind.TOKEN_NOT_PERMITTED, file.toString(), "Operation not permitted"),
                new Failure(Failure.Kind.TOKEN_OWNER_CLOSED, file.toString(), "alice"),
                new Failure(Failure.Kind.HOOK_NOT_STARTED, file.toString(), ""),
                new Failure(Failure.Kind.NOT_IN_CLUSTER, "", ""))) {
            said(text, failure.kind().word(), messages.repair(failure, "ACCOUNT"));
        }
        CheckText check = new CheckText(messages, Host.COMMANDS, Colors.NONE);
        for (Finding.Kind kind : List.of(
                Finding.Kind.PASSWORD_CARRIAGE_RETURN, Finding.Kind.PASSWORD_SHORT, Finding.Kind.PASSWORD_MORE_LINES)) {
            said(text, kind.word(), check.repair(new Finding(kind, link.toString(), "", "ACCOUNT", Optional.empty())));
        }
        Finding closed =
                new Finding(Finding.Kind.DIRECTORY_CLOSED, "/root", "/root/acct.pw", "ACCOUNT", Optional.empty());
        said(text, "directory_closed", check.repair(closed));
        RepairCommands here = new RepairCommands(RepairCommands.CONFIG, directory, directory);
        Files.createDirectory(directory.resolve("accounts"));
        Files.createFile(here.accountFile("ACCOUNT"));
        Finding unused = new Finding(Finding.Kind.UNUSED_ACCOUNT, "/where", "", "ACCOUNT", Optional.empty());
        said(text, "unused_account", new CheckText(messages, here, Colors.NONE).repair(unused));
        text.append("\nwith --store=kubernetes\n");
        RepairCommands inCluster = new RepairCommands(RepairCommands.CONFIG, RepairCommands.STATE, true, directory);
        for (Failure.Kind kind : List.of(Failure.Kind.ACCOUNT_MISSING, Failure.Kind.ACCOUNT_INTERRUPTED)) {
            said(text, kind.word(), new Messages(inCluster).repair(new Failure(kind, "", ""), "ACCOUNT"));
        }
        text.append("\nwithout systemd and other programs\n");
        Messages few = new Messages(bare);
        for (Failure.Kind kind : Failure.Kind.values()) {
            Failure failure = new Failure(kind, "/where/file", "DETAIL");
            if (!few.repair(failure, "ACCOUNT").equals(messages.repair(failure, "ACCOUNT"))) {
                said(text, kind.word(), few.repair(failure, "ACCOUNT"));
            }
        }
        Golden.hold("repairs.txt", text.toString().replace(directory.toString(), "DIR"));
    }

    private static void said(StringBuilder text, String kind, Repair repair) {
        text.append(kind).append("\n  ").append(repair.marked()).append("\n");
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
    void statusOfManyAccountsThatAreNotSetUp() throws IOException {
        try (Program program = new Program(directory)) {
            StringBuilder config = new StringBuilder();
            for (int i = 1; i <= 40; i++) {
                String token = i == 1 ? "数据管理" : i == 2 ? "Jose\u0301" : "t" + i;
                config.append("[account a" + i + "]\npassword_file = DIR/acct.pw\n[token " + token + "]\naccount = a"
                        + i + "\ntoken_path = DIR/" + i + ".token\n");
            }
            program.config(config.toString());
            String status = program.run("status").out();
            assertTrue(status.lines().count() <= 50, status);
            Golden.hold("status-many.txt", status.replace(directory.toString(), "DIR"));
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
