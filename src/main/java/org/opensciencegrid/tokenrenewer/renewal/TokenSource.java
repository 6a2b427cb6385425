package org.opensciencegrid.tokenrenewer.renewal;

import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.TokenAnswer;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;

/** Where the tokens of one account come from while its lock is held. */
interface TokenSource extends AutoCloseable {
    /** Asks the issuer for a token; what the issuer rotated is safe when this returns or throws. */
    TokenAnswer token(TokenSection section) throws FailedException;

    /** Set when a token was granted but the account could not be stored as it should. */
    Optional<Failure> danger();

    /** Whether another host had saved the account. */
    boolean isOfAnotherHost();

    /** The state with what this source learned about the account. */
    AccountState learned(AccountState state);

    @Override
    void close();
}
