package org.opensciencegrid.testkit;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import net.minidev.json.parser.JSONParser;
import net.minidev.json.parser.ParseException;

/** RFC 7523 section 3 and OpenID Connect Core section 9: every claim of a client assertion, and its signature. */
final class AssertionRules {
    private static final String TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    private static final Map<String, String> CURVES =
            Map.of("ES256", "secp256r1", "ES384", "secp384r1", "ES512", "secp521r1");
    private static final Set<String> RSA = Set.of("RS256", "RS384", "RS512", "PS256", "PS384", "PS512");
    /** Keycloak: 60 seconds, and 15 for the difference of the clocks. */
    private static final long MAX_LIFE = 75;

    private static final long SKEW = 15;

    private final EmbeddedIssuer issuer;
    private final State state;
    private final Rules rules;

    AssertionRules(EmbeddedIssuer issuer, State state, Rules rules) {
        this.issuer = issuer;
        this.state = state;
        this.rules = rules;
    }

    Client authenticate(Seen request, FormBody form) {
        if (!TYPE.equals(form.get("client_assertion_type"))) {
            throw rules.fatal(request, "wrong client_assertion_type", refused("unsupported client_assertion_type"));
        }
        String[] parts = String.valueOf(form.get("client_assertion")).split("\\.", -1);
        Map<String, Object> header = parts.length == 3 ? json(parts[0]) : Map.of();
        Map<String, Object> claims = parts.length == 3 ? json(parts[1]) : Map.of();
        if (claims.isEmpty()) {
            throw rules.fatal(request, "client_assertion is no JWT", refused("client_assertion is invalid"));
        }
        state.secret(form.get("client_assertion"));
        String id = form.get("client_id") == null ? String.valueOf(claims.get("sub")) : form.get("client_id");
        Client client = state.clients.get(id);
        if (client == null) {
            throw refused("client authentication failed");
        }
        String algorithm = String.valueOf(header.get("alg"));
        String method = algorithm.startsWith("HS") ? "client_secret_jwt" : "private_key_jwt";
        if (!client.mayUse(method)) {
            rules.breach(request, method + " instead of " + client.authMethod(), refused("method not registered"));
        }
        claims(request, client, claims);
        String content = parts[0] + "." + parts[1];
        boolean isSigned = method.equals("client_secret_jwt")
                ? isSigned(client.secret(), algorithm, content, parts[2])
                : client.keys().stream()
                        .anyMatch(key -> fits(key, header) && isSigned(key, algorithm, content, parts[2]));
        if (!isSigned) {
            throw refused("client assertion signature is invalid");
        }
        if (client.assertionIssuer() == null && !state.usedIds.add(id + " " + claims.get("jti"))) {
            throw rules.fatal(request, "a client assertion twice", refused("client assertion was used before"));
        }
        return client;
    }

    private void claims(Seen request, Client client, Map<String, Object> claims) {
        boolean signsItself = client.assertionIssuer() == null;
        require(request, "iss", (signsItself ? client.id() : client.assertionIssuer()).equals(claims.get("iss")));
        require(request, "sub", (signsItself ? client.id() : client.assertionSubject()).equals(claims.get("sub")));
        require(request, "aud", isForUs(claims.get("aud")));
        long now = state.now().getEpochSecond();
        long expires = claims.get("exp") instanceof Number number ? number.longValue() : 0;
        require(request, "exp", expires > now && (!signsItself || expires <= now + MAX_LIFE));
        require(
                request,
                "iat",
                claims.get("iat") == null
                        || claims.get("iat") instanceof Number issued && issued.longValue() <= now + SKEW);
        require(
                request,
                "nbf",
                claims.get("nbf") == null
                        || claims.get("nbf") instanceof Number begin && begin.longValue() <= now + SKEW);
        if (signsItself) {
            require(request, "jti", claims.get("jti") instanceof String text && text.length() >= 16);
        }
    }

    private void require(Seen request, String claim, boolean isRight) {
        if (!isRight) {
            throw rules.fatal(request, "client assertion with a wrong " + claim, refused(claim + " is invalid"));
        }
    }

