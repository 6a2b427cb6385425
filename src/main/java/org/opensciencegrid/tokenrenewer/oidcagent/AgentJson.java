package org.opensciencegrid.tokenrenewer.oidcagent;

import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * The JSON of an oidc-agent account, versions 1 to 5. docs/admin/oidc-agent.md has the table of members. Members without a
 * counterpart in an {@link Account} are kept for a later export.
 */
final class AgentJson {
    /** Where oidc-agent looks for the system's CAs. It stores the path that it found as cert_path. */
    private static final List<String> SYSTEM_CAS = List.of(
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/ca-bundle.pem",
            "/etc/pki/tls/cacert.pem",
            "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
            "/etc/ssl/cert.pem");

    /** Members that have a counterpart in an {@link Account}. */
    private static final Set<String> MAPPED = Set.of(
            "name",
            "issuer",
            "issuer_url",
            "client_id",
            "client_secret",
            "client_secret_expires_at",
            "refresh_token",
            "registration_access_token",
            "registration_client_uri",
            "username",
            "password");

    private final JsonObject members;

    private AgentJson(JsonObject members) {
        this.members = members;
    }

    /** @throws FailureException if the text is not an account that can be renewed with a refresh token */
    static AgentJson parse(Path file, byte[] json) throws FailureException {
        // The last of several members with one name wins: 4.2.6 writes "audience" twice after a registration.
        JsonObject members = JsonObject.parse(new String(json, StandardCharsets.UTF_8))
                .orElseThrow(() -> failure(Failure.Kind.AGENT_FILE_DAMAGED, file, "its content is not a JSON object"));
        if (members.string("mytoken_url").isPresent()) {
            throw failure(Failure.Kind.AGENT_MYTOKEN, file, "");
        }
        if (members.string("refresh_token").isEmpty()) {
            throw failure(
                    members.string("username").isPresent()
                            ? Failure.Kind.AGENT_PASSWORD_GRANT
                            : Failure.Kind.AGENT_NO_REFRESH_TOKEN,
                    file,
                    "");
        }
        AgentJson account = new AgentJson(members);
        if (account.issuer().isEmpty() || members.string("client_id").isEmpty()) {
            throw failure(Failure.Kind.AGENT_FILE_DAMAGED, file, "it names no issuer or no client");
        }
        return account;
    }

    private static FailureException failure(Failure.Kind kind, Path file, String detail) {
        return new FailureException(new Failure(kind, file.toString(), detail));
    }

    String issuer() {
        return members.string("issuer_url").or(() -> members.string("issuer")).orElse("");
    }

    /** The CA of this account only. The system's CAs are trusted anyway. */
    Optional<String> caFile() {
        return members.string("cert_path").filter(path -> !SYSTEM_CAS.contains(path));
    }

    /** @param provider the issuer's metadata, because oidc-agent does not store endpoints */
    Account toAccount(Provider provider) {
        Client client = client();
        Optional<Secret> accessToken =
                members.string("registration_access_token").map(Secret::of);
        Registered registered = new Registered(
                client,
                scope(),
                accessToken,
                registrationUri(provider),
                members.number("client_secret_expires_at")
                        .filter(seconds -> seconds > 0 && seconds < Integer.MAX_VALUE * 100L)
                        .map(Instant::ofEpochSecond));
        Map<String, Object> rest = new LinkedHashMap<>(members.asMap());
        rest.keySet().removeAll(MAPPED);
        return Account.of(provider, client, scope(), members.words("audience"))
                .withRefreshToken(Secret.of(members.string("refresh_token").orElseThrow()))
                .withRegistration(registered)
                .withCaFile(caFile())
                .withAgentMembers(JsonObject.of(rest));
    }

    /**
     * oidc-agent sends Basic authentication without the encoding of RFC 6749 section 2.3.1. Do the same if it makes a
     * difference.
     */
    private Client client() {
        String id = members.string("client_id").orElseThrow();
        Optional<String> secret = members.string("client_secret")
                .filter(value -> !members.number("uses_pub_client").equals(Optional.of(1L)));
        if (secret.isEmpty()) {
            return Client.of(id, Optional.empty());
        }
        boolean isSameEncoded = isUnreserved(id) && isUnreserved(secret.get());
        return new Client(id, secret.map(Secret::of), isSameEncoded ? ClientAuth.BASIC : ClientAuth.BASIC_RAW);
    }

    private static boolean isUnreserved(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).equals(text);
    }

    /** Version 5.2 split scope into the authorized and the requested scope. */
    private List<String> scope() {
        List<String> scope = members.words("scope");
        return scope.isEmpty() ? members.words("auth_scope") : scope;
    }

    /** Kept only if it belongs to the issuer, because the registration access token must not go to any other host. */
    private Optional<URI> registrationUri(Provider provider) {
        try {
            return members.string("registration_client_uri")
                    .map(URI::create)
                    .filter(uri -> uri.getAuthority() != null)
                    .filter(uri -> uri.getAuthority()
                                    .equals(provider.registrationEndpoint()
                                            .map(URI::getAuthority)
                                            .orElse(""))
                            || uri.getAuthority()
                                    .equals(URI.create(provider.issuer()).getAuthority()));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** Writes the account like oidc-agent 4.2.6; newer versions also read it. */
    static byte[] write(String name, Account account) {
        JsonObject kept = account.agentMembers();
        String issuer = account.issuer();
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", name);
        json.put("client_name", kept.string("client_name").orElse("oidc-agent:" + name));
        json.put("issuer_url", issuer.endsWith("/") ? issuer : issuer + "/"); // as oidc-agent writes all issuers
        json.put(
                "device_authorization_endpoint",
                account.deviceAuthorizationEndpoint().map(URI::toString).orElse(""));
        json.put("daeSetByUser", 0L);
        json.put("client_id", account.client().id());
        json.put("client_secret", account.client().secret().map(Secret::reveal).orElse(""));
        json.put("refresh_token", account.refreshToken().reveal());
        json.put("cert_path", account.caFile().orElseGet(AgentJson::systemCas));
        json.put("scope", String.join(" ", account.scope()));
        json.put("audience", String.join(" ", account.audience()));
        json.put("redirect_uris", List.of());
        json.put("username", "");
        json.put("password", "");
        account.registrationAccessToken()
                .ifPresent(accessToken -> json.put("registration_access_token", accessToken.reveal()));
        account.registrationClientUri().ifPresent(uri -> json.put("registration_client_uri", uri.toString()));
        kept.asMap().forEach(json::put); // members of the original file win
        return Json.write(json).getBytes(StandardCharsets.UTF_8);
    }

    private static String systemCas() {
        return SYSTEM_CAS.stream()
                .filter(path -> Files.exists(Path.of(path)))
                .findFirst()
                .orElse(SYSTEM_CAS.get(0));
    }
}
