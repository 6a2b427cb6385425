package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.state.AccountState;

/** Gets the tokens of one account while its lock is held. */
interface TokenSource extends AutoCloseable {
    /** The issuer that gets the requests. */
    String issuer();

    /** The authorized scope; empty if no person authorized the account. */
    List<String> authorizedScope();

    /**
     * Requests a token. A rotated refresh token is stored when this returns or throws.
     *
     * @param scope of the request; replaces the section's
     */
    TokenResponse token(TokenSection section, List<String> scope) throws FailureException;

    /**
     * How the person in the last token differs from the person who authorized the account; empty if they are the same
     * or unknown.
     */
    Optional<String> otherIdentity();

    /** Set if a token was granted but the account could not be stored properly. */
    Optional<Failure> storageProblem();

    /** Why the account file seems older than the version that this host used before; called before the first token. */
    Optional<Failure> whyOlder();

    /** Why the account file seems to be a copy; called before the first token. */
    Optional<Failure> whyCopied();

    /** When the issuer last rotated the refresh token; empty if it never did. */
    Optional<Instant> rotatedAt();

    /** Whether another host had saved the account. */
    boolean isFromAnotherHost();

    /** The state, with what this source learned about the account. */
    AccountState updateState(AccountState state);

    @Override
    void close();
}
