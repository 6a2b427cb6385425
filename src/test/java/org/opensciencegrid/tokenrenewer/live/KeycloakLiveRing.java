package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;

/** Keycloak, from Maven Central. {@code .ci/issuers/run} unpacks it. */
class KeycloakLiveRing extends LiveSuite {
    @Override
    LiveIssuer issuer(Path directory) throws Exception {
        return new Keycloak(directory);
    }
}
