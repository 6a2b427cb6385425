package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.tokenrenewer.failure.Failure.Kind;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;

/** Runs and commands that need the same account at the same time. */
@Tag("slow")
class OverlapTest extends SiteTest {
    @BeforeEach
    void anAccountWithOneToken() {
        site.authorize("acct");
        site.token("t", "acct");
    }

    @Test
    void whoHoldsTheAccountIsWaitedForAndThenSaid() throws Exception {
        site.authorize("other");
        site.token("u", "other");
        site.lockWait = Duration.ofMillis(100);
        Site.write(directory.resolve("tokens/t"), "old\n");
        byte[] before = Site.bytes(site.accountFile("acct"));
        long start = System.nanoTime();
        try (LockedAccount held = site.hold("acct")) {
            List<Outcome> outcomes = renew();

            assertEquals("t ACCOUNT_BUSY, u renewed", words(outcomes));
            Failed busy = failed(Kind.ACCOUNT_BUSY, outcomes.get(0));
            assertEquals(Optional.empty(), busy.nextTry());
            assertTrue(held.exists());
        }
        long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertTrue(took >= 100 && took < 10_000, took + " ms");
        assertEquals("old\n", site.onDisk("t"));
        assertEquals(1, site.requests());
        assertTrue(Arrays.equals(before, Site.bytes(site.accountFile("acct"))));
        assertFalse(Files.exists(directory.resolve("state/acct.json")), "the state is the holder's to write");
        assertEquals("t renewed, u renewed", words(renew()));
    }

    @Test
    void manyRunsAtOnceTakeTurns() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(10);
        List<Outcome> outcomes = new ArrayList<>();
        try {
            List<Future<List<Outcome>>> runs = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                runs.add(threads.submit(() -> site.force()));
            }
            for (Future<List<Outcome>> run : runs) {
                outcomes.addAll(run.get(60, TimeUnit.SECONDS));
            }
        } finally {
            threads.shutdownNow();
        }
        remember(outcomes);

        assertEquals(10, outcomes.stream().filter(Renewed.class::isInstance).count(), words(outcomes));
        assertEquals(0, site.issuer.reuses());
        assertEquals(10, new HashSet<>(site.sent()).size());
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        assertEquals(10, site.state("acct").rotations());
    }

    @Test
    void twoProcessesTakeTurns() throws Exception {
        List<Process> processes = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            processes.add(new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-XX:TieredStopAtLevel=1",
                            "-cp",
                            System.getProperty("java.class.path"),
                            RenewProgram.class.getName(),
                            directory.toString(),
                            "6")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start());
        }
        List<String> lines = new ArrayList<>();
        for (Process process : processes) {
            String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(process.waitFor(60, TimeUnit.SECONDS));
            lines.addAll(out.lines().toList());
        }

        assertEquals(
                12, lines.stream().filter(line -> line.startsWith("Renewed[")).count(), lines.toString());
        assertEquals(12, site.requests());
        assertEquals(0, site.issuer.reuses());
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        assertEquals(12, site.state("acct").rotations());
        for (String secret : site.issuer.secrets()) {
            assertFalse(lines.toString().contains(secret));
        }
    }
}
