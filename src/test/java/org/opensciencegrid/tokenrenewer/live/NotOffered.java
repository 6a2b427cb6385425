package org.opensciencegrid.tokenrenewer.live;

import org.opentest4j.TestAbortedException;

/** An issuer does not support a case. The message is the issuer's response. */
final class NotOffered extends TestAbortedException {
    private static final long serialVersionUID = 1L;

    NotOffered(String answer) {
        super(answer);
    }
}
