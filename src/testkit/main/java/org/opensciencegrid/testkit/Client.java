package org.opensciencegrid.testkit;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A registered client.
 *
 * @param authMethod client_secret_basic, client_secret_post, none, any (the first two with a secret), private_key_jwt or
 *     client_secret_jwt
 * @param secretExpiresAt seconds since 1970, 0 for never
 * @param registrationAccessToken null if the client cannot be managed
 * @param metadata the registration response; null for a client of addClient
 * @param keys for private_key_jwt: the public keys (RFC 7517)
 * @param assertionIssuer for private_key_jwt: null if the client itself signs, otherwise who does
 * @param assertionSubject null if the client itself signs, otherwise the subject that means this client
 */
record Client(
        String id,
        String secret,
        String authMethod,
        Set<String> grants,
        Set<String> scopes,
        long secretExpiresAt,
        String registrationAccessToken,
        Map<String, Object> metadata,
        List<Map<String, Object>> keys,
        String assertionIssuer,
        String assertionSubject) {

    /** A client that signs nothing. */
    Client(
            String id,
            String secret,
            String authMethod,
            Set<String> grants,
            Set<String> scopes,
            long secretExpiresAt,
            String registrationAccessToken,
            Map<String, Object> metadata) {
        this(
                id,
                secret,
                authMethod,
                grants,
                scopes,
                secretExpiresAt,
                registrationAccessToken,
                metadata,
                List.of(),
                null,
                null);
    }

    Client withSecret(String other) {
        return with(other, registrationAccessToken, metadata, keys);
    }

    Client withGrant(String another) {
        Set<String> all = new HashSet<>(grants);
        all.add(another);
        return new Client(
                id,
                secret,
                authMethod,
                Set.copyOf(all),
                scopes,
                secretExpiresAt,
                registrationAccessToken,
                metadata,
                keys,
                assertionIssuer,
                assertionSubject);
    }

    Client withKeys(List<Map<String, Object>> others) {
        return with(secret, registrationAccessToken, metadata, others);
    }

    /** After a change of its registration, with a new token for the next one. */
    Client updated(String newToken, Map<String, Object> newMetadata, List<Map<String, Object>> newKeys) {
        return with(secret, newToken, newMetadata, newKeys);
    }

    private Client with(
            String newSecret, String newToken, Map<String, Object> newMetadata, List<Map<String, Object>> newKeys) {
        return new Client(
                id,
                newSecret,
                authMethod,
                grants,
                scopes,
                secretExpiresAt,
                newToken,
                newMetadata,
                newKeys,
                assertionIssuer,
                assertionSubject);
    }

    boolean isDynamic() {
        return metadata != null;
    }

    boolean isPublic() {
        return authMethod.equals("none");
    }

    boolean mayUse(String method) {
        return authMethod.equals(method) || authMethod.equals("any") && method.matches("client_secret_(basic|post)");
    }
}
