package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.cli.Program;
import org.opensciencegrid.tokenrenewer.dist.Installed;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Kills (SIGKILL) each command of the shipped jar that changes an account, at ten of its system calls on the account's
 * files, spread evenly from the first to the last. After each kill, the account must be usable (or deleted, for a
 * removal), and running the command again must complete it.
 */
class AccountFaultsRing {
    private static final int POINTS = 10;
    private static final String PASSWORD = Program.PASSWORD;
    private static final List<String> FILES = List.of(
            "state/accounts",
            "state/accounts/acct.account",
            "state/accounts/acct.account.next",
            "state/accounts/acct.account.prev",
            "state/accounts/acct.account.old",
            "state/state/acct.json",
            "agent/acct",
            "agent/.acct.part");
    private static final Pattern CALL = Pattern.compile("^\\d+\\s+(\\w+)\\(.*");

    @TempDir
    Path directory;

    /**
     * A command and what must hold afterwards.
     *
     * @param prepare prepares an account that was set up and renewed
     * @param after checks what a killed command left
     */
    private record Case(String name, Consumer<Program> prepare, Consumer<Program> after, List<String> command) {}

    /** One system call: the n-th with its name. */
    private record Call(String name, int number) {}

    @TestFactory
    Stream<DynamicTest> tenPointsOfEveryCommand() {
        return Stream.of(
                        new Case(
                                "import-oidc-agent",
                                AccountFaultsRing::giveToAgent,
                                AccountFaultsRing::importedOnceMore,
                                List.of("import-oidc-agent", "--all", "--from=DIR/agent")),
                        new Case(
                                "export-oidc-agent",
                                program -> makeDirectory(program.file("agent")),
                                AccountFaultsRing::exportedWholeOrNotAtAll,
                                List.of("export-oidc-agent", "acct", "--to=DIR/agent/acct")),
                        new Case(
                                "change-password",
                                AccountFaultsRing::newPassword,
                                AccountFaultsRing::changedOnceMore,
                                List.of("change-password", "acct", "--old-pw-file=DIR/old.pw")),
                        new Case("remove", program -> {}, AccountFaultsRing::renewsOrIsGone, List.of("remove", "acct")),
                        new Case(
                                "remove --revoke --delete-client",
                                program -> {},
                                program -> gone(program, "remove", "acct", "--revoke", "--delete-client"),
                                List.of("remove", "acct", "--revoke", "--delete-client")),
                        new Case(
                                "setup --reauthenticate",
                                program -> program.issuer.policy.interval = 0,
                                AccountFaultsRing::renews,
                                List.of("setup", "--reauthenticate", "acct")))
                .flatMap(one -> IntStream.range(0, POINTS)
                        .mapToObj(point ->
                                DynamicTest.dynamicTest(one.name() + ", point " + point, () -> kill(one, point))));
    }

    private void kill(Case one, int point) throws Exception {
        List<Call> calls = new ArrayList<>();
        try (Program program = account("trace" + point, one)) {
            Map<String, Integer> seen = new HashMap<>();
            for (String line : trace(program, one, List.of())) {
                Matcher matcher = CALL.matcher(line);
                if (matcher.matches()) {
                    calls.add(new Call(matcher.group(1), seen.merge(matcher.group(1), 1, Integer::sum)));
                }
            }
        }
        assertTrue(calls.size() >= POINTS, one.name() + " makes " + calls.size() + " calls");
        Call call = calls.get(point * (calls.size() - 1) / (POINTS - 1));
        try (Program program = account("kill" + point, one)) {
            List<String> trace =
                    trace(program, one, List.of("-e", "inject=" + call.name() + ":signal=KILL:when=" + call.number()));
            assertTrue(trace.stream().anyMatch(line -> line.contains("killed by SIGKILL")), "not killed at " + call);
            one.after().accept(program);
        }
    }

    private static void giveToAgent(Program program) {
        makeDirectory(program.file("agent"));
        succeeds(program, "export-oidc-agent", "acct", "--to=" + program.file("agent/acct"));
        succeeds(program, "remove", "acct");
    }

    private static void importedOnceMore(Program program) {
        byte[] agent = bytes(program.file("agent/acct"));
        int devices = program.issuer.count("/device_authorization");
        succeeds(program, "import-oidc-agent", "--all", "--from=" + program.file("agent"));
        renews(program);
        assertEquals(devices, program.issuer.count("/device_authorization"));
        assertArrayEquals(agent, bytes(program.file("agent/acct")));
    }

    private static void exportedWholeOrNotAtAll(Program program) {
        if (!Files.exists(program.file("agent/acct"))) {
            succeeds(program, "export-oidc-agent", "acct", "--to=" + program.file("agent/acct"));
        }
        succeeds(program, "remove", "acct");
        succeeds(program, "import-oidc-agent", "acct", "--from=" + program.file("agent")); // so it is complete
        renews(program);
    }

    private static void newPassword(Program program) {
        program.secret("old.pw", PASSWORD);
        program.secret("acct.pw", "a new password");
    }

    private static void changedOnceMore(Program program) {
        succeeds(program, "change-password", "acct", "--old-pw-file=" + program.file("old.pw"));
        renews(program);
    }

    private static void renewsOrIsGone(Program program) {
        if (program.run("status", "--account=acct").out().contains("not set up")) {
            succeeds(
                    program,
                    "setup",
                    "--issuer=" + program.issuer.issuer(),
                    "--ca-file=" + program.file("ca.pem"),
                    "--scope=openid offline_access",
                    "acct");
        }
        renews(program);
        gone(program, "remove", "acct");
    }

    private static void gone(Program program, String... command) {
        Result result = program.run(command);
        assertTrue(result.status() == 0 || result.err().contains("there is no such account"), result.err());
        assertFalse(Files.exists(program.file("state/accounts/acct.account")));
        assertFalse(Files.exists(program.file("state/accounts/acct.account.prev")));
    }

    private static void renews(Program program) {
        succeeds(program, "renew", "--force");
    }

    private static void succeeds(Program program, String... command) {
        Result result = program.run(command);
        assertEquals(0, result.status(), () -> String.join(" ", command) + ": " + result.err());
    }

    private Program account(String name, Case one) {
        Path place = directory.resolve(one.name().replaceAll("\\W+", "-") + name);
        makeDirectory(place);
        Program program = new Program(place);
        program.accountWith(Program.ONE);
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        renews(program);
        one.prepare().accept(program);
        return program;
    }

    /** Runs the shipped program under strace; returns its calls on the account's files, in order. */
    private static List<String> trace(Program program, Case one, List<String> injection) throws Exception {
        List<String> options = new ArrayList<>();
        FILES.forEach(file -> options.addAll(List.of("-P", program.file(file).toString())));
        options.addAll(injection);
        String[] words = one.command().stream()
                .map(word -> word.replace("DIR", program.directory.toString()))
                .toArray(String[]::new);
        return new Installed(program.directory).trace(options, words);
    }

    private static void makeDirectory(Path path) {
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
