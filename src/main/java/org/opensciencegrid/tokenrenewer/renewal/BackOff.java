package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.TokenState;

/**
 * After a rejection that only an admin can fix, no request is sent for an hour, unless the section of the account or
 * the token's request changed since, or the user forces it.
 */
record BackOff(Clock clock, boolean isForced) {
    /** How long we send no request after such a rejection. */
    static final Duration LENGTH = Duration.ofHours(1);

    /** An earlier rejection that still applies: we send no request before {@code next}. */
    record Refusal(Failure failure, Instant next) {
        /** @param left the remaining lifetime of the token on disk, see {@link Due#left} */
        Failed of(String account, TokenSection section, Optional<Duration> left) {
            return new Failed(account, section.name(), failure, Optional.of(next), false, left);
        }
    }

    /** When the next request is sent after this failure, if that is not the next run. */
    static Optional<Instant> nextTry(Failure failure, Instant now) {
        return failure.kind().needsPerson() ? Optional.of(now.plus(LENGTH)) : Optional.empty();
    }

    /** A rejection of the account as a whole. */
    Optional<Refusal> refusal(AccountSection section, AccountState state) {
        Optional<Refusal> standing = refusal(state.failure(), state.nextTry());
        boolean applies =
                standing.isPresent() && state.sectionFingerprint().equals(Optional.of(Fingerprint.of(section)));
        return applies ? standing : Optional.empty();
    }

    /** A rejection of one token's request. */
    Optional<Refusal> refusal(TokenSection section, TokenState token) {
        Optional<Refusal> standing = refusal(token.failure(), token.nextTry());
        return standing.isPresent() && token.isOfRequest(section) ? standing : Optional.empty();
    }

    private Optional<Refusal> refusal(Optional<Failure> standing, Optional<Instant> nextTry) {
        return isForced || standing.isEmpty() || !isAhead(nextTry)
                ? Optional.empty()
                : Optional.of(new Refusal(standing.get(), nextTry.get()));
    }

    /** Ignores a time further ahead than we ever set: the clock was wrong then and was set back since. */
    private boolean isAhead(Optional<Instant> moment) {
        Instant now = clock.instant();
        return moment.isPresent() && moment.get().isAfter(now) && !moment.get().isAfter(now.plus(LENGTH));
    }
}
