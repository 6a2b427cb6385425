package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Finds an issuer's endpoints from its URL. */
public final class Discovery {
    private static final int MAX_REDIRECTS = 3;

    /** Scheme, host with port, path, and the rest. */
    private static final Pattern URL = Pattern.compile("(?i)(https?)://([^/?#\\s]+)([^?#\\s]*)([^\\s]*)");

    /** A name whose scheme is missing or misspelled. */
    private static final Pattern NAME =
            Pattern.compile("(?i)(?:https?:?/{0,2}|//)?((?:[a-z0-9-]+\\.)*[a-z0-9-]+(?::\\d+)?(?:/[^\\s?#]*)?)");

    /** A path with the well-known part after it or before it (RFC 8414 section 3). */
    private static final Pattern WELL_KNOWN =
            Pattern.compile("(.*?)/\\.well-known/(openid-configuration|oauth-authorization-server)(.*)");

    private final Transport transport;
    private Optional<Instant> serverTime = Optional.empty();

    public Discovery(Transport transport) {
        this.transport = transport;
    }

    /**
     * The issuer that the user means. Converts a pasted well-known address to its issuer. Ignores the case of the host,
     * a default port, and extra slashes.
     *
     * @throws IllegalArgumentException if the text is not a URL; the message says what to type
     */
    public static String issuer(String typed) {
        String text = typed.strip();
        Matcher url = URL.matcher(text);
        if (!url.matches()) {
            Matcher name = NAME.matcher(text);
            throw new IllegalArgumentException("'" + Printable.of(text) + "' is not a URL"
                    + (name.matches() ? "; type https://" + Printable.of(name.group(1)) : ""));
        }
        String path = url.group(3).replaceAll("/{2,}", "/");
        Matcher location = WELL_KNOWN.matcher(path);
        return origin(url) + (location.matches() ? location.group(1) + location.group(3) : path) + url.group(4);
    }

    /**
     * Whether two texts name one issuer. Ignores the case of scheme and host, a default port, and one slash at the end.
     */
    public static boolean isSame(String one, String other) {
        return comparable(one).equals(comparable(other));
    }

    private static String comparable(String issuer) {
        Matcher url = URL.matcher(issuer);
        return withoutSlash(url.matches() ? origin(url) + url.group(3) + url.group(4) : issuer);
    }

    private static String origin(Matcher url) {
        String scheme = url.group(1).toLowerCase(Locale.ROOT);
        String port = scheme.equals("https") ? ":443$" : ":80$";
        return scheme + "://" + url.group(2).toLowerCase(Locale.ROOT).replaceFirst(port, "");
    }

    /**
     * Asks the OpenID location first, then that of RFC 8414. Accepts an issuer with or without its trailing slash.
     *
     * @throws IssuerException WRONG_ISSUER if the response describes another issuer (RFC 8414 section 3.3), and what
     *     {@link Transport} throws
     */
    public Provider discover(String issuer) throws IssuerException {
        URI base = parse(issuer);
        Transport.requireSafe(base);
        String bare = withoutSlash(issuer);
        String path = URI.create(bare).getRawPath();
        String origin = bare.substring(0, bare.length() - path.length());
        List<String> locations = List.of(
                bare + "/.well-known/openid-configuration",
                origin + "/.well-known/oauth-authorization-server" + path, // RFC 8414 section 3: before the path
                bare + "/.well-known/oauth-authorization-server");
        List<IssuerException> errors = new ArrayList<>();
        for (String location : locations) {
            URI uri = URI.create(location);
            Optional<Provider> provider = get(uri, uri, MAX_REDIRECTS, response -> {
                Optional<Map<String, Object>> json = response.isSuccess() ? response.json() : Optional.empty();
                if (json.isPresent()) {
                    return Optional.of(provider(issuer, location, json.get()));
                }
                IssuerException error = ErrorResponse.of(Printable.of(location), response, List.of());
                int status = response.status();
                if (status >= 500 || status == 429 || status == 408 || !response.complete()) {
                    throw error; // the server has a temporary problem: asking another location would only hide it
                }
                errors.add(error);
                return Optional.empty();
            });
            if (provider.isPresent()) {
                return provider.get();
            }
        }
        throw new IssuerException(
                Kind.WRONG_ISSUER,
                "no OpenID or OAuth metadata found for " + Printable.of(issuer) + " ("
                        + errors.get(0).getMessage() + ")");
    }

