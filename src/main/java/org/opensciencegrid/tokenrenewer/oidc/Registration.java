package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.client.ClientDeleteRequest;
import com.nimbusds.oauth2.sdk.client.ClientRegistrationRequest;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.token.BearerAccessToken;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientMetadata;
import java.io.IOException;
import java.net.URI;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Dynamic client registration (RFC 7591), and its change and deletion (RFC 7592). */
public final class Registration {
    /**
     * A client as the issuer registered it.
     *
     * @param scope the scope that the client may request; that of the request if the response does not contain it
     * @param accessToken the token to change or delete the registration, if the issuer returned one
     * @param clientUri the endpoint for that token
     * @param secretExpiresAt empty if the secret does not expire
     * @param grantTypes from the response, because an issuer may change them; empty if it does not contain them
     * @param clearsAccessTokens whether each renewal ends the earlier access tokens, at least for services that use
     *     introspection (INDIGO IAM)
     */
    public record Registered(
            Client client,
            List<String> scope,
            Optional<Secret> accessToken,
            Optional<URI> clientUri,
            Optional<Instant> secretExpiresAt,
            List<String> grantTypes,
            boolean clearsAccessTokens) {
        /** Without the members that are only in the response. */
        public Registered(
                Client client,
                List<String> scope,
                Optional<Secret> accessToken,
                Optional<URI> clientUri,
                Optional<Instant> secretExpiresAt) {
            this(client, scope, accessToken, clientUri, secretExpiresAt, List.of(), false);
        }

        /** Whether the issuer registered the client without the device grant. */
        public boolean lacksDeviceGrant() {
            return !grantTypes.isEmpty()
                    && grantTypes.stream()
                            .noneMatch(grant -> grant.toLowerCase(Locale.ROOT).contains("device"));
        }
    }

    /** The maximum number of requests for one registration. */
    private static final int MAX_REQUESTS = 5;

    /** RFC 7592 section 2.2: members that a request must not have. */
    private static final List<String> OF_RESPONSES = List.of(
            "registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at");

    private final Transport transport;

    public Registration(Transport transport) {
        this.transport = transport;
    }

    /**
     * Registers a client for the device grant. After an error, changes what the response complains about and tries
     * again, with at most five requests. Never repeats a request whose response was lost, because that would leave
     * orphaned clients at the issuer.
     *
     * @param name client_name, at least four characters (INDIGO IAM rejects shorter ones)
     * @param scope the first request asks for all of it
     * @param keys register their public parts, for a client that authenticates with a signature and gets no secret
     * @param initialToken initial access token for issuers with closed registration
     * @param log gets one line for every error that is followed by another request: the reason, and what is changed
     * @throws IssuerException REFUSED or another kind, for the last response
     */
    public Registered register(
            Provider provider,
            String name,
            List<String> scope,
            Optional<ClientKeys> keys,
            Optional<Secret> initialToken,
            Consumer<String> log)
            throws IssuerException {
        URI endpoint = provider.registrationEndpoint()
                .orElseThrow(() -> new IssuerException(
                        Kind.REFUSED, Printable.of(provider.issuer()) + " offers no dynamic client registration"));
        BearerAccessToken bearer =
                initialToken.map(token -> new BearerAccessToken(token.reveal())).orElse(null);
        RequestedClient request = RequestedClient.initial(
                name, scope, keys.isPresent() ? ClientAuth.PRIVATE_KEY_JWT : ClientAuth.preferred(provider, false));
        Set<RequestedClient> tried = new HashSet<>();
        while (true) {
            tried.add(request);
            OIDCClientMetadata metadata = request.metadata();
            if (keys.isPresent()) {
                metadata.setJWKSet(keys.get().publicSet());
            }
            HttpResponse response =
                    transport.send(new ClientRegistrationRequest(endpoint, metadata, bearer).toHTTPRequest());
            // RFC 7591 says 201, but one server returns 200.
            Map<String, Object> json = response.isSuccess() ? response.json().orElse(Map.of()) : Map.of();
            Optional<String> id = Json.string(json, "client_id");
            if (id.isPresent()) {
                return registered(endpoint, id.get(), json, request);
            }
            IssuerException error = asPermanentError(
                    response,
                    ErrorResponse.of(
                            endpoint, response, initialToken.map(List::of).orElse(List.of())));
            Optional<RequestedClient.Change> change = tried.size() < MAX_REQUESTS && isAboutMetadata(error)
                    ? request.afterError(response.body(), provider, tried)
                    : Optional.empty();
            if (change.isEmpty()) {
                throw error;
            }
            log.accept(error.getMessage() + "; asking again " + change.get().description());
            request = change.get().client();
        }
    }

