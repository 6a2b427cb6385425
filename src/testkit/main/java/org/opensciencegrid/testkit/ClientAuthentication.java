package org.opensciencegrid.testkit;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/** RFC 6749 section 2.3: a request uses exactly one method, and the one that the client is registered with. */
final class ClientAuthentication {
    private final State state;
    private final Policy policy;
    private final Rules rules;
    private final AssertionRules assertions;

    ClientAuthentication(EmbeddedIssuer issuer, State state, Rules rules) {
        this.state = state;
        this.policy = issuer.policy;
        this.rules = rules;
        this.assertions = new AssertionRules(issuer, state, rules);
    }

    private record Credentials(String method, String id, String secret) {}

    Client authenticate(Seen request, FormBody form) {
        if (form.has("client_assertion") || form.has("client_assertion_type")) {
            if (request.header("Authorization") != null || form.has("client_secret")) {
                rules.breach(
                        request,
                        "more than one client authentication method",
                        OAuthError.invalidRequest("client authentication must only be provided using one mechanism"));
            }
            return assertions.authenticate(request, form);
        }
        Credentials credentials = credentials(request, form);
        Client client = state.clients.get(credentials.id());
        if (client == null) {
            throw refused(credentials, policy.wrongSecretError, "client authentication failed");
        }
        if (client.authMethod().endsWith("tls_client_auth")) {
            if (!credentials.method().equals("none") || !isOwn(state.certificates.get(client.id()), request)) {
                throw refused(credentials, "invalid_client", "client certificate is not the registered one");
            }
            return client;
        }
        if (!client.mayUse(credentials.method())) {
            rules.breach(
                    request,
                    credentials.method() + " instead of " + client.authMethod(),
                    refused(credentials, policy.wrongSecretError, "client authentication method not registered"));
        }
        if (!client.isPublic() && !Objects.equals(client.secret(), credentials.secret())) {
            throw refused(credentials, policy.wrongSecretError, "client authentication failed");
        }
        // RFC 7591 section 3.2.1
        long expires = client.secretExpiresAt();
        if (expires != 0 && state.now().getEpochSecond() >= expires) {
            throw refused(credentials, "invalid_client", "client secret is expired");
        }
        return client;
    }

    /** RFC 8705 sections 2.1 and 2.2. */
    private static boolean isOwn(State.Certificate registered, Seen request) {
        X509Certificate sent = request.certificate();
        if (sent == null) {
            return false;
        } else if (registered.ca() == null) {
            return sent.equals(registered.own());
        }
        try {
            sent.verify(registered.ca().getPublicKey());
            sent.checkValidity();
            return sent.getSubjectX500Principal().equals(registered.own().getSubjectX500Principal());
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    private Credentials credentials(Seen request, FormBody form) {
        List<String> authorization = request.headers().getOrDefault("Authorization", List.of());
        if (authorization.size() > 1) {
            rules.breach(request, "two Authorization headers", OAuthError.invalidRequest("two Authorization headers"));
        }
        if (!authorization.isEmpty()) {
            if (form.has("client_secret")) {
                rules.breach(
                        request,
                        "more than one client authentication method",
                        OAuthError.invalidRequest("client authentication must only be provided using one mechanism"));
            }
            return basic(request, form, authorization.get(0));
        }
        String id = form.get("client_id");
        if (id == null) {
            throw rules.fatal(
                    request,
                    "no client authentication",
                    OAuthError.of(401, "invalid_client", "no client authentication mechanism provided"));
        }
        String secret = form.get("client_secret");
        return new Credentials(secret == null ? "none" : "client_secret_post", id, secret);
    }

    /** RFC 6749 section 2.3.1: both parts are form-urlencoded, then Basic of RFC 7617. */
    private Credentials basic(Seen request, FormBody form, String authorization) {
        String[] words = authorization.split(" ", 2);
        if (!words[0].toLowerCase(Locale.ROOT).equals("basic") || words.length < 2) {
            throw rules.fatal(
                    request,
                    "Authorization is not Basic",
                    challenge(OAuthError.of(401, "invalid_client", "only Basic is supported")));
        }
        String userPass;
        try {
            userPass = new String(Base64.getDecoder().decode(words[1].strip()), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw rules.fatal(request, "Basic is not base64", challenge(OAuthError.of(401, "invalid_client", null)));
        }
        int colon = userPass.indexOf(':');
        if (colon < 0) {
            throw rules.fatal(request, "Basic without colon", challenge(OAuthError.of(401, "invalid_client", null)));
        }
        List<String> defects = new ArrayList<>();
        String id = FormBody.decode(userPass.substring(0, colon), defects);
        String secret = FormBody.decode(userPass.substring(colon + 1), defects);
        for (String defect : defects) {
            rules.breach(
                    request,
                    "Basic is not form-urlencoded: " + defect,
                    challenge(OAuthError.of(401, "invalid_client", "client authentication failed")));
        }
        String inBody = form.get("client_id");
        if (inBody != null && !inBody.equals(id)) {
            rules.breach(request, "client_id differs from Basic", OAuthError.invalidRequest("mismatch of client_id"));
        }
        return new Credentials("client_secret_basic", id, secret);
    }

    private OAuthError refused(Credentials credentials, String error, String description) {
        OAuthError refusal = policy.iamErrors
                ? OAuthError.of(401, "unauthorized", "Bad credentials")
                : OAuthError.of(401, error, description);
        return credentials.method().equals("client_secret_basic") ? challenge(refusal) : refusal;
    }

    /** RFC 6749 section 5.2: the response names the scheme if the request had Authorization. */
    private static OAuthError challenge(OAuthError refusal) {
        return refusal.header(Answer.WWW_AUTHENTICATE, "Basic realm=\"embedded issuer\"");
    }
}
