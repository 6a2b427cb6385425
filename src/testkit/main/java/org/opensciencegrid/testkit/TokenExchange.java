package org.opensciencegrid.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Token exchange (RFC 8693) of an access token for another one, without an actor. */
final class TokenExchange {
    static final String ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
    /** The parameters that no other grant has. */
    static final Set<String> PARAMETERS = Set.of("subject_token", "subject_token_type", "requested_token_type");

    private final State state;
    private final Policy policy;
    private final Rules rules;
    private final TokenAnswers tokens;

    TokenExchange(State state, Policy policy, Rules rules, TokenAnswers tokens) {
        this.state = state;
        this.policy = policy;
        this.rules = rules;
        this.tokens = tokens;
    }

    Answer answer(Seen request, FormBody form, Client client) {
        if (client.isPublic()) {
            throw rules.fatal(
                    request,
                    "token exchange of a public client",
                    OAuthError.badRequest("unauthorized_client", "only for confidential clients"));
        }
        AccessToken subject = subject(request, form);
        if (!subject.client().id().equals(client.id()) && !subject.audience().contains(client.id())) {
            throw rules.fatal(
                    request,
                    "subject_token of another client",
                    OAuthError.of(403, "access_denied", "Client is not within the token audience"));
        }
        Set<String> asked = rules.scope(request, form);
        if (asked != null && !rules.covers(client.scopes(), asked)) {
            throw OAuthError.badRequest("invalid_scope", "Invalid scopes: " + String.join(" ", asked));
        }
        List<String> audience = audience(request, form);
        return tokens.exchanged(
                client,
                subject.family(),
                asked == null ? subject.scopes() : asked,
                audience.isEmpty() ? policy.defaultAudience : audience);
    }

    private AccessToken subject(Seen request, FormBody form) {
        String token = rules.required(request, form, "subject_token");
        if (!rules.required(request, form, "subject_token_type").equals(ACCESS_TOKEN)) {
            throw rules.fatal(
                    request,
                    "subject_token_type is not that of an access token",
                    OAuthError.invalidRequest("Invalid subject token type"));
        }
        String requested = form.get("requested_token_type");
        if (requested != null && !requested.equals(ACCESS_TOKEN)) {
            throw rules.fatal(
                    request,
                    "requested_token_type is not that of an access token",
                    OAuthError.invalidRequest("requested_token_type unsupported"));
        }
        AccessToken subject = state.accessTokens.get(token);
        if (subject == null) {
            throw rules.fatal(request, "unknown subject_token", OAuthError.invalidRequest("Invalid token"));
        }
        if (!state.now().isBefore(subject.expires())) {
            throw rules.fatal(request, "expired subject_token", OAuthError.invalidRequest("Invalid token"));
        }
        boolean isRevoked =
                state.revokedAccessTokens.contains(token) || subject.family() != null && subject.family().dead;
        if (isRevoked) { // the client cannot know
            throw OAuthError.invalidRequest("Invalid token");
        }
        return subject;
    }

    /** RFC 8693 section 2.1: each may be repeated. INDIGO IAM takes one `audience` with spaces in it. */
    private List<String> audience(Seen request, FormBody form) {
        List<String> all = new ArrayList<>(rules.resources(request, form));
        boolean isJoined = policy.audienceParameter == Policy.AudienceParameter.AUDIENCE;
        for (String value : form.all("audience")) {
            if (!isJoined && value.indexOf(' ') >= 0) {
                rules.breach(
                        request,
                        "several audiences in one parameter",
                        OAuthError.badRequest("invalid_target", "Audience not found"));
            }
            all.addAll(isJoined ? Rules.words(value) : List.of(value));
        }
        if (isJoined && form.all("audience").size() > 1) {
            rules.breach(request, "duplicate parameter audience", OAuthError.invalidRequest("duplicated parameter"));
        }
        Set<String> known = policy.exchangeAudiences;
        if (known != null && !known.containsAll(all)) {
            throw OAuthError.badRequest("invalid_target", "Audience not found");
        }
        return all;
    }
}
