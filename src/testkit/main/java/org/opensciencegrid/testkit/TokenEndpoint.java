package org.opensciencegrid.testkit;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * RFC 6749 sections 4.4 and 6, RFC 8628 sections 3.4 and 3.5, RFC 8693. Makes the decisions; {@link TokenAnswers} writes the
 * tokens.
 */
final class TokenEndpoint implements Endpoint {
    private static final Set<String> KNOWN = Set.of(
            "grant_type",
            "device_code",
            "refresh_token",
            "scope",
            "resource",
            "audience",
            "client_id",
            "client_secret",
            "client_assertion",
            "client_assertion_type",
            "subject_token",
            "subject_token_type",
            "requested_token_type");
    /** A poll may be this much early, because the clocks of two processes differ. */
    private static final Duration POLL_TOLERANCE = Duration.ofMillis(20);

    private final State state;
    private final Policy policy;
    private final Rules rules;
    private final ClientAuthentication authentication;
    private final Audiences audiences;
    private final TokenAnswers tokens;
    private final TokenExchange exchange;

    TokenEndpoint(
            State state,
            Policy policy,
            Rules rules,
            ClientAuthentication authentication,
            Audiences audiences,
            TokenAnswers tokens) {
        this.state = state;
        this.policy = policy;
        this.rules = rules;
        this.authentication = authentication;
        this.audiences = audiences;
        this.tokens = tokens;
        this.exchange = new TokenExchange(state, policy, rules, tokens);
    }

    @Override
    public Answer answer(Seen request) {
        FormBody form = rules.form(request, KNOWN);
        String grantType = rules.required(request, form, "grant_type");
        if (policy.tokenNeedsClientIdParam && form.get("client_id") == null) {
            throw OAuthError.invalidRequest("client_id: field required");
        }
        boolean isExchange = policy.tokenExchange && grantType.equals(Policy.TOKEN_EXCHANGE);
        if (isExchange) {
            return exchange.answer(request, form, allowed(request, form, grantType));
        }
        for (String name : TokenExchange.PARAMETERS) {
            if (form.has(name)) {
                rules.note(request, "unknown parameter " + name);
            }
        }
        return switch (grantType) {
            case Policy.DEVICE_CODE -> deviceCode(request, form, allowed(request, form, grantType));
            case Policy.REFRESH_TOKEN -> refresh(request, form, allowed(request, form, grantType));
            case Policy.CLIENT_CREDENTIALS -> clientCredentials(request, form, allowed(request, form, grantType));
            default ->
                throw rules.fatal(
                        request,
                        "unsupported grant_type",
                        OAuthError.badRequest("unsupported_grant_type", "unsupported grant_type requested"));
        };
    }

    /** The refresh token of a new authorization. */
    String authorize(Client client, String subject) {
        TokenFamily family = new TokenFamily(client, subject, client.scopes(), List.of(), state.now());
        rotate(family);
        return family.current;
    }

    private Client allowed(Seen request, FormBody form, String grantType) {
        Client client = authentication.authenticate(request, form);
        if (!client.grants().contains(grantType)) {
            OAuthError refusal = policy.iamErrors
                    ? OAuthError.of(401, "invalid_client", "Unauthorized grant type: " + grantType)
                    : OAuthError.badRequest("unauthorized_client", "grant type is not allowed for this client");
            throw rules.fatal(request, "grant_type " + grantType + " is not registered for the client", refusal);
        }
        return client;
    }

    private Answer deviceCode(Seen request, FormBody form, Client client) {
        Device device = state.devices.get(rules.required(request, form, "device_code"));
        if (device == null || !device.client.id().equals(client.id())) {
            throw rules.fatal(
                    request, "unknown device code", OAuthError.badRequest("invalid_grant", "device code not found"));
        }
        if (device.over) {
            if (device.family != null) {
                device.family.dead = true;
            }
            throw rules.fatal(
                    request,
                    "polled after the final answer",
                    OAuthError.badRequest("invalid_grant", "device code is used up"));
        }
        pace(request, device);
        if (state.now().isAfter(device.expires)) {
            device.over = true;
            throw OAuthError.badRequest("expired_token", "device code is expired");
        }
        if (device.decision == Device.Decision.DENIED && !policy.denyKeepsPending) {
            device.over = true;
            throw OAuthError.badRequest("access_denied", "End-User aborted interaction");
        }
        if (device.decision != Device.Decision.APPROVED) {
            if (state.automaticSubject != null && device.decision == Device.Decision.PENDING) {
                device.decision = Device.Decision.APPROVED;
                device.subject = state.automaticSubject;
            }
            throw OAuthError.badRequest("authorization_pending", "the end-user has not decided yet");
        }
        refuseDisabled(device.subject);
        device.over = true;
        List<String> audience = audiences.requested(request, form);
        if (policy.requireResourceAtDeviceTime && !device.audience.containsAll(audience)) {
            throw invalidTarget();
        }
        TokenFamily family = new TokenFamily(client, device.subject, device.scopes, device.audience, state.now());
        device.family = family;
        boolean offline = device.scopes.contains(Policy.OFFLINE_ACCESS) || !policy.giveRefreshTokenOnlyForOfflineAccess;
        if (offline && client.grants().contains(Policy.REFRESH_TOKEN)) {
            rotate(family);
        }
        Set<String> scopes = device.scopes;
        return tokens.answer(client, family, scopes, scopes, audienceOf(audience, family), family.current);
    }

