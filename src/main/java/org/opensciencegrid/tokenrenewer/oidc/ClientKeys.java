package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.oauth2.sdk.auth.JWTAuthenticationClaimsSet;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.id.Audience;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.JWTID;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * The private keys of a client (RFC 7517), and the assertions that it signs with them (RFC 7523). The first key signs.
 * The issuer should know all of them, so that another one can take its place.
 */
public final class ClientKeys {
    /** Keycloak accepts at most 60 seconds by default. */
    private static final Duration ASSERTION_LIFE = Duration.ofSeconds(60);

    private static final int MIN_RSA_BITS = 2048;

    private final List<JWK> keys;

    private ClientKeys(List<JWK> keys) {
        this.keys = List.copyOf(keys);
    }

    /**
     * A new key: EC on the curve P-256, which every issuer with private_key_jwt supports.
     *
     * @param issuedAt {@code iat}, by which the newest key of a file is found
     */
    public static ClientKeys generate(Instant issuedAt) {
        try {
            return new ClientKeys(List.of(new ECKeyGenerator(Curve.P_256)
                    .keyUse(KeyUse.SIGNATURE)
                    .algorithm(JWSAlgorithm.ES256)
                    .keyIDFromThumbprint(true)
                    .issueTime(Date.from(issuedAt))
                    .generate()));
        } catch (JOSEException e) {
            throw new IllegalStateException(e); // every Java has this curve
        }
    }

