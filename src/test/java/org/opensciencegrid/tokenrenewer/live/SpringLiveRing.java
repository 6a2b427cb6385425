package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;
import java.util.List;
import org.opensciencegrid.tokenrenewer.live.LiveCases.LiveCase;

/** Spring Authorization Server, from Maven Central, with the cases that differ. {@code .ci/issuers/run} builds it. */
class SpringLiveRing extends LiveSuite {
    @Override
    LiveIssuer issuer(Path directory) throws Exception {
        return new Spring(directory);
    }

    @Override
    List<LiveCase> rows() {
        return LiveCases.named(
                "dynamic registration",
                "predefined client",
                "client credentials",
                "three rotating renewals",
                "revoked, then healed");
    }
}
