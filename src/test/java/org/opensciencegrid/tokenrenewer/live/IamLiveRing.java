package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;

/** INDIGO IAM as the embedded issuer imitates it. */
class IamLiveRing extends LiveSuite {
    @Override
    LiveIssuer issuer(Path directory) {
        return new Embedded(directory, Dialect.IAM);
    }
}
