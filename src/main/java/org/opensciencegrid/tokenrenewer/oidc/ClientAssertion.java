package org.opensciencegrid.tokenrenewer.oidc;

import java.util.Optional;
import java.util.function.Supplier;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** A JWT with which a client proves who it is (RFC 7523 section 2.2). */
public interface ClientAssertion {
    /** The {@code client_assertion_type}. */
    String TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    /** The {@code client_assertion} of one request. */
    Secret of(String clientId);

    /** The last assertion, which a response may echo; empty before the first. */
    Optional<Secret> last();

    /** Whether the last request had the same assertion as the one before. Then an issuer may refuse it. */
    default boolean isRepeated() {
        return false;
    }

    /**
     * Assertions that another program makes.
     *
     * @param file reads the present one; empty if there is none now, which sends the former one again
     */
    static ClientAssertion existing(Secret jwt, Supplier<Optional<Secret>> file) {
        return new ClientAssertion() {
            private Secret last = jwt;
            private boolean isFirst = true;
            private boolean isRepeated;

            @Override
            public synchronized Secret of(String clientId) {
                Secret now = isFirst ? jwt : file.get().orElse(last);
                isRepeated = !isFirst && now.equals(last);
                isFirst = false;
                last = now;
                return now;
            }

            @Override
            public synchronized boolean isRepeated() {
                return isRepeated;
            }

            @Override
            public synchronized Optional<Secret> last() {
                return Optional.of(last);
            }
        };
    }
}
