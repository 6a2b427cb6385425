package org.opensciencegrid.testkit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** OpenID Connect Discovery section 4 and RFC 8414, and the keys (RFC 7517). */
final class DiscoveryEndpoint {
    private final EmbeddedIssuer issuer;
    private final Policy policy;
    private final Rules rules;

    DiscoveryEndpoint(EmbeddedIssuer issuer, Rules rules) {
        this.issuer = issuer;
        this.policy = issuer.policy;
        this.rules = rules;
    }

    Answer metadata(Seen request) {
        check(request);
        String base = issuer.base();
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("issuer", policy.otherIssuerText == null ? issuer.issuer() : policy.otherIssuerText);
        members.put("authorization_endpoint", base + "/authorize");
        members.put("token_endpoint", base + policy.tokenPath);
        members.put("jwks_uri", base + "/jwks");
        members.put("device_authorization_endpoint", base + "/device_authorization");
        if (policy.openRegistration || policy.registrationToken != null) {
            members.put("registration_endpoint", base + "/register");
        }
        members.put("revocation_endpoint", base + "/revoke");
        if (policy.documentation != null) {
            members.put("service_documentation", policy.documentation);
        }
        if (!policy.omitScopesSupported) {
            members.put("scopes_supported", listed());
        }
        members.put("response_types_supported", List.of("code"));
        List<String> grants = new ArrayList<>(List.of(
                Policy.AUTHORIZATION_CODE, Policy.DEVICE_CODE, Policy.REFRESH_TOKEN, Policy.CLIENT_CREDENTIALS));
        if (policy.tokenExchange) {
            grants.add(Policy.TOKEN_EXCHANGE);
        }
        members.put("grant_types_supported", grants);
        members.put("subject_types_supported", List.of("public"));
        members.put("id_token_signing_alg_values_supported", List.of("RS256", "ES256"));
        if (issuer.certificateBase() != null) {
            String other = issuer.certificateBase();
            members.put(
                    "mtls_endpoint_aliases",
                    Map.of(
                            "token_endpoint", other + policy.tokenPath,
                            "device_authorization_endpoint", other + "/device_authorization",
                            "revocation_endpoint", other + "/revoke"));
        }
        members.put("token_endpoint_auth_methods_supported", policy.clientAuthMethods);
        return Answer.json(200, members);
    }

    private Set<String> listed() {
        Set<String> listed = new TreeSet<>(policy.scopes);
        listed.removeAll(policy.unlistedScopes);
        return listed;
    }

    Answer jwks(Seen request) {
        check(request);
        return Answer.json(200, Signer.jwks());
    }

    private void check(Seen request) {
        rules.method(request, "GET");
        rules.acceptsJson(request);
        if (request.header("Authorization") != null) {
            rules.note(request, "credential sent to a public document");
        }
    }
}
