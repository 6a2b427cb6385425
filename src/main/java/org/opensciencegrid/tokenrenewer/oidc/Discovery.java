package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.text.Json;
import org.opensciencegrid.tokenrenewer.text.Printable;

/** Finds an issuer's endpoints from its URL. */
public final class Discovery {
    private static final int REDIRECTS = 3;

    private final Transport transport;
    private Optional<Instant> clockOfServer = Optional.empty();

    public Discovery(Transport transport) {
        this.transport = transport;
    }

    /**
     * Asks the OpenID place first, then that of RFC 8414; takes an issuer with or without its trailing slash.
     *
     * @throws OidcException WRONG_ISSUER when the answer is about another issuer (RFC 8414 section 3.3), and what
     *     {@link Transport} throws
     */
    public Provider discover(String issuer) throws OidcException {
        URI base = parse(issuer);
        Transport.requireSafe(base);
        String bare = issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
        String path = URI.create(bare).getRawPath();
        String origin = bare.substring(0, bare.length() - path.length());
        List<String> places = List.of(
                bare + "/.well-known/openid-configuration",
                origin + "/.well-known/oauth-authorization-server" + path, // RFC 8414 section 3: before the path
                bare + "/.well-known/oauth-authorization-server");
        @Nullable OidcException first = null;
        for (String place : places) {
            Answer answer = get(URI.create(place));
            Optional<Map<String, Object>> json = answer.isSuccess() ? answer.json() : Optional.empty();
            if (json.isPresent()) {
                return provider(issuer, place, json.get());
            }
            OidcException refusal = Refusal.of(place(place), answer, List.of());
            int status = answer.status();
            if (status >= 500 || status == 429 || status == 408 || !answer.complete()) {
                throw refusal; // the server is in trouble: asking elsewhere only hides it
            }
            if (first == null) {
                first = refusal;
            }
        }
        throw new OidcException(
                OidcException.Kind.WRONG_ISSUER,
                "no OpenID or OAuth metadata found for " + Printable.of(issuer) + " ("
                        + Objects.requireNonNull(first).getMessage() + ")");
    }

    /**
     * Sees whether the server answers, whatever it says: a GET without parameters, which asks a token endpoint for nothing.
     *
     * @throws OidcException UNREACHABLE, TLS, NO_ANSWER, INSECURE
     */
    public void reach(URI uri) throws OidcException {
        get(uri);
    }

    /** What time it was by the last answer (RFC 9110 section 6.6.1), if it said. */
    public Optional<Instant> clockOfServer() {
        return clockOfServer;
    }

    private Answer get(URI uri) throws OidcException {
        URI at = uri;
        for (int i = 0; ; i++) {
            Answer answer = transport.send(new HTTPRequest(HTTPRequest.Method.GET, at));
            clockOfServer = answer.sentAt();
            boolean isRedirect = answer.status() >= 300
                    && answer.status() <= 399
                    && !answer.location().isEmpty();
            if (!isRedirect || i == REDIRECTS) {
                return answer;
            }
            URI to = at.resolve(parse(answer.location()));
            // Metadata of another origin would name endpoints that then get our credentials.
            if (!Transport.isSameOrigin(uri, to)) {
                return answer;
            }
            at = to;
        }
    }

    static Provider provider(String asked, String place, Map<String, Object> json) throws OidcException {
        String said = Json.string(json, "issuer").orElse("");
        if (!withoutSlash(said).equals(withoutSlash(asked))) {
            throw new OidcException(
                    OidcException.Kind.WRONG_ISSUER,
                    place(place) + " describes the issuer '" + Printable.of(said) + "', not '" + Printable.of(asked)
                            + "'");
        }
        URI token = endpoint(json, "token_endpoint")
                .orElseThrow(() ->
                        new OidcException(OidcException.Kind.WRONG_ISSUER, place(place) + " names no token_endpoint"));
        return new Provider(
                said,
                token,
                endpoint(json, "device_authorization_endpoint"),
                endpoint(json, "registration_endpoint"),
                endpoint(json, "revocation_endpoint"),
                page(json, "service_documentation"),
                Json.words(json, "scopes_supported"),
                Json.words(json, "grant_types_supported"));
    }

    private static Optional<URI> endpoint(Map<String, Object> json, String name) throws OidcException {
        Optional<String> text = Json.string(json, name);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        URI uri = parse(text.get());
        Transport.requireSafe(uri);
        return Optional.of(uri);
    }

    /** A link for a person, who may be shown a fragment of a page; one that is not fit to be shown is left out. */
    private static Optional<URI> page(Map<String, Object> json, String name) {
        try {
            return Json.string(json, name)
                    .map(URI::create)
                    .filter(link -> Transport.isSafe(URI.create(link.toString().replaceFirst("#.*", ""))));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static URI parse(String text) throws OidcException {
        try {
            return new URI(text);
        } catch (java.net.URISyntaxException e) {
            throw new OidcException(OidcException.Kind.INSECURE, "'" + Printable.of(text) + "' is not a URL");
        }
    }

    private static String withoutSlash(String issuer) {
        return issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
    }

    private static String place(String url) {
        return Printable.of(url);
    }
}
