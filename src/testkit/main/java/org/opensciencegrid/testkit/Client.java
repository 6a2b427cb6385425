package org.opensciencegrid.testkit;

import java.util.Map;
import java.util.Set;

/**
 * A registered client.
 *
 * @param authMethod client_secret_basic, client_secret_post, none, or any (both with a secret)
 * @param secretExpiresAt seconds since 1970, 0 for never
 * @param registrationAccessToken null if the client cannot be managed
 * @param metadata the registration response; null for a client of addClient
 */
record Client(
        String id,
        String secret,
        String authMethod,
        Set<String> grants,
        Set<String> scopes,
        long secretExpiresAt,
        String registrationAccessToken,
        Map<String, Object> metadata) {

    Client withSecret(String other) {
        return new Client(id, other, authMethod, grants, scopes, secretExpiresAt, registrationAccessToken, metadata);
    }

    boolean isDynamic() {
        return metadata != null;
    }

    boolean isPublic() {
        return authMethod.equals("none");
    }

    boolean mayUse(String method) {
        return authMethod.equals(method) || authMethod.equals("any") && !method.equals("none");
    }
}
