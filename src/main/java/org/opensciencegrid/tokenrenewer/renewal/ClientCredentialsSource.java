package org.opensciencegrid.tokenrenewer.renewal;

import java.util.Optional;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.account.SecretFile;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.OidcException;
import org.opensciencegrid.tokenrenewer.oidc.TokenAnswer;
import org.opensciencegrid.tokenrenewer.oidc.TokenClient;
import org.opensciencegrid.tokenrenewer.oidc.Wanted;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** Tokens by the client credentials grant: id and secret stand in the config file, nothing is stored. */
final class ClientCredentialsSource implements TokenSource {
    private final ClientCredentialsAccount section;
    private final TokenClient issuer;
    private final Client client;

    ClientCredentialsSource(ClientCredentialsAccount section, TokenClient issuer) throws FailedException {
        this.section = section;
        this.issuer = issuer;
        this.client =
                Client.of(section.clientId(), Optional.of(secret(section))).with(section.clientAuth());
    }

    private static Secret secret(ClientCredentialsAccount section) throws FailedException {
        if (section.clientSecret().isPresent()) {
            return section.clientSecret().get();
        }
        try {
            return SecretFile.read(section.clientSecretFile().orElseThrow());
        } catch (PasswordFileException e) {
            throw new FailedException(new Failure(
                    Failure.Kind.SECRET_FILE, section.clientSecretFile().get().toString(), e.getMessage()));
        }
    }

    @Override
    public TokenAnswer token(TokenSection token) throws FailedException {
        try {
            return issuer.clientCredentials(
                    section.tokenRequestUrl(),
                    client,
                    new Wanted(token.scope(), token.audience(), section.audienceParameter()));
        } catch (OidcException e) {
            String url = section.tokenRequestUrl().toString();
            boolean isOfTheClient =
                    e.kind() == OidcException.Kind.CLIENT_REFUSED || e.kind() == OidcException.Kind.GRANT_REFUSED;
            throw new FailedException(
                    isOfTheClient
                            ? new Failure(Failure.Kind.CREDENTIALS_REFUSED, url, e.getMessage())
                            : Failures.of(e, url, false));
        }
    }

    @Override
    public Optional<Failure> danger() {
        return Optional.empty();
    }

    @Override
    public boolean isOfAnotherHost() {
        return false;
    }

    @Override
    public AccountState learned(AccountState state) {
        return state.withClient(section.tokenRequestUrl().toString(), section.clientId());
    }

    @Override
    public void close() {
        // nothing is held
    }
}