    /**
     * Reads a private key in PEM (PKCS#8, EC or RSA) or as a JWK, or several keys as a JWK set.
     *
     * @throws IllegalArgumentException if there is no usable key; the message contains nothing of the content
     */
    public static ClientKeys parse(byte[] content) {
        String text = new String(content, StandardCharsets.UTF_8).strip();
        if (text.isEmpty()) {
            throw new IllegalArgumentException("it is empty");
        }
        List<JWK> keys = text.startsWith("{") ? ofJson(text) : List.of(PemKey.parse(text));
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("it has no key");
        }
        for (JWK key : keys) {
            requireUsable(key);
        }
        return new ClientKeys(keys);
    }

    private static List<JWK> ofJson(String text) {
        try {
            Map<String, Object> json = com.nimbusds.jose.util.JSONObjectUtils.parse(text);
            return json.containsKey("keys") ? JWKSet.parse(json).getKeys() : List.of(JWK.parse(json));
        } catch (ParseException | RuntimeException e) { // the message may quote the content
            throw new IllegalArgumentException("it is not a JWK (RFC 7517)");
        }
    }

    private static void requireUsable(JWK key) {
        if (!(key instanceof ECKey) && !(key instanceof RSAKey)) {
            throw new IllegalArgumentException("it has a key that is neither EC nor RSA");
        } else if (!key.isPrivate()) {
            throw new IllegalArgumentException("it has a public key only");
        } else if (key instanceof RSAKey rsa && rsa.size() < MIN_RSA_BITS) {
            throw new IllegalArgumentException("it has an RSA key of " + rsa.size() + " bits, and " + MIN_RSA_BITS
                    + " are the least that issuers accept");
        }
        try {
            algorithm(key);
            privateKey(key);
        } catch (JOSEException | RuntimeException e) {
            throw new IllegalArgumentException("it has a key that cannot sign");
        }
    }

    /** How many keys there are. */
    public int size() {
        return keys.size();
    }

    /** The id of the key that signs; empty if it has none. */
    public Optional<String> keyId() {
        return Optional.ofNullable(keys.get(0).getKeyID());
    }

    /** The same keys and a new one, which does not sign yet. Its {@code iat} is after that of the others. */
    public ClientKeys withNewKey(Instant now) {
        Instant afterOthers = issuedAt(newest()).plusSeconds(1);
        List<JWK> all = new ArrayList<>(keys);
        all.add(generate(now.isAfter(afterOthers) ? now : afterOthers).keys.get(0));
        return new ClientKeys(all);
    }

    /** Whether the newest key signs. */
    public boolean isNewestFirst() {
        return newest() == keys.get(0);
    }

    /** The newest key signs; the others stay. Unchanged if it signs already. */
    public ClientKeys withNewestFirst() {
        if (isNewestFirst()) {
            return this;
        }
        List<JWK> all = new ArrayList<>(keys);
        all.remove(newest());
        all.add(0, newest());
        return new ClientKeys(all);
    }

    /** The one with the largest {@code iat}; of equal ones the first. */
    private JWK newest() {
        JWK newest = keys.get(0);
        for (JWK key : keys) {
            if (issuedAt(key).isAfter(issuedAt(newest))) {
                newest = key;
            }
        }
        return newest;
    }

    /** {@code iat}; a key without it, such as that of a PEM file, is older than any other. */
    private static Instant issuedAt(JWK key) {
        return key.getIssueTime() == null ? Instant.EPOCH : key.getIssueTime().toInstant();
    }

    /**
     * Only the key that signs.
     *
     * @throws IllegalStateException if a newer key does not sign yet
     */
    public ClientKeys withoutOthers() {
        if (!isNewestFirst()) {
            throw new IllegalStateException("a newer key does not sign yet");
        }
        return new ClientKeys(keys.subList(0, 1));
    }

    /** The content of a key file: a JWK, or a JWK set if there are several. */
    public byte[] encode() {
        String json = keys.size() == 1 ? keys.get(0).toJSONString() : new JWKSet(keys).toString(false);
        return (json + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /** The public keys as a JWK set on one line, for the issuer. */
    public String publicKeys() {
        return publicSet().toString(true);
    }

    /** The key that signs, for a TLS connection. */
    public PrivateKey privateKey() {
        try {
            return privateKey(keys.get(0));
        } catch (JOSEException e) {
            throw new IllegalStateException(e); // it was tested when it was read
        }
    }

    /** Whether a certificate is for the key that signs. */
    public boolean isOf(PublicKey key) {
        try {
            JWK first = keys.get(0);
            PublicKey own = first instanceof ECKey ec ? ec.toPublicKey() : ((RSAKey) first).toPublicKey();
            return Arrays.equals(own.getEncoded(), key.getEncoded());
        } catch (JOSEException e) {
            return false;
        }
    }

    /** Whether a set (RFC 7517) has all of them. */
    public boolean isIn(JsonObject set) {
        for (JWK key : keys) {
            JsonObject own = JsonObject.of(key.toPublicJWK().toJSONObject());
            String value = own.names().contains("x") ? "x" : "n";
            if (set.list("keys").stream().noneMatch(other -> other.string(value).equals(own.string(value)))) {
                return false;
            }
        }
        return true;
    }

    JWKSet publicSet() {
        return new JWKSet(keys).toPublicJWKSet();
    }

    /** @param audience {@code aud} */
    public ClientAssertion assertion(String audience, Clock clock) {
        JWK key = keys.get(0);
        return new Signed(audience, clock) {
            @Override
            SignedJWT sign(JWTAuthenticationClaimsSet claims) throws JOSEException {
                return new PrivateKeyJWT(claims, algorithm(key), privateKey(key), key.getKeyID(), null)
                        .getClientAssertion();
            }
        };
    }

    /** An assertion that the client signs with its secret. */
    public static ClientAssertion assertion(Secret secret, String audience, Clock clock) {
        return new Signed(audience, clock) {
            @Override
            SignedJWT sign(JWTAuthenticationClaimsSet claims) throws JOSEException, ParseException {
                SignedJWT jwt =
                        new SignedJWT(new JWSHeader(JWSAlgorithm.HS256), JWTClaimsSet.parse(claims.toJSONObject()));
                jwt.sign(new MACSigner(secret.reveal()));
                return jwt;
            }
        };
    }

    /** That of the JWK if it names one. */
    private static JWSAlgorithm algorithm(JWK key) throws JOSEException {
        if (key.getAlgorithm() != null) {
            JWSAlgorithm named = JWSAlgorithm.parse(key.getAlgorithm().getName());
            boolean fits = key instanceof ECKey
                    ? JWSAlgorithm.Family.EC.contains(named)
                    : JWSAlgorithm.Family.RSA.contains(named);
            if (!fits) {
                throw new JOSEException("another kind of key");
            }
            return named;
        }
        if (!(key instanceof ECKey ec)) {
            return JWSAlgorithm.RS256;
        } else if (ec.getCurve().equals(Curve.P_256)) {
            return JWSAlgorithm.ES256;
        } else if (ec.getCurve().equals(Curve.P_384)) {
            return JWSAlgorithm.ES384;
        } else if (ec.getCurve().equals(Curve.P_521)) {
            return JWSAlgorithm.ES512;
        }
        throw new JOSEException("an unsupported curve");
    }

    private static PrivateKey privateKey(JWK key) throws JOSEException {
        return key instanceof ECKey ec ? ec.toPrivateKey() : ((RSAKey) key).toPrivateKey();
    }

    /** A new assertion for each request, because issuers accept a jti only once. */
    private abstract static class Signed implements ClientAssertion {
        private final String audience;
        private final Clock clock;
        private volatile Optional<Secret> last = Optional.empty();

        Signed(String audience, Clock clock) {
            this.audience = audience;
            this.clock = clock;
        }

        abstract SignedJWT sign(JWTAuthenticationClaimsSet claims) throws JOSEException, ParseException;

        @Override
        public Secret of(String clientId) {
            Instant now = clock.instant();
            JWTAuthenticationClaimsSet claims = new JWTAuthenticationClaimsSet(
                    new ClientID(clientId),
                    List.of(new Audience(audience)),
                    Date.from(now.plus(ASSERTION_LIFE)),
                    null,
                    Date.from(now),
                    new JWTID());
            try {
                Secret jwt = Secret.of(sign(claims).serialize());
                last = Optional.of(jwt);
                return jwt;
            } catch (JOSEException | ParseException e) {
                throw new IllegalStateException(e); // the key was tested when it was read
            }
        }

        @Override
        public Optional<Secret> last() {
            return last;
        }
    }

    /** Shows nothing. */
    @Override
    public String toString() {
        return "ClientKeys[***]";
    }
}
