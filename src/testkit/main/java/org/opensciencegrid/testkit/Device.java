package org.opensciencegrid.testkit;

import java.time.Instant;
import java.util.List;
import java.util.Set;

/** One device authorization (RFC 8628) from the request to its end. */
final class Device {
    enum Decision {
        PENDING,
        APPROVED,
        DENIED
    }

    final Client client;
    final Set<String> scopes;
    final List<String> audience;
    final Instant expires;
    final String userCode;

    Decision decision = Decision.PENDING;
    String subject;
    int interval;
    Instant lastPoll;
    /** Denied, expired or used, and the client received that response. */
    boolean over;
    /** The result of exchanging the code. */
    TokenFamily family;

    Device(Client client, Set<String> scopes, List<String> audience, Instant expires, String userCode, int interval) {
        this.client = client;
        this.scopes = scopes;
        this.audience = audience;
        this.expires = expires;
        this.userCode = userCode;
        this.interval = interval;
    }
}
