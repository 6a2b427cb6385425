package org.opensciencegrid.testkit;

import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** All refresh tokens of one authorization; only the newest is valid. */
final class TokenFamily {
    final Client client;
    final String subject;
    final Set<String> scopes;
    final List<String> audience;
    final Instant authorizedAt;

    /** Null if no refresh token was granted, or it was used up without a successor. */
    String current;

    Instant expires;
    boolean dead;
    /** The scope after a refresh with a narrower scope, if narrowing is permanent. */
    Set<String> narrowed;
    /** When each rotated token was rotated. */
    final Map<String, Instant> rotated = new HashMap<>();

    TokenFamily(Client client, String subject, Set<String> scopes, List<String> audience, Instant authorizedAt) {
        this.client = client;
        this.subject = subject;
        this.scopes = scopes;
        this.audience = audience;
        this.authorizedAt = authorizedAt;
    }
}
