package org.opensciencegrid.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The issuer checks every claim of a client assertion, its signature and its algorithm. */
class EmbeddedIssuerAssertionTest {
    private static final String TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private static final KeyPair KEY = keyPair();
    private static EmbeddedIssuer issuer;

    private final Map<String, Object> header = new LinkedHashMap<>(Map.of("alg", "ES256", "kid", "k"));
    private final Map<String, Object> claims = new LinkedHashMap<>();

    @BeforeAll
    static void start() {
        issuer = EmbeddedIssuer.startHttp();
        issuer.addKeyClient("c", jwks(KEY), List.of(Policy.CLIENT_CREDENTIALS), List.of());
        issuer.addClient("s", "s", "client_secret_basic", List.of(Policy.CLIENT_CREDENTIALS), List.of());
    }

    @AfterAll
    static void stop() {
        issuer.close();
    }

    @BeforeEach
    void valid() {
        issuer.clearRecords();
        long now = System.currentTimeMillis() / 1000;
        claims.putAll(Map.of(
                "iss",
                "c",
                "sub",
                "c",
                "aud",
                issuer.issuer(),
                "iat",
                now,
                "exp",
                now + 60,
                "jti",
                UUID.randomUUID().toString()));
    }

    @Test
    void aValidOneIsAcceptedOnce() throws Exception {
        String jwt = sign(KEY);
        assertEquals(200, send(TYPE, jwt, "c"));
        assertEquals(401, send(TYPE, jwt, "c"));
        assertEquals(List.of("POST /token: a client assertion twice"), issuer.violations());
    }

    @Test
    void theTokenEndpointIsAnAudienceToo() throws Exception {
        claims.put("aud", List.of(issuer.base() + "/token"));
        assertEquals(200, send(TYPE, sign(KEY), "c"));
        assertEquals(List.of(), issuer.violations());
    }

    @ParameterizedTest
    @CsvSource({
        "iss, other",
        "sub, other",
        "aud, https://other.example.org",
        "aud, ",
        "exp, -1",
        "exp, 600",
        "exp, ",
        "iat, 600",
        "nbf, 600",
        "jti, ",
        "jti, short"
    })
    void aWrongClaimIsRefused(String claim, String value) throws Exception {
        long now = System.currentTimeMillis() / 1000;
        if (value == null) {
            claims.remove(claim);
        } else {
            claims.put(claim, value.matches("-?\\d+") ? (Object) (now + Long.parseLong(value)) : value);
        }
        assertEquals(401, send(TYPE, sign(KEY), "c"));
        assertEquals(List.of("POST /token: client assertion with a wrong " + claim), issuer.violations());
    }

    @Test
    void twoAudiencesAreRefused() throws Exception {
        claims.put("aud", List.of(issuer.issuer(), "https://other.example.org"));
        assertEquals(401, send(TYPE, sign(KEY), "c"));
        assertEquals(1, issuer.violations().size());
    }

    /** These are faults of an administrator, not of the program. */
    @Test
    void anotherKeyIsRefused() throws Exception {
        assertEquals(401, send(TYPE, sign(keyPair()), "c"));
        header.put("kid", "another");
        assertEquals(401, send(TYPE, sign(KEY), "c"));
        header.put("kid", "k");
        header.put("alg", "none");
        assertEquals(401, send(TYPE, sign(KEY), "c"));
        header.put("alg", "ES384");
        assertEquals(401, send(TYPE, sign(KEY), "c"));
        assertEquals(List.of(), issuer.violations());
    }

    @Test
    void anotherTypeOrMethodIsRefused() throws Exception {
        assertEquals(401, send("urn:other", sign(KEY), "c"));
        assertEquals(401, send(TYPE, "no jwt", "c"));
        claims.put("iss", "s");
        claims.put("sub", "s");
        assertEquals(401, send(TYPE, sign(KEY), "s"));
        assertEquals(3, issuer.violations().size());
    }

    private static int send(String type, String jwt, String id) throws IOException, InterruptedException {
        return RawClient.of(issuer)
                .without("Authorization")
                .post(
                        "/token",
                        "grant_type",
                        "client_credentials",
                        "client_id",
                        id,
                        "client_assertion_type",
                        type,
                        "client_assertion",
                        jwt)
                .status();
    }

    private String sign(KeyPair key) throws GeneralSecurityException {
        String content = base64(Json.write(header)) + "." + base64(Json.write(claims));
        Signature signature = Signature.getInstance("SHA256withECDSAinP1363Format");
        signature.initSign(key.getPrivate());
        signature.update(content.getBytes(StandardCharsets.US_ASCII));
        return content + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    private static KeyPair keyPair() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String jwks(KeyPair key) {
        ECPublicKey point = (ECPublicKey) key.getPublic();
        Base64.Encoder url = Base64.getUrlEncoder().withoutPadding();
        return Json.write(Map.of(
                "keys",
                List.of(Map.of(
                        "kty",
                        "EC",
                        "crv",
                        "P-256",
                        "kid",
                        "k",
                        "x",
                        url.encodeToString(point.getW().getAffineX().toByteArray()),
                        "y",
                        url.encodeToString(point.getW().getAffineY().toByteArray())))));
    }
}
