package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.AssertionAudience;

/**
 * The files with which a client without a secret proves who it is.
 *
 * @param key private keys, with which this program signs assertions
 * @param assertion an assertion that another program keeps fresh; empty if there is a key
 * @param audience {@code aud} of the assertions that this program signs; empty for the issuer's name, or the token
 *     endpoint if that is not known
 * @param tls a certificate for TLS connections; empty if there is a key or an assertion
 */
public record ClientFiles(
        Optional<Path> key, Optional<Path> assertion, Optional<AssertionAudience> audience, Optional<TlsFiles> tls) {
    /** For clients with a secret, and public ones. */
    public static final ClientFiles NONE = new ClientFiles(Optional.empty(), Optional.empty(), Optional.empty());

    /** Without a certificate. */
    public ClientFiles(Optional<Path> key, Optional<Path> assertion, Optional<AssertionAudience> audience) {
        this(key, assertion, audience, Optional.empty());
    }

    /** Whether there is a file. */
    public boolean isPresent() {
        return key.isPresent() || assertion.isPresent() || tls.isPresent();
    }
}
