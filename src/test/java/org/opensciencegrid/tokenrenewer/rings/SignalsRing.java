package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** SIGTERM and SIGINT between request and durable write, and clocks that jump by a day: nothing is lost. */
class SignalsRing {
    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"TERM, renew --force", "INT, renew --force", "TERM, renew --every=10s", "INT, renew --every=10s"})
    void aRenewalFinishesAndThenExits(String signal, String command) throws Exception {
        try (AccessPoint point = new AccessPoint(directory).authorize()) {
            Files.delete(point.file("tokens/one.token"));
            int before = point.refreshes();
            point.issuer.fault(Fault.on("/token").grant("refresh_token").delayAfter(Duration.ofSeconds(2)));
            Running run = point.start(command.split(" "));
            AccessPoint.await(() -> point.refreshes() > before);
            run.signal(signal);
            assertEquals(signal.equals("TERM") ? 143 : 130, run.await().status());
            assertEquals(point.issuer.currentRefreshTokens(), List.of(point.refreshToken()));
            assertEquals(0, point.inProcess("renew", "--force").status());
            assertEquals(0, point.issuer.reuses());
            System.out.println(
                    "--- " + command + ": SIG" + signal + " between request and durable write: finished, nothing lost");
        }
    }

    /** Ends at once, because no request is under way. */
    @Test
    void aWaitBetweenTwoRunsEndsAtOnce() throws Exception {
        try (AccessPoint point = new AccessPoint(directory).authorize()) {
            Running run = point.start("renew", "--every=1h", "--liveness-file=" + point.file("alive"));
            AccessPoint.await(() -> Files.exists(point.file("alive")));
            run.process().destroy();
            assertTrue(run.process().waitFor(10, TimeUnit.SECONDS));
            assertEquals(143, run.await().status());
        }
    }

    /** The signal arrives during the sync of the approved token, which strace delays by two seconds. */
    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void aNewAuthorizationIsSavedAndThenExits(String signal) throws Exception {
        assumeTrue(AccessPoint.has("strace"), "needs strace: apt-get install strace");
        try (AccessPoint point = new AccessPoint(directory).authorize()) {
            String old = point.refreshToken();
            point.prefix.addAll(List.of(
                    "strace",
                    "-f",
                    "-qq",
                    "-o",
                    "/dev/null",
                    "-e",
                    "trace=fdatasync",
                    "-e",
                    "inject=fdatasync:delay_enter=2000000:when=1"));
            Running run = point.start(point.setupLine("--reauthenticate", "acct"));
            Path next = point.file("state/accounts/acct.account.next");
            AccessPoint.await(() -> AccessPoint.begins(next));
            long java = run.process().children().findFirst().orElseThrow().pid();
            AccessPoint.sh("kill -" + signal + " " + java);
            run.await();
            point.prefix.clear();
            // This run published it; the next run does not need to recover it.
            assertEquals(false, Files.exists(next), "the save was cut short");
            String saved = point.refreshToken();
            assertEquals(
                    true,
                    !saved.equals(old) && point.issuer.currentRefreshTokens().contains(saved));
            System.out.println(
                    "--- SIG" + signal + " during the save of setup --reauthenticate: finished, nothing lost");
        }
    }

    /** RFC 7592: the answer to a change of the client has the only token for the next change. */
    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT"})
    void anotherTokenForTheClientIsSavedAndThenExits(String signal) throws Exception {
        try (AccessPoint point = new AccessPoint(directory).authorize()) {
            String key = point.file("client.key").toString();
            point.mustInProcess("client-key", "--add", key);
            String client = "/register/" + point.issuer.registeredClients().get(0);
            point.issuer.fault(Fault.on(client).after(1).delayAfter(Duration.ofSeconds(2)));
            Running run = point.start("client-key", "--send=acct", key);
            AccessPoint.await(() -> point.issuer.count(client) == 2);
            run.signal(signal);
            assertEquals(signal.equals("TERM") ? 143 : 130, run.await().status());
            point.mustInProcess("client-key", "--send=acct", key);
            System.out.println(
                    "--- client-key --send: SIG" + signal + " between request and durable write: nothing lost");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"+1d", "-1d"})
    void aClockThatJumpsByADayNeitherLosesATokenNorStopsRenewal(String jump) throws Exception {
        assumeTrue(AccessPoint.has("faketime"), "needs faketime: apt-get install faketime");
        try (AccessPoint point = new AccessPoint(directory).authorize()) {
            // The certificate of the test's issuer must be valid a day ago and tomorrow; that is not under test.
            point.prefix.addAll(List.of("faketime", "-f", jump));
            Result jumped = point.run("renew", "--force");
            point.prefix.clear();
            assertEquals(point.issuer.currentRefreshTokens(), List.of(point.refreshToken()));
            Result back = point.run("renew", "--force");
            assertEquals(0, back.status(), back.said());
            assertEquals(0, point.issuer.reuses());
            System.out.println("--- clock at " + jump + ": exit " + jumped.status() + ", back: exit 0, nothing lost");
            assertEquals(0, jumped.status(), jumped.said());
        }
    }
}
