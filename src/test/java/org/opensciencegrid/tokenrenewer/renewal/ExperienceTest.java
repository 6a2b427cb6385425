package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.oidc.Pause;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failure.Kind;

class ExperienceTest {
    private static final Failure DOWN = new Failure(Kind.ISSUER_UNREACHABLE, "issuer.example.org", "refused");

    private Duration now = Duration.ofHours(1);
    private final Experience experience = new Experience(new Pause() {
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
        experience.failed(DOWN);
        later(120);
        experience.failed(DOWN);
        assertEquals(Optional.empty(), experience.outage());
        later(1);
        assertEquals(Optional.of(DOWN), experience.outage());
    }

    @Test
    void oneAnswerEndsIt() {
        experience.failed(DOWN);
        later(300);
        experience.granted(Duration.ZERO);
        experience.failed(DOWN);
        assertEquals(Optional.empty(), experience.outage());
    }

    /** Accounts with a trouble of their own may stand before all others, at every run. */
    @Test
    void manyFailuresInAShortTimeAreNoOutage() {
        for (int i = 0; i < 1000; i++) {
            experience.failed(DOWN);
        }
        assertEquals(Optional.empty(), experience.outage());
    }

    @Test
    void whatIsNotTheIssuersTroubleTellsNothing() {
        experience.failed(DOWN);
        experience.failed(new Failure(Kind.STORE_UNWRITABLE, "file", "full"));
        experience.failed(new Failure(Kind.SCOPE_REFUSED, "issuer", "invalid_scope"));
        assertEquals(0, experience.room());
        later(121);
        assertEquals(Optional.of(DOWN), experience.outage());
    }

    @Test
    void whoIsWaitedForIsSlow() {
        experience.failed(DOWN);
        experience.failed(DOWN);
        assertTrue(experience.room() > IssuerQueue.MOST);
        experience.granted(Duration.ofMillis(1));
        assertEquals(0, experience.room());
    }

    /** It may be our own cores' doing. */
    @Test
    void oneLateAnswerMakesNoSlowIssuer() {
        for (int i = 0; i < 10; i++) {
            experience.granted(Duration.ofMillis(50));
            assertEquals(0, experience.room());
            experience.granted(Duration.ofMillis(1));
            assertEquals(0, experience.room());
        }
        experience.granted(Duration.ofMillis(50));
        experience.granted(Duration.ofMillis(51));
        assertEquals(17, experience.room(), "51 ms of waiting leave room for 17 times 3 ms of work");
    }
}
