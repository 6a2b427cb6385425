package org.opensciencegrid.tokenrenewer.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.cli.Host;
import org.opensciencegrid.tokenrenewer.cli.Program;
import org.opensciencegrid.tokenrenewer.config.ConfigFile;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.FileStateStore;

/** Tests the commands that fix something: a person pastes them, and a program reads them. */
class RepairTest {
    private static final String ODD = "/s/my tokens/it's \"{{ x }}\" ; rm $HOME #1%s\\n";

    @ParameterizedTest
    @ValueSource(
            strings = {"plain", "a b", "it's", "\"x\"", "{{ x }}/a", "x ; rm y", "# x", "$HOME", "~/x", "a\\nb", "*", ""
            })
    void aShellReadsTheWordsAsTheyAre(String word) throws Exception {
        Process process =
                new ProcessBuilder("sh", "-c", ShellQuote.line(List.of("printf", "<%s>", word, "end"))).start();
        assertEquals(
                "<" + word + "><end>", new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }

    @Test
    void theCommandHasALineOfItsOwn() {
        List<String> command = List.of("osg-token-renewer", "--config=/a/long path/" + "x".repeat(80), "check");
        Repair repair = new Repair("do this, which takes a few more words than fit on one line of a terminal", command);
        assertEquals(
                List.of(
                        "  To fix: do this, which takes a few more words than fit on one line of a",
                        "  terminal:",
                        "  osg-token-renewer '--config=/a/long path/" + "x".repeat(80) + "' check"),
                repair.lines("  ", Colors.NONE));
        assertEquals("it is broken. To fix: " + repair.text(), repair.after("it is broken"));
        assertEquals("Nothing to do: the next run retries", Repair.NOTHING.marked());
    }

    /** A rule for create cannot name an object, so it would be for all Secrets of the namespace. */
    @Test
    void aMissingObjectOfAnAccountIsCreatedOnce() {
        Messages messages = new Messages(Host.COMMANDS);
        String message = "system:serviceaccount:ns:renewer may not create";
        assertEquals(
                "create the empty object once, as an administrator of the cluster:"
                        + " kubectl --namespace ns create secret generic osg-token-renewer-account-acct",
                messages.repair(
                                new Failure(
                                        Failure.Kind.CLUSTER_FORBIDDEN,
                                        "create secrets ns/osg-token-renewer-account-acct",
                                        message),
                                "acct")
                        .text());
        assertEquals(
                "create the empty object once, as an administrator of the cluster:"
                        + " echo '{\"apiVersion\": \"coordination.k8s.io/v1\", \"kind\": \"Lease\","
                        + " \"metadata\": {\"name\": \"osg-token-renewer-account-acct\"}}'"
                        + " | kubectl --namespace ns create -f -",
                messages.repair(
                                new Failure(
                                        Failure.Kind.CLUSTER_FORBIDDEN,
                                        "create leases.coordination.k8s.io ns/osg-token-renewer-account-acct",
                                        message),
                                "acct")
                        .text());
    }

    /** A Secret may have content that nobody else has. */
    @Test
    void noRepairDeletesASecret() {
        Failure failure = new Failure(Failure.Kind.SECRET_UNUSABLE, "Secret ns/tokens", "it is immutable");
        assertEquals(
                Repair.advice("use another Secret in token_secret"),
                new Messages(Host.COMMANDS).repair(failure, "acct"));
    }

    /** The scope of an exchange is not one that a user approves. */
    @Test
    void theScopesOfExchangesAreNotAuthorized(@TempDir Path directory) throws Exception {
        Path config = directory.resolve("config.ini");
        Files.writeString(config, """
                [account acct]
                password_file = /acct.pw
                [token one]
                account = acct
                token_path = /one
                scope = compute.read
                [token two]
                account = acct
                token_path = /two
                scope = storage.read
                exchange = yes
                """);
        Path files = directory.resolve("state");
        new FileStateStore(files, files)
                .write(
                        "acct",
                        AccountState.UNKNOWN.withAuthorization(
                                Optional.empty(), Optional.empty(), List.of("openid"), Optional.empty()));
        assertEquals(
                Set.of("openid", "compute.read"),
                new RepairCommands(config, directory).scopes("acct", ConfigFile.read(config)));
    }

    /** For a file whose name has every character that a shell could misinterpret. */
    private static List<Repair> all() {
        List<Repair> repairs = new ArrayList<>();
        for (RepairCommands commands :
                List.of(Host.COMMANDS, Host.WITHOUT_SERVICE, new RepairCommands(Path.of(ODD), Path.of(ODD)))) {
            Messages messages = new Messages(commands);
            CheckText check = new CheckText(messages, commands, Colors.NONE);
            for (Failure.Kind kind : Failure.Kind.values()) {
                repairs.add(messages.repair(new Failure(kind, ODD, "DETAIL"), "ACCOUNT"));
            }
            for (Finding.Kind kind : Finding.Kind.values()) {
                if (kind != Finding.Kind.RENEWAL) {
                    repairs.add(check.repair(new Finding(kind, ODD, "17", "ACCOUNT", Optional.empty())));
                }
            }
        }
        return repairs;
    }

    /** Every command is one line that a shell can parse completely. */
    @Test
    void noNameOfAFileIsReadAsACommand() throws Exception {
        for (Repair repair : all()) {
            if (!repair.command().isEmpty()) {
                Process shell = new ProcessBuilder("sh", "-n", "-c", ShellQuote.line(repair.command()))
                        .redirectErrorStream(true)
                        .start();
                String said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertEquals(0, shell.waitFor(), said + repair.text());
                String unquoted = ShellQuote.line(repair.command()).replaceAll("'[^']*'|\\\\'", "");
                assertFalse(unquoted.contains("$HOME") || unquoted.contains("my tokens"), repair.text());
            }
        }
    }

    @Test
    void noAdviceHoldsACommandThatWrappingCouldBreak() {
        for (Repair repair : all()) {
            assertFalse(repair.advice().matches(".*(: |&& |\\| )(sudo|chown|chmod|rm|systemctl) .*"), repair.text());
            assertFalse(
                    repair.advice().replace("man osg-token-renewer", "").contains("osg-token-renewer "), repair.text());
            assertTrue(!repair.advice().isEmpty() && !repair.advice().endsWith("."), repair.text());
        }
    }

    /** Other services use a host key: nobody else should get to read it. */
    @Test
    void aHostKeyIsNotOpened() {
        for (RepairCommands commands : List.of(Host.COMMANDS, Host.WITHOUT_SERVICE)) {
            Repair repair = new Messages(commands)
                    .repair(
                            new Failure(
                                    Failure.Kind.FILE_ACCESS,
                                    "/etc/grid-security/hostkey.pem",
                                    "tls_key_file /etc/grid-security/hostkey.pem: only its owner can read it"),
                            "ce");
            assertTrue(repair.command().isEmpty(), repair.text());
            assertTrue(repair.advice().contains("LoadCredential=ce.key:/etc/grid-security/hostkey.pem"), repair.text());
        }
    }

    /** No command writes to an existing file, or changes a directory's owner or mode. */
    @Test
    void nothingIsOverwritten() {
        for (Repair repair : all()) {
            String line = ShellQuote.line(repair.command());
            assertFalse(line.matches(".*openssl rand .*") && !line.contains("set -C"), line);
            assertFalse(line.contains("cp ") || line.contains("install "), line);
            assertFalse(line.matches(".*chmod g\\+.*wx.*"), line);
        }
    }

    /** A directory in --state-dir can have files of others. */
    @Test
    void onlyTheProgramsOwnFilesAreClosed(@TempDir Path directory) throws Exception {
        Files.createDirectories(directory.resolve("accounts"));
        Files.createDirectories(directory.resolve("web"));
        for (String file : List.of("accounts/one.account", "web/page", "web")) {
            Path path = directory.resolve(file);
            if (!Files.exists(path)) {
                Files.createFile(path);
            }
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
        }
        RepairCommands commands = new RepairCommands(RepairCommands.CONFIG, directory);
        CheckText check = new CheckText(new Messages(commands), commands, Colors.NONE);
        for (Finding.Kind kind : List.of(Finding.Kind.STATE_OPEN, Finding.Kind.STATE_OWNER)) {
            List<String> command = check.repair(new Finding(kind, directory.toString(), "", "", Optional.empty()))
                    .command();
            assertEquals(0, new ProcessBuilder(command).start().waitFor(), command.toString());
        }
        assertEquals("rwx------", mode(directory));
        assertEquals("rwx------", mode(directory.resolve("accounts/one.account")));
        assertEquals("rwxr-xr-x", mode(directory.resolve("web")));
        assertEquals("rwxr-xr-x", mode(directory.resolve("web/page")));
    }

    private static String mode(Path file) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    /** Nobody should open a home directory for a password. */
    @ParameterizedTest
    @CsvSource({"/root, false", "/home/alice, false", "/home, false", "/srv/passwords, true"})
    void aHomeDirectoryStaysClosed(String directory, boolean isOpened) {
        CheckText check = new CheckText(new Messages(Host.COMMANDS), Host.COMMANDS, Colors.NONE);
        Repair repair = check.repair(
                new Finding(Finding.Kind.DIRECTORY_CLOSED, directory, directory + "/a.pw", "a", Optional.empty()));
        assertEquals(isOpened, !repair.command().isEmpty(), repair.text());
    }

    /** Several accounts can use one password file, and an account that is not set up has no password yet. */
    @Test
    void noCommandChangesAPassword() {
        for (Repair repair : all()) {
            assertFalse(ShellQuote.line(repair.command()).contains("change-password"), repair.text());
        }
    }

    /** Which test runs the command of each kind, or why none does. A new kind with a command needs a line here. */
    private static final Map<String, String> PLAYED = Map.ofEntries(
            Map.entry(
                    "PrintedCommandsRing",
                    "account_missing wrong_password account_damaged account_foreign account_older"
                            + " account_copied refresh_token_lost authorization_dead authorization_lost person_refused"
                            + " client_refused request_refused identity_changed scope_refused registration_refused"
                            + " agent_file_empty agent_file_pgp agent_file_damaged agent_wrong_password agent_mytoken"
                            + " agent_password_grant agent_no_refresh_token agent_file_unreadable account_exists"
                            + " unused_account in_doubt two_hosts secret_ends authorization_ends no_class_archive"
                            + " store_read_only no_system_cas hook_failed hook_timeout token_not_permitted"),
            Map.entry(
                    "RepairsIT",
                    "file_access file_link password_world_readable password_more_lines config_writable unreadable_for_service"
                            + " token_directory_missing token_directory_closed directory_closed token_directory_open"
                            + " token_world_readable token_link hook_open state_open state_owner account_unreadable"),
            Map.entry("CheckIT", "config_shows_secret account_not_in_config refresh_token_waiting"),
            Map.entry("CheckCommandTest", "password_missing"),
            Map.entry("KeyClientTest", "client_key"),
            Map.entry("NotifyTest", "notify_unusable"),
            Map.entry("KubernetesStoreRing, which needs a cluster", "account_interrupted account_moved"),
            Map.entry(
                    "PrintedCommandsRing, the same command for another kind",
                    "grant_narrowed account_tampered account_newer"),
            Map.entry(
                    ".ci/package/guest",
                    "token_read_only token_group_closed token_outside_sandbox timer_masked timer_state_link"
                            + " timer_no_first_run timer_no_second_run timer_off timer_not_started timer_not_reloaded"
                            + " timer_not_enabled timer_broken_run account_busy"),
            Map.entry(
                    "theOthersShowSomething",
                    "issuer_tls certificate_ca_not_sent token_not_valid token_disk_full"
                            + " token_file_system issuer_not_asked refresh_token_rescued store_unwritable"
                            + " state_unwritable store_full store_no_inodes state_nearly_full account_forgotten"),
            Map.entry("commands of the program itself: check, and status", "config_error config_warning timer_unknown"),
            Map.entry(
                    "needs a program that this machine may not have, or a network of time servers or CAs",
                    "crypto_policy certificate_expired certificate_not_yet_valid clock_behind clock_differs crl_missing"
                            + " crl_expired"));

    /** These commands change nothing, so that it is enough that they run and show what a person has to look at. */
    @Test
    void theOthersShowSomething(@TempDir Path directory) throws Exception {
        Path copy = Files.writeString(directory.resolve("copy"), "[account a]\n");
        Path now = Files.writeString(directory.resolve("now"), "");
        RepairCommands commands = new RepairCommands(now, directory);
        shows(RepairCommands.showRoom(directory), 0, "Avail");
        shows(RepairCommands.showInodes(directory), 0, "IFree");
        shows(RepairCommands.showFileSystem(directory), 0, "FSTYPE");
        if (Files.getFileStore(directory).type().startsWith("ext") && Files.isExecutable(Path.of("/usr/bin/lsattr"))) {
            shows(RepairCommands.showAttributes(directory, copy), 0, copy.toString());
        }
        shows(new Messages(commands).restoreSections(copy.toString()).command(), 1, "< [account a]");
        if (Files.isExecutable(Path.of("/usr/bin/openssl"))) {
            try (EmbeddedIssuer issuer = EmbeddedIssuer.start(Program.CA)) {
                shows(RepairCommands.showTls(issuer.issuer()), 0, "BEGIN CERTIFICATE");
            }
        }
    }

    private static void shows(List<String> command, int status, String what) throws Exception {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", ShellQuote.line(command)).redirectErrorStream(true);
        builder.environment().put("LC_ALL", "C");
        Process process = builder.start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(status, process.waitFor(), said);
        assertTrue(said.contains(what), said);
    }

    @Test
    void everyKindWithACommandIsPlayedOrHasAReason() {
        Set<String> kinds = new TreeSet<>();
        Messages messages = new Messages(Host.COMMANDS);
        CheckText check = new CheckText(messages, Host.COMMANDS, Colors.NONE);
        for (Failure.Kind kind : Failure.Kind.values()) {
            if (!messages.repair(new Failure(kind, "/where/file", "DETAIL"), "ACCOUNT")
                    .command()
                    .isEmpty()) {
                kinds.add(kind.word());
            }
        }
        for (Finding.Kind kind : Finding.Kind.values()) {
            Finding finding = new Finding(kind, "/where/file", "17", "ACCOUNT", Optional.empty());
            if (kind != Finding.Kind.RENEWAL && !check.repair(finding).command().isEmpty()) {
                kinds.add(kind.word());
            }
        }
        Set<String> played = new TreeSet<>();
        PLAYED.values().forEach(words -> played.addAll(List.of(words.split(" "))));
        Set<String> missing = new TreeSet<>(kinds);
        missing.removeAll(played);
        assertEquals(Set.of(), missing);
    }
}
