package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.net.Der;

/** Reads a private key in PEM: PKCS#8 (RFC 5958), EC (RFC 5915) or RSA (RFC 8017 appendix A.1.2). */
final class PemKey {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z ]*PRIVATE KEY)-----([^-]*)-----END \\1-----");
    private static final byte[] VERSION_ZERO = {Der.INTEGER, 1, 0};
    private static final byte[] EC = {Der.OBJECT, 7, 0x2a, (byte) 0x86, 0x48, (byte) 0xce, 0x3d, 2, 1};
    private static final byte[] RSA = {
        Der.OBJECT, 9, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d, 1, 1, 1, 5, 0
    };
    private static final int OCTET_STRING = 0x04;
    private static final int PARAMETERS = 0xa0;
    private static final int PUBLIC_KEY = 0xa1;
    private static final int UNCOMPRESSED = 4;

    private PemKey() {}

    /**
     * The key, with its thumbprint (RFC 7638) as its id.
     *
     * @throws IllegalArgumentException if there is none; the message contains nothing of the text
     */
    static JWK parse(String text) {
        if (text.contains("\nDEK-Info:")) { // the older form, of OpenSSL's rsa and ec commands
            throw encrypted();
        }
        Matcher block = BLOCK.matcher(text);
        if (!block.find()) {
            throw new IllegalArgumentException(
                    text.contains("-----BEGIN CERTIFICATE")
                            ? "it has a certificate and no private key"
                            : "it has no private key in PEM, and is no JWK");
        }
        String type = block.group(1);
        if (type.startsWith("ENCRYPTED") || block.group(2).contains("ENCRYPTED")) {
            throw encrypted();
        }
        try {
            byte[] der = Base64.getMimeDecoder().decode(block.group(2));
            return switch (type) {
                case "PRIVATE KEY" -> ofPkcs8(der);
                case "EC PRIVATE KEY" -> ofPkcs8(wrapped(ecAlgorithm(der), der));
                case "RSA PRIVATE KEY" -> ofPkcs8(wrapped(sequence(RSA), der));
                default -> throw new IllegalArgumentException("its key is neither EC nor RSA");
            };
        } catch (GeneralSecurityException | JOSEException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException("its private key is damaged");
        }
    }

    private static IllegalArgumentException encrypted() {
        return new IllegalArgumentException(
                "its key is encrypted with a password; write it without one, by openssl pkey");
    }

    private static JWK ofPkcs8(byte[] der) throws GeneralSecurityException, JOSEException {
        Der version = Der.at(der, 0).require(Der.SEQUENCE).first();
        Der algorithm = version.next().require(Der.SEQUENCE);
        byte[] inner = algorithm.next().require(OCTET_STRING).value();
        if (algorithm.first().hasContent(Arrays.copyOfRange(EC, 2, EC.length))) {
            return ec(der, inner);
        } else if (algorithm.first().hasContent(Arrays.copyOfRange(RSA, 2, RSA.length - 2))) {
            return rsa(der);
        }
        throw new IllegalArgumentException("its key is neither EC nor RSA");
    }

    private static JWK rsa(byte[] pkcs8) throws GeneralSecurityException, JOSEException {
        KeyFactory factory = KeyFactory.getInstance("RSA");
        PrivateKey key = factory.generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        if (!(key instanceof RSAPrivateCrtKey crt)) {
            throw new IllegalArgumentException("its RSA key has no public exponent");
        }
        RSAPublicKey publicKey =
                (RSAPublicKey) factory.generatePublic(new RSAPublicKeySpec(crt.getModulus(), crt.getPublicExponent()));
        return new RSAKey.Builder(publicKey)
                .privateKey(crt)
                .keyIDFromThumbprint()
                .build();
    }

    private static JWK ec(byte[] pkcs8, byte[] ecPrivateKey) throws GeneralSecurityException, JOSEException {
        KeyFactory factory = KeyFactory.getInstance("EC");
        ECPrivateKey key = (ECPrivateKey) factory.generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        Curve curve = Curve.forECParameterSpec(key.getParams());
        if (curve == null || !ECKey.SUPPORTED_CURVES.contains(curve)) {
            throw new IllegalArgumentException("its key is on a curve other than P-256, P-384 and P-521");
        }
        ECPublicKey publicKey =
                (ECPublicKey) factory.generatePublic(new ECPublicKeySpec(point(ecPrivateKey), key.getParams()));
        return new ECKey.Builder(curve, publicKey)
                .privateKey(key)
                .keyIDFromThumbprint()
                .build();
    }

    /** The public point, which OpenSSL writes next to the private number. */
    private static ECPoint point(byte[] ecPrivateKey) {
        for (Der part : Der.at(ecPrivateKey, 0).require(Der.SEQUENCE).children()) {
            if (part.tag() == PUBLIC_KEY) {
                byte[] bits = part.first().require(Der.BIT_STRING).value();
                int length = (bits.length - 2) / 2; // after the number of unused bits, and the form
                if (length > 0 && bits[1] == UNCOMPRESSED) {
                    return new ECPoint(
                            new BigInteger(1, Arrays.copyOfRange(bits, 2, 2 + length)),
                            new BigInteger(1, Arrays.copyOfRange(bits, 2 + length, bits.length)));
                }
            }
        }
        throw new IllegalArgumentException(
                "its EC key lacks the public part; add it by openssl pkey -in FILE -out NEWFILE");
    }

    /** The algorithm of an EC key, with the curve that the key names. */
    private static byte[] ecAlgorithm(byte[] ecPrivateKey) {
        for (Der part : Der.at(ecPrivateKey, 0).require(Der.SEQUENCE).children()) {
            if (part.tag() == PARAMETERS) {
                return sequence(EC, part.value());
            }
        }
        throw new IllegalArgumentException("its EC key names no curve");
    }

    /** PKCS#8 around another format. */
    private static byte[] wrapped(byte[] algorithm, byte[] key) {
        return sequence(VERSION_ZERO, algorithm, tagged(OCTET_STRING, key));
    }

    private static byte[] sequence(byte[]... parts) {
        return tagged(Der.SEQUENCE, parts);
    }

    private static byte[] tagged(int tag, byte[]... parts) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            content.writeBytes(part);
        }
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(tag);
        if (content.size() < 0x80) {
            all.write(content.size());
        } else if (content.size() < 0x100) {
            all.write(0x81);
            all.write(content.size());
        } else {
            all.write(0x82);
            all.write(content.size() >> 8);
            all.write(content.size());
        }
        all.writeBytes(content.toByteArray());
        return all.toByteArray();
    }
}
