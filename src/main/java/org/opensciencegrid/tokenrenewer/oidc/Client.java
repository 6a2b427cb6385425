package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.ClientSecretPost;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.id.ClientID;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.text.Secret;

/**
 * Who we are at an issuer.
 *
 * @param secret absent exactly when {@code auth} is NONE
 */
public record Client(String id, Optional<Secret> secret, ClientAuth auth) {
    public Client {
        if (secret.isEmpty() != (auth == ClientAuth.NONE)) {
            throw new IllegalArgumentException("client authentication " + auth.word()
                    + (secret.isEmpty() ? " needs a client secret" : " takes no client secret"));
        }
    }

    /** A confidential client with BASIC when there is a secret, else a public one. */
    public static Client of(String id, Optional<Secret> secret) {
        return new Client(id, secret, secret.isPresent() ? ClientAuth.BASIC : ClientAuth.NONE);
    }

    /** The same with another way to prove itself, as far as there is a secret; without one it stays public. */
    public Client with(ClientAuth other) {
        return secret.isEmpty() || other == ClientAuth.NONE
                ? new Client(id, Optional.empty(), ClientAuth.NONE)
                : new Client(id, secret, other);
    }

    ClientID nimbusId() {
        return new ClientID(id);
    }

    /** What Nimbus applies to a request; empty for a public client. */
    Optional<ClientAuthentication> nimbus() {
        return secret.map(value -> {
            var nimbusSecret = new com.nimbusds.oauth2.sdk.auth.Secret(value.reveal());
            return auth == ClientAuth.POST
                    ? new ClientSecretPost(nimbusId(), nimbusSecret)
                    : new ClientSecretBasic(nimbusId(), nimbusSecret);
        });
    }

    /** Undoes the form encoding of the SDK for servers that compare id and secret raw. */
    HTTPRequest finish(HTTPRequest request) {
        if (auth == ClientAuth.BASIC_RAW) {
            String raw = id + ":" + secret.orElseThrow().reveal();
            request.setAuthorization(
                    "Basic " + Base64.getEncoder().encodeToString(raw.getBytes(StandardCharsets.UTF_8)));
        }
        return request;
    }
}
