package org.opensciencegrid.tokenrenewer.account;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * The access token of an account that is exchanged for those of its sections with {@code exchange}.
 *
 * @param receivedAt by this machine's clock
 * @param expiresAt empty if unknown
 */
public record SubjectToken(Secret token, Instant receivedAt, Optional<Instant> expiresAt) {
    private static final Duration LEAST = Duration.ofMinutes(1);

    /** Whether it may be exchanged now in the run that got it, which also uses one whose end is unknown. */
    public boolean isFreshInItsRun(Instant now) {
        return expiresAt.isEmpty() || isFresh(now, Duration.ZERO);
    }

    /**
     * Whether it may be exchanged now: for at least a minute, this time, and half of its lifetime it is still valid.
     * False if its end is unknown, or a clock was set back since.
     */
    public boolean isFresh(Instant now, Duration atLeast) {
        if (expiresAt.isEmpty() || receivedAt.isAfter(now)) {
            return false;
        }
        Duration left = Duration.between(now, expiresAt.get());
        Duration half = Duration.between(receivedAt, expiresAt.get()).dividedBy(2);
        return left.compareTo(LEAST) >= 0 && left.compareTo(half) >= 0 && left.compareTo(atLeast) >= 0;
    }
}
