package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.GrantType;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.auth.ClientAuthenticationMethod;
import com.nimbusds.openid.connect.sdk.rp.ApplicationType;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientMetadata;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * The metadata of a client to request (RFC 7591 section 2), and what to change after an error. It depends only on the
 * text of the error, never on the name of a server.
 *
 * @param deviceGrant the issuer's name for the device grant
 * @param redirect whether to include a redirect URI, which the device grant does not use
 * @param noResponseTypes whether to send an empty response_types; otherwise it is omitted
 * @param code whether to request the authorization code grant too, with its response type
 */
record RequestedClient(
        String name,
        List<String> scope,
        ClientAuth auth,
        String deviceGrant,
        boolean redirect,
        boolean noResponseTypes,
        boolean code) {
    /** Other metadata, and a text for the difference. */
    record Change(RequestedClient client, String description) {}

    private static final int MAX_ERROR_CHARS = 4096;
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9:_./-]++");

    RequestedClient {
        scope = List.copyOf(scope);
    }

    /** All scopes, in the form that most issuers accept. */
    static RequestedClient initial(String name, List<String> scope, ClientAuth auth) {
        return new RequestedClient(name, scope, auth, GrantType.DEVICE_CODE.getValue(), false, true, false);
    }

    OIDCClientMetadata metadata() {
        OIDCClientMetadata metadata = new OIDCClientMetadata();
        metadata.setName(name);
        // If token_endpoint_auth_method is omitted, one server creates a public client.
        metadata.setTokenEndpointAuthMethod(ClientAuthenticationMethod.parse(auth.metadataName()));
        if (!scope.isEmpty()) { // an empty scope is rejected
            metadata.setScope(new Scope(scope.toArray(String[]::new)));
        }
        Set<GrantType> grants = new LinkedHashSet<>(List.of(new GrantType(deviceGrant), GrantType.REFRESH_TOKEN));
        if (redirect) {
            metadata.setApplicationType(ApplicationType.NATIVE);
            metadata.setRedirectionURI(URI.create("http://localhost:8080"));
        }
        if (code) {
            grants.add(GrantType.AUTHORIZATION_CODE);
            metadata.setResponseTypes(Set.of(ResponseType.CODE));
        } else if (noResponseTypes) {
            metadata.setResponseTypes(Set.of());
        }
        metadata.setGrantTypes(grants);
        return metadata;
    }

    /**
     * What to request after an error; empty if there is nothing left to try.
     *
     * @param errorBody the body of the response
     * @param tried what was rejected before
     */
    Optional<Change> afterError(String errorBody, Provider provider, Set<RequestedClient> tried) {
        String error = errorBody.substring(0, Math.min(MAX_ERROR_CHARS, errorBody.length()));
        String text = error.toLowerCase(Locale.ROOT);
        List<Change> changes = new ArrayList<>();
        if (text.contains("redirect")) {
            changes.add(new Change(withRedirect(), "with a redirect URI"));
        }
        if (text.contains("auth_method") || text.contains("authentication method")) {
            otherAuths(text, provider).forEach(changes::add);
        }
        if (text.contains("grant")) {
            deviceGrants(error, provider).forEach(changes::add);
        }
        if (text.contains("response_type") || text.contains("responsetype")) {
            changes.add(new Change(withoutResponseTypes(), "without response_types"));
        }
        if (text.contains("client_name") || text.contains("clientname")) {
            changes.add(new Change(withShortName(), "with another client_name"));
        }
        boolean isAboutGrants = text.contains("grant") || text.contains("response") || text.contains("redirect");
        if (isAboutGrants) {
            changes.add(withCode());
        }
        if (text.contains("scope")) {
            withLessScope(error, provider).forEach(changes::add);
        }
        // The error does not say what is wrong: try what worked for other servers.
        if (changes.isEmpty() && !text.contains("scope")) {
            changes.add(new Change(withoutResponseTypes(), "without response_types"));
            changes.add(withCode());
            withLessScope(error, provider).forEach(changes::add);
        }
        return changes.stream()
                .filter(change -> !tried.contains(change.client()))
                .findFirst();
    }

    private Stream<Change> otherAuths(String text, Provider provider) {
        if (auth == ClientAuth.PRIVATE_KEY_JWT) {
            return Stream.empty(); // the admin chose it
        }
        List<String> offered = provider.clientAuthMethods();
        return Stream.of(ClientAuth.BASIC, ClientAuth.POST, ClientAuth.NONE)
                .filter(other -> offered.contains(other.metadataName())
                        || text.contains(other.metadataName()) && other != ClientAuth.NONE
                        || offered.isEmpty() && other == ClientAuth.POST)
                .map(other -> new Change(
                        new RequestedClient(name, scope, other, deviceGrant, redirect, noResponseTypes, code),
                        "with token_endpoint_auth_method " + other.metadataName()));
    }

    /** The names for the device grant in the response, then those in the metadata. */
    private Stream<Change> deviceGrants(String error, Provider provider) {
        return Stream.concat(words(error).stream(), provider.grantTypesSupported().stream())
                .filter(word -> word.toLowerCase(Locale.ROOT).matches(".*device[^/]+") && !word.contains("endpoint"))
                .map(word -> new Change(
                        new RequestedClient(name, scope, auth, word, redirect, noResponseTypes, code),
                        "with the grant type " + Printable.of(word)));
    }

    private static Set<String> words(String error) {
        Set<String> words = new LinkedHashSet<>();
        Matcher matcher = WORD.matcher(error);
        while (matcher.find()) {
            words.add(matcher.group().replaceAll("[:.-]+$", ""));
            words.add(matcher.group()); // a scope may end like this
        }
        return words;
    }

    private RequestedClient withRedirect() {
        return new RequestedClient(name, scope, auth, deviceGrant, true, noResponseTypes, code);
    }

    private RequestedClient withoutResponseTypes() {
        return new RequestedClient(name, scope, auth, deviceGrant, redirect, false, code);
    }

    private RequestedClient withShortName() {
        return new RequestedClient(
                name.replaceFirst(":.*", ""), scope, auth, deviceGrant, redirect, noResponseTypes, code);
    }

    private Change withCode() {
        return new Change(
                new RequestedClient(name, scope, auth, deviceGrant, true, noResponseTypes, true),
                "with a redirect URI and the authorization code grant");
    }

    private Stream<Change> withLessScope(String error, Provider provider) {
        Set<String> named = words(error);
        List<String> supported = provider.scopesSupported();
        // A response may also list the permitted scopes: those were not rejected.
        List<String> unrejected = scope.stream()
                .filter(word -> !named.contains(word) || Registration.covers(supported, word))
                .toList();
        List<String> supportedScopes = scope.stream()
                .filter(word -> supported.isEmpty() || Registration.covers(supported, word))
                .toList();
        List<String> withoutOpenid = scope.stream()
                .filter(word -> !word.equals(RequestedToken.OPENID))
                .toList();
        // Keycloak: 403 insufficient_scope for an anonymous client that requests openid
        Stream<List<String>> candidates = error.contains("insufficient_scope")
                ? Stream.of(withoutOpenid, supportedScopes)
                : Stream.of(unrejected, supportedScopes, withoutOpenid);
        return candidates
                .filter(reduced -> !reduced.equals(scope))
                .map(reduced -> new Change(
                        new RequestedClient(name, reduced, auth, deviceGrant, redirect, noResponseTypes, code),
                        reduced.isEmpty() ? "without scope" : "with scope " + String.join(" ", reduced)));
    }
}
