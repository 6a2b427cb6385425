package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Requests access tokens from a token endpoint. */
public final class TokenClient {
    private static final List<Duration> WAITS =
            List.of(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(4));
    private static final HttpResponse REHEARSAL = new HttpResponse(
            200, "", "", "", Optional.empty(), "", "{\"refresh_token\":\"rehearsal\"}", true, Duration.ZERO);

    static { // load the classes that are needed while this process holds the only copy of a token
        rescue(REHEARSAL, Secret.of("another"), next -> {});
    }

    private final Transport transport;
    private final Clock clock;
    private final Sleeper pause;

    public TokenClient(Transport transport, Clock clock, Sleeper pause) {
        this.transport = transport;
        this.clock = clock;
        this.pause = pause;
    }

    /**
     * Uses a refresh token (RFC 6749 section 6). After an ambiguous response, repeats the request after 1, 2 and 4
     * seconds and within {@link Limits#REPEATS}. If the response can no longer arrive because the connection is closed,
     * repeats it only once. Never repeats after a permanent error. Sends no request while the response to an earlier
     * one may still arrive.
     *
     * @param keep called immediately with a new refresh token, before anything else of the response is read. When it
     *     returns, the token must be saved
     */
    public TokenResponse refresh(
            URI tokenEndpoint, Client client, Secret refreshToken, RequestedToken wanted, Consumer<Secret> keep)
            throws IssuerException {
        AtomicReference<Secret> current = new AtomicReference<>(refreshToken);
        return repeat(() -> {
            Secret sent = Objects.requireNonNull(current.get());
            AuthorizationGrant grant = new RefreshTokenGrant(new RefreshToken(sent.reveal()));
            return transport.send(request(tokenEndpoint, client, grant, wanted), answer -> {
                rescue(answer, sent, next -> {
                    keep.accept(next);
                    current.set(next);
                });
                Optional<TokenResponse> token = TokenResponse.of(answer, clock);
                if (token.isPresent()) {
                    return token.get();
                }
                Secret held = Objects.requireNonNull(current.get());
                IssuerException refusal = ErrorResponse.ofRefresh(
                        Transport.hostAndPort(tokenEndpoint), answer, with(client, List.of(sent, held)));
                throw held.equals(sent) ? refusal : refusal.settled();
            });
        });
    }

    private static void rescue(HttpResponse answer, Secret sent, Consumer<Secret> keep) {
        TokenResponse.rescueRefreshToken(answer)
                .filter(next -> !next.equals(sent))
                .ifPresent(keep);
    }

    /** The client credentials grant (RFC 6749 section 4.4). Repeats like {@link #refresh}. */
    public TokenResponse clientCredentials(URI tokenEndpoint, Client client, RequestedToken wanted)
            throws IssuerException {
        return repeat(() -> transport.send(
                request(tokenEndpoint, client, new ClientCredentialsGrant(), wanted),
                answer -> TokenResponse.of(answer, clock)
                        .orElseThrow(() -> ErrorResponse.of(
                                Transport.hostAndPort(tokenEndpoint), answer, with(client, List.of())))));
    }

    static HTTPRequest request(URI endpoint, Client client, AuthorizationGrant grant, RequestedToken wanted) {
        var builder = client.nimbus()
                .map(authentication -> new TokenRequest.Builder(endpoint, authentication, grant))
                .orElseGet(() -> new TokenRequest.Builder(endpoint, client.nimbusId(), grant));
        builder.scope(wanted.nimbusScope());
        wanted.audienceParameters().forEach(builder::customParameter);
        return client.finish(builder.build().toHTTPRequest());
    }

    /** The secrets that a response to this client may echo. */
    static List<Secret> with(Client client, List<Secret> sent) {
        List<Secret> secrets = new ArrayList<>(sent);
        client.secret().ifPresent(secrets::add);
        return secrets;
    }

    @FunctionalInterface
    private interface Attempt {
        TokenResponse make() throws IssuerException;
    }

    private TokenResponse repeat(Attempt attempt) throws IssuerException {
        Duration start = pause.elapsed();
        Duration pauses = Duration.ZERO;
        boolean doubt = false;
        boolean lost = false;
        for (Duration wait : WAITS) {
            try {
                return attempt.make().after(pauses);
            } catch (IssuerException e) {
                doubt |= e.leavesDoubt();
                Duration rest = e.retryAfter()
                        .filter(asked -> asked.compareTo(wait) > 0)
                        .orElse(wait);
                Duration spent = pause.elapsed().minus(start);
                boolean isLost = e.kind() == IssuerException.Kind.NO_ANSWER;
                if (!e.mayBeRepeated() || lost && isLost || spent.plus(rest).compareTo(Limits.REPEATS) > 0) {
                    throw e.afterDoubt(doubt);
                }
                lost |= isLost;
                pause.sleep(rest);
                pauses = pauses.plus(rest);
            }
        }
        try {
            return attempt.make().after(pauses);
        } catch (IssuerException e) {
            throw e.afterDoubt(doubt);
        }
    }
}
