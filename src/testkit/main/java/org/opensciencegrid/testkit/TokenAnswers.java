package org.opensciencegrid.testkit;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The successful token response (RFC 6749 section 5.1) and its JWTs (WLCG profile 1.0, OpenID Connect Core section 2).
 */
final class TokenAnswers {
    private final EmbeddedIssuer issuer;
    private final State state;
    private final Policy policy;

    TokenAnswers(EmbeddedIssuer issuer, State state) {
        this.issuer = issuer;
        this.state = state;
        this.policy = issuer.policy;
    }

    /**
     * @param family null for client_credentials
     * @param told the `scope` of the response
     * @param refreshToken null for none
     */
    Answer answer(
            Client client,
            TokenFamily family,
            Set<String> scopes,
            Set<String> told,
            List<String> audience,
            String refreshToken) {
        return Answer.json(200, members(client, family, scopes, told, audience, refreshToken));
    }

    /** The response of an exchange (RFC 8693 section 2.2.1). */
    Answer exchanged(Client client, TokenFamily family, Set<String> scopes, List<String> audience) {
        Map<String, Object> members = members(client, family, scopes, scopes, audience, null);
        members.put("issued_token_type", TokenExchange.ACCESS_TOKEN);
        return Answer.json(200, members);
    }

    private Map<String, Object> members(
            Client client,
            TokenFamily family,
            Set<String> scopes,
            Set<String> told,
            List<String> audience,
            String refreshToken) {
        String ofClient = policy.clientSubject == null ? client.id() : policy.clientSubject;
        String subject = family == null ? ofClient : family.subject;
        Map<String, Object> members = new LinkedHashMap<>();
        String accessToken = state.secret(accessToken(client, subject, scopes, audience));
        members.put("access_token", accessToken);
        state.accessTokens.put(
                accessToken,
                new AccessToken(client, family, scopes, audience, state.now().plusSeconds(policy.accessSeconds)));
        members.put("token_type", "Bearer");
        members.put("expires_in", policy.accessSeconds);
        if (policy.sendScopeInAnswer && !told.isEmpty()) {
            members.put("scope", String.join(" ", told));
        }
        if (refreshToken != null) {
            members.put("refresh_token", refreshToken);
            if (policy.tellsRefreshLife && family != null) {
                members.put("refresh_token_lifetime", policy.refreshLife.toSeconds());
                members.put(
                        "refresh_token_iat",
                        family.expires.minus(policy.refreshLife).getEpochSecond());
            }
            if (policy.refreshExpiresIn != null) {
                members.put("refresh_expires_in", policy.refreshExpiresIn);
            }
        }
        if (family != null && policy.sendIdToken && scopes.contains("openid")) {
            members.put("id_token", state.secret(idToken(client, family, scopes)));
        }
        return members;
    }

    private String accessToken(Client client, String subject, Set<String> scopes, List<String> audience) {
        if (policy.opaqueAccessTokens) {
            return state.newSecret();
        }
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", issuer.base() + policy.issuerPath);
        claims.put("sub", subject);
        claims.put("aud", audience.size() == 1 ? audience.get(0) : audience);
        lifetime(claims);
        claims.put("nbf", claims.get("iat"));
        claims.put("jti", state.newId());
        claims.put("client_id", client.id());
        claims.put("scope", policy.scopeClaimIsArray ? scopes : String.join(" ", scopes));
        claims.put("wlcg.ver", "1.0");
        return Signer.sign(policy.signatureAlgorithm, "at+jwt", claims);
    }

    private String idToken(Client client, TokenFamily family, Set<String> scopes) {
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", policy.idTokenIssuer == null ? issuer.issuer() : policy.idTokenIssuer);
        claims.put("sub", policy.idTokenSubject == null ? family.subject : policy.idTokenSubject);
        claims.put("aud", client.id());
        lifetime(claims);
        claims.put("auth_time", family.authorizedAt.getEpochSecond());
        if (scopes.contains("profile")) {
            claims.put("preferred_username", family.subject);
        }
        if (scopes.contains("email")) {
            claims.put("email", family.subject + "@example.org");
        }
        return Signer.sign(policy.signatureAlgorithm, "JWT", claims);
    }

    private void lifetime(Map<String, Object> claims) {
        long now = state.now().getEpochSecond();
        claims.put("iat", now);
        claims.put("exp", now + policy.accessSeconds);
    }
}
