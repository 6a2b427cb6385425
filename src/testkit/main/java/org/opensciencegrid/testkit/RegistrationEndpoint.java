package org.opensciencegrid.testkit;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.minidev.json.parser.JSONParser;
import net.minidev.json.parser.ParseException;

/** RFC 7591, and RFC 7592 sections 2.1 and 2.3 at the registration_client_uri. */
final class RegistrationEndpoint {
    static final String PATH = "/register";
    /** RFC 7592 section 2.2: members that a request must not have. */
    private static final List<String> OF_RESPONSES = List.of(
            "registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at");

    private final EmbeddedIssuer issuer;
    private final State state;
    private final Policy policy;
    private final Rules rules;

    RegistrationEndpoint(EmbeddedIssuer issuer, State state, Rules rules) {
        this.issuer = issuer;
        this.state = state;
        this.policy = issuer.policy;
        this.rules = rules;
    }

    Answer register(Seen request) {
        if (!policy.openRegistration && policy.registrationToken == null) {
            return Answer.text(404, "text/plain", "Not Found");
        }
        rules.method(request, "POST");
        rules.acceptsJson(request);
        rules.noQuery(request);
        rules.jsonBody(request);
        if (policy.registrationIsServerError) {
            return Answer.text(500, "text/plain", "error=\"server_error\"\nerror_description=\"not allowed\"\n");
        }
        checkInitialAccessToken(request);
        Map<String, Object> metadata = parse(request);
        String authMethod = string(request, metadata, "token_endpoint_auth_method", "client_secret_basic");
        if (policy.registrationIgnoresKeys) {
            authMethod = "client_secret_basic";
        }
        if (!policy.clientAuthMethods.contains(authMethod)) {
            throw metadataRefused("token_endpoint_auth_method is not supported");
        }
        checkClientName(request, metadata);
        // RFC 7591 section 2: these are the defaults of omitted members.
        List<String> grants = strings(request, metadata, "grant_types", List.of(Policy.AUTHORIZATION_CODE));
        List<String> responseTypes = strings(request, metadata, "response_types", List.of("code"));
        boolean isEmpty = metadata.containsKey("response_types") && responseTypes.isEmpty();
        if (policy.registrationRefusesEmptyResponseTypes && isEmpty) {
            throw OAuthError.invalidRequest("response_types cannot be empty");
        }
        boolean isLeftOut = policy.registrationRefusesEmptyResponseTypes && !metadata.containsKey("response_types");
        checkGrants(request, grants, isLeftOut ? List.of() : responseTypes);
        checkRedirectUris(request, metadata, grants);
        Set<String> scopes = scopes(request, metadata);

        String id = policy.clientIdPrefix + state.newId();
        String suffix = policy.awkwardSecrets ? "+/=%:& \u00e9" : "";
        List<Map<String, Object>> keys = keys(request, metadata, authMethod);
        boolean hasNoSecret = authMethod.equals("none") || authMethod.equals("private_key_jwt");
        String secret = hasNoSecret ? null : state.secret(state.newSecret() + suffix);
        String managementToken = policy.registrationWithoutManagement ? null : state.newSecret();
        Long secretExpiresAt = policy.secretExpiresAt;

        Map<String, Object> answer = new LinkedHashMap<>(metadata);
        answer.put("client_id", id);
        if (secret != null) {
            answer.put("client_secret", secret);
            if (secretExpiresAt != null) {
                answer.put("client_secret_expires_at", secretExpiresAt);
            }
        }
        answer.put("client_id_issued_at", state.now().getEpochSecond());
        answer.put("token_endpoint_auth_method", authMethod);
        Set<String> given = policy.registrationGrantsInstead;
        answer.put("grant_types", given == null ? grants : List.copyOf(given));
        if (policy.registrationClearsAccessTokens) {
            answer.put("clear_access_tokens_on_refresh", true);
        }
        answer.put("response_types", responseTypes);
        answer.put("scope", String.join(" ", scopes));
        answer.put("registration_client_uri", issuer.base() + PATH + "/" + encoded(id));
        if (managementToken != null) {
            answer.put("registration_access_token", managementToken);
        }
        state.clients.put(
                id,
                new Client(
                        id,
                        secret,
                        authMethod,
                        given == null ? grants(grants) : given,
                        scopes,
                        secretExpiresAt == null ? 0 : secretExpiresAt,
                        managementToken,
                        answer,
                        keys,
                        null,
                        null));
        return Answer.json(policy.registrationAnswers200 ? 200 : 201, answer);
    }

