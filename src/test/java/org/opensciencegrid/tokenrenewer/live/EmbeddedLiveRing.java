package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;

/** Our own strict issuer, in this process. */
class EmbeddedLiveRing extends LiveSuite {
    @Override
    LiveIssuer issuer(Path directory) {
        return new Embedded(directory, Dialect.STRICT);
    }
}
