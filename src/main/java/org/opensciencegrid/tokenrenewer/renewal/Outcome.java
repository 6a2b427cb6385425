package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.token.TokenFile;

/** The result of one run for one token. */
public sealed interface Outcome {
    String account();

    String token();

    /**
     * A new token is at its place.
     *
     * @param place the path, or the Secret of a token without a path
     * @param onlySecret the Secret of a token without a path; otherwise empty
     * @param expiresAt empty if unknown
     * @param lifetime the lifetime from now; empty if unknown
     * @param minLifetime from the section, if set
     * @param otherIdentity how the user in the token differs from the user who authorized the account, if so
     * @param clockAhead how far this machine's clock is ahead of the issuer's (behind, if negative), if the token is
     *     valid by the issuer's clock only
     * @param isLifetimeZero whether the issuer says that the token expires at once
     * @param length of the token in bytes
     */
    record Renewed(
            String account,
            String token,
            String place,
            Optional<TokenSecret> onlySecret,
            Optional<Instant> expiresAt,
            Optional<Duration> lifetime,
            Optional<Duration> minLifetime,
            Granted granted,
            Optional<String> otherIdentity,
            Optional<Duration> clockAhead,
            boolean isLifetimeZero,
            int length)
            implements Outcome {
        /** Whether every run will renew it: even a new token is valid for less than min_lifetime. */
        public boolean isShorterThanMinLifetime() {
            return lifetime.isPresent()
                    && minLifetime.isPresent()
                    && minLifetime.get().compareTo(lifetime.get()) >= 0;
        }

        /** Whether some programs that read the token cannot read all of it. */
        public boolean isTooLongForSome() {
            return length > TokenFile.MAX_PORTABLE_LENGTH;
        }
    }

    /** The token on disk is valid for longer than min_lifetime; we sent no request. */
    record Fresh(String account, String token, Duration left) implements Outcome {}

    /** Dry run: a run would request the token now. */
    record WouldRenew(String account, String token, String place, Optional<TokenSecret> onlySecret)
            implements Outcome {}

    /**
     * No new token, or a new token whose account could not be saved safely.
     *
     * @param nextTry set if we send no request before then, because only an admin can fix the failure
     * @param wasRequested false if this run sent no request because an earlier rejection still applies
     * @param left the remaining lifetime of the token on disk; empty if it has expired or its expiry is unknown
     */
    record Failed(
            String account,
            String token,
            Failure failure,
            Optional<Instant> nextTry,
            boolean wasRequested,
            Optional<Duration> left)
            implements Outcome {
        /** A failure that the next run retries, of a token whose remaining lifetime does not matter. */
        public static Failed of(String account, String token, Failure failure) {
            return new Failed(account, token, failure, Optional.empty(), true, Optional.empty());
        }
    }

    /**
     * The token is at its path, but its post_renewal failed.
     *
     * @param renewal the outcome of the token itself: renewed, or fresh if its post_renewal failed in an earlier run
     */
    record HookFailed(Outcome renewal, Failure failure) implements Outcome {
        @Override
        public String account() {
            return renewal.account();
        }

        @Override
        public String token() {
            return renewal.token();
        }
    }

    /** The token was written to its Secret. */
    record Published(Outcome renewal, TokenSecret secret) implements Outcome {
        @Override
        public String account() {
            return renewal.account();
        }

        @Override
        public String token() {
            return renewal.token();
        }
    }

    /** The token is at its path, but could not be written to its Secret. */
    record NotPublished(Outcome renewal, Failure failure) implements Outcome {
        @Override
        public String account() {
            return renewal.account();
        }

        @Override
        public String token() {
            return renewal.token();
        }
    }

    /**
     * How the granted rights differ from those in the token section; all empty if they do not differ or are unknown.
     *
     * @param missingScope requested but not granted
     * @param extraScope granted but not requested
     * @param missingAudience requested but not granted
     * @param unverifiable which of "scope" and "audience" a strict section requires but neither the token nor the response
     *     shows
     * @param isNarrowed whether a request for another token removed the missing scope, until a user authorizes again
     */
    record Granted(
            List<String> missingScope,
            List<String> extraScope,
            List<String> missingAudience,
            List<String> unverifiable,
            boolean isNarrowed) {}
}
