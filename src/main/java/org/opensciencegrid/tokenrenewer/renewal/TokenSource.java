package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.state.AccountState;

/** Gets the tokens of one account while its lock is held. The defaults are for an account that stores nothing. */
interface TokenSource extends AutoCloseable {
    /** The issuer that gets the requests. */
    String issuer();

    /** The authorized scope; empty if no user authorized the account. */
    default List<String> authorizedScope() {
        return List.of();
    }

    /**
     * Requests a token. A rotated refresh token is stored when this returns or throws.
     *
     * @param scope of the request; replaces the section's
     */
    TokenResponse token(TokenSection section, List<String> scope) throws FailureException;

    /**
     * How the user in the last token differs from the user who authorized the account; empty if they are the same
     * or unknown.
     */
    default Optional<String> otherIdentity() {
        return Optional.empty();
    }

    /** Set if a token was granted but the account could not be stored properly. */
    default Optional<Failure> storageProblem() {
        return Optional.empty();
    }

    /** Why the account file seems older than the version that this host used before; called before the first token. */
    default Optional<Failure> whyOlder() {
        return Optional.empty();
    }

    /** Why the account file seems to be a copy; called before the first token. */
    default Optional<Failure> whyCopied() {
        return Optional.empty();
    }

    /** When the issuer last rotated the refresh token; empty if it never did. */
    default Optional<Instant> rotatedAt() {
        return Optional.empty();
    }

    /** Whether another host had saved the account. */
    default boolean isFromAnotherHost() {
        return false;
    }

    /** The state, with what this source knows about the account. */
    AccountState updateState(AccountState state);

    /** Releases what this source holds. */
    @Override
    default void close() {}
}