    /**
     * What an answer of the issuer says about the next requests. The old token and secret may be invalid.
     *
     * @param accessToken empty if it is the same
     * @param clientSecret empty if the answer has none
     * @param secretExpiresAt seconds since 1970, 0 for never
     */
    public record Answer(
            URI clientUri,
            Optional<Secret> accessToken,
            Optional<Secret> clientSecret,
            Optional<Long> secretExpiresAt) {}

    /** Keeps what is only in the answers of the issuer. */
    public interface Management {
        /** Called before each request. */
        void reserve() throws IOException;

        /** Called after each answer, before anything else is done. */
        void answered(Answer answer) throws IOException;
    }

    /**
     * Replaces the public keys of a client (RFC 7592 section 2.2), and leaves everything else as the issuer has it.
     *
     * @throws IssuerException if the issuer did not confirm it
     * @throws IOException from {@code management}
     */
    public void replaceKeys(URI clientUri, Secret accessToken, ClientKeys keys, Management management)
            throws IssuerException, IOException {
        var client = new Managed(clientUri, accessToken, management);
        JsonObject wanted = client.ask(HTTPRequest.Method.GET, "")
                .with("jwks_uri", Optional.empty())
                .with("jwks", JsonObject.parse(keys.publicKeys()).orElseThrow());
        for (String ofResponses : OF_RESPONSES) {
            wanted = wanted.with(ofResponses, Optional.empty());
        }
        JsonObject after = client.ask(HTTPRequest.Method.PUT, wanted.toJson());
        if (!after.names().contains("jwks")) {
            after = client.ask(HTTPRequest.Method.GET, "");
        }
        String uri = Printable.of(client.uri.toString());
        if (!after.names().contains("jwks")) {
            throw new IssuerException(
                    Kind.REFUSED,
                    uri + " did not show which keys it has now; before --remove-old, make sure that it has these");
        }
        if (!keys.isIn(after.member("jwks"))) {
            throw new IssuerException(Kind.REFUSED, uri + " did not take the keys");
        }
    }

    /** A client with the URI and the token of the last answer. */
    private final class Managed {
        private URI uri;
        private Secret token;
        private final Management management;

        Managed(URI uri, Secret token, Management management) {
            this.uri = uri;
            this.token = token;
            this.management = management;
        }

        JsonObject ask(HTTPRequest.Method method, String body) throws IssuerException, IOException {
            HTTPRequest request = new HTTPRequest(method, uri);
            request.setAuthorization(new BearerAccessToken(token.reveal()).toAuthorizationHeader());
            if (!body.isEmpty()) {
                request.setHeader("Content-Type", "application/json");
                request.setBody(body);
            }
            management.reserve();
            HttpResponse response = transport.send(request);
            Optional<Map<String, Object>> json = response.isSuccess() ? response.json() : Optional.empty();
            if (json.isEmpty()) {
                throw ErrorResponse.of(uri, response, List.of(token));
            }
            JsonObject answer = JsonObject.of(json.get());
            Optional<Secret> next = answer.string("registration_access_token").map(Secret::of);
            uri = answer.string("registration_client_uri")
                    .flatMap(text -> Registration.uri(uri, text))
                    .orElse(uri);
            token = next.orElse(token);
            management.answered(new Answer(
                    uri,
                    next,
                    answer.string("client_secret").map(Secret::of),
                    answer.number("client_secret_expires_at")));
            return answer;
        }
    }

