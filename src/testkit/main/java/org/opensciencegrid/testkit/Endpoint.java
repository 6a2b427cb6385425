package org.opensciencegrid.testkit;

/**
 * One of the issuer's endpoints. It runs while holding the monitor of {@link State} and may throw {@link OAuthError}.
 */
interface Endpoint {
    Answer answer(Seen request);
}