    /** RFC 7592: reading, changing and deleting one client. */
    Answer manage(Seen request) {
        rules.method(request, "GET", "PUT", "DELETE");
        rules.acceptsJson(request);
        String id = FormBody.parse("id=" + request.path().substring(PATH.length() + 1))
                .get("id");
        Client client = state.clients.get(id == null ? "" : id);
        String token = client == null ? null : client.registrationAccessToken();
        if (token == null || !("Bearer " + token).equals(request.header("Authorization"))) {
            // Section 2: also for a client that does not exist.
            throw bearer(OAuthError.of(401, "invalid_token", "invalid token provided"));
        }
        if (request.method().equals("DELETE")) {
            state.removeClient(id);
            return Answer.empty(204);
        }
        return Answer.json(200, request.method().equals("PUT") ? change(request, client) : client.metadata());
    }

    /** RFC 7592 section 2.2. Only the keys can change here. The answer has a new token, and the old one is not valid. */
    private Map<String, Object> change(Seen request, Client client) {
        rules.jsonBody(request);
        Map<String, Object> metadata = parse(request);
        for (String name : OF_RESPONSES) {
            if (metadata.containsKey(name)) {
                rules.breach(request, name + " in a change of a client", metadataRefused(name + " is not allowed"));
            }
        }
        if (!client.id().equals(metadata.get("client_id"))) {
            rules.breach(request, "another client_id", metadataRefused("client_id does not match"));
        }
        Object secret = metadata.get("client_secret");
        if (secret != null && !secret.equals(client.secret())) {
            rules.breach(request, "another client_secret", metadataRefused("client_secret does not match"));
        }
        for (String name : client.metadata().keySet()) {
            if (!metadata.containsKey(name) && !OF_RESPONSES.contains(name)) {
                rules.breach(request, name + " is left out, which deletes it", metadataRefused(name + " is missing"));
            }
        }
        List<Map<String, Object>> keys =
                policy.registrationIgnoresKeys ? client.keys() : keys(request, metadata, client.authMethod());
        Map<String, Object> changed = new LinkedHashMap<>(client.metadata());
        if (!policy.registrationIgnoresKeys) {
            changed.put("jwks", metadata.get("jwks"));
        }
        String token = state.newSecret();
        changed.put("registration_access_token", token);
        state.clients.put(client.id(), client.updated(token, changed, keys));
        return changed;
    }

    private void checkInitialAccessToken(Seen request) {
        String wanted = policy.registrationToken;
        String authorization = request.header("Authorization");
        if (wanted == null) {
            return;
        }
        if (authorization == null) {
            throw bearer(OAuthError.of(401, "invalid_token", "no access token provided"));
        }
        if (!authorization.equals("Bearer " + wanted)) {
            throw bearer(OAuthError.of(401, "invalid_token", "invalid token provided"));
        }
    }

    private static OAuthError bearer(OAuthError refusal) {
        return refusal.header(Answer.WWW_AUTHENTICATE, "Bearer realm=\"embedded issuer\", error=\"invalid_token\"");
    }

    private Map<String, Object> parse(Seen request) {
        try {
            Object parsed = new JSONParser(JSONParser.MODE_RFC4627).parse(request.body());
            if (parsed instanceof Map<?, ?> map) {
                Map<String, Object> metadata = new LinkedHashMap<>();
                map.forEach((name, value) -> metadata.put(name.toString(), value));
                return metadata;
            }
        } catch (ParseException | RuntimeException e) {
            // Reported below, the same as JSON that is not an object.
        }
        throw rules.fatal(request, "body is not a JSON object", metadataRefused("body is not a JSON object"));
    }

    /** RFC 7591 section 2: `jwks`, which must not contain private keys. */
    private List<Map<String, Object>> keys(Seen request, Map<String, Object> metadata, String authMethod) {
        Object jwks = metadata.get("jwks");
        if (!authMethod.equals("private_key_jwt")) {
            return List.of();
        }
        List<Map<String, Object>> keys = jwks == null ? List.of() : AssertionRules.keys(jwks);
        if (keys.isEmpty()) {
            throw metadataRefused("jwks is mandatory property for private_key_jwt");
        }
        if (keys.stream().anyMatch(key -> key.containsKey("d"))) {
            rules.breach(request, "jwks has a private key", metadataRefused("jwks must not have private keys"));
        }
        return keys;
    }

    private void checkClientName(Seen request, Map<String, Object> metadata) {
        String name = string(request, metadata, "client_name", "");
        if (name.length() < policy.minClientName) {
            throw OAuthError.badRequest(
                    "registerClient.request.clientName: size must be between " + policy.minClientName + " and 256",
                    null);
        }
    }

