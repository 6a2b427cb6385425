package org.opensciencegrid.tokenrenewer.oidc;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.text.BearerToken;
import org.opensciencegrid.tokenrenewer.text.Json;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.text.Secret;

/**
 * A token as granted (RFC 6749 section 5.1), read as leniently as the real issuers demand: token_type may be missing,
 * expires_in may be a string, scope an array, the content type anything.
 *
 * @param expiresAt from the token itself when it is a JWT, else from expires_in; empty when neither says
 * @param scope what was granted, which may be nothing; empty when nobody says. The JWT is believed before the answer,
 *     which after narrowing still lists everything at Keycloak
 * @param audience the JWT's aud; empty for an opaque token
 * @param refreshToken the next one; empty when the issuer does not rotate
 * @param refreshTokenExpiresAt where it can be known
 * @param identity who was authorized, from the id_token, if there is one
 * @param waited how long the issuer took, with the pauses between repetitions
 */
public record TokenAnswer(
        Secret accessToken,
        Optional<Instant> expiresAt,
        Optional<List<String>> scope,
        List<String> audience,
        Optional<Secret> refreshToken,
        Optional<Instant> refreshTokenExpiresAt,
        Optional<Identity> identity,
        Duration waited) {

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

    /** The same after pauses of so much. */
    TokenAnswer after(Duration pauses) {
        return pauses.isZero()
                ? this
                : new TokenAnswer(
                        accessToken,
                        expiresAt,
                        scope,
                        audience,
                        refreshToken,
                        refreshTokenExpiresAt,
                        identity,
                        waited.plus(pauses));
    }

    private static final List<String> NAMES = List.of("eppn", "preferred_username", "name", "email");

    /** What many issuers give to who names no audience (WLCG profile): no proof that they listened. */
    private static final Set<String> FOR_ANYBODY = Set.of("https://wlcg.cern.ch/jwt/v1/any", "ANY");

    /**
     * Whether the issuer heard the wish for an audience; empty when nothing can be told from this token. Of several
     * audiences the first is enough: some issuers give one at a time.
     */
    public Optional<Boolean> proves(Wanted wanted) {
        boolean canTell = !wanted.audience().isEmpty()
                && !FOR_ANYBODY.contains(wanted.audience().get(0))
                && JwtClaims.of(accessToken.reveal()).isPresent();
        return canTell ? Optional.of(audience.contains(wanted.audience().get(0))) : Optional.empty();
    }

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
                        .filter(BearerToken::isOne)
                        .map(token -> read(token, json, clock.instant(), answer.waited())));
    }

    /** A mac or DPoP token in a bearer file would be of no use to anybody. The original asks for no token_type. */
    private static boolean isBearer(Map<String, Object> json) {
        return !(json.get("token_type") instanceof String type) || type.equalsIgnoreCase("bearer");
    }

    private static TokenAnswer read(String token, Map<String, Object> json, Instant now, Duration waited) {
        Optional<JwtClaims> claims = JwtClaims.of(token);
        Optional<List<String>> scope =
                claims.flatMap(said -> words(said.claims(), "scope")).or(() -> words(json, "scope"));
        Optional<Secret> refreshToken = refreshToken(json, "refresh_token");
        return new TokenAnswer(
                Secret.of(token),
                claims.flatMap(JwtClaims::expiresAt).or(() -> after(now, json, "expires_in")),
                scope.map(TokenAnswer::printable),
                printable(claims.map(JwtClaims::audience).orElse(List.of())),
                refreshToken,
                refreshTokenExpiresAt(refreshToken, json, now),
                Json.string(json, "id_token").flatMap(JwtClaims::of).flatMap(TokenAnswer::identity),
                waited);
    }

    /** Also an empty text is an answer: Keycloak drops a scope in silence, and its token says that none is left. */
    private static Optional<List<String>> words(Map<String, Object> said, String name) {
        boolean isSaid = said.get(name) instanceof String || said.get(name) instanceof List;
        return isSaid ? Optional.of(Json.words(said, name)) : Optional.empty();
    }

    /** These are shown to people and kept in state files. */
    private static List<String> printable(List<String> words) {
        List<String> printable = new ArrayList<>();
        for (String word : words) {
            printable.add(Printable.of(word));
        }
        return List.copyOf(printable);
    }

    /** How long a refresh token is good, in no RFC: Keycloak (0 = no end), OA4MP, Microsoft Entra. */
    private static final List<String> REFRESH_LIFETIMES =
            List.of("refresh_expires_in", "refresh_token_lifetime", "refresh_token_expires_in");

    /** As the answer says, else as the token itself does: INDIGO IAM's is a JWT. */
    private static Optional<Instant> refreshTokenExpiresAt(
            Optional<Secret> refreshToken, Map<String, Object> json, Instant now) {
        for (String name : REFRESH_LIFETIMES) {
            Optional<Instant> end = after(now, json, name);
            if (end.isPresent()) {
                return end;
            }
        }
        return refreshToken.flatMap(token -> JwtClaims.of(token.reveal())).flatMap(JwtClaims::expiresAt);
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
