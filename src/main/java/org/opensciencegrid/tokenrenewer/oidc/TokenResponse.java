package org.opensciencegrid.tokenrenewer.oidc;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.util.BearerToken;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * A token response (RFC 6749 section 5.1). Reading is as lenient as real issuers require: token_type may be missing,
 * expires_in may be a string, scope may be an array, the content type may be anything.
 *
 * @param expiresAt from the token itself if it is a JWT, otherwise from expires_in; empty if neither contains it
 * @param expiresIn the seconds of expires_in as sent, even zero or less; empty if it is absent or the token itself has
 *     an expiry
 * @param sentAt when the response was sent, by the issuer's clock: the Date header or the time of the id_token, because
 *     Keycloak sends no Date; empty if both are missing
 * @param scope the granted scope, which may be empty; Optional.empty if it is not known. A JWT takes precedence over
 *     the response, which at Keycloak lists everything even after narrowing
 * @param audience aud of the JWT; empty for an opaque token
 * @param refreshToken the next one; empty if the issuer does not rotate
 * @param refreshTokenExpiresAt if known
 * @param identity who was authorized, from the id_token, if there is one
 * @param waited how long the issuer took, including the pauses between attempts
 */
public record TokenResponse(
        Secret accessToken,
        Optional<Instant> expiresAt,
        Optional<Long> expiresIn,
        Optional<Instant> sentAt,
        Optional<List<String>> scope,
        List<String> audience,
        Optional<Secret> refreshToken,
        Optional<Instant> refreshTokenExpiresAt,
        Optional<Identity> identity,
        Duration waited) {

    /**
     * The subject of an id_token, which is only unique together with its issuer (OpenID Connect Core section 2).
     *
     * @param names claims such as the user name, as the issuer sent them; shown once and not stored
     */
    public record Identity(String issuer, String subject, Map<String, String> names) {
        private static final Pattern ISSUER = Pattern.compile("(?:(?i:https?)://)?([^/]*+)(.*+)");

        public Identity(String issuer, String subject) {
            this(issuer, subject, Map.of());
        }

        public boolean isSameAs(Identity other) {
            return hasSameIssuer(other) && subject.equals(other.subject);
        }

        /** Whether both have the same issuer. An issuer's spelling may change with its next version. */
        public boolean hasSameIssuer(Identity other) {
            return spelling(issuer).equals(spelling(other.issuer));
        }

        /** Google has used its issuer with and without the scheme, INDIGO IAM with and without the slash. */
        private static String spelling(String issuer) {
            Matcher parts = ISSUER.matcher(issuer.strip());
            if (!parts.matches()) {
                return issuer;
            }
            String host = parts.group(1).toLowerCase(Locale.ROOT).replaceFirst(":443$", "");
            return host + parts.group(2).replaceFirst("/+$", "");
        }
    }

    /** Adds the pauses to the waiting time. */
    TokenResponse after(Duration pauses) {
        return pauses.isZero()
                ? this
                : new TokenResponse(
                        accessToken,
                        expiresAt,
                        expiresIn,
                        sentAt,
                        scope,
                        audience,
                        refreshToken,
                        refreshTokenExpiresAt,
                        identity,
                        waited.plus(pauses));
    }

    /**
     * The subject of the access token if it is a JWT. May differ from the id_token. Subject or issuer is empty if the
     * token does not contain it.
     */
    public Optional<Identity> tokenIdentity() {
        Optional<JwtClaims> claims = JwtClaims.of(accessToken.reveal());
        return claims.isPresent() ? Optional.of(identity(claims.get())) : Optional.empty();
    }

    private static final List<String> NAME_CLAIMS = List.of("eppn", "preferred_username", "name", "email");

    /**
     * What many issuers use if the request has no audience (WLCG profile). Does not prove that the issuer used the
     * parameter.
     */
    private static final Set<String> ANY_AUDIENCE = Set.of("https://wlcg.cern.ch/jwt/v1/any", "ANY");

    /**
     * Whether the issuer used the audience parameter; empty if this token does not show it. The first of several
     * audiences is enough, because some issuers grant only one at a time.
     */
    public Optional<Boolean> proves(RequestedToken requested) {
        boolean isDecidable = !requested.audience().isEmpty()
                && !ANY_AUDIENCE.contains(requested.audience().get(0))
                && JwtClaims.of(accessToken.reveal()).isPresent();
        return isDecidable ? Optional.of(audience.contains(requested.audience().get(0))) : Optional.empty();
    }

    /**
     * The refresh token of a response that may be truncated or otherwise unusable. It must be saved before anything is
     * checked, because the issuer may have revoked the previous one.
     */
    public static Optional<Secret> rescueRefreshToken(HttpResponse response) {
        return response.isSuccess() ? RefreshTokenFinder.of(response) : Optional.empty();
    }

    /** The response as a token; empty if it contains no usable token. */
    public static Optional<TokenResponse> of(HttpResponse response, Clock clock) {
        if (!response.isSuccess() || !response.complete()) {
            return Optional.empty();
        }
        Optional<Map<String, Object>> json = response.json();
        if (json.isEmpty() || !isBearer(json.get())) {
            return Optional.empty();
        }
        Optional<String> token = Json.string(json.get(), "access_token");
        return token.isPresent() && BearerToken.isValid(token.get())
                ? Optional.of(read(token.get(), json.get(), clock.instant(), response))
                : Optional.empty();
    }

    /** Types of tokens that need an additional proof, and RFC 8693's value for no type. */
    private static final Set<String> NON_BEARER_TYPES = Set.of("mac", "pop", "dpop", "n_a");

    /**
     * Any other value of token_type (BearerToken, JWT, a list) works as a bearer token. The original program does not
     * check it.
     */
    private static boolean isBearer(Map<String, Object> json) {
        for (String type : Json.words(json, "token_type")) {
            if (NON_BEARER_TYPES.contains(type.strip().toLowerCase(Locale.ROOT))) {
                return false;
            }
        }
        return true;
    }

    /** Why a complete success response is not a token. */
    static Optional<String> invalidReason(HttpResponse response) {
        return response.json().map(json -> {
            if (!isBearer(json)) {
                return "a token of the type '" + Printable.of(String.join(" ", Json.words(json, "token_type")))
                        + "', which is no bearer token";
            }
            return json.containsKey("access_token")
                    ? "an access_token that is not one word of visible ASCII"
                    : "JSON without an access_token";
        });
    }

    private static TokenResponse read(String token, Map<String, Object> json, Instant now, HttpResponse response) {
        JwtClaims jwt = claims(token);
        JwtClaims idToken = claims(Json.string(json, "id_token").orElse(""));
        Optional<Instant> expiresAt = jwt.expiresAt();
        Optional<Instant> sentAt = response.sentAt();
        Optional<List<String>> scope = words(jwt.claims(), "scope");
        Optional<Secret> refreshToken = RefreshTokenFinder.of(json);
        return new TokenResponse(
                Secret.of(token),
                expiresAt.isPresent() ? expiresAt : after(now, json, "expires_in"),
                expiresAt.isPresent() ? Optional.empty() : Json.seconds(json, "expires_in"),
                sentAt.isPresent() ? sentAt : idToken.issuedAt(),
                scope.isPresent() ? scope : words(json, "scope"),
                printable(jwt.audience()),
                refreshToken,
                refreshTokenExpiresAt(refreshToken, json, now),
                idToken.subject().isPresent() ? Optional.of(identity(idToken)) : Optional.empty(),
                response.waited());
    }

    /** An empty text also counts: Keycloak drops a scope silently, and its token shows that none is left. */
    private static Optional<List<String>> words(Map<String, Object> json, String name) {
        if (json.get(name) instanceof String text) {
            return Optional.of(printable(Json.split(text.replace(',', ' ')))); // GitHub; no scope contains a comma
        }
        return json.get(name) instanceof List ? Optional.of(printable(Json.words(json, name))) : Optional.empty();
    }

    /** Scopes and audiences are shown to users and stored in state files. */
    private static List<String> printable(List<String> words) {
        List<String> printable = new ArrayList<>();
        for (String word : words) {
            printable.add(Printable.of(word));
        }
        return List.copyOf(printable);
    }

    /** The lifetime of a refresh token, which is in no RFC: Keycloak (0 means no end), OA4MP, Microsoft Entra. */
    private static final List<String> REFRESH_LIFETIMES =
            List.of("refresh_expires_in", "refresh_token_lifetime", "refresh_token_expires_in");

    /** From the response, or else from the token itself: INDIGO IAM's is a JWT. */
    private static Optional<Instant> refreshTokenExpiresAt(
            Optional<Secret> refreshToken, Map<String, Object> json, Instant now) {
        for (String name : REFRESH_LIFETIMES) {
            Optional<Instant> end = after(now, json, name);
            if (end.isPresent()) {
                return end;
            }
        }
        return refreshToken.isPresent() ? claims(refreshToken.get().reveal()).expiresAt() : Optional.empty();
    }

    private static Optional<Instant> after(Instant now, Map<String, Object> json, String name) {
        long seconds = Json.seconds(json, name).orElse(0L);
        return seconds > 0 && seconds < Duration.ofDays(36_500).toSeconds()
                ? Optional.of(now.plusSeconds(seconds))
                : Optional.empty();
    }

    private static JwtClaims claims(String token) {
        return JwtClaims.of(token).orElse(JwtClaims.NONE);
    }

    private static Identity identity(JwtClaims claims) {
        return new Identity(claims.issuer().orElse(""), claims.subject().orElse(""), names(claims));
    }

    private static Map<String, String> names(JwtClaims claims) {
        Map<String, String> names = new LinkedHashMap<>();
        for (String claim : NAME_CLAIMS) {
            Optional<String> name = claims.text(claim);
            if (name.isPresent()) {
                names.put(claim, name.get());
            }
        }
        return names;
    }

    /**
     * The response of a token exchange (RFC 8693 section 2.2.1). Its access_token may be a token of another type.
     */
    static Optional<TokenResponse> ofExchange(HttpResponse response, Clock clock) {
        return otherIssuedType(response).isPresent() ? Optional.empty() : of(response, clock);
    }

    private static final String TOKEN_TYPE = "urn:ietf:params:oauth:token-type:";

    /** Issued types that are no access token (RFC 8693 section 3). INDIGO IAM calls its access tokens jwt. */
    private static final Set<String> OTHER_ISSUED_TYPES =
            Set.of(TOKEN_TYPE + "refresh_token", TOKEN_TYPE + "id_token", TOKEN_TYPE + "saml1", TOKEN_TYPE + "saml2");

    /** Which other token an exchange gave; empty if it gave an access token. */
    static Optional<String> otherIssuedType(HttpResponse response) {
        return response.json()
                .flatMap(json -> Json.string(json, "issued_token_type"))
                .filter(OTHER_ISSUED_TYPES::contains)
                .map(type -> "a token of the type '" + type + "', which is no access token");
    }

    /** Whether a complete success response contains a token that cannot be used as an access token. */
    static boolean isOfOtherType(HttpResponse response) {
        return otherIssuedType(response).isPresent()
                || response.json()
                        .filter(json -> json.containsKey("access_token") && !isBearer(json))
                        .isPresent();
    }
}
