package org.opensciencegrid.tokenrenewer.live;

import org.junit.jupiter.api.BeforeAll;

/** MITREid Connect: what it does not offer is denial (a denied code stays pending for ever) and audiences (ignored). */
class MitreidLiveIT extends LiveCases {
    @BeforeAll
    void start() throws Exception {
        issuer = new Mitreid(servers);
    }
}
