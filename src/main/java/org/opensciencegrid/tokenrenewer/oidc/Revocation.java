package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import java.net.URI;
import java.util.List;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** Taking an authorization back (RFC 7009). */
public final class Revocation {
    private final Transport transport;

    public Revocation(Transport transport) {
        this.transport = transport;
    }

    /**
     * Revokes a refresh token, and with it what was granted by it. One that is dead already is no error (RFC 7009 section
     * 2.2), so this may be asked again after a lost answer.
     *
     * @throws OidcException when the issuer did not confirm it
     */
    public void revoke(URI endpoint, Client client, Secret refreshToken) throws OidcException {
        RefreshToken token = new RefreshToken(refreshToken.reveal());
        TokenRevocationRequest request = client.nimbus()
                .map(authentication -> new TokenRevocationRequest(endpoint, authentication, token))
                .orElseGet(() -> new TokenRevocationRequest(endpoint, client.nimbusId(), token));
        Answer answer = transport.send(client.finish(request.toHTTPRequest()));
        if (!answer.isSuccess() || !answer.complete()) {
            throw Refusal.of(Transport.where(endpoint), answer, TokenClient.with(client, List.of(refreshToken)));
        }
    }
}
