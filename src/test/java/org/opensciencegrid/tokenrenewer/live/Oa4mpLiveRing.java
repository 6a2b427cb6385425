package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;

/** OA4MP, and so CILogon, imitated by the embedded issuer. */
class Oa4mpLiveRing extends LiveSuite {
    @Override
    LiveIssuer issuer(Path directory) {
        return new Embedded(directory, Dialect.OA4MP);
    }
}