    /**
     * Checks whether the server answers, with any status. Sends a GET without parameters, which does nothing at a token
     * endpoint.
     *
     * @throws IssuerException UNREACHABLE, TLS, NO_ANSWER, INSECURE
     */
    public void requireReachable(URI uri) throws IssuerException {
        get(uri, uri, MAX_REDIRECTS, response -> response);
    }

    /** The server's time in the last response (RFC 9110 section 6.6.1), if it sent one. */
    public Optional<Instant> serverTime() {
        return serverTime;
    }

    private <T> T get(URI uri, URI target, int redirects, Transport.ResponseHandler<T> handler) throws IssuerException {
        return transport.send(new HTTPRequest(HTTPRequest.Method.GET, target), response -> {
            serverTime = response.sentAt();
            boolean isRedirect = response.status() >= 300
                    && response.status() <= 399
                    && !response.location().isEmpty();
            if (!isRedirect || redirects == 0) {
                return handler.handle(response);
            }
            URI to = target.resolve(parse(response.location()));
            // Metadata from another origin could name endpoints that would then receive our credentials.
            return Transport.isSameOrigin(uri, to) ? get(uri, to, redirects - 1, handler) : handler.handle(response);
        });
    }

    /**
     * Connects to every address of a host, or of its proxy, without sending a request.
     *
     * @return the addresses that do not answer, each with the reason; empty if all do
     */
    public List<String> unreachableAddresses(URI uri) throws IssuerException {
        return transport.unreachableAddresses(uri);
    }

    static Provider provider(String expected, String location, Map<String, Object> json) throws IssuerException {
        String issuer = Json.string(json, "issuer").orElse("");
        if (!isSame(issuer, expected)) {
            throw new IssuerException(
                    Kind.WRONG_ISSUER,
                    Printable.of(location) + " describes the issuer '" + Printable.of(issuer) + "', not '"
                            + Printable.of(expected) + "'");
        }
        URI token = endpoint(expected, json, "token_endpoint")
                .orElseThrow(() ->
                        new IssuerException(Kind.WRONG_ISSUER, Printable.of(location) + " names no token_endpoint"));
        return new Provider(
                issuer,
                token,
                endpoint(expected, json, "device_authorization_endpoint"),
                endpoint(expected, json, "registration_endpoint"),
                endpoint(expected, json, "revocation_endpoint"),
                page(json, "service_documentation"),
                Json.words(json, "scopes_supported"),
                Json.words(json, "grant_types_supported"),
                Json.words(json, "token_endpoint_auth_methods_supported"),
                certificateEndpoints(expected, Json.member(json, "mtls_endpoint_aliases")));
    }

    /** RFC 8705 section 5. */
    private static Optional<Provider.Endpoints> certificateEndpoints(String issuer, Map<String, Object> aliases)
            throws IssuerException {
        return aliases.isEmpty()
                ? Optional.empty()
                : Optional.of(new Provider.Endpoints(
                        endpoint(issuer, aliases, "token_endpoint"),
                        endpoint(issuer, aliases, "device_authorization_endpoint"),
                        endpoint(issuer, aliases, "revocation_endpoint")));
    }

    /**
     * Plain http is only permitted for an issuer on this machine, and only to its own host and port. No other issuer
     * may direct requests to a local service.
     */
    private static Optional<URI> endpoint(String issuer, Map<String, Object> json, String name) throws IssuerException {
        Optional<String> text = Json.string(json, name);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        try {
            URI uri = parse(text.get());
            Transport.requireSafe(uri);
            if ("http".equalsIgnoreCase(uri.getScheme()) && !Transport.isSameOrigin(uri, parse(issuer))) {
                throw new IssuerException(
                        Kind.INSECURE,
                        "refusing to use " + Printable.of(text.get()) + " as " + name + " of " + Printable.of(issuer)
                                + ": plain http is only for an issuer on this machine, at its own host and port");
            }
            return Optional.of(uri);
        } catch (IssuerException e) {
            throw new IssuerException(e.kind(), "the issuer's " + name + " cannot be used: " + e.getMessage());
        }
    }

    /** A link for the user. It may have a fragment; a link that is not safe to show is omitted. */
    private static Optional<URI> page(Map<String, Object> json, String name) {
        try {
            return Json.string(json, name).map(URI::create).filter(Transport::isSafeToShow);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static URI parse(String text) throws IssuerException {
        try {
            return new URI(text);
        } catch (java.net.URISyntaxException e) {
            throw new IssuerException(Kind.INSECURE, "'" + Printable.of(text) + "' is not a URL");
        }
    }

    private static String withoutSlash(String issuer) {
        return issuer.endsWith("/") ? issuer.substring(0, issuer.length() - 1) : issuer;
    }
}
