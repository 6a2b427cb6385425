package org.opensciencegrid.tokenrenewer.net;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.net.URI;

/** Posts JSON to an address of a site. */
public final class Webhook {
    private Webhook() {}

    /**
     * Posts an object once. A redirect is not followed.
     *
     * @throws IssuerException if the server did not answer with success; the message does not show the path, which may
     *     be a secret
     */
    public static void post(Transport transport, URI url, String json) throws IssuerException {
        HTTPRequest request = new HTTPRequest(HTTPRequest.Method.POST, url);
        request.setHeader("Content-Type", "application/json; charset=utf-8");
        request.setBody(json);
        HttpResponse response = transport.send(request);
        if (!response.isSuccess()) {
            throw new IssuerException(
                    IssuerException.Kind.REFUSED,
                    Transport.hostAndPort(url) + " answered " + response.status()
                            + (response.status() / 100 == 3 ? ", a redirect, which is not followed" : ""));
        }
    }
}