    /** Newer issuers accept only one audience. */
    private boolean isForUs(Object audience) {
        Object only = audience instanceof List<?> list && list.size() == 1 ? list.get(0) : audience;
        String wanted = issuer.policy.assertionAudience;
        boolean isIssuer = issuer.issuer().equals(only);
        boolean isEndpoint = (issuer.base() + issuer.policy.tokenPath).equals(only);
        return wanted == null ? isIssuer || isEndpoint : wanted.equals("issuer") ? isIssuer : isEndpoint;
    }

    private static OAuthError refused(String description) {
        return OAuthError.of(401, "invalid_client", description);
    }

    private static boolean fits(Map<String, Object> key, Map<String, Object> header) {
        boolean isNamed = header.get("kid") == null || header.get("kid").equals(key.get("kid"));
        return isNamed && (key.get("alg") == null || key.get("alg").equals(header.get("alg")));
    }

    private static boolean isSigned(Map<String, Object> jwk, String algorithm, String content, String signature) {
        try {
            Signature verifier = verifier(algorithm, jwk);
            verifier.update(content.getBytes(StandardCharsets.US_ASCII));
            return verifier.verify(Base64.getUrlDecoder().decode(signature));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return false;
        }
    }

    private static Signature verifier(String algorithm, Map<String, Object> jwk) throws GeneralSecurityException {
        String bits = algorithm.substring(2);
        Signature verifier;
        PublicKey key;
        if (CURVES.containsKey(algorithm)) {
            AlgorithmParameters curve = AlgorithmParameters.getInstance("EC");
            curve.init(new ECGenParameterSpec(CURVES.get(algorithm)));
            ECPoint point = new ECPoint(number(jwk, "x"), number(jwk, "y"));
            key = KeyFactory.getInstance("EC")
                    .generatePublic(new ECPublicKeySpec(point, curve.getParameterSpec(ECParameterSpec.class)));
            verifier = Signature.getInstance("SHA" + bits + "withECDSAinP1363Format");
        } else if (RSA.contains(algorithm)) {
            key = KeyFactory.getInstance("RSA")
                    .generatePublic(new RSAPublicKeySpec(number(jwk, "n"), number(jwk, "e")));
            verifier = Signature.getInstance(algorithm.startsWith("RS") ? "SHA" + bits + "withRSA" : "RSASSA-PSS");
            if (algorithm.startsWith("PS")) {
                String hash = "SHA-" + bits;
                verifier.setParameter(
                        new PSSParameterSpec(hash, "MGF1", new MGF1ParameterSpec(hash), Integer.parseInt(bits) / 8, 1));
            }
        } else {
            throw new GeneralSecurityException("alg " + algorithm); // also none
        }
        verifier.initVerify(key);
        return verifier;
    }

    private static boolean isSigned(String secret, String algorithm, String content, String signature) {
        try {
            Mac mac = Mac.getInstance("HmacSHA" + algorithm.substring(2));
            mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HMAC"));
            return MessageDigest.isEqual(
                    mac.doFinal(content.getBytes(StandardCharsets.US_ASCII)),
                    Base64.getUrlDecoder().decode(signature));
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            return false;
        }
    }

    private static BigInteger number(Map<String, Object> jwk, String name) {
        return new BigInteger(1, Base64.getUrlDecoder().decode(String.valueOf(jwk.get(name))));
    }

    private static Map<String, Object> json(String part) {
        try {
            return object(new String(Base64.getUrlDecoder().decode(part), StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            return Map.of();
        }
    }

    private static Map<String, Object> object(String text) {
        try {
            return map(new JSONParser(JSONParser.MODE_RFC4627).parse(text));
        } catch (ParseException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object parsed) {
        if (parsed instanceof Map<?, ?> map) {
            return (Map<String, Object>) map;
        }
        throw new IllegalArgumentException("not an object");
    }

    /** The keys of a JWK set, as text or as a parsed object. */
    static List<Map<String, Object>> keys(Object jwks) {
        Map<String, Object> set = jwks instanceof String text ? object(text) : map(jwks);
        List<Map<String, Object>> keys = new ArrayList<>();
        if (set.get("keys") instanceof List<?> list) {
            list.forEach(key -> keys.add(map(key)));
        }
        return keys;
    }
}
