package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;

/** The strict embedded issuer in this process. */
class EmbeddedLiveRing extends LiveSuite {
    @Override
    LiveIssuer issuer(Path directory) {
        return new Embedded(directory, Dialect.STRICT);
    }
}
