package org.opensciencegrid.tokenrenewer.renewal;

import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.account.SecretFile;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Gets tokens with the client credentials grant. The config file has the id and the secret; nothing is stored. */
final class ClientCredentialsSource implements TokenSource {
    private final ClientCredentialsAccount section;
    private final RenewalRun.IssuerClients clients;
    private final Client client;

    ClientCredentialsSource(ClientCredentialsAccount section, RenewalRun.IssuerClients clients)
            throws FailureException {
        this.section = section;
        this.clients = clients;
        this.client =
                Client.of(section.clientId(), Optional.of(secret(section))).with(section.clientAuth());
    }

    private static Secret secret(ClientCredentialsAccount section) throws FailureException {
        if (section.clientSecret().isPresent()) {
            return section.clientSecret().get();
        }
        try {
            return SecretFile.read(section.clientSecretFile().orElseThrow());
        } catch (PasswordFileException e) {
            throw new FailureException(FailureMapper.ofSecret(e));
        }
    }

    @Override
    public String issuer() {
        return section.tokenRequestUrl().toString();
    }

    @Override
    public TokenResponse token(TokenSection token, List<String> scope) throws FailureException {
        try {
            return clients.tokens()
                    .clientCredentials(
                            section.tokenRequestUrl(),
                            client,
                            new RequestedToken(scope, token.audience(), section.audienceParameter()));
        } catch (IssuerException e) {

            boolean isOfTheClient =
                    e.kind() == IssuerException.Kind.CLIENT_REFUSED || e.kind() == IssuerException.Kind.GRANT_REFUSED;
            throw new FailureException(
                    isOfTheClient
                            ? new Failure(Failure.Kind.CREDENTIALS_REFUSED, issuer(), e.getMessage())
                            : FailureMapper.of(e, issuer(), false));
        }
    }

    @Override
    public AccountState updateState(AccountState state) {
        return state.withClient(issuer(), section.clientId())
                .withAllKeyShares(clients.transport().allShares());
    }
}
