package org.opensciencegrid.tokenrenewer.live;

import org.opentest4j.TestAbortedException;

/** A case that an issuer cannot play. The message is what the issuer answered instead. */
final class NotOffered extends TestAbortedException {
    private static final long serialVersionUID = 1L;

    NotOffered(String answer) {
        super(answer);
    }
}
