package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.common.contenttype.ContentType;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import com.nimbusds.oauth2.sdk.util.URLUtils;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Requests access tokens from a token endpoint. */
public final class TokenClient {
    private static final List<Duration> RETRY_DELAYS =
            List.of(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(4));
    private static final String EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
    private static final String ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
    private static final HttpResponse REHEARSAL = new HttpResponse(
            200, "", "", "", Optional.empty(), "", "{\"refresh_token\":\"rehearsal\"}", true, Duration.ZERO);

    static { // load the classes that are needed while this process holds the only copy of a token
        newRefreshToken(REHEARSAL, Secret.of("another"));
    }

    private final Transport transport;
    private final Clock clock;
    private final Sleeper sleeper;

    public TokenClient(Transport transport, Clock clock, Sleeper sleeper) {
        this.transport = transport;
        this.clock = clock;
        this.sleeper = sleeper;
    }

    /**
     * Uses a refresh token (RFC 6749 section 6). After an ambiguous response, repeats the request after 1, 2 and 4
     * seconds and within {@link Limits#RETRIES}. If the response can no longer arrive because the connection is closed,
     * repeats it only once. Never repeats after a permanent error. Sends no request while the response to an earlier
     * one may still arrive.
     *
     * @param onNewRefreshToken called immediately with a new refresh token, before anything else of the response is
     *     read. It must save the token before it returns, and must not throw: if it cannot save the token, it remembers
     *     that, because the access token in the response is still needed
     */
    public TokenResponse refresh(
            URI tokenEndpoint,
            Client client,
            Secret refreshToken,
            RequestedToken requested,
            Consumer<Secret> onNewRefreshToken)
            throws IssuerException {
        return refresh(tokenEndpoint, client, refreshToken, requested, onNewRefreshToken, () -> true);
    }

    /** @param maySend called right before each request leaves; if it returns false, the request is not sent */
    public TokenResponse refresh(
            URI tokenEndpoint,
            Client client,
            Secret refreshToken,
            RequestedToken requested,
            Consumer<Secret> onNewRefreshToken,
            BooleanSupplier maySend)
            throws IssuerException {
        class Refresh implements Attempt, Transport.ResponseHandler<TokenResponse> {
            private Secret sent = refreshToken;
            private Secret latest = refreshToken;

            @Override
            public TokenResponse make() throws IssuerException {
                sent = latest;
                AuthorizationGrant grant = new RefreshTokenGrant(new RefreshToken(sent.reveal()));
                return transport.send(request(tokenEndpoint, client, grant, requested), maySend, this);
            }

            @Override
            public TokenResponse handle(HttpResponse response) throws IssuerException {
                Optional<Secret> next = newRefreshToken(response, sent);
                if (next.isPresent()) {
                    onNewRefreshToken.accept(next.get());
                    latest = next.get();
                }
                Optional<TokenResponse> token = TokenResponse.of(response, clock);
                if (token.isPresent()) {
                    return token.get();
                }
                IssuerException error =
                        ErrorResponse.ofRefresh(tokenEndpoint, response, client.secretsWith(sent, latest));
                throw latest.equals(sent) ? error : error.withTokenReceived();
            }
        }
        return withRetries(client, new Refresh());
    }

    private static Optional<Secret> newRefreshToken(HttpResponse response, Secret sent) {
        Optional<Secret> token = TokenResponse.rescueRefreshToken(response);
        return token.equals(Optional.of(sent)) ? Optional.empty() : token;
    }

    /** The client credentials grant (RFC 6749 section 4.4). Repeats like {@link #refresh}. */
    public TokenResponse clientCredentials(URI tokenEndpoint, Client client, RequestedToken requested)
            throws IssuerException {
        return withRetries(
                client,
                () -> transport.send(
                        request(tokenEndpoint, client, new ClientCredentialsGrant(), requested),
                        response -> TokenResponse.of(response, clock)
                                .orElseThrow(() -> ErrorResponse.of(tokenEndpoint, response, client.secretsWith()))));
    }

    static HTTPRequest request(URI endpoint, Client client, AuthorizationGrant grant, RequestedToken requested) {
        if (client.auth().usesAssertion() || client.auth().usesCertificate()) {
            return withoutSdk(endpoint, client, grant.toParameters(), requested);
        }
        Optional<ClientAuthentication> authentication = client.nimbus();
        var builder = authentication.isPresent()
                ? new TokenRequest.Builder(endpoint, authentication.get(), grant)
                : new TokenRequest.Builder(endpoint, client.nimbusId(), grant);
        builder.scope(requested.nimbusScope());
        for (Map.Entry<String, String[]> parameter :
                requested.audienceParameters().entrySet()) {
            builder.customParameter(parameter.getKey(), parameter.getValue());
        }
        return client.addClientAuthentication(builder.build().toHTTPRequest());
    }

