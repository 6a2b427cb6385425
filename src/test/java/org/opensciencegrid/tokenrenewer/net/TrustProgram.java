package org.opensciencegrid.tokenrenewer.net;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Connects to a server with a certificate of a CA and prints the result: for a Java with its own security properties.
 */
final class TrustProgram {
    private TrustProgram() {}

    public static void main(String[] arguments) {
        TrustStore trust = new TrustStore(Optional.of(Path.of(arguments[0])));
        try {
            HTTPRequest request = new HTTPRequest(HTTPRequest.Method.GET, URI.create(arguments[1]));
            System.out.println(
                    new Transport(trust, Network.DIRECT).send(request).status());
        } catch (IssuerException e) {
            System.out.println(e.tls() + " " + e.getMessage());
        }
    }
}
