package org.opensciencegrid.testkit;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Builds and signs JWTs (RFC 7515, 7519) without a library. The keys are created once per JVM, because an RSA key takes
 * long.
 */
final class Signer {
    private static final KeyPair RSA = keyPair("RSA");
    private static final KeyPair EC = keyPair("EC");

    private Signer() {}

    private static KeyPair keyPair(String algorithm) {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
            if (algorithm.equals("EC")) {
                generator.initialize(new ECGenParameterSpec("secp256r1"));
            } else {
                generator.initialize(2048);
            }
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** @param algorithm RS256 or ES256 (RFC 7518 section 3.1) */
    static String sign(String algorithm, String type, Map<String, Object> claims) {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("alg", algorithm);
        header.put("kid", algorithm);
        header.put("typ", type);
        String content = base64Url(Json.write(header)) + "." + base64Url(Json.write(claims));
        try {
            Signature signature =
                    Signature.getInstance(algorithm.equals("RS256") ? "SHA256withRSA" : "SHA256withECDSAinP1363Format");
            signature.initSign(algorithm.equals("RS256") ? RSA.getPrivate() : EC.getPrivate());
            signature.update(content.getBytes(StandardCharsets.US_ASCII));
            return content + "." + base64Url(signature.sign());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** RFC 7519 section 6 */
    static String unsignedJwt(Map<String, Object> claims) {
        return base64Url("{\"alg\":\"none\"}") + "." + base64Url(Json.write(claims)) + ".";
    }

    /** RFC 7517 */
    static Map<String, Object> jwks() {
        RSAPublicKey rsa = (RSAPublicKey) RSA.getPublic();
        Map<String, Object> rsaKey = key("RSA", "RS256");
        rsaKey.put("n", base64Url(unsigned(rsa.getModulus(), 256)));
        rsaKey.put("e", base64Url(unsigned(rsa.getPublicExponent(), 3)));
        ECPublicKey ec = (ECPublicKey) EC.getPublic();
        Map<String, Object> ecKey = key("EC", "ES256");
        ecKey.put("crv", "P-256");
        ecKey.put("x", base64Url(unsigned(ec.getW().getAffineX(), 32)));
        ecKey.put("y", base64Url(unsigned(ec.getW().getAffineY(), 32)));
        return Map.of("keys", List.of(rsaKey, ecKey));
    }

    private static Map<String, Object> key(String type, String algorithm) {
        Map<String, Object> key = new LinkedHashMap<>();
        key.put("kty", type);
        key.put("use", "sig");
        key.put("alg", algorithm);
        key.put("kid", algorithm);
        return key;
    }

    private static byte[] unsigned(BigInteger number, int length) {
        byte[] signed = number.toByteArray();
        byte[] result = new byte[length];
        int from = Math.max(signed.length - length, 0);
        int count = signed.length - from;
        System.arraycopy(signed, from, result, length - count, count);
        return result;
    }

    private static String base64Url(String text) {
        return base64Url(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String base64Url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }
}
