package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Path;
import java.util.List;
import org.opensciencegrid.tokenrenewer.live.LiveCases.LiveCase;

/** The embedded issuer without TLS on a loopback host, with the cases of every account. */
class EmbeddedHttpLiveRing extends LiveSuite {
    @Override
    LiveIssuer issuer(Path directory) {
        return new Embedded(directory, Dialect.PLAIN);
    }

    @Override
    List<LiveCase> rows() {
        return LiveCases.named(
                "dynamic registration",
                "predefined client",
                "public client",
                "client credentials",
                "three rotating renewals",
                "discovery gone");
    }
}
