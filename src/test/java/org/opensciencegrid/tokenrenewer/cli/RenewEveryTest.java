package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.cli.Program.Result;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/** {@code renew --every}. The wait between two runs takes no time here, and runs the next step of the test. */
class RenewEveryTest extends WithProgram {
    private static final String TOKEN = "[token t]\naccount = acct\ntoken_path = DIR/t.token\n";

    private final List<Duration> waits = new ArrayList<>();

    @AfterEach
    void clearInterrupt() {
        Thread.interrupted();
    }

    /** Runs once more than there are steps; step N comes after run N. */
    private Result renewEvery(String time, List<Runnable> steps, String... more) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Sleeper sleeper = new Sleeper() {
            @Override
            public void sleep(Duration duration) {
                program.clock.advance(duration);
                if (duration.compareTo(Duration.ofMinutes(1)) < 0) {
                    return; // before a repeat of a request
                }
                if (waits.size() == steps.size()) {
                    Thread.currentThread().interrupt();
                } else {
                    steps.get(waits.size()).run();
                    waits.add(duration);
                }
            }

            @Override
            public Duration elapsed() {
                return Duration.between(java.time.Instant.EPOCH, program.clock.instant());
            }
        };
        Environment environment = new Environment(
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                program.variables,
                program.clock,
                sleeper,
                new KdfParameters(8, 1, 1));
        List<String> words = new ArrayList<>(List.of("renew", "--every=" + time));
        words.addAll(List.of(more));
        int status = Main.run(environment, words.toArray(String[]::new));
        return new Result(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private void setUpAccount() {
        program.setup("--scope=openid offline_access");
        program.accountWith(TOKEN);
        program.issuer.policy.accessSeconds = 600; // due in each run
        program.issuer.clearRecords();
    }

    private int refreshes() {
        return program.issuer.count("/token", Policy.REFRESH_TOKEN);
    }

    @Test
    void everyRunRenewsAndRotatesAndReportsThatItIsAlive() {
        setUpAccount();
        List<String> alive = new ArrayList<>();
        Runnable look = () -> alive.add(program.read("alive"));
        Result result = renewEvery(
                "10min",
                List.of(look, look, look),
                "--liveness-file=" + program.file("alive"),
                "--metrics-file=" + program.file("m.prom"));
        assertEquals(0, result.status(), result.err());
        assertEquals(4, refreshes());
        assertEquals(0, program.issuer.reuses());
        assertEquals(List.of(), program.issuer.violations());
        assertEquals(3, new HashSet<>(alive).size(), alive.toString());
        assertTrue(alive.get(0).matches("20[0-9T:-]+Z exit status 0\n"), alive.get(0));
        assertTrue(program.read("m.prom").contains("osg_token_renewer"), program.read("m.prom"));
    }

    @Test
    void theWaitsAreOfTheIntervalPlusOrMinusATenth() {
        program.config("");
        renewEvery("10min", java.util.Collections.nCopies(50, () -> {}));
        assertEquals(50, waits.size());
        assertTrue(
                waits.stream().allMatch(wait -> wait.toSeconds() >= 540 && wait.toMillis() <= 660_000),
                waits.toString());
        assertTrue(new HashSet<>(waits).size() > 40, waits.toString());
    }

    @Test
    void aRunThatFailsDoesNotEndTheProcess() {
        setUpAccount();
        Result result = renewEvery(
                "10min",
                List.of(
                        () -> program.config("[token t\n"),
                        () -> program.accountWith(TOKEN),
                        () -> program.secret("acct.pw", "another password"),
                        () -> program.secret("acct.pw", "correct horse battery staple")));
        assertEquals(0, result.status(), result.err());
        assertEquals(3, refreshes()); // not with the broken config file, and not with the wrong password
        assertEquals(
                1,
                result.err()
                        .lines()
                        .filter(line -> line.contains("config.ini:1:"))
                        .count(),
                result.err());
        assertEquals(
                1,
                result.err()
                        .lines()
                        .filter(line -> line.contains("Failed to get token"))
                        .count(),
                result.err());
    }

    /** A failure is a warning only if the old token lasts for two more runs, and these are --every apart. */
    @ParameterizedTest
    @CsvSource({"10min, 0", "30min, 1"})
    void anOutageIsAFailureIfTheTokenEndsBeforeTwoMoreRuns(String every, int status) {
        program.setup("--scope=openid offline_access");
        program.accountWith(TOKEN + "min_lifetime = 3500\n");
        program.issuer.policy.accessSeconds = 3600;
        Result result = renewEvery(
                every,
                List.of(() -> program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"))));
        assertEquals(status, result.status(), result.err());
    }

    @Test
    void aConfigFileThatCannotBeReadAtTheStartEndsIt() {
        program.config("[token t\n");
        Result result = renewEvery("10min", List.of(() -> {}));
        assertEquals(2, result.status());
        assertEquals(List.of(), waits);
    }

    @Test
    void aTokenThatLeavesTheConfigFileIsNotAskedForAgain() {
        setUpAccount();
        Result result =
                renewEvery("10min", List.of(() -> program.accountWith(TOKEN.replace("token t]", "token u]"))), "acct");
        assertEquals(0, result.status(), result.err());
        assertEquals(2, refreshes());
    }

    @Test
    void aLivenessFileThatCannotBeWrittenIsAWarning() {
        program.config("");
        Result result = renewEvery("10min", List.of(), "--liveness-file=" + program.file("none/alive"));
        assertEquals(0, result.status());
        assertTrue(result.err().contains("warning: no liveness file: "), result.err());
        assertTrue(result.err().contains("To fix: "), result.err());
    }

    @ParameterizedTest
    @CsvSource({
        "--every=5s, give 10 s to 24 h",
        "--every=25h, give 10 s to 24 h",
        "--every=soon, give a span of time",
        "--every=10min --force, --every cannot be combined",
        "--every=10min --dry-run, --every cannot be combined",
        "--liveness-file=x, --liveness-file needs --every"
    })
    void wrongOptionsAreRefusedBeforeTheFirstRun(String words, String said) {
        setUpAccount();
        Result result = program.run(("renew " + words).split(" "));
        assertEquals(2, result.status());
        assertTrue(result.err().contains(said), result.err());
        assertEquals(0, refreshes());
        assertNotEquals("", result.err());
    }
}