    /** The SDK refuses assertions that another program made, and wants to open the connection with a certificate itself. */
    private static HTTPRequest withoutSdk(
            URI endpoint, Client client, Map<String, List<String>> grant, RequestedToken requested) {
        Map<String, List<String>> parameters = new LinkedHashMap<>(grant);
        if (!requested.scope().isEmpty()) {
            parameters.put("scope", List.of(String.join(" ", requested.scope())));
        }
        requested.audienceParameters().forEach((name, values) -> parameters.put(name, List.of(values)));
        HTTPRequest request = new HTTPRequest(HTTPRequest.Method.POST, endpoint);
        request.setEntityContentType(ContentType.APPLICATION_URLENCODED);
        request.setBody(URLUtils.serializeParameters(parameters));
        client.nimbus().ifPresent(authentication -> authentication.applyTo(request));
        return client.addClientAuthentication(request);
    }

    @FunctionalInterface
    private interface Attempt {
        TokenResponse make() throws IssuerException;
    }

    private TokenResponse withRetries(Client client, Attempt attempt) throws IssuerException {
        Duration start = sleeper.elapsed();
        Duration pauses = Duration.ZERO;
        boolean inDoubt = false;
        IssuerException doubtful = null;
        boolean wasUnanswered = false;
        for (Duration next : RETRY_DELAYS) {
            try {
                return attempt.make().after(pauses);
            } catch (IssuerException e) {
                if (doubtful != null && isOfRepeatedAssertion(client, e)) {
                    throw doubtful.afterDoubt(true);
                }
                inDoubt |= e.leavesDoubt();
                doubtful = e.leavesDoubt() ? e : doubtful;
                Duration delay = e.retryAfter()
                        .filter(longer -> longer.compareTo(next) > 0)
                        .orElse(next);
                Duration elapsed = sleeper.elapsed().minus(start);
                boolean isUnanswered = e.kind() == Kind.NO_ANSWER;
                if (!e.isRetryable()
                        || wasUnanswered && isUnanswered
                        || elapsed.plus(delay).compareTo(Limits.RETRIES) > 0) {
                    throw e.afterDoubt(inDoubt);
                }
                wasUnanswered |= isUnanswered;
                sleeper.sleep(delay);
                pauses = pauses.plus(delay);
            }
        }
        try {
            return attempt.make().after(pauses);
        } catch (IssuerException e) {
            throw (doubtful != null && isOfRepeatedAssertion(client, e) ? doubtful : e).afterDoubt(inDoubt);
        }
    }

    /** The issuer may have accepted the same assertion in the request whose answer was lost, and accepts it once. */
    private static boolean isOfRepeatedAssertion(Client client, IssuerException e) {
        return e.kind() == Kind.CLIENT_REFUSED
                && client.assertion().filter(ClientAssertion::isRepeated).isPresent();
    }

    /**
     * Exchanges an access token of the client for another one (RFC 8693). Repeats like {@link #clientCredentials}: an
     * exchange uses nothing up. A refresh token in the response is ignored.
     *
     * @param resources the URIs of the services that the token is for
     */
    public TokenResponse exchange(
            URI tokenEndpoint, Client client, Secret subjectToken, RequestedToken requested, List<String> resources)
            throws IssuerException {
        return withRetries(
                client,
                () -> transport.send(
                        exchangeRequest(tokenEndpoint, client, subjectToken, requested, resources),
                        response -> TokenResponse.ofExchange(response, clock)
                                .orElseThrow(() -> ErrorResponse.ofExchange(
                                        tokenEndpoint, response, client.secretsWith(subjectToken)))));
    }

    private static HTTPRequest exchangeRequest(
            URI endpoint, Client client, Secret subjectToken, RequestedToken requested, List<String> resources) {
        Map<String, List<String>> grant = new LinkedHashMap<>();
        grant.put("grant_type", List.of(EXCHANGE));
        grant.put("subject_token", List.of(subjectToken.reveal()));
        grant.put("subject_token_type", List.of(ACCESS_TOKEN));
        grant.put("requested_token_type", List.of(ACCESS_TOKEN));
        if (!requested.audience().isEmpty()) {
            grant.put(
                    "audience",
                    requested.audienceParameter() == AudienceParameter.AUDIENCE
                            ? List.of(String.join(" ", requested.audience()))
                            : requested.audience());
        }
        if (!resources.isEmpty()) {
            grant.put("resource", resources);
        }
        RequestedToken scopeOnly = new RequestedToken(requested.scope(), List.of(), requested.audienceParameter());
        return withoutSdk(endpoint, client, grant, scopeOnly);
    }
}
