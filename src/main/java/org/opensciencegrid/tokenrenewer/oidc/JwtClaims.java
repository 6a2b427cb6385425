package org.opensciencegrid.tokenrenewer.oidc;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.json.Json;

/**
 * The claims of a token that is a JWT (RFC 7519). The signature is not verified: the token came over TLS from its
 * issuer, and this program is not its audience. Times that Java cannot represent read as absent.
 */
public record JwtClaims(Map<String, Object> claims) {
    static final long LAST = 253_402_300_799L; // 9999-12-31

    /** The claims of an opaque token. */
    static final JwtClaims NONE = new JwtClaims(Map.of());

    /** The claims; empty for an opaque token. */
    public static Optional<JwtClaims> of(String token) {
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3) {
            return Optional.empty();
        }
        try {
            byte[] payload = Base64.getUrlDecoder().decode(parts[1]);
            Optional<Map<String, Object>> claims = Json.object(new String(payload, StandardCharsets.UTF_8));
            return claims.isPresent() ? Optional.of(new JwtClaims(claims.get())) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    public Optional<Instant> expiresAt() {
        return time("exp");
    }

    public Optional<Instant> issuedAt() {
        return time("iat");
    }

    public Optional<Instant> notBefore() {
        return time("nbf");
    }

    public Optional<String> issuer() {
        return Json.string(claims, "iss");
    }

    public Optional<String> subject() {
        return Json.string(claims, "sub");
    }

    Optional<String> text(String claim) {
        return Json.string(claims, claim);
    }

    public List<String> audience() {
        return claims.get("aud") instanceof String one ? List.of(one) : Json.words(claims, "aud");
    }

    /** The scope; issuers send a string or an array. */
    public List<String> scope() {
        return Json.words(claims, "scope");
    }

    private Optional<Instant> time(String name) {
        Optional<Long> seconds = Json.seconds(claims, name); // NumericDate may have a fraction
        return seconds.isPresent() && seconds.get() >= 0 && seconds.get() <= LAST
                ? Optional.of(Instant.ofEpochSecond(seconds.get()))
                : Optional.empty();
    }
}
