package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which token of a Secret stays, because another pod wrote it. TokenSecretRing has the rest, at an API server. */
class SecretPublisherTest {
    private static final Instant NOW = Instant.ofEpochSecond(1_000);
    private static final String CLAIMS = "\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"a\"],\"scope\":\"x y\"";
    private static final String OURS = jwt(CLAIMS + ",\"exp\":2000");

    private static String jwt(String claims) {
        byte[] json = ("{" + claims + "}").getBytes(StandardCharsets.UTF_8);
        return "e30." + Base64.getUrlEncoder().withoutPadding().encodeToString(json) + ".e30";
    }

    private static boolean stays(String stored) {
        return SecretPublisher.isFromAnotherPod(stored, OURS, NOW);
    }

    @Test
    void aTokenWithTheSameRightsThatExpiresLaterStays() {
        assertTrue(stays(jwt(CLAIMS + ",\"exp\":2001,\"jti\":\"1\"")));
        assertTrue(stays(jwt(CLAIMS + ",\"exp\":2000,\"jti\":\"1\"")), "at the same time");
        assertTrue(stays(jwt(CLAIMS.replace("x y", "y x") + ",\"exp\":2001")));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"iss\":\"other\",\"sub\":\"s\",\"aud\":[\"a\"],\"scope\":\"x y\",\"exp\":3000",
                "\"iss\":\"i\",\"sub\":\"other\",\"aud\":[\"a\"],\"scope\":\"x y\",\"exp\":3000",
                "\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"other\"],\"scope\":\"x y\",\"exp\":3000",
                "\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"a\"],\"scope\":\"x\",\"exp\":3000",
                "\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"a\"],\"scope\":\"x y\",\"exp\":1999",
                "\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"a\"],\"scope\":\"x y\""
            })
    void anyOtherTokenIsReplaced(String claims) {
        assertFalse(stays(jwt(claims)));
    }

    @Test
    void aRenewedTokenReplacesOnlyATokenThatDoesNotExpireLater() {
        assertTrue(SecretPublisher.expiresLater(jwt(CLAIMS + ",\"exp\":2001"), OURS));
        assertFalse(SecretPublisher.expiresLater(jwt(CLAIMS + ",\"exp\":2000,\"jti\":\"1\""), OURS));
        assertFalse(SecretPublisher.expiresLater(jwt(CLAIMS.replace("x y", "x") + ",\"exp\":2001"), OURS));
        assertFalse(SecretPublisher.expiresLater("opaque", OURS));
        assertFalse(SecretPublisher.expiresLater(OURS, "opaque"));
    }

    @Test
    void whatIsNoJwtOrHasExpiredIsReplaced() {
        assertFalse(stays(""));
        assertFalse(stays("opaque"));
        String expired = jwt(CLAIMS + ",\"exp\":999");
        assertFalse(SecretPublisher.isFromAnotherPod(expired, "opaque", NOW));
        assertFalse(SecretPublisher.isFromAnotherPod(expired, jwt(CLAIMS + ",\"exp\":998"), NOW));
    }
}
