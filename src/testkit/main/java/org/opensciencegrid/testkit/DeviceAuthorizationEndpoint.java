package org.opensciencegrid.testkit;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** RFC 8628 sections 3.1 and 3.2. */
final class DeviceAuthorizationEndpoint implements Endpoint {
    private static final Set<String> KNOWN = Set.of(
            "client_id", "client_secret", "client_assertion", "client_assertion_type", "scope", "resource", "audience");
    private static final int DEFAULT_INTERVAL = 5;

    private final EmbeddedIssuer issuer;
    private final State state;
    private final Policy policy;
    private final Rules rules;
    private final ClientAuthentication authentication;
    private final Audiences audiences;

    DeviceAuthorizationEndpoint(
            EmbeddedIssuer issuer, State state, Rules rules, ClientAuthentication authentication, Audiences audiences) {
        this.issuer = issuer;
        this.state = state;
        this.policy = issuer.policy;
        this.rules = rules;
        this.authentication = authentication;
        this.audiences = audiences;
    }

    @Override
    public Answer answer(Seen request) {
        FormBody form = rules.form(request, KNOWN);
        if (policy.deviceNeedsClientIdParam && form.get("client_id") == null) {
            throw OAuthError.with(Answer.empty(400));
        }
        Client client = authentication.authenticate(request, form);
        if (policy.unapprovedClient && client.isDynamic()) {
            throw OAuthError.with(
                    Answer.text(400, null, "error=\"unauthorized_client\"\nerror_description=\"unknown+client\"\n"));
        }
        if (!client.grants().contains(Policy.DEVICE_CODE)) {
            throw rules.fatal(
                    request,
                    "the device grant is not registered for the client",
                    OAuthError.badRequest("unauthorized_client", "device grant not allowed for this client"));
        }
        Set<String> scopes = scopes(client, rules.scope(request, form));
        List<String> audience = audiences.requested(request, form);

        boolean unpaced = !policy.sendInterval && policy.interval != 0;
        int interval = unpaced ? DEFAULT_INTERVAL : policy.interval;
        String userCode = state.newUserCode();
        String deviceCode = state.newSecret();
        Device device = new Device(client, scopes, audience, state.now().plus(policy.deviceLife), userCode, interval);
        state.devices.put(deviceCode, device);
        state.devicesByUserCode.put(userCode, device);
        return answer(deviceCode, userCode);
    }

    private Answer answer(String deviceCode, String userCode) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("device_code", deviceCode);
        members.put("user_code", userCode);
        members.put("verification_uri", issuer.base() + "/device");
        if (policy.sendCompleteUri) {
            members.put("verification_uri_complete", issuer.base() + "/device?user_code=" + userCode);
        }
        if (policy.sendExpiresInForDevice) {
            members.put("expires_in", policy.deviceLife.toSeconds());
        }
        if (policy.sendInterval) {
            members.put("interval", policy.interval);
        }
        return Answer.json(200, members);
    }

    private Set<String> scopes(Client client, Set<String> asked) {
        if (asked == null) {
            return client.scopes();
        }
        Set<String> scopes = new LinkedHashSet<>(asked);
        if (policy.deviceRefusesScope != null && scopes.contains(policy.deviceRefusesScope)) {
            throw OAuthError.badRequest("invalid_scope", "requested scope is not allowed");
        }
        if (policy.deviceDropsUnknownScope) {
            scopes.removeIf(scope -> !rules.covers(policy.scopes, scope));
        }
        Set<String> allowed = new LinkedHashSet<>(client.scopes());
        if (policy.registrationRefusesOpenid) {
            allowed.add("openid");
        }
        if (!rules.covers(allowed, scopes)) {
            throw OAuthError.badRequest("invalid_scope", "requested scope is not allowed");
        }
        return scopes;
    }
}
