package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.Failure.Kind;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

class IssuerHealthTest {
    private static final Failure DOWN = new Failure(Kind.ISSUER_UNREACHABLE, "issuer.example.org", "refused");

    private Duration now = Duration.ofHours(1);
    private final IssuerHealth health = new IssuerHealth(new Sleeper() {
        @Override
        public void sleep(Duration time) {
            throw new AssertionError("nobody sleeps here");
        }

        @Override
        public Duration elapsed() {
            return now;
        }
    });

    private void later(long seconds) {
        now = now.plusSeconds(seconds);
    }

    @Test
    void whoHasHadNoAnswerForTwoMinutesIsDown() {
        failed(DOWN, 1);
        later(120);
        failed(DOWN, 1);
        assertEquals(Optional.empty(), health.outage());
        later(1);
        assertEquals(Optional.of(DOWN), health.outage());
    }

    private void failed(Failure why, long seconds) {
        health.failed(why, Duration.ofSeconds(seconds));
    }

    @Test
    void threeThatGotNoAnswerAreEnough() {
        later(120);
        failed(DOWN, 120);
        failed(DOWN, 120);
        assertEquals(Optional.empty(), health.outage());
        failed(DOWN, 120);
        assertEquals(Optional.of(DOWN), health.outage());
        health.granted(Duration.ZERO);
        assertEquals(Optional.empty(), health.outage());
    }

    /** In this case only some accounts get no response, and we must still send requests for the others. */
    @Test
    void whoGotNoAnswerWhileAnotherGotOneDoesNotCount() {
        later(60);
        health.granted(Duration.ZERO);
        later(60);
        for (int i = 0; i < 100; i++) {
            failed(DOWN, 120);
        }
        assertEquals(Optional.empty(), health.outage());
    }

    @Test
    void oneAnswerEndsIt() {
        failed(DOWN, 1);
        later(300);
        health.granted(Duration.ZERO);
        failed(DOWN, 1);
        assertEquals(Optional.empty(), health.outage());
    }

    /** Accounts with problems of their own may come first in every run. */
    @Test
    void manyFailuresInAShortTimeAreNoOutage() {
        for (int i = 0; i < 1000; i++) {
            failed(DOWN, 1);
        }
        assertEquals(Optional.empty(), health.outage());
    }

    @Test
    void whatIsNotTheIssuersTroubleTellsNothing() {
        failed(DOWN, 1);
        failed(new Failure(Kind.STORE_UNWRITABLE, "file", "full"), 1);
        failed(new Failure(Kind.SCOPE_REFUSED, "issuer", "invalid_scope"), 1);
        assertEquals(0, health.suggestedParallelism());
        later(121);
        assertEquals(Optional.of(DOWN), health.outage());
    }

    @Test
    void whoIsWaitedForIsSlow() {
        failed(DOWN, 1);
        failed(DOWN, 1);
        assertTrue(health.suggestedParallelism() > IssuerQueue.MAX_WORKERS);
        health.granted(Duration.ofMillis(1));
        assertEquals(0, health.suggestedParallelism());
    }

    /** Our own CPU may be the cause. */
    @Test
    void oneLateAnswerMakesNoSlowIssuer() {
        for (int i = 0; i < 10; i++) {
            health.granted(Duration.ofMillis(50));
            assertEquals(0, health.suggestedParallelism());
            health.granted(Duration.ofMillis(1));
            assertEquals(0, health.suggestedParallelism());
        }
        health.granted(Duration.ofMillis(50));
        health.granted(Duration.ofMillis(51));
        assertEquals(17, health.suggestedParallelism(), "51 ms of waiting leave room for 17 times 3 ms of work");
    }
}
