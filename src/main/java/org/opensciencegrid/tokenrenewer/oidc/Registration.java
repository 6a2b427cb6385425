package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.GrantType;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.auth.ClientAuthenticationMethod;
import com.nimbusds.oauth2.sdk.client.ClientDeleteRequest;
import com.nimbusds.oauth2.sdk.client.ClientMetadata;
import com.nimbusds.oauth2.sdk.client.ClientRegistrationRequest;
import com.nimbusds.oauth2.sdk.token.BearerAccessToken;
import com.nimbusds.openid.connect.sdk.rp.ApplicationType;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientMetadata;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.opensciencegrid.tokenrenewer.text.Json;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** Dynamic client registration (RFC 7591) and its undoing (RFC 7592). */
public final class Registration {
    /**
     * A client as the issuer registered it.
     *
     * @param scope what it may ask for; the wanted scopes where the answer does not say
     * @param accessToken the key to read or delete the registration, where the issuer gave one
     * @param clientUri where that key works
     * @param secretExpiresAt empty for a secret that lives for ever
     */
    public record Registered(
            Client client,
            List<String> scope,
            Optional<Secret> accessToken,
            Optional<URI> clientUri,
            Optional<Instant> secretExpiresAt) {}

    private final Transport transport;

    public Registration(Transport transport) {
        this.transport = transport;
    }

    /**
     * Registers a client for the device grant, going down the ladder of what real issuers accept. A rung is left only for
     * a refusal of the metadata; a lost answer is never repeated, as that would leave orphaned clients at the issuer.
     *
     * @param name client_name, at least four characters (INDIGO IAM refuses shorter ones)
     * @param initialToken initial access token for issuers with closed registration
     * @param log gets one line for every rung that was refused
     * @throws OidcException REFUSED and the like with the answer to the last rung
     */
    public Registered register(
            Provider provider, String name, List<String> scope, Optional<Secret> initialToken, Consumer<String> log)
            throws OidcException {
        URI endpoint = provider.registrationEndpoint()
                .orElseThrow(() -> new OidcException(
                        OidcException.Kind.REFUSED,
                        Printable.of(provider.issuer()) + " offers no dynamic client registration"));
        List<OIDCClientMetadata> ladder = ladder(name, registrable(scope, provider.scopesSupported()));
        OidcException refusal = null;
        for (OIDCClientMetadata rung : ladder) {
            try {
                return send(endpoint, rung, scope, initialToken);
            } catch (OidcException e) {
                if (!isAboutMetadata(e)) {
                    throw e;
                }
                log.accept(e.getMessage());
                refusal = e;
            }
        }
        throw refusal;
    }

    /**
     * Deletes a registration.
     *
     * @throws OidcException when the issuer did not confirm it
     */
    public void delete(URI clientUri, Secret accessToken) throws OidcException {
        var request = new ClientDeleteRequest(clientUri, new BearerAccessToken(accessToken.reveal())).toHTTPRequest();
        Answer answer = transport.send(request);
        if (!answer.isSuccess()) {
            throw Refusal.of(Transport.where(clientUri), answer, List.of(accessToken));
        }
    }

    /** oidc-provider refuses a registration that names any scope it does not support. */
    private static List<String> registrable(List<String> wanted, List<String> supported) {
        return supported.isEmpty()
                ? wanted
                : wanted.stream().filter(scope -> covers(supported, scope)).toList();
    }

    /** Scopes with a path, such as storage.read:/data, stand for the listed storage.read:/ (WLCG profile). */
    public static boolean covers(List<String> supported, String scope) {
        int colon = scope.indexOf(":/");
        return supported.contains(scope)
                || colon > 0
                        && (supported.contains(scope.substring(0, colon + 2))
                                || supported.contains(scope.substring(0, colon)));
    }

    private static List<OIDCClientMetadata> ladder(String name, List<String> scope) {
        List<OIDCClientMetadata> ladder = new ArrayList<>();
        ladder.add(metadata(name, scope, false));
        ladder.add(metadata(name, scope, true)); // issuers that demand a redirect URI of every client
        if (scope.contains(
                Wanted.OPENID)) { // Keycloak: 403 insufficient_scope for an anonymous client that names openid
            List<String> less =
                    scope.stream().filter(value -> !value.equals(Wanted.OPENID)).toList();
            ladder.add(metadata(name, less, false));
        }
        return ladder;
    }

