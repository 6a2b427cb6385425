package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Duration;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.Pause;
import org.opensciencegrid.tokenrenewer.state.Failure;

/** What the accounts of one issuer have found of it in this run. */
final class Experience {
    /**
     * Each account waits for up to half a minute before it gives up: a thousand of them would outlast the five minutes that
     * systemd gives a run. A count would not do: some accounts may have a trouble of their own, and stand before others.
     */
    private static final Duration ENOUGH = Duration.ofMinutes(2);

    private static final Duration SLOW = Duration.ofMillis(40);

    /** What an account costs our own cores: while one waits for an answer, so many others can be worked on. */
    private static final Duration WORK = Duration.ofMillis(3);

    private final Pause time;
    private Optional<Duration> downSince = Optional.empty();
    private Optional<Failure> last = Optional.empty();
    private int slowInARow;
    private Duration waited = Duration.ZERO;

    /** @param time for how long nobody has had an answer */
    Experience(Pause time) {
        this.time = time;
    }

    /** Why nobody should ask the issuer any more, if all who asked have waited in vain for so long. */
    synchronized Optional<Failure> outage() {
        boolean isLong = downSince
                .filter(since -> time.elapsed().minus(since).compareTo(ENOUGH) > 0)
                .isPresent();
        return isLong ? last : Optional.empty();
    }

    /**
     * How many accounts can be at it at once without waiting for our own cores, where the issuer is what a run waits for;
     * else none. One late answer alone may be our own cores' doing.
     */
    synchronized long room() {
        return slowInARow > 1 ? waited.dividedBy(WORK) : 0;
    }

    /** @param waited for a token */
    synchronized void granted(Duration waited) {
        downSince = Optional.empty();
        this.waited = waited;
        slowInARow = waited.compareTo(SLOW) > 0 ? slowInARow + 1 : 0;
    }

    /** What is no trouble of the issuer's tells nothing, and is passed over: most of it has asked nobody. */
    synchronized void failed(Failure failure) {
        if (failure.kind().isOfIssuerInTrouble()) {
            downSince = downSince.or(() -> Optional.of(time.elapsed()));
            last = Optional.of(failure);
            waited = ENOUGH; // it was repeated, with pauses
            slowInARow++;
        }
    }
}
