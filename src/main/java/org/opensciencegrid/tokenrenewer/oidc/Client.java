package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.ClientSecretPost;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.id.ClientID;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * The identity of this program at an issuer.
 *
 * @param secret present if and only if {@code auth} uses it
 * @param assertion needed for requests if {@code auth} uses it; an account file has none
 */
public record Client(String id, Optional<Secret> secret, ClientAuth auth, Optional<ClientAssertion> assertion) {
    public Client {
        if (secret.isPresent() != auth.usesSecret()) {
            throw new IllegalArgumentException("client authentication " + auth.word()
                    + (secret.isEmpty() ? " needs a client secret" : " takes no client secret"));
        }
    }

    /** Without an assertion. */
    public Client(String id, Optional<Secret> secret, ClientAuth auth) {
        this(id, secret, auth, Optional.empty());
    }

    /** A confidential client with BASIC if there is a secret, otherwise a public client. */
    public static Client of(String id, Optional<Secret> secret) {
        return new Client(id, secret, secret.isPresent() ? ClientAuth.BASIC : ClientAuth.NONE);
    }

    /** The same client with another authentication method. Unchanged if that needs a secret and there is none. */
    public Client with(ClientAuth other) {
        if (!other.usesSecret()) {
            return new Client(id, Optional.empty(), other);
        }
        return secret.isEmpty() ? this : new Client(id, secret, other);
    }

    /** The same client with what makes its assertions. */
    public Client with(ClientAssertion maker) {
        return new Client(id, secret, auth, Optional.of(maker));
    }

    /** The secrets that a response may echo: that of the client, and others that were sent. */
    List<Secret> secretsWith(Secret... sent) {
        List<Secret> secrets = new ArrayList<>(List.of(sent));
        secret.ifPresent(secrets::add);
        assertion.flatMap(ClientAssertion::last).ifPresent(secrets::add);
        return secrets;
    }

    ClientID nimbusId() {
        return new ClientID(id);
    }

    /** The authentication for Nimbus requests; empty for a public client, and for an assertion, which is added later. */
    Optional<ClientAuthentication> nimbus() {
        if (auth.usesAssertion() || secret.isEmpty()) {
            return Optional.empty();
        }
        var nimbusSecret = new com.nimbusds.oauth2.sdk.auth.Secret(secret.get().reveal());
        return Optional.of(
                auth == ClientAuth.POST
                        ? new ClientSecretPost(nimbusId(), nimbusSecret)
                        : new ClientSecretBasic(nimbusId(), nimbusSecret));
    }

    /**
     * Adds client_id to the body, because some servers require it (RFC 6749 section 3.2.1). For BASIC_RAW, also
     * replaces the SDK's form-encoded credentials by raw ones. Adds an assertion if the method uses one.
     */
    HTTPRequest addClientAuthentication(HTTPRequest request) {
        String body = request.getBody();
        if (!("&" + body).contains("&client_id=")) {
            request.setBody(
                    body + (body.isEmpty() ? "" : "&") + "client_id=" + URLEncoder.encode(id, StandardCharsets.UTF_8));
        }
        if (auth.usesAssertion()) {
            String jwt = assertion.orElseThrow().of(id).reveal(); // base64url and dots need no encoding
            request.setBody(request.getBody() + "&client_assertion_type="
                    + URLEncoder.encode(ClientAssertion.TYPE, StandardCharsets.UTF_8) + "&client_assertion=" + jwt);
        }
        if (auth == ClientAuth.BASIC_RAW) {
            String raw = id + ":" + secret.orElseThrow().reveal();
            request.setAuthorization(
                    "Basic " + Base64.getEncoder().encodeToString(raw.getBytes(StandardCharsets.UTF_8)));
        }
        return request;
    }
}
