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
import org.opensciencegrid.tokenrenewer.text.Secret;

/** Asks a token endpoint for access tokens. */
public final class TokenClient {
    private static final List<Duration> WAITS =
            List.of(Duration.ofSeconds(1), Duration.ofSeconds(2), Duration.ofSeconds(4));
    private static final Duration IN_ALL = Duration.ofSeconds(20);
    private static final Answer REHEARSAL =
            new Answer(200, "", "", Optional.empty(), "", "{\"refresh_token\":\"rehearsal\"}", true, Duration.ZERO);

    static { // what a new JVM loads and links here, it need not with the only copy of a token in hand
        rescue(REHEARSAL, Secret.of("another"), next -> {});
    }

    private final Transport transport;
    private final Clock clock;
    private final Pause pause;

    public TokenClient(Transport transport, Clock clock, Pause pause) {
        this.transport = transport;
        this.clock = clock;
        this.pause = pause;
    }

    /**
     * Uses a refresh token (RFC 6749 section 6). An ambiguous answer is met by the same request again, after 1, 2 and 4
     * seconds and for 20 seconds in all; a definitive refusal never is.
     *
     * @param keep called at once with a refresh token other than the one that was sent, before anything else in the answer
     *     is looked at; when it returns, the token must be safe
     */
    public TokenAnswer refresh(
            URI tokenEndpoint, Client client, Secret refreshToken, Wanted wanted, Consumer<Secret> keep)
            throws OidcException {
        AtomicReference<Secret> current = new AtomicReference<>(refreshToken);
        return repeat(() -> {
            Secret sent = Objects.requireNonNull(current.get());
            AuthorizationGrant grant = new RefreshTokenGrant(new RefreshToken(sent.reveal()));
            Answer answer = transport.send(request(tokenEndpoint, client, grant, wanted));
            rescue(answer, sent, next -> {
                keep.accept(next);
                current.set(next);
            });
            return read(tokenEndpoint, client, answer, List.of(sent, current.get()));
        });
    }

    private static void rescue(Answer answer, Secret sent, Consumer<Secret> keep) {
        TokenAnswer.rescueRefreshToken(answer)
                .filter(next -> !next.equals(sent))
                .ifPresent(keep);
    }

    /** The client credentials grant (RFC 6749 section 4.4), repeated as {@link #refresh} is. */
    public TokenAnswer clientCredentials(URI tokenEndpoint, Client client, Wanted wanted) throws OidcException {
        return repeat(() -> {
            Answer answer = transport.send(request(tokenEndpoint, client, new ClientCredentialsGrant(), wanted));
            return read(tokenEndpoint, client, answer, List.of());
        });
    }

    private TokenAnswer read(URI endpoint, Client client, Answer answer, List<Secret> sent) throws OidcException {
        Optional<TokenAnswer> token = TokenAnswer.of(answer, clock);
        if (token.isPresent()) {
            return token.get();
        }
        throw Refusal.of(Transport.where(endpoint), answer, with(client, sent));
    }

    static HTTPRequest request(URI endpoint, Client client, AuthorizationGrant grant, Wanted wanted) {
        var builder = client.nimbus()
                .map(authentication -> new TokenRequest.Builder(endpoint, authentication, grant))
                .orElseGet(() -> new TokenRequest.Builder(endpoint, client.nimbusId(), grant));
        builder.scope(wanted.nimbusScope());
        wanted.audienceParameters().forEach(builder::customParameter);
        return client.finish(builder.build().toHTTPRequest());
    }

    /** The secrets that an answer to this client may echo. */
    static List<Secret> with(Client client, List<Secret> sent) {
        List<Secret> secrets = new ArrayList<>(sent);
        client.secret().ifPresent(secrets::add);
        return secrets;
    }

    @FunctionalInterface
    private interface Attempt {
        TokenAnswer make() throws OidcException;
    }

    private TokenAnswer repeat(Attempt attempt) throws OidcException {
        Duration start = pause.elapsed();
        Duration pauses = Duration.ZERO;
        boolean doubt = false;
        for (Duration wait : WAITS) {
            try {
                return attempt.make().after(pauses);
            } catch (OidcException e) {
                doubt |= e.leavesDoubt();
                Duration rest = e.retryAfter()
                        .filter(asked -> asked.compareTo(wait) > 0)
                        .orElse(wait);
                Duration spent = pause.elapsed().minus(start);
                if (!e.mayBeRepeated() || spent.plus(rest).compareTo(IN_ALL) > 0) {
                    throw e.afterDoubt(doubt);
                }
                pause.sleep(rest);
                pauses = pauses.plus(rest);
            }
        }
        try {
            return attempt.make().after(pauses);
        } catch (OidcException e) {
            throw e.afterDoubt(doubt);
        }
    }
}
