package org.opensciencegrid.tokenrenewer.oidc;

import java.util.Optional;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** A JWT with which a client proves who it is (RFC 7523 section 2.2). */
public interface ClientAssertion {
    /** The {@code client_assertion_type}. */
    String TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /** The {@code client_assertion} of one request. */
    Secret of(String clientId);

    /** The last assertion, which a response may echo; empty before the first. */
    Optional<Secret> last();

    /** An assertion that another program made. */
    static ClientAssertion existing(Secret jwt) {
        return new ClientAssertion() {
            @Override
            public Secret of(String clientId) {
                return jwt;
            }

            @Override
            public Optional<Secret> last() {
                return Optional.of(jwt);
            }
        };
    }
}
