package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;

/** INDIGO IAM, imitated by the embedded issuer. */
class IamLiveRing extends LiveSuite {
    @Override
    LiveIssuer issuer(Path directory) {
        return new Embedded(directory, Dialect.IAM);
    }
}
