package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;

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
        program.sleeper.afterEach(() -> {
            List<Duration> sleeps = program.sleeper.sleeps();
            Duration wait = sleeps.get(sleeps.size() - 1);
            if (wait.compareTo(Duration.ofMinutes(1)) < 0) {
                return; // before a repeat of a request
            }
            if (waits.size() == steps.size()) {
                Thread.currentThread().interrupt();
            } else {
                steps.get(waits.size()).run();
                waits.add(wait);
            }
        });
        List<String> words = new ArrayList<>(List.of("renew", "--every=" + time));
        words.addAll(List.of(more));
        return program.run(words.toArray(String[]::new));
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
                        () -> program.secret("acct.pw", Program.PASSWORD)));
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
