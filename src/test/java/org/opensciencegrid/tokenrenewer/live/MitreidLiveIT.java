package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;

/** MITREid Connect, a server by another project. */
class MitreidLiveIT extends LiveSuite {
    @Override
    LiveIssuer issuer(Path directory) throws Exception {
        return new Mitreid(directory);
    }
}
