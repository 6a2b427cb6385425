package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.nio.file.Path;

/** A real server in a process of its own, over TLS with a CA of the test. */
interface LiveIssuer extends AutoCloseable {
    String issuer();

    Path caFile();

    boolean rotates();

    /** Plays the person who opens the link, signs in and decides. */
    void decide(String userCode, boolean approve) throws IOException, InterruptedException;

    @Override
    void close();
}
