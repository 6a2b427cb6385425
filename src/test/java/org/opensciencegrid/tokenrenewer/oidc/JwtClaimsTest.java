package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JwtClaimsTest {
    /** A JWT with these claims; its signature is not verified. */
    static String jwt(String claims) {
        return encoded("{\"alg\":\"none\"}") + "." + encoded(claims) + ".c2ln";
    }

    private static String encoded(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static JwtClaims claims(String claims) {
        return JwtClaims.of(jwt(claims)).orElseThrow();
    }

    @Test
    void everything() {
        JwtClaims claims =
                claims("{\"iss\":\"https://i\",\"sub\":\"\u00e9\",\"aud\":\"a b\",\"exp\":3,\"iat\":1,\"nbf\":2,"
                        + "\"scope\":\"x y\"}");
        assertEquals(Optional.of("https://i"), claims.issuer());
        assertEquals(Optional.of("\u00e9"), claims.subject());
        assertEquals(List.of("a b"), claims.audience(), "one audience, whatever is in it");
        assertEquals(Optional.of(Instant.ofEpochSecond(3)), claims.expiresAt());
        assertEquals(Optional.of(Instant.ofEpochSecond(1)), claims.issuedAt());
        assertEquals(List.of("x", "y"), claims.scope());
        JwtClaims arrays = claims("{\"aud\":[\"a\",\"b\"],\"scope\":[\"x\",\"y\"]}");
        assertEquals(List.of("a", "b"), arrays.audience());
        assertEquals(List.of("x", "y"), arrays.scope());
        JwtClaims none = claims("{}");
        assertEquals(List.of(), none.audience());
        assertEquals(List.of(), none.scope());
        assertEquals(Optional.empty(), none.expiresAt());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            nullValues = "-",
            value = {
                "0,1970-01-01T00:00:00Z",
                "1772366400,2026-03-01T12:00:00Z",
                "1772366400.0,2026-03-01T12:00:00Z",
                "1772366400.9,2026-03-01T12:00:00Z",
                "1.7723664e9,2026-03-01T12:00:00Z",
                "\"1772366400\",2026-03-01T12:00:00Z",
                "253402300799,9999-12-31T23:59:59Z",
                "253402300800,-",
                "-1,-",
                "1e300,-",
                "1e999,-",
                "9223372036854775807,-",
                "18446744075481918016,-",
                "null,-",
                "\"soon\",-",
                "[1],-",
            })
    void times(String exp, Instant time) {
        assertEquals(Optional.ofNullable(time), claims("{\"exp\":" + exp + "}").expiresAt());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "opaque", "a.b", "a.b.c", "..", "a..c", "a.e30.c.d.e", "a.!!!.c", "a.W10.c", "a.e30=x.c"})
    void opaque(String token) {
        assertEquals(Optional.empty(), JwtClaims.of(token));
    }

    @Test
    void anEmptyObjectIsAJwt() {
        assertEquals(List.of(), JwtClaims.of("a.e30.").orElseThrow().scope());
    }
}
