package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Runs are killed with SIGKILL at random moments, while the issuer misbehaves at 30 % of its responses. After each kill
 * the account file must be readable, and the next run must renew.
 *
 * <p>If the issuer accepts the previous token for 5 more seconds, there is no exception. If it is strict, there are
 * three: the kill was in the window between the issuer's response and the write; it was after the issuer had rotated
 * and before its whole response arrived; or the response was lost and the repeated request counted as a reuse. All are
 * counted, and the first must be rare.
 *
 * <p>{@code -Dkill.runs=N} (default 500) and {@code -Dkill.seed=N}. Two at a time, each with its own issuer.
 */
class KillRing {
    private static final int RUNS = Integer.getInteger("kill.runs", 500);
    private static final long SEED = Long.getLong("kill.seed", System.nanoTime() % 1_000_000);
    private static final int MISBEHAVIOUR_PERCENT = 30;
    /**
     * From the last byte of the response to the kill. The response is on disk within milliseconds. If not after this
     * long, the cause is something else than the window and a busy machine.
     */
    private static final Duration WINDOW = Duration.ofSeconds(1);

    private static final List<UnaryOperator<Fault>> LOSING = List.of(
            Fault::loseAnswer,
            fault -> fault.truncate(40),
            fault -> fault.respondAfterProcessing(502, "text/html", "<h1>Bad Gateway</h1>"),
            fault -> fault.rewrite(body -> "no JSON".getBytes(java.nio.charset.StandardCharsets.UTF_8)));
    private static final List<UnaryOperator<Fault>> HARMLESS = List.of(
            Fault::drop,
            fault -> fault.respond(503, "text/plain", "busy"),
            fault -> fault.delayAfter(Duration.ofMillis(400)),
            fault -> fault.set("expires_in", "soon").set("token_type", null).bom(),
            fault -> fault.drip(Duration.ofMillis(1)));

    @TempDir
    Path directory;

    private final Map<String, Integer> summary = new TreeMap<>();
    private final List<String> windows = new ArrayList<>();
    private final List<String> failures = new ArrayList<>();
    private boolean graceful;

    private synchronized void count(String what) {
        summary.merge((graceful ? "grace of 5 s: " : "strict: ") + what, 1, Integer::sum);
    }

    @Test
    void everyAccountIsUsableAfterwards() throws Exception {
        System.out.println("--- " + RUNS + " kills, -Dkill.seed=" + SEED);
        long start = System.nanoTime();
        for (boolean grace : new boolean[] {true, false}) {
            graceful = grace;
            ExecutorService lanes = Executors.newFixedThreadPool(2);
            List<Future<?>> ends = new ArrayList<>();
            for (int lane = 0; lane < 2; lane++) {
                Random random = new Random(SEED + 2 * lane + (grace ? 1 : 0));
                Path place = directory.resolve((grace ? "grace" : "strict") + lane);
                int runs = (RUNS + 3 - lane) / 4;
                ends.add(lanes.submit(() -> lane(place, runs, random)));
            }
            for (Future<?> end : ends) {
                end.get();
            }
            lanes.shutdown();
        }
        summary.forEach((what, kills) -> System.out.println(what + ": " + kills));
        System.out.println("from the issuer's answer to the kill, where that lost a token: " + windows);
        System.out.println(
                "seconds: " + Duration.ofNanos(System.nanoTime() - start).toSeconds());
        assertEquals(List.of(), failures);
    }

    private Void lane(Path place, int runs, Random random) throws Exception {
        try (AccessPoint point = new AccessPoint(place)) {
            point.issuer.policy.killFamilyOnReuse = !graceful;
            point.issuer.policy.graceForOldToken = graceful ? Duration.ofSeconds(5) : Duration.ZERO;
            point.authorize();
            for (int i = 0; i < runs; i++) {
                kill(point, random);
            }
        }
        return null;
    }

    private void kill(AccessPoint point, Random random) throws Exception {
        List<Long> answers = new java.util.concurrent.CopyOnWriteArrayList<>();
        boolean misbehaves = random.nextInt(100) < MISBEHAVIOUR_PERCENT;
        boolean losing = random.nextBoolean();
        List<UnaryOperator<Fault>> kinds = losing ? LOSING : HARMLESS;
        UnaryOperator<Fault> kind = kinds.get(random.nextInt(kinds.size()));
        boolean early = random.nextInt(4) == 0; // anywhere in the run, otherwise near the rotation
        int delay = random.nextInt(early ? 500 : 120); // a run takes a quarter of a second

        Fault refresh = Fault.on("/token").grant("refresh_token").whenAnswered(() -> answers.add(System.nanoTime()));
        if (misbehaves) {
            point.issuer.fault(kind.apply(refresh));
        }
        point.issuer.fault(refresh.always());
        int before = point.refreshes();
        Running run = point.start("renew", "--force");
        if (!early) {
            AccessPoint.await(() -> point.refreshes() > before || !run.process().isAlive());
        }
        Thread.sleep(delay);
        boolean ended = !run.process().isAlive();
        run.process().destroyForcibly();
        long killed = System.nanoTime();
        run.process().waitFor();
        boolean asked = point.refreshes() > before;
        point.issuer.clearFaults();
        String when = ended ? "run had ended" : asked ? "killed after the request" : "killed before the request";
        judge(point, when, asked, misbehaves && losing, answers, killed);
    }

    private void judge(
            AccessPoint point, String when, boolean asked, boolean answerLost, List<Long> answers, long killed)
            throws Exception {
        try {
            point.refreshToken();
        } catch (StoreException e) {
            fail("unreadable: " + e.getMessage());
        }
        Result next = point.inProcess("renew", "--force");
        if (next.status() == 0) {
            count(when + ", usable");
            return;
        }
        if (graceful || !asked || !next.said().contains("the authorization has ended")) {
            fail(when + ": " + next);
        } else if (answerLost) {
            count(when + ", lost: the answer did not arrive");
        } else if (answers.isEmpty()) {
            count(when + ", lost: the issuer had rotated and not yet sent its whole answer");
        } else {
            inTheWindow(when, Duration.ofNanos(killed - answers.get(answers.size() - 1)), next);
        }
        point.authorize();
    }

    private synchronized void inTheWindow(String when, Duration afterTheAnswer, Result next) {
        if (afterTheAnswer.compareTo(WINDOW) > 0) {
            fail(when + ", " + afterTheAnswer.toMillis() + " ms after the answer: " + next);
            return;
        }
        windows.add(afterTheAnswer.toMillis() + " ms");
        count(when + ", lost: in the window");
    }

    private synchronized void fail(String what) {
        failures.add(what);
    }
}