    private void checkGrants(Seen request, List<String> grants, List<String> responseTypes) {
        for (String grant : grants) {
            if (!policy.registrationGrants.contains(grant) || !isName(grant)) {
                throw metadataRefused("grant_types can only contain " + names());
            }
        }
        // RFC 7591 section 2.1: the two must match; if omitted, response_types is ["code"].
        if (responseTypes.contains("code") != grants.contains(Policy.AUTHORIZATION_CODE)) {
            rules.breach(
                    request,
                    "response_types and grant_types do not fit",
                    metadataRefused("grant_types must contain 'authorization_code' when 'code' is in response_types"));
        }
    }

    private boolean isName(String grant) {
        return !grant.equals(Policy.DEVICE_CODE) || policy.registrationDeviceGrant.equals(Policy.DEVICE_CODE);
    }

    private List<String> names() {
        return policy.registrationGrants.stream().filter(this::isName).sorted().toList();
    }

    /** Maps the names of the grants to those of the other endpoints. */
    private Set<String> grants(List<String> registered) {
        Set<String> grants = new LinkedHashSet<>(registered);
        if (grants.remove(policy.registrationDeviceGrant)) {
            grants.add(Policy.DEVICE_CODE);
        }
        return grants;
    }

    private void checkRedirectUris(Seen request, Map<String, Object> metadata, List<String> grants) {
        boolean given = metadata.containsKey("redirect_uris");
        List<String> uris = strings(request, metadata, "redirect_uris", List.of());
        // RFC 7591 section 2: clients that use redirects must register their redirect URIs.
        boolean needed = policy.registrationNeedsRedirectUri || grants.contains(Policy.AUTHORIZATION_CODE);
        if (needed && !given) {
            throw OAuthError.badRequest("invalid_redirect_uri", "redirect_uris is mandatory property");
        }
        if (given && uris.isEmpty()) {
            rules.breach(
                    request,
                    "empty redirect_uris",
                    OAuthError.badRequest("invalid_redirect_uri", "redirect_uris must contain members"));
        }
        for (String uri : uris) {
            if (!isRedirectUri(uri)) {
                rules.breach(
                        request,
                        "redirect URI is not absolute or has a fragment",
                        OAuthError.badRequest("invalid_redirect_uri", "redirect_uris must be absolute"));
            }
        }
    }

    private static boolean isRedirectUri(String text) {
        try {
            URI uri = new URI(text);
            return uri.isAbsolute() && uri.getRawFragment() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }

    private Set<String> scopes(Seen request, Map<String, Object> metadata) {
        String text = string(request, metadata, "scope", null);
        if (text == null) {
            Set<String> given = new LinkedHashSet<>(policy.scopesIfNoneRegistered);
            given.retainAll(policy.scopes);
            return given;
        }
        if (!Rules.isScope(text)) {
            rules.breach(request, "malformed scope", metadataRefused("scope is malformed"));
        }
        Set<String> asked = Rules.words(text);
        if (policy.registrationRefusesOpenid && asked.contains("openid")) {
            throw OAuthError.of(403, "insufficient_scope", "Not permitted to use specified clientScope");
        }
        if (policy.registrationRefusesUnknownScope && !rules.covers(policy.scopes, asked)) {
            throw metadataRefused("scope must only contain Authorization Server supported scope values");
        }
        asked.removeIf(scope -> !rules.covers(policy.scopes, scope));
        return asked;
    }

    private String string(Seen request, Map<String, Object> metadata, String name, String otherwise) {
        Object value = metadata.get(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof String text) {
            return text;
        }
        throw rules.fatal(request, name + " is not a string", metadataRefused(name + " must be a string"));
    }

    private List<String> strings(Seen request, Map<String, Object> metadata, String name, List<String> otherwise) {
        Object value = metadata.get(name);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Collection<?> collection && collection.stream().allMatch(String.class::isInstance)) {
            return collection.stream().map(String.class::cast).toList();
        }
        throw rules.fatal(request, name + " is not an array of strings", metadataRefused(name + " must be strings"));
    }

    private static OAuthError metadataRefused(String description) {
        return OAuthError.badRequest("invalid_client_metadata", description);
    }

    /** Percent-encoded, so that a client id with slashes stays one path segment. */
    private static String encoded(String id) {
        return id.replace("%", "%25").replace("/", "%2F").replace(":", "%3A");
    }
}
