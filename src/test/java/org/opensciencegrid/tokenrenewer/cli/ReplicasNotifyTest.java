package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.fixture.MailServer;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.net.FakeSleeper;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/** Messages about an account that several pods renew. */
class ReplicasNotifyTest extends WithCluster {
    private static final String STATE = "osg-token-renewer-state-acct";
    private static final Duration EVERY = Duration.ofMinutes(10);

    private MailServer mail;
    private final List<Pod> pods = new ArrayList<>();

    /** A process of {@code renew --every}; each run of it is one step of the test. */
    private final class Pod implements Sleeper {
        private final FakeSleeper pauses = new FakeSleeper(program.clock);
        private final Semaphore start = new Semaphore(0);
        private final Semaphore end = new Semaphore(0);
        private final Thread thread;
        private volatile boolean isStopped;

        Pod(String name) {
            SiteDirectory site = new SiteDirectory(directory);
            site.variables.putAll(program.variables);
            site.variables.put("HOSTNAME", name);
            thread = new Thread(
                    () -> {
                        start.acquireUninterruptibly();
                        site.inProcess("", program.clock, this, "renew", "--every=" + EVERY.toMinutes() + "min");
                        end.release();
                    },
                    name);
            thread.start();
            pods.add(this);
        }

        @Override
        public void sleep(Duration duration) {
            if (duration.compareTo(Duration.ofMinutes(1)) < 0) {
                pauses.sleep(duration);
                return;
            }
            end.release();
            start.acquireUninterruptibly();
            if (isStopped) {
                Thread.currentThread().interrupt();
            }
        }

        @Override
        public Duration elapsed() {
            return pauses.elapsed();
        }

        void begin() {
            start.release();
        }

        void await() throws InterruptedException {
            assertTrue(end.tryAcquire(60, TimeUnit.SECONDS), "the run does not end");
        }

        void run() throws InterruptedException {
            begin();
            await();
        }
    }

    @BeforeEach
    void failingAccount() throws IOException {
        mail = new MailServer();
        program.variables.put("OSG_TOKEN_RENEWER_STORE", "kubernetes");
        program.variables.put("HOSTNAME", "pod-a");
        program.variables.put("RUNTIME_DIRECTORY", program.file("run").toString());
        notify(3);
        Result setup = program.setup("--scope=openid offline_access");
        assertEquals(0, setup.status(), setup.said());
        program.issuer.revokeAll();
    }

    @AfterEach
    void stop() throws Exception {
        for (Pod pod : pods) {
            pod.isStopped = true;
            pod.begin();
            pod.thread.join(60_000);
        }
        assertEquals(List.of(), mail.violations());
        mail.close();
    }

    private void notify(int after) {
        program.config("[DEFAULT]\nnotify = mailto:grid@example.org\nnotify_after = " + after + "\nnotify_relay = "
                + mail.relay() + "\n" + SiteDirectory.accountSection("acct")
                + "[token one]\naccount = acct\ntoken_secret = tokens#one\n");
    }

    private int mails() {
        return mail.mails().size();
    }

    private void pass(int minutes) {
        program.clock.advance(Duration.ofMinutes(minutes));
    }

    private long failingRuns() {
        return JsonObject.parse(cluster.data(STATE, "state.json"))
                .orElseThrow()
                .member("notify")
                .number("failing_runs")
                .orElse(0L);
    }

    /** The third run in a row of one host comes 20 minutes after the first, so that of two pods does too. */
    @Test
    void theRunsOfTwoPodsCountAsThoseOfOne() throws Exception {
        Pod a = new Pod("pod-a");
        Pod b = new Pod("pod-b");
        for (int run = 1; run <= 3; run++) {
            assertEquals(0, mails());
            a.run();
            assertEquals(run, failingRuns());
            assertEquals(run == 3 ? 1 : 0, mails());
            pass(6);
            b.run();
            pass(4);
        }
        assertEquals(1, mails());
    }

    @Test
    void anotherPodCountsWhenTheFirstOneIsGone() throws Exception {
        Pod a = new Pod("pod-a");
        Pod b = new Pod("pod-b");
        a.run();
        pass(6);
        b.run();
        assertEquals(1, failingRuns());
        pass(10);
        b.run();
        assertEquals(2, failingRuns());
        pass(10);
        b.run();
        assertEquals(1, mails());
    }

    @Test
    void podsThatFailAtTheSameTimeSendOneMessageADay() throws Exception {
        notify(1);
        Pod a = new Pod("pod-a");
        Pod b = new Pod("pod-b");
        for (int run = 0; run < 12; run++) {
            a.begin();
            b.begin();
            a.await();
            b.await();
            pass(4 * 60);
        }
        assertEquals(2, mails());
    }

    /** Nobody can tell the other pod. */
    @Test
    void withoutTheRightToWriteTheStateEachPodSendsOneMessageADay() throws Exception {
        notify(1);
        cluster.denied.add("update secrets/" + STATE);
        Pod a = new Pod("pod-a");
        Pod b = new Pod("pod-b");
        for (int run = 0; run < 5; run++) {
            a.run();
            b.run();
            pass(4 * 60);
        }
        assertEquals(2, mails());
    }

    /** This run was stopped for longer than its lease, and the next one sends the message. */
    @Test
    void aRunThatLostItsLeaseSendsNothing() {
        notify(1);
        onNotifyWrite(1);
        assertEquals(1, program.run("renew").status());
        assertEquals(0, mails());
        assertEquals(1, program.run("renew").status());
        assertEquals(1, mails());
    }

    @Test
    void aMessageIsNotSentAgainIfAnotherPodWroteTheStateMeanwhile() {
        notify(1);
        onNotifyWrite(2);
        for (int run = 0; run < 5; run++) {
            assertEquals(1, program.run("renew").status());
            pass(120);
        }
        assertEquals(1, mails());
    }

    /** Another pod writes the state just before a run writes what it found or sent for the nth time. */
    private void onNotifyWrite(int nth) {
        AtomicInteger writes = new AtomicInteger();
        cluster.onRequest = request -> {
            if (request.startsWith("PUT") && request.endsWith("/secrets/" + STATE)) {
                if (writes.incrementAndGet() == nth + 1) { // the first is that of the renewal
                    JsonObject secret = cluster.secret(STATE);
                    cluster.put(STATE, secret.with("x", "changed"));
                }
            }
        };
    }
}