    /** RFC 8628 section 3.5: slow_down increases the interval by 5 seconds for this and all later requests. */
    private void pace(Seen request, Device device) {
        Instant now = state.now();
        Instant last = device.lastPoll;
        device.lastPoll = now;
        if (last != null && now.plus(POLL_TOLERANCE).isBefore(last.plusSeconds(device.interval))) {
            rules.note(request, "polled faster than the interval of " + device.interval + " s");
            if (policy.sendSlowDown) {
                device.interval += 5;
                throw OAuthError.badRequest("slow_down", "polling too fast");
            }
        }
    }

    private Answer refresh(Seen request, FormBody form, Client client) {
        String token = rules.required(request, form, "refresh_token");
        TokenFamily family = state.families.get(token);
        if (family == null) {
            throw badRefreshToken(token, "not found");
        }
        if (!family.client.id().equals(client.id())) {
            throw rules.fatal(
                    request, "refresh token of another client", OAuthError.badRequest("invalid_grant", "wrong client"));
        }
        Instant rotated = family.rotated.get(token);
        if (rotated != null) {
            state.reuses++;
            boolean inGrace = state.now().isBefore(rotated.plus(policy.graceForOldToken));
            if (!inGrace) {
                family.dead |= policy.killFamilyOnReuse;
                throw badRefreshToken(token, "reused");
            }
        }
        if (family.dead) {
            throw badRefreshToken(token, "revoked");
        }
        if (hasExpired(family)) {
            throw badRefreshToken(token, "expired");
        }
        refuseDisabled(family.subject);

        Set<String> granted = policy.narrowingSticks && family.narrowed != null ? family.narrowed : family.scopes;
        Set<String> scopes = narrowed(granted, rules.scope(request, form));
        List<String> audience = audiences.requested(request, form);
        if (policy.requireResourceAtDeviceTime && !family.audience.containsAll(audience)) {
            useUp(family);
            throw invalidTarget();
        }
        family.narrowed = scopes;
        boolean rotates = policy.rotate || client.isPublic();
        if (rotates) {
            rotate(family);
        }
        String inAnswer = rotates || policy.repeatUnrotated ? family.current : null;
        Set<String> told = policy.answerScopeIsAlwaysFull ? family.scopes : scopes;
        return tokens.answer(client, family, scopes, told, audienceOf(audience, family), inAnswer);
    }

    /** RFC 6749 section 6: at most the granted scope; without scope the whole granted scope. */
    private Set<String> narrowed(Set<String> granted, Set<String> asked) {
        if (asked == null) {
            return granted;
        }
        Set<String> scopes = new LinkedHashSet<>(asked);
        if (policy.dropsWiderScope) {
            scopes.removeIf(scope -> !rules.covers(granted, scope));
        } else if (!rules.covers(granted, scopes)) {
            throw OAuthError.badRequest("invalid_scope", "refresh token missing requested scope");
        }
        return policy.ignoresNarrowing ? granted : scopes;
    }

    private boolean hasExpired(TokenFamily family) {
        Duration grantLife = policy.grantLife;
        Instant now = state.now();
        return !now.isBefore(family.expires) || grantLife != null && !now.isBefore(family.authorizedAt.plus(grantLife));
    }

    private Answer clientCredentials(Seen request, FormBody form, Client client) {
        if (client.isPublic()) {
            // RFC 6749 section 4.4
            throw rules.fatal(
                    request,
                    "client_credentials of a public client",
                    OAuthError.badRequest("unauthorized_client", "only for confidential clients"));
        }
        Set<String> asked = rules.scope(request, form);
        if (asked != null && !rules.covers(client.scopes(), asked)) {
            throw OAuthError.badRequest("invalid_scope", "requested scope is not allowed");
        }
        Set<String> scopes = asked == null ? client.scopes() : asked;
        List<String> audience = audiences.requested(request, form);
        return tokens.answer(client, null, scopes, scopes, audienceOf(audience, null), null);
    }

    private List<String> audienceOf(List<String> asked, TokenFamily family) {
        if (!asked.isEmpty()) {
            return asked;
        }
        return family == null || family.audience.isEmpty() ? policy.defaultAudience : family.audience;
    }

    private void rotate(TokenFamily family) {
        useUp(family);
        family.expires = state.now().plus(policy.refreshLife);
        family.current = policy.jwtRefreshTokens
                ? state.secret(Signer.unsignedJwt(Map.of("exp", family.expires.getEpochSecond(), "jti", state.newId())))
                : state.newSecret();
        state.families.put(family.current, family);
    }

    private void useUp(TokenFamily family) {
        if (family.current != null) {
            family.rotated.put(family.current, state.now());
            family.current = null;
        }
    }

    private void refuseDisabled(String subject) {
        if (state.disabledUsers.contains(subject)) {
            throw policy.iamErrors // seen in tests of 1.12
                    ? OAuthError.of(401, "unauthorized", "User " + subject + " is not active.")
                    : OAuthError.badRequest("invalid_grant", "User disabled");
        }
    }

    private static OAuthError invalidTarget() {
        return OAuthError.badRequest("invalid_target", "resource indicator is missing, or unknown");
    }

    /** RFC 6749 section 5.2: invalid_grant. INDIGO IAM and MITREid treat it as a bearer token and echo it. */
    private OAuthError badRefreshToken(String token, String why) {
        if (!policy.iamErrors) {
            return OAuthError.badRequest("invalid_grant", "refresh token " + why);
        }
        String description = "Invalid refresh token: " + token;
        return OAuthError.of(401, "invalid_token", description)
                .header(
                        Answer.WWW_AUTHENTICATE,
                        "Bearer error=\"invalid_token\", error_description=\"" + description + "\"");
    }
}