    /**
     * Deletes a registration.
     *
     * @throws IssuerException if the issuer did not confirm it
     */
    public void delete(URI clientUri, Secret accessToken) throws IssuerException {
        var request = new ClientDeleteRequest(clientUri, new BearerAccessToken(accessToken.reveal())).toHTTPRequest();
        HttpResponse response = transport.send(request);
        if (!response.isSuccess()) {
            throw ErrorResponse.of(clientUri, response, List.of(accessToken));
        }
    }

    /**
     * Whether the issuer supports a scope. A scope with a path, such as storage.read:/data, is supported if
     * storage.read:/ is listed (WLCG profile).
     */
    public static boolean covers(List<String> supported, String scope) {
        int colon = scope.indexOf(":/");
        return supported.contains(scope)
                || colon > 0
                        && (supported.contains(scope.substring(0, colon + 2))
                                || supported.contains(scope.substring(0, colon)));
    }

    /**
     * Treats more responses as permanent errors than other requests do: a web page, a redirect to one (Spring's login
     * page), no such endpoint (INDIGO IAM at its old path: 405), and OA4MP's 500 with plain text.
     */
    private static IssuerException asPermanentError(HttpResponse response, IssuerException e) {
        boolean isTemporary = response.status() == 408 || response.status() == 429;
        boolean isPermanent = response.isPage() && response.isSuccess()
                || response.status() / 100 == 3
                || response.status() / 100 == 4 && !isTemporary
                || response.status() == 500 && response.body().startsWith("error=");
        return !isPermanent || e.isDefinitive()
                ? e
                : new IssuerException(Kind.REFUSED, e.getMessage(), response.status(), e.code(), e.retryAfter());
    }

    static Registered registered(URI endpoint, String id, Map<String, Object> json, RequestedClient request) {
        Optional<Secret> secret = Json.string(json, "client_secret").map(Secret::of);
        ClientAuth auth = Json.string(json, "token_endpoint_auth_method")
                .flatMap(ClientAuth::of)
                .filter(method -> method != ClientAuth.PRIVATE_KEY_JWT || request.auth() == method) // we sent no key
                .orElse(request.auth() == ClientAuth.NONE ? ClientAuth.BASIC : request.auth());
        // Some issuers return a secret although the client authenticates with its key.
        Client client = Client.of(id, secret).with(auth);
        List<String> scope = Json.words(json, "scope");
        return new Registered(
                client,
                scope.isEmpty() ? request.scope() : scope,
                Json.string(json, "registration_access_token").map(Secret::of),
                Json.string(json, "registration_client_uri").flatMap(text -> uri(endpoint, text)),
                Json.number(json, "client_secret_expires_at")
                        .filter(seconds -> seconds > 0 && seconds <= JwtClaims.LAST)
                        .map(Instant::ofEpochSecond),
                Json.words(json, "grant_types"),
                Boolean.TRUE.equals(json.get("clear_access_tokens_on_refresh")));
    }

    /** The endpoint to delete the client, if it is at the issuer. The token must not go to any other host. */
    private static Optional<URI> uri(URI endpoint, String text) {
        try {
            URI uri = new URI(text);
            Transport.requireSafe(uri);
            return Transport.isSameOrigin(uri, endpoint) ? Optional.of(uri) : Optional.empty();
        } catch (java.net.URISyntaxException | IssuerException e) {
            return Optional.empty(); // only needed for deletion, so do not fail a registration that succeeded
        }
    }

    /** Whether another form of the request may succeed. Not if registration is closed (401, invalid_token). */
    private static boolean isAboutMetadata(IssuerException e) {
        boolean isBadRequest = e.status() == 400 || e.status() == 422;
        return isBadRequest && !e.code().equals("invalid_token")
                || e.status() == 403 && e.code().equals("insufficient_scope");
    }
}
