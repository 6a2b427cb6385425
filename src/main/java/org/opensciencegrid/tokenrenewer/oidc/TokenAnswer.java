package org.opensciencegrid.tokenrenewer.oidc;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.text.Json;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;

/**
 * A token as granted (RFC 6749 section 5.1), read as leniently as the real issuers demand: token_type may be missing,
 * expires_in may be a string, scope an array, the content type anything.
 *
 * @param expiresAt from the token itself when it is a JWT, else from expires_in; empty when neither says
 * @param scope what was granted; empty when nobody says. The JWT is believed before the answer, which after narrowing
 *     still lists everything at Keycloak
 * @param audience the JWT's aud; empty for an opaque token
 * @param refreshToken the next one; empty when the issuer does not rotate
 * @param refreshTokenExpiresAt where it can be known
 * @param identity who was authorized, from the id_token, if there is one
 */
public record TokenAnswer(
        Secret accessToken,
        Optional<Instant> expiresAt,
        List<String> scope,
        List<String> audience,
        Optional<Secret> refreshToken,
        Optional<Instant> refreshTokenExpiresAt,
        Optional<Identity> identity) {

    /**
     * The subject of an id_token, which is unique only together with its issuer (OpenID Connect Core section 2).
     *
     * @param names claims by which people know each other, as the issuer gives them; they are shown once, and not kept
     */
    public record Identity(String issuer, String subject, Map<String, String> names) {
        public Identity(String issuer, String subject) {
            this(issuer, subject, Map.of());
        }

        public boolean isThatOf(Identity other) {
            return issuer.equals(other.issuer) && subject.equals(other.subject);
        }
    }

    private static final List<String> NAMES = List.of("eppn", "preferred_username", "name", "email");

    /** Possessive throughout: otherwise a long text is a recursion as deep, and overflows the stack. */
    private static final Pattern REFRESH_TOKEN =
            Pattern.compile("\"refresh_token\"\\s*+:\\s*+(\"(?:[^\"\\\\\\p{Cntrl}]++|\\\\.)++\")");

    /**
     * The refresh token of an answer that may be cut short or otherwise unfit, so that it can be saved before anything is
     * checked: the issuer may have revoked the one before it already.
     */
    static Optional<Secret> rescueRefreshToken(Answer answer) {
        if (!answer.isSuccess()) {
            return Optional.empty();
        }
        Optional<Map<String, Object>> json = answer.json();
        if (json.isPresent()) {
            return refreshToken(json.get(), "refresh_token");
        }
        Matcher matcher = REFRESH_TOKEN.matcher(answer.body());
        return matcher.find()
                ? Json.object("{\"t\":" + matcher.group(1) + "}").flatMap(object -> refreshToken(object, "t"))
                : Optional.empty();
    }

    private static Optional<Secret> refreshToken(Map<String, Object> json, String name) {
        return Json.string(json, name).filter(text -> !text.isBlank()).map(Secret::of);
    }

    /** The answer as a token, or empty when it holds none that could be used. */
    static Optional<TokenAnswer> of(Answer answer, Clock clock) {
        if (!answer.isSuccess() || !answer.complete()) {
            return Optional.empty();
        }
        return answer.json()
                .filter(TokenAnswer::isBearer)
                .flatMap(json -> Json.string(json, "access_token")
                        .filter(TokenAnswer::isToken)
                        .map(token -> read(token, json, clock.instant())));
    }

    /** A mac or DPoP token in a bearer file would be of no use to anybody. The original asks for no token_type. */
    private static boolean isBearer(Map<String, Object> json) {
        return !(json.get("token_type") instanceof String type) || type.equalsIgnoreCase("bearer");
    }

    /** RFC 6750 section 2.1 without its narrow alphabet: one line of visible ASCII. */
    private static boolean isToken(String text) {
        return text.chars().allMatch(c -> c > ' ' && c < 0x7f);
    }

    private static TokenAnswer read(String token, Map<String, Object> json, Instant now) {
        Optional<JwtClaims> claims = JwtClaims.of(token);
        List<String> scope = claims.map(JwtClaims::scope).orElse(List.of());
        Optional<Secret> refreshToken = refreshToken(json, "refresh_token");
        return new TokenAnswer(
                Secret.of(token),
                claims.flatMap(JwtClaims::expiresAt).or(() -> after(now, json, "expires_in")),
                printable(scope.isEmpty() ? Json.words(json, "scope") : scope),
                printable(claims.map(JwtClaims::audience).orElse(List.of())),
                refreshToken,
                refreshTokenExpiresAt(refreshToken, json, now),
                Json.string(json, "id_token").flatMap(JwtClaims::of).flatMap(TokenAnswer::identity));
    }

    /** These are shown to people and kept in state files. */
    private static List<String> printable(List<String> words) {
        return words.stream().map(Printable::of).toList();
    }

    /** Keycloak tells refresh_expires_in (0 = never), OA4MP refresh_token_lifetime; INDIGO IAM's token is a JWT. */
    private static Optional<Instant> refreshTokenExpiresAt(
            Optional<Secret> refreshToken, Map<String, Object> json, Instant now) {
        return after(now, json, "refresh_expires_in")
                .or(() -> after(now, json, "refresh_token_lifetime"))
                .or(() -> refreshToken
                        .flatMap(token -> JwtClaims.of(token.reveal()))
                        .flatMap(JwtClaims::expiresAt));
    }

    private static Optional<Instant> after(Instant now, Map<String, Object> json, String name) {
        return Json.number(json, name)
                .filter(seconds ->
                        seconds > 0 && seconds < Duration.ofDays(36_500).toSeconds())
                .map(now::plusSeconds);
    }

    private static Optional<Identity> identity(JwtClaims claims) {
        return claims.subject().map(subject -> new Identity(claims.issuer().orElse(""), subject, names(claims)));
    }

    private static Map<String, String> names(JwtClaims claims) {
        Map<String, String> names = new LinkedHashMap<>();
        for (String claim : NAMES) {
            claims.text(claim).ifPresent(name -> names.put(claim, name));
        }
        return names;
    }
}
