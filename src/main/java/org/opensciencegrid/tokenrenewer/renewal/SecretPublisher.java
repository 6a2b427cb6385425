package org.opensciencegrid.tokenrenewer.renewal;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.token.TokenFile;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Copies the token at token_path into the Secret of its section. Every run compares them, so a Secret that was deleted
 * or changed is corrected without a request to the issuer. Keeps all other content of the Secret. Never copies an
 * expired token, and does not replace the token of another pod with one that expires earlier.
 */
final class SecretPublisher {
    private final AccountStore store;
    private final StateStore states;
    private final Duration lockWait;
    private final RunDeadline deadline;
    private final TokenSecrets secrets;
    private final Clock clock;

    SecretPublisher(
            AccountStore store,
            StateStore states,
            Duration lockWait,
            RunDeadline deadline,
            TokenSecrets secrets,
            Clock clock) {
        this.store = store;
        this.states = states;
        this.lockWait = lockWait;
        this.deadline = deadline;
        this.secrets = secrets;
        this.clock = clock;
    }

    /** Publishes the token of a section that has a file and a Secret; returns the outcome with the result. */
    Outcome publish(TokenSection section, Outcome outcome) {
        if (section.tokenSecret().isEmpty() || section.tokenPath().isEmpty()) {
            return outcome;
        }
        Optional<Secret> token = new TokenFile(section.tokenPath().get()).read();
        if (token.isEmpty()) {
            return outcome;
        }
        TokenSecret secret = section.tokenSecret().get();
        TokenState state = states.readOrUnknown(section.account()).token(section.name());
        Optional<Instant> expiresAt = Due.expiresAt(token.get(), state);
        if (expiresAt.filter(expiry -> !expiry.isAfter(clock.instant())).isPresent()) {
            return outcome; // the outcome tells why there is no better one
        }
        Optional<Failure> failure = Optional.empty();
        boolean isWritten = false;
        try {
            if (deadline.left().isZero()) {
                failure = Optional.of(new Failure(
                        Failure.Kind.OUT_OF_TIME,
                        secret.toString(),
                        "the Secret was not written, as the run must end"));
            } else {
                isWritten = secrets.write(
                        secret,
                        token.get(),
                        expiresAt,
                        old -> isRenewed(outcome)
                                ? expiresLater(old, token.get().reveal())
                                : isFromAnotherPod(old, token.get().reveal(), clock.instant()));
            }
        } catch (KubernetesException e) {
            failure = Optional.of(FailureMapper.of(e, secret.toString()));
        }
        if (failure.isPresent() || state.secretFailure().isPresent()) {
            recordResult(section, failure);
        }
        if (failure.isPresent()) {
            return new Outcome.NotPublished(outcome, failure.get());
        }
        return isWritten ? new Outcome.Published(outcome, secret) : outcome;
    }

    private static boolean isRenewed(Outcome outcome) {
        return outcome instanceof Outcome.Renewed
                || outcome instanceof Outcome.HookFailed hook && isRenewed(hook.renewal());
    }

    /**
     * Whether the token in the Secret is not worse than ours: a valid JWT with the same rights that does not expire
     * earlier. Otherwise several pods, each with a token file of its own, would replace each other's token in every run.
     */
    static boolean isFromAnotherPod(String stored, String ours, Instant now) {
        Optional<JwtClaims> theirs = JwtClaims.of(stored);
        Optional<JwtClaims> mine = JwtClaims.of(ours);
        if (theirs.isEmpty() || mine.isEmpty()) {
            return false;
        }
        Optional<Instant> end = theirs.get().expiresAt();
        Optional<Instant> ourEnd = mine.get().expiresAt();
        return end.filter(expiry -> expiry.isAfter(now)).isPresent()
                && ourEnd.filter(expiry -> !expiry.isAfter(end.get())).isPresent()
                && theirs.get().issuer().equals(mine.get().issuer())
                && theirs.get().subject().equals(mine.get().subject())
                && Set.copyOf(theirs.get().audience())
                        .equals(Set.copyOf(mine.get().audience()))
                && Set.copyOf(theirs.get().scope()).equals(Set.copyOf(mine.get().scope()));
    }

    /** Whether a run with a later answer was faster. A token that expires at the same time is replaced. */
    static boolean expiresLater(String stored, String ours) {
        return isFromAnotherPod(stored, ours, Instant.MIN) && !isFromAnotherPod(ours, stored, Instant.MIN);
    }

    /** For status and metrics. If it cannot be written, this run reports the failure anyway. */
    private void recordResult(TokenSection section, Optional<Failure> failure) {
        try {
            LockedAccount locked = store.lock(section.account(), lockWait);
            try {
                AccountState now = states.read(section.account());
                AccountState next =
                        now.withToken(section.name(), now.token(section.name()).published(clock.instant(), failure));
                try {
                    states.write(section.account(), next);
                } catch (IOException e) {
                    states.keepUnwritten(section.account(), next);
                }
            } finally {
                locked.close();
            }
        } catch (IOException e) {
            // another run holds the account, and records what it finds
        }
    }
}
