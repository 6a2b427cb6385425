package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import java.net.URI;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Revokes authorizations (RFC 7009). */
public final class Revocation {
    private final Transport transport;

    public Revocation(Transport transport) {
        this.transport = transport;
    }

    /**
     * Revokes a refresh token and everything that was granted with it. An invalid token is not an error (RFC 7009
     * section 2.2), so you may repeat this after a lost response.
     *
     * @throws IssuerException if the issuer did not confirm it
     */
    public void revoke(URI endpoint, Client client, Secret refreshToken) throws IssuerException {
        RefreshToken token = new RefreshToken(refreshToken.reveal());
        TokenRevocationRequest request = client.nimbus()
                .map(authentication -> new TokenRevocationRequest(endpoint, authentication, token))
                .orElseGet(() -> new TokenRevocationRequest(endpoint, client.nimbusId(), token));
        HttpResponse response = transport.send(client.addClientAuthentication(request.toHTTPRequest()));
        // INDIGO IAM redirects public clients to its start page after the revocation.
        if (response.status() / 100 == 3) {
            throw new IssuerException(
                    Kind.REFUSED,
                    "it may have been revoked, as " + Transport.hostAndPort(endpoint) + " answered " + response.status()
                            + ", a redirect to '" + Printable.of(response.location()) + "'");
        }
        if (!response.isSuccess() || !response.complete()) {
            throw ErrorResponse.of(endpoint, response, client.secretsWith(refreshToken));
        }
    }
}
