package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.crypto.factories.DefaultJWSVerifierFactory;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.ASN1BitString;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Primitive;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.sec.ECPrivateKey;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Key files as other programs write them. */
class ClientKeysTest {
    private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-12-01T00:00:00Z"), ZoneOffset.UTC);

    private static KeyPair pair(String algorithm, int bits) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        generator.initialize(bits);
        return generator.generateKeyPair();
    }

    /** As openssl genrsa, openssl ecparam -genkey, or openssl genpkey write it. */
    private static byte[] pem(KeyPair pair, boolean pkcs8) throws Exception {
        PrivateKeyInfo info = PrivateKeyInfo.getInstance(pair.getPrivate().getEncoded());
        byte[] key = info.parsePrivateKey().toASN1Primitive().getEncoded();
        String type = "RSA PRIVATE KEY";
        String before = "";
        if (pair.getPrivate() instanceof java.security.interfaces.ECPrivateKey ec) {
            ASN1Encodable curve = info.getPrivateKeyAlgorithm().getParameters();
            ASN1BitString point = SubjectPublicKeyInfo.getInstance(
                            pair.getPublic().getEncoded())
                    .getPublicKeyData();
            int bits = ec.getParams().getOrder().bitLength();
            key = new ECPrivateKey(bits, ec.getS(), point, pkcs8 ? null : curve).getEncoded();
            type = "EC PRIVATE KEY";
            before = block("EC PARAMETERS", curve.toASN1Primitive().getEncoded());
        }
        String text = pkcs8
                ? block(
                        "PRIVATE KEY",
                        new PrivateKeyInfo(info.getPrivateKeyAlgorithm(), ASN1Primitive.fromByteArray(key))
                                .getEncoded())
                : before + block(type, key);
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String block(String type, byte[] der) {
        return "-----BEGIN " + type + "-----\n"
                + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der) + "\n-----END " + type + "-----\n";
    }

    /** As openssl genrsa -aes128 -traditional writes it. */
    @Test
    void aKeyInTheOldEncryptedForm() {
        String pem = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"
                + "DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> ClientKeys.parse(pem.getBytes(StandardCharsets.UTF_8)));
        assertTrue(e.getMessage().contains("encrypted with a password"), e.getMessage());
    }

    private static void assertSigns(ClientKeys keys, String algorithm) throws Exception {
        String jwt = keys.assertion("https://a", CLOCK).of("client").reveal();
        SignedJWT signed = SignedJWT.parse(jwt);
        assertEquals(algorithm, signed.getHeader().getAlgorithm().getName());
        JWK key = JWKSet.parse(keys.publicKeys()).getKeys().get(0);
        assertFalse(key.isPrivate());
        assertEquals(key.getKeyID(), signed.getHeader().getKeyID());
        assertTrue(signed.verify(new DefaultJWSVerifierFactory()
                .createJWSVerifier(signed.getHeader(), ((AsymmetricJWK) key).toPublicKey())));
    }

    @ParameterizedTest
    @CsvSource({
        "RSA, 2048, true, RS256",
        "RSA, 2048, false, RS256",
        "EC, 256, true, ES256",
        "EC, 256, false, ES256",
        "EC, 384, false, ES384",
        "EC, 521, true, ES512"
    })
    void pemFiles(String type, int bits, boolean pkcs8, String algorithm) throws Exception {
        byte[] pem = pem(pair(type, bits), pkcs8);
        ClientKeys keys = ClientKeys.parse(pem);
        assertSigns(keys, algorithm);
        assertEquals(keys.publicKeys(), ClientKeys.parse(pem).publicKeys(), "the id depends on the key alone");
        assertSigns(ClientKeys.parse(keys.encode()), algorithm);
    }

    @Test
    void aJwkIsUsedAsItIs() throws Exception {
        ClientKeys keys = ClientKeys.generate(Instant.EPOCH);
        assertSigns(ClientKeys.parse(keys.encode()), "ES256");
        String rsa = new com.nimbusds.jose.jwk.RSAKey.Builder((java.security.interfaces.RSAPublicKey)
                        pair("RSA", 2048).getPublic())
                .build()
                .toJSONString();
        assertUnusable(rsa, "it has a public key only");
        String named = new String(
                        ClientKeys.parse(pem(pair("RSA", 2048), false)).encode(), StandardCharsets.UTF_8)
                .replaceFirst("\\{", "{\"alg\":\"PS256\",");
        assertSigns(ClientKeys.parse(named.getBytes(StandardCharsets.UTF_8)), "PS256");
    }

    @Test
    void aKeyIsReplacedStepByStep() throws Exception {
        ClientKeys one = ClientKeys.generate(Instant.EPOCH);
        ClientKeys two = ClientKeys.parse(one.withNewKey(Instant.EPOCH).encode());
        assertEquals(2, two.size());
        assertEquals(one.keyId(), two.keyId(), "the old key still signs");
        ClientKeys switched = ClientKeys.parse(two.withNewestFirst().encode());
        assertNotEquals(one.keyId(), switched.keyId());
        assertEquals(2, switched.size());
        ClientKeys last = switched.withoutOthers();
        assertEquals(1, last.size());
        assertEquals(switched.keyId(), last.keyId());
    }

    @Test
    void claims() throws Exception {
        ClientAssertion assertion = ClientKeys.generate(Instant.EPOCH).assertion("https://a", CLOCK);
        var first = SignedJWT.parse(assertion.of("c").reveal()).getJWTClaimsSet();
        var second = SignedJWT.parse(assertion.of("c").reveal()).getJWTClaimsSet();
        assertEquals("c", first.getIssuer());
        assertEquals("c", first.getSubject());
        assertEquals(List.of("https://a"), first.getAudience());
        assertEquals(CLOCK.instant().plusSeconds(60), first.getExpirationTime().toInstant());
        assertEquals(CLOCK.instant(), first.getIssueTime().toInstant());
        assertNotEquals(first.getJWTID(), second.getJWTID());
        assertFalse(ClientKeys.generate(Instant.EPOCH).toString().contains("\"d\""));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "text",
                "{}",
                "{\"keys\":[]}",
                "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"}",
                "{\"kty\":\"EC\",\"crv\":\"P-256\",\"d\":\"c2VjcmV0\"}",
                "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
                "-----BEGIN PRIVATE KEY-----\nMIIBAAAA\n-----END PRIVATE KEY-----",
                "-----BEGIN EC PRIVATE KEY-----\nMAMCAQE=\n-----END EC PRIVATE KEY-----",
                "-----BEGIN RSA PRIVATE KEY-----\nMAMCAQE=\n-----END RSA PRIVATE KEY-----",
                "-----BEGIN DSA PRIVATE KEY-----\nMAMCAQE=\n-----END DSA PRIVATE KEY-----",
                "-----BEGIN ENCRYPTED PRIVATE KEY-----\nc2VjcmV0\n-----END ENCRYPTED PRIVATE KEY-----",
                "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----"
            })
    void contentThatIsNoKey(String content) {
        IllegalArgumentException e = assertThrows(
                IllegalArgumentException.class, () -> ClientKeys.parse(content.getBytes(StandardCharsets.UTF_8)));
        assertFalse(e.getMessage().contains("c2Vj"), e.getMessage());
        assertTrue(e.getMessage().startsWith("it"), e.getMessage());
    }

    private static void assertUnusable(String content, String why) {
        assertEquals(
                why,
                assertThrows(
                                IllegalArgumentException.class,
                                () -> ClientKeys.parse(content.getBytes(StandardCharsets.UTF_8)))
                        .getMessage());
    }

    @Test
    void aShortRsaKey() throws Exception {
        byte[] pem = pem(pair("RSA", 1024), false);
        assertUnusable(
                new String(pem, StandardCharsets.UTF_8),
                "it has an RSA key of 1024 bits, and 2048 are the least that issuers accept");
    }

    /** Java writes EC keys without the public part. */
    @Test
    void anEcKeyWithoutItsPublicPart() throws Exception {
        String der = java.util.Base64.getMimeEncoder()
                .encodeToString(pair("EC", 256).getPrivate().getEncoded());
        if (der.length() < 120) { // later versions of Java write it
            assertUnusable(
                    "-----BEGIN PRIVATE KEY-----\n" + der + "\n-----END PRIVATE KEY-----",
                    "its EC key lacks the public part; add it by openssl pkey -in FILE -out NEWFILE");
        }
    }
}
