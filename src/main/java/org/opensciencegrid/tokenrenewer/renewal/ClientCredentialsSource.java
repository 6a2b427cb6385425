package org.opensciencegrid.tokenrenewer.renewal;

import java.net.URI;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.account.Passwords;
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
    private final RenewalRun.IssuerClients issuer;
    private final Passwords passwords;
    private final Clock clock;
    private final Client client;
    private URI endpoint;

    ClientCredentialsSource(
            ClientCredentialsAccount section,
            RenewalRun.IssuerClients issuer,
            AccountState state,
            Passwords passwords,
            Clock clock)
            throws FailureException {
        this.section = section;
        this.issuer = issuer;
        this.endpoint = section.issuer().isPresent()
                ? state.movedEndpoint(section.tokenRequestUrl()).orElse(section.tokenRequestUrl())
                : section.tokenRequestUrl();
        this.passwords = passwords;
        this.clock = clock;
        Optional<Secret> secret = section.clientAuth().usesSecret() ? Optional.of(secret(section)) : Optional.empty();
        this.client = Client.of(section.clientId(), secret).with(section.clientAuth());
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
        RequestedToken requested = new RequestedToken(scope, token.audience(), section.audienceParameter());
        try {
            return request(requested);
        } catch (IssuerException e) {
            boolean isOfTheClient =
                    e.kind() == IssuerException.Kind.CLIENT_REFUSED || e.kind() == IssuerException.Kind.GRANT_REFUSED;
            throw new FailureException(
                    isOfTheClient
                            ? new Failure(Failure.Kind.CREDENTIALS_REFUSED, issuer(), e.getMessage())
                            : FailureMapper.of(e, issuer(), false));
        }
    }

    /** If the endpoint is gone, asks the issuer where it is now. */
    private TokenResponse request(RequestedToken requested) throws IssuerException, FailureException {
        try {
            return issuer.tokens().clientCredentials(endpoint, client(), requested);
        } catch (IssuerException e) {
            if (section.issuer().isEmpty()
                    || !e.isEndpointGone()
                    || !hasEndpointMoved(section.issuer().get())) {
                throw e;
            }
            return issuer.tokens().clientCredentials(endpoint, client(), requested);
        }
    }

    private boolean hasEndpointMoved(String url) {
        try {
            URI now = issuer.discovery()
                    .discover(url)
                    .forAuthentication(section.clientAuth())
                    .tokenEndpoint();
            boolean moved = !now.equals(endpoint);
            endpoint = now;
            return moved;
        } catch (IssuerException e) {
            return false; // the failure at the known endpoint says more
        }
    }

    private Client client() throws FailureException {
        return client.auth().usesAssertion() || client.auth().usesCertificate()
                ? new ClientProof(section.name(), section.clientFiles(), passwords, clock)
                        .complete(client, section.issuer(), endpoint)
                : client;
    }

    @Override
    public AccountState updateState(AccountState state) {
        AccountState known = state.withClient(issuer(), section.clientId())
                .withAllKeyShares(issuer.transport().allShares());
        boolean hasMoved =
                !endpoint.equals(state.movedEndpoint(section.tokenRequestUrl()).orElse(section.tokenRequestUrl()));
        return hasMoved ? known.withMovedEndpoint(section.tokenRequestUrl(), endpoint) : known;
    }
}