    private static OIDCClientMetadata metadata(String name, List<String> scope, boolean withRedirect) {
        OIDCClientMetadata metadata = new OIDCClientMetadata();
        metadata.setName(name);
        // Left out, token_endpoint_auth_method makes a public client on one server.
        metadata.setTokenEndpointAuthMethod(ClientAuthenticationMethod.CLIENT_SECRET_BASIC);
        if (!scope.isEmpty()) { // an empty one is refused
            metadata.setScope(new Scope(scope.toArray(String[]::new)));
        }
        Set<GrantType> grants = new LinkedHashSet<>(List.of(GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN));
        if (withRedirect) {
            grants.add(GrantType.AUTHORIZATION_CODE);
            metadata.setApplicationType(ApplicationType.NATIVE);
            metadata.setRedirectionURI(URI.create("http://localhost:8080"));
            metadata.setResponseTypes(Set.of(ResponseType.CODE));
        } else {
            metadata.setResponseTypes(Set.of());
        }
        metadata.setGrantTypes(grants);
        return metadata;
    }

    private Registered send(URI endpoint, ClientMetadata metadata, List<String> wanted, Optional<Secret> initialToken)
            throws OidcException {
        BearerAccessToken bearer =
                initialToken.map(token -> new BearerAccessToken(token.reveal())).orElse(null);
        Answer answer = transport.send(new ClientRegistrationRequest(endpoint, metadata, bearer).toHTTPRequest());
        List<Secret> secrets = initialToken.map(List::of).orElse(List.of());
        // RFC 7591 says 201, and one server says 200.
        Map<String, Object> json = answer.isSuccess() ? answer.json().orElse(Map.of()) : Map.of();
        Optional<String> id = Json.string(json, "client_id");
        if (id.isEmpty()) {
            throw refused(answer, Refusal.of(Transport.where(endpoint), answer, secrets));
        }
        return registered(endpoint, id.get(), json, wanted);
    }

    /**
     * What a refusal means here: a page for people, no such endpoint (INDIGO IAM at its old path: 405) and OA4MP's 500 in
     * its own plain text are a no, and not trouble that passes.
     */
    private static OidcException refused(Answer answer, OidcException e) {
        boolean isPassing = answer.status() == 408 || answer.status() == 429;
        boolean isNo = answer.isPage() && answer.isSuccess()
                || answer.status() / 100 == 4 && !isPassing
                || answer.status() == 500 && answer.body().startsWith("error=");
        return !isNo || e.isDefinitive()
                ? e
                : new OidcException(
                        OidcException.Kind.REFUSED, e.getMessage(), answer.status(), e.code(), e.retryAfter());
    }

    static Registered registered(URI endpoint, String id, Map<String, Object> json, List<String> wanted) {
        Optional<Secret> secret = Json.string(json, "client_secret").map(Secret::of);
        Optional<ClientAuth> said =
                Json.string(json, "token_endpoint_auth_method").flatMap(ClientAuth::of);
        Client client = secret.isEmpty() || said.equals(Optional.of(ClientAuth.NONE))
                ? new Client(id, Optional.empty(), ClientAuth.NONE)
                : new Client(id, secret, said.orElse(ClientAuth.BASIC));
        List<String> scope = Json.words(json, "scope");
        return new Registered(
                client,
                scope.isEmpty() ? wanted : scope,
                Json.string(json, "registration_access_token").map(Secret::of),
                Json.string(json, "registration_client_uri").flatMap(text -> uri(endpoint, text)),
                Json.number(json, "client_secret_expires_at")
                        .filter(seconds -> seconds > 0 && seconds <= JwtClaims.LAST)
                        .map(Instant::ofEpochSecond));
    }

    /** The place to delete the client, if it is at the issuer: nobody else gets the key. */
    private static Optional<URI> uri(URI endpoint, String text) {
        try {
            URI uri = new URI(text);
            Transport.requireSafe(uri);
            return Transport.isSameOrigin(uri, endpoint) ? Optional.of(uri) : Optional.empty();
        } catch (java.net.URISyntaxException | OidcException e) {
            return Optional.empty(); // of use only for deletion: not worth failing a registration that exists
        }
    }

    /** A refusal that another way of saying it may turn. Closed registration (401, invalid_token) is not one. */
    private static boolean isAboutMetadata(OidcException e) {
        return e.status() == 400 && !e.code().equals("invalid_token")
                || e.status() == 403 && e.code().equals("insufficient_scope");
    }
}
