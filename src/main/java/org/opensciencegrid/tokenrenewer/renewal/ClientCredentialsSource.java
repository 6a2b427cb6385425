package org.opensciencegrid.tokenrenewer.renewal;

import java.net.URI;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.account.SecretFile;
import org.opensciencegrid.tokenrenewer.account.SubjectToken;
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
    private final RunDeadline deadline;
    private URI endpoint;
    /** Of this run. */
    private Optional<SubjectToken> subjectToken = Optional.empty();

    ClientCredentialsSource(
            ClientCredentialsAccount section,
            RenewalRun.IssuerClients issuer,
            AccountState state,
            Passwords passwords,
            RunDeadline deadline,
            Clock clock)
            throws FailureException {
        this.section = section;
        this.issuer = issuer;
        this.endpoint = section.issuer().isPresent()
                ? state.movedEndpoint(section.tokenRequestUrl()).orElse(section.tokenRequestUrl())
                : section.tokenRequestUrl();
        this.passwords = passwords;
        this.deadline = deadline;
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
        return token.exchange().isPresent() ? exchanged(token, requested) : granted(requested);
    }

    private TokenResponse granted(RequestedToken requested) throws FailureException {
        try {
            return request(requested);
        } catch (IssuerException e) {
            boolean isOfClient =
                    e.kind() == IssuerException.Kind.CLIENT_REFUSED || e.kind() == IssuerException.Kind.GRANT_REFUSED;
            throw new FailureException(
                    isOfClient
                            ? new Failure(Failure.Kind.CREDENTIALS_REFUSED, issuer(), e.getMessage())
                            : FailureMapper.of(e, issuer(), false));
        }
    }

    /** The exchanged token is the same for all sections of a run. */
    private TokenResponse exchanged(TokenSection token, RequestedToken requested) throws FailureException {
        SubjectToken subject = subjectToken
                .filter(known -> known.isFreshInItsRun(clock.instant()))
                .orElse(null);
        if (subject == null) {
            TokenResponse response = granted(new RequestedToken(List.of(), List.of(), section.audienceParameter()));
            subject = new SubjectToken(response.accessToken(), clock.instant(), response.expiresAt());
            subjectToken = Optional.of(subject);
            deadline.requireTimeToBegin(section.name());
        }
        try {
            return issuer.tokens()
                    .exchange(
                            endpoint,
                            client(endpoint),
                            subject.token(),
                            requested,
                            token.exchange().orElseThrow());
        } catch (IssuerException e) {
            throw new FailureException(FailureMapper.ofExchange(e, issuer(), token.section(), section.clientId()));
        }
    }

    /**
     * If the endpoint is gone, asks the issuer where it is now. If a remembered one rejects the request, asks at the
     * configured one.
     */
    private TokenResponse request(RequestedToken requested) throws IssuerException, FailureException {
        try {
            return requestAt(endpoint, requested);
        } catch (IssuerException e) {
            Optional<URI> other = deadline.leftToBegin().isZero() ? Optional.empty() : otherEndpoint(e);
            if (other.isEmpty()) {
                throw e;
            }
            try {
                return requestAt(other.get(), requested);
            } catch (IssuerException ofOther) {
                throw e.isDefinitive() ? e : ofOther;
            }
        }
    }

    /** A server that does not answer is no reason to send the secret to another one. */
    private Optional<URI> otherEndpoint(IssuerException e) {
        boolean isMissing = e.isEndpointGone() && e.kind() != IssuerException.Kind.UNREACHABLE;
        Optional<URI> current = isMissing ? section.issuer().flatMap(this::discover) : Optional.empty();
        boolean isConfiguredOpen = isMissing || e.isDefinitive();
        return current.or(() -> isConfiguredOpen ? Optional.of(section.tokenRequestUrl()) : Optional.empty())
                .filter(other -> !other.equals(endpoint));
    }

    private Optional<URI> discover(String url) {
        try {
            return Optional.of(issuer.discovery()
                            .discover(url)
                            .forAuthentication(section.clientAuth())
                            .tokenEndpoint())
                    .filter(now -> !now.equals(endpoint));
        } catch (IssuerException e) {
            return Optional.empty(); // the failure at the known endpoint says more
        }
    }

    private TokenResponse requestAt(URI url, RequestedToken requested) throws IssuerException, FailureException {
        TokenResponse response = issuer.tokens().clientCredentials(url, client(url), requested);
        endpoint = url; // remembered only now that it has given a token
        return response;
    }

    private Client client(URI url) throws FailureException {
        return client.auth().usesAssertion() || client.auth().usesCertificate()
                ? new ClientProof(section.name(), section.clientFiles(), passwords, clock)
                        .complete(client, section.issuer(), url)
                : client;
    }

    @Override
    public AccountState updateState(AccountState state) {
        Optional<Instant> certificateEnd = section.clientFiles().tls().isPresent()
                ? new ClientProof(section.name(), section.clientFiles(), passwords, clock).certificateEnd()
                : Optional.empty();
        AccountState known = state.withClient(issuer(), section.clientId())
                .withClientCertificate(certificateEnd)
                .withAllKeyShares(issuer.transport().allShares());
        boolean hasMoved =
                !endpoint.equals(state.movedEndpoint(section.tokenRequestUrl()).orElse(section.tokenRequestUrl()));
        return hasMoved ? known.withMovedEndpoint(section.tokenRequestUrl(), endpoint) : known;
    }
}
