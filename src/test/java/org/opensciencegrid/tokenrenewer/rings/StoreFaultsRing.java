package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.cli.Program;
import org.opensciencegrid.tokenrenewer.dist.Installed;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * One rotation of the shipped jar, with a fault at each of its system calls on the store: SIGKILL, and each error of a
 * disk. The issuer is strict: it accepts only its newest refresh token, and a reused one ends the authorization. After
 * each fault the store must be readable and the next run must renew, except for SIGKILL in the one window that no
 * client can avoid, between the issuer's response and the first write of it.
 */
class StoreFaultsRing {
    private static final List<String> ERRORS = List.of("EIO", "ENOSPC", "EROFS", "EDQUOT");
    private static final List<String> FILES =
            List.of("", "/acct.account", "/acct.account.next", "/acct.account.prev", "/acct.account.old");
    private static final Pattern CALL = Pattern.compile("^\\d+\\s+(\\w+)\\((.*)");

    /**
     * The calls for which errors are tested: those that read, write, sync or name. The others (fcntl, lseek, close)
     * cannot fail like this.
     */
    private static final List<String> FALLIBLE = List.of(
            "openat",
            "read",
            "pread64",
            "pwrite64",
            "write",
            "fsync",
            "fdatasync",
            "ftruncate",
            "rename",
            "link",
            "unlink");

    private static final Map<String, Integer> SUMMARY = new TreeMap<>();
    private static final List<String> LOST = new ArrayList<>();

    @TempDir
    static Path directory;

    /** One system call of a rotation: the n-th with its name. */
    private record Call(String name, int number, String arguments) {
        @Override
        public String toString() {
            return name + " #" + number;
        }
    }

    @TestFactory
    Stream<DynamicTest> everyCallTimesEveryFault() throws Exception {
        assumeTrue(Installed.has("strace"), "needs strace: apt-get install strace");
        List<Call> calls = calls();
        System.out.println("system calls on the store in one rotation: " + calls.size());
        assertTrue(
                calls.toString().contains("pwrite64 #2") && calls.toString().contains("rename #2"), calls.toString());
        List<DynamicTest> tests = new ArrayList<>();
        for (Call call : calls) {
            tests.add(DynamicTest.dynamicTest("SIGKILL at " + call, () -> inject(call, "signal=KILL", "SIGKILL")));
            for (String error : FALLIBLE.contains(call.name()) ? ERRORS : List.<String>of()) {
                tests.add(DynamicTest.dynamicTest(error + " at " + call, () -> inject(call, "error=" + error, error)));
            }
        }
        return tests.stream();
    }

    @AfterAll
    static void table() {
        SUMMARY.forEach((what, count) -> System.out.println(what + ": " + count));
        System.out.println("lost in the window: " + LOST);
        assertTrue(LOST.size() <= 1, "only SIGKILL at the one write after the answer may lose a token: " + LOST);
    }

    private List<Call> calls() throws Exception {
        try (Program program = account()) {
            List<Call> calls = new ArrayList<>();
            Map<String, Integer> seen = new HashMap<>();
            for (String line : trace(program, List.of())) {
                Matcher matcher = CALL.matcher(line);
                if (matcher.find()) {
                    calls.add(new Call(
                            matcher.group(1), seen.merge(matcher.group(1), 1, Integer::sum), matcher.group(2)));
                }
            }
            assertEquals(0, program.run("renew").status());
            return calls;
        }
    }

    private void inject(Call call, String fault, String kind) throws Exception {
        try (Program program = account()) {
            int before = program.issuer.count("/token", Policy.REFRESH_TOKEN);
            List<String> trace =
                    trace(program, List.of("-e", "inject=" + call.name() + ":" + fault + ":when=" + call.number()));
            boolean asked = program.issuer.count("/token", Policy.REFRESH_TOKEN) > before;
            assertTrue(
                    trace.stream().anyMatch(line -> line.contains("INJECTED") || line.contains("killed by SIGKILL")),
                    "the fault was not injected");
            Result next = program.run("renew", "--force");
            boolean isLost = next.status() != 0;
            if (isLost && kind.equals("SIGKILL") && asked && next.err().contains("the authorization has ended")) {
                LOST.add(call.toString()); // the end of the test checks that there is only one
            } else {
                assertEquals(0, next.status(), next.err());
                assertEquals(3, program.read("one.token").split("\\.").length);
            }
            SUMMARY.merge(
                    kind + (asked ? ", issuer asked" : ", issuer not asked") + (isLost ? ", lost" : ", ok"),
                    1,
                    Integer::sum);
        }
    }

    /**
     * An authorized account that has rotated once, so that there is a previous generation, with a cheap key derivation.
     */
    private static Program account() throws IOException {
        if (Files.exists(directory)) {
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder())
                        .filter(file -> !file.equals(directory))
                        .forEach(file -> file.toFile().delete());
            }
        }
        Program program = new Program(directory);
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.accountWith(Program.ONE);
        assertEquals(0, program.run("renew").status());
        return program;
    }

    /** Runs the shipped program under strace; returns its calls on the store, in order. */
    private static List<String> trace(Program program, List<String> injection) throws Exception {
        List<String> options = new ArrayList<>();
        for (String file : FILES) {
            options.addAll(List.of("-P", program.file("state/accounts") + file));
        }
        options.addAll(injection);
        return new Installed(program.directory).trace(options, "renew");
    }
}
