package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;

/** npm oidc-provider. {@code .ci/run} installs it, because {@code verify} needs no npm. */
class OidcProviderLiveRing extends LiveSuite {
    @Override
    LiveIssuer issuer(Path directory) throws Exception {
        return new OidcProvider(directory);
    }
}
