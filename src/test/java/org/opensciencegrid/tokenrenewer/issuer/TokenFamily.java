package org.opensciencegrid.tokenrenewer.issuer;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** All refresh tokens that come from one authorization; only the newest is good. */
final class TokenFamily {
    final Client client;
    final String subject;
    final Set<String> scopes;
    final List<String> audience;
    final Instant authorizedAt;

    /** Null when no refresh token was given, or it was used up without a successor. */
    String current;

    Instant expires;
    boolean dead;
    /** What a narrowed refresh left, where narrowing sticks. */
    Set<String> narrowed;
    /** Rotated tokens and when they were. */
    final Map<String, Instant> rotated = new HashMap<>();

    TokenFamily(Client client, String subject, Set<String> scopes, List<String> audience, Instant authorizedAt) {
        this.client = client;
        this.subject = subject;
        this.scopes = scopes;
        this.audience = audience;
        this.authorizedAt = authorizedAt;
    }
}
