package org.opensciencegrid.testkit;

import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The issuer's state. Hold its monitor to access it. */
final class State {
    private static final String USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ";

    final Map<String, Client> clients = new LinkedHashMap<>();
    final Map<String, Device> devices = new HashMap<>();
    final Map<String, Device> devicesByUserCode = new LinkedHashMap<>();
    /** The family of every refresh token ever issued, including rotated ones. */
    final Map<String, TokenFamily> families = new LinkedHashMap<>();

    /** Every access token ever issued. */
    final Map<String, AccessToken> accessTokens = new HashMap<>();

    final Set<String> revokedAccessTokens = new HashSet<>();

    final Set<String> disabledUsers = new HashSet<>();
    /** The certificates of clients that authenticate with them. */
    final Map<String, Certificate> certificates = new HashMap<>();

    /** @param ca null if the issuer knows the certificate itself */
    record Certificate(X509Certificate ca, X509Certificate own) {}

    /** The jti of every assertion of a client. */
    final Set<String> usedIds = new HashSet<>();

    final Set<String> secrets = new LinkedHashSet<>();
    String automaticSubject;
    int reuses;

    private final Clock clock;
    private final SecureRandom random = new SecureRandom();

    State(Clock clock) {
        this.clock = clock;
    }

    Instant now() {
        return clock.instant();
    }

    String newId() {
        return randomText(12);
    }

    String newSecret() {
        return secret(randomText(32));
    }

    /** Records a text that no log may contain. */
    String secret(String text) {
        secrets.add(text);
        return text;
    }

    private String randomText(int bytes) {
        byte[] buffer = new byte[bytes];
        random.nextBytes(buffer);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(buffer);
    }

    /** RFC 8628 section 6.1: eight letters from a set of twenty consonants. */
    String newUserCode() {
        StringBuilder code = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            code.append(i == 4 ? "-" : "").append(USER_CODE_LETTERS.charAt(random.nextInt(USER_CODE_LETTERS.length())));
        }
        return code.toString();
    }

    /** Finds a device by the typed code, ignoring case and punctuation (RFC 8628 section 6.1). */
    Device deviceByUserCode(String typed) {
        String letters = typed.toUpperCase(Locale.ROOT).replaceAll("[^A-Z]", "");
        return letters.length() == 8
                ? devicesByUserCode.get(letters.substring(0, 4) + "-" + letters.substring(4))
                : null;
    }

    void removeClient(String id) {
        clients.remove(id);
        families.values().stream()
                .filter(family -> family.client.id().equals(id))
                .forEach(family -> family.dead = true);
    }
}
