package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.net.HttpResponse;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.util.Secret;

class TokenResponseTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

    private static HttpResponse answer(int status, String body, boolean complete) {
        return new HttpResponse(status, "", "", "", Optional.empty(), "", body, complete, Duration.ZERO);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "none", textBlock = """
            Thu, 26 Nov 2026 22:15:00 GMT|2026-11-26T22:15:00Z
            Thu, 01 Jan 1970 00:00:00 GMT|none
            soon|none
            ''|none
            """)
    void anAnswerTellsItsTime(String date, Instant time) {
        HttpResponse answer = new HttpResponse(200, "", "", "", Optional.empty(), date, "", true, Duration.ZERO);
        assertEquals(Optional.ofNullable(time), answer.sentAt());
    }

    private static Optional<TokenResponse> read(String body) {
        return TokenResponse.of(answer(200, body, true), CLOCK);
    }

    /** Reads a response with this access token and more members, which start with a comma. */
    private static TokenResponse token(String accessToken, String more) {
        return read("{\"access_token\":\"" + accessToken + "\"" + more + "}").orElseThrow();
    }

    private static String jwt(String claims) {
        return JwtClaimsTest.jwt(claims);
    }

    private static Optional<Instant> in(Long seconds) {
        return Optional.ofNullable(seconds).map(NOW::plusSeconds);
    }

    @Test
    void theLeast() {
        TokenResponse token = token("opaque", "");
        assertEquals(
                new TokenResponse(
                        Secret.of("opaque"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Duration.ZERO),
                token);
        assertFalse(token("the-token", ",\"refresh_token\":\"the-other\"")
                .toString()
                .contains("the-"));
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "{}",
                "{\"access_token\":\"\"}",
                "{\"access_token\":1}",
                "{\"access_token\":null}",
                "{\"access_token\":\"a b\"}",
                "{\"access_token\":\"a\\nb\"}",
                "{\"access_token\":\"a\\u001b\"}",
                "{\"access_token\":\"\u00e9\"}",
                "{\"access_token\":\"a\"`,`\"token_type\":\"mac\"}",
                "{\"error\":\"invalid_grant\"}",
                "[]",
                "<html></html>",
            })
    void noToken(String body) {
        assertEquals(Optional.empty(), read(body));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "\"Bearer\";true",
                "\"bearer\";true",
                "\"BEARER\";true",
                "null;true",
                "1;true",
                "\"mac\";false",
                "\"DPoP\";false",
                "\"N_A\";false",
                "\"\";true",
                "\"BearerToken\";true",
                "\"JWT\";true",
                "\" bearer\";true",
                "[\"Bearer\"];true",
                "[\"DPoP\"];false",
            })
    void tokenType(String type, boolean taken) {
        assertEquals(
                taken,
                read("{\"access_token\":\"a\",\"token_type\":" + type + "}").isPresent());
    }

    @Test
    void onlyACompleteSuccess() {
        String body = "{\"access_token\":\"a\"}";
        assertTrue(TokenResponse.of(answer(200, body, true), CLOCK).isPresent());
        assertTrue(TokenResponse.of(answer(201, "\uFEFF" + body, true), CLOCK).isPresent());
        assertTrue(TokenResponse.of(answer(200, body, false), CLOCK).isEmpty());
        assertTrue(TokenResponse.of(answer(302, body, true), CLOCK).isEmpty());
        assertTrue(TokenResponse.of(answer(400, body, true), CLOCK).isEmpty());
    }

    // When the access token expires

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            nullValues = "-",
            value = {
                "300;300",
                "\"300\";300",
                "300.0;300",
                "299.96;299",
                "\"300.0\";300",
                "\" 300 \";300",
                "3e2;300",
                "0.5;-",
                "\"1e9\";-",
                "0;-",
                "-1;-",
                "null;-",
                "\"soon\";-",
                "1e300;-",
                "9223372036854775807;-",
                "18446744073709551916;-",
            })
    void expiryOfAnOpaqueToken(String expiresIn, Long seconds) {
        assertEquals(
                in(seconds), token("opaque", ",\"expires_in\":" + expiresIn).expiresAt());
    }

    /** As sent: the caller decides whether such a token is valid. */
    @ParameterizedTest
    @CsvSource({"300, 300", "0, 0", "-1, -1", "-1.5, -1", "\"-60\", -60", "null, "})
    void expiresInOfAnOpaqueToken(String sent, Long seconds) {
        assertEquals(
                Optional.ofNullable(seconds),
                token("opaque", ",\"expires_in\":" + sent).expiresIn());
        assertEquals(
                Optional.empty(),
                token(jwt("{\"exp\":1772370000}"), ",\"expires_in\":" + sent).expiresIn(),
                "the token itself says");
    }

    @Test
    void theTimeOfTheIssuerOnEachDay() {
        for (int day = 0; day < 60_000; day++) {
            Instant time = Instant.ofEpochSecond(day * 86_400L + 45_296);
            String date = java.time.format.DateTimeFormatter.ofPattern(
                            "EEE, dd MMM yyyy HH:mm:ss 'GMT'", java.util.Locale.ROOT)
                    .format(time.atOffset(java.time.ZoneOffset.UTC));
            HttpResponse answer = new HttpResponse(200, "", "", "", Optional.empty(), date, "", true, Duration.ZERO);
            assertEquals(Optional.of(time), answer.sentAt(), date);
        }
    }

    @Test
    void theTimeOfTheIssuer() {
        String body = "{\"access_token\":\"a\"}";
        String date = "Thu, 26 Nov 2026 22:15:00 GMT";
        HttpResponse answer = new HttpResponse(200, "", "", "", Optional.empty(), date, body, true, Duration.ZERO);
        assertEquals(
                Optional.of(Instant.parse("2026-11-26T22:15:00Z")),
                TokenResponse.of(answer, CLOCK).orElseThrow().sentAt());
        assertEquals(Optional.empty(), read(body).orElseThrow().sentAt());

        String idToken = jwt("{\"sub\":\"one\",\"iat\":1772370000}");
        String both = "{\"access_token\":\"a\",\"id_token\":\"" + idToken + "\"}";
        assertEquals(
                Optional.of(Instant.ofEpochSecond(1772370000)),
                read(both).orElseThrow().sentAt(),
                "Keycloak sends no Date");
    }

    @Test
    void theJwtIsBelievedFirst() {
        assertEquals(
                Optional.of(Instant.ofEpochSecond(1772370000)),
                token(jwt("{\"exp\":1772370000}"), ",\"expires_in\":60").expiresAt());
        assertEquals(in(60L), token(jwt("{}"), ",\"expires_in\":60").expiresAt());
        assertEquals(
                in(60L), token(jwt("{\"exp\":\"never\"}"), ",\"expires_in\":60").expiresAt());
        assertEquals(Optional.empty(), token(jwt("{}"), "").expiresAt());
    }

    // Scope and audience

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            value = {
                "{\"scope\":\"a b\"};\"x\";a b",
                "{\"scope\":[\"a\",\"b\"]};\"x\";a b",
                "{};\"x y\";x y",
                "{};[\"x\",\"y\"];x y",
                "{\"scope\":\"\"};\"x\";``",
                "{\"scope\":[]};\"x\";``",
                "{};\"\";``",
                "{\"scope\":1};\" x  y \";x y",
                "{};\"x,y, z\";x y z",
                "{\"scope\":null};null;",
                "{};null;",
            })
    void scope(String claims, String scope, String granted) {
        assertEquals(
                Optional.ofNullable(granted).map(org.opensciencegrid.tokenrenewer.json.Json::split),
                token(jwt(claims), ",\"scope\":" + scope).scope());
    }

    @Test
    void scopeAndAudienceCanBeShown() {
        TokenResponse token = token(jwt("{\"aud\":\"a\\u001b[2J\"}"), ",\"scope\":[\"b\\nc\"]");
        assertEquals(List.of("a\\x1B[2J"), token.audience());
        assertEquals(Optional.of(List.of("b\\x0Ac")), token.scope());
    }

    @Test
    void audience() {
        assertEquals(List.of("a"), token(jwt("{\"aud\":\"a\"}"), "").audience());
        assertEquals(
                List.of("a", "b"), token(jwt("{\"aud\":[\"a\",\"b\"]}"), "").audience());
        assertEquals(List.of(), token("opaque", ",\"aud\":\"a\"").audience());
    }

    // The refresh token

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            nullValues = "-",
            value = {
                "opaque;``;-",
                "opaque;,\"refresh_expires_in\":1800;1800",
                "opaque;,\"refresh_expires_in\":\"1800\";1800",
                "opaque;,\"refresh_expires_in\":0;-",
                "opaque;,\"refresh_token_lifetime\":1296000;1296000",
                "opaque;,\"refresh_expires_in\":5,\"refresh_token_lifetime\":6;5",
                "jwt;``;3600",
                "jwt;,\"refresh_expires_in\":5;5",
                "jwt;,\"refresh_expires_in\":0;3600",
                "-;,\"refresh_expires_in\":5;5", // not rotated: the end of the current one
            })
    void refreshToken(String kind, String more, Long seconds) {
        String value =
                "jwt".equals(kind) ? jwt("{\"exp\":" + NOW.plusSeconds(3600).getEpochSecond() + "}") : kind;
        TokenResponse token = token("a", (value == null ? "" : ",\"refresh_token\":\"" + value + "\"") + more);
        assertEquals(Optional.ofNullable(value).map(Secret::of), token.refreshToken());
        assertEquals(in(seconds), token.refreshTokenExpiresAt());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"\"",
                "\" \"",
                "null",
                "1",
                "[\"a\",\"b\"]",
                "[]",
                "{}",
                "\"null\"",
                "\" NULL\"",
                "\"undefined\"",
                "\"None\"",
                "\"***\"",
                "\"-\"",
                "\"[REDACTED]\"",
                "\"(null)\"",
                "{\"token\":\"null\"}",
                "{\"token\":\"a\",\"value\":\"b\"}",
                "{\"other\":\"a\"}",
                "\"\\t\\n\""
            })
    void noRefreshToken(String json) {
        String body = "{\"access_token\":\"a\",\"refresh_token\":" + json + "}";
        assertEquals(Optional.empty(), read(body).orElseThrow().refreshToken());
        assertEquals(Optional.empty(), TokenResponse.rescueRefreshToken(answer(200, body, true)));
    }

    // Identity

    @Test
    void identity() {
        assertEquals(
                Optional.of(new TokenResponse.Identity("https://i", "alice")),
                token("a", ",\"id_token\":\"" + jwt("{\"iss\":\"https://i\",\"sub\":\"alice\"}") + "\"")
                        .identity());
        assertEquals(Optional.empty(), token("a", ",\"id_token\":\"opaque\"").identity());
        assertEquals(
                Optional.empty(),
                token("a", ",\"id_token\":\"" + jwt("{\"iss\":\"i\"}") + "\"").identity());
        assertEquals(
                Optional.empty(),
                token(jwt("{\"iss\":\"i\",\"sub\":\"s\"}"), "").identity(),
                "only the id_token says");
    }

    /** A server's next version may change the spelling of its name: indigo-iam/iam#714, Google. */
    @ParameterizedTest
    @CsvSource({
        "https://i.example.org, https://i.example.org/, true",
        "https://i.example.org/x/, https://I.Example.org/x, true",
        "https://i.example.org, HTTPS://i.example.org:443, true",
        "https://accounts.example.org, accounts.example.org, true",
        "http://i.example.org, https://i.example.org, true",
        "https://i.example.org/x, https://i.example.org/X, false",
        "https://i.example.org/x, https://i.example.org/y, false",
        "https://i.example.org, https://i.example.org.evil.example, false",
        "https://i.example.org:8443, https://i.example.org, false",
        "'', https://i.example.org, false",
    })
    void theSameIssuer(String one, String other, boolean isSame) {
        TokenResponse.Identity alice = new TokenResponse.Identity(one, "alice");
        assertEquals(isSame, alice.isSameAs(new TokenResponse.Identity(other, "alice")));
        assertFalse(alice.isSameAs(new TokenResponse.Identity(other, "Alice")));
    }

    // Rescue

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            quoteCharacter = '`',
            nullValues = "-",
            value = {
                "{\"refresh_token\":\"next\"};next",
                "\uFEFF{\"refresh_token\":\"next\"};next",
                "{\"refresh_token\":\"next\";next",
                "{\"a\":1, \"refresh_token\" :\t\"next\", \"acc;next",
                "\uFEFF{\"refresh_token\":\"next\",;next",
                "{\"refresh_token\":\"a\\/b\\u002bc\\\"d\",;a/b+c\"d",
                "{\"refresh_token\":\"first\",\"refresh_token\":\"last\"};last",
                "<pre>{\"refresh_token\":\"next\"}</pre>;next",
                "{\"refresh_token\":{\"token\":\"next\",\"expires_in\":5}};next",
                "{\"refresh_token\":[\"next\"]};next",
                "{\"data\":{\"tokens\":{\"refresh_token\":\"next\"}}};next",
                "{\"response\":\"{\\\"refresh_token\\\":\\\"next\\\"}\"};next",
                "[{\"refresh_token\":\"next\"}];next",
                "\"{\\\"refresh_token\\\":\\\"next\\\"}\";next",
                "access_token=a&refresh_token=a%2Fb%2Bc&token_type=bearer;a/b+c",
                "refresh_token=next&scope=&token_type=bearer;next",
                "{\"refresh_token\":\"next\",\"x\":{\"refresh_token\":\"of another\"}};next",
                // Two different tokens
                "{\"a\":{\"refresh_token\":\"one\"},\"b\":{\"refresh_token\":\"two\"}};-",
                "<p>{\"refresh_token\":\"one\"}</p>{\"refresh_token\":\"two\"};-",
                "refresh_token=one&refresh_token=two&x=;-",
                // Not a refresh token
                "{\"refresh_token\":null,\"old\":{\"refresh_token\":\"used\"}};-",
                "{\"data\":{\"refresh_token\":\"null\"}};-",
                "access_token=a&refresh_token=null&x=;-",
                "refresh_token=%20&x=;-",
                "refresh_token=%zz&x=;-",
                "see https://x.example.org/?refresh_token=abc&x=1 for more;-",
                "<a href=/?refresh_token=abc&x=1>;-",
                "{\"refresh_token\":\"ne;-",
                "{\"refresh_token\":\"ne\\;-",
                "{\"refresh_token\":\"ne\\\";-",
                "{\"refresh_token\":\"\",;-",
                "{\"refresh_token\":\" \",;-",
                "{\"refresh_token\":null,;-",
                "{\"refresh_token_lifetime\":\"5\",;-",
                "{\"x\":\"refresh_token\",;-",
                "``;-",
            })
    void rescue(String body, String token) {
        for (boolean complete : new boolean[] {true, false}) {
            assertEquals(
                    Optional.ofNullable(token).map(Secret::of),
                    TokenResponse.rescueRefreshToken(answer(200, body, complete)));
        }
        assertEquals(Optional.empty(), TokenResponse.rescueRefreshToken(answer(400, body, true)));
        assertEquals(Optional.empty(), TokenResponse.rescueRefreshToken(answer(302, body, true)));
    }

    @Test
    void shownOnAPage() {
        String page = "<html><pre>{&quot;refresh_token&quot;: &#34;a&amp;b&quot;}</pre>";
        assertEquals(Optional.of(Secret.of("a&b")), TokenResponse.rescueRefreshToken(answer(200, page, true)));
    }

    /** The last value may be truncated. It must not replace a complete token. */
    @Test
    void aFormThatWasCut() {
        String form = "access_token=a&refresh_token=ne";
        assertEquals(Optional.of(Secret.of("ne")), TokenResponse.rescueRefreshToken(answer(200, form + "\r\n", true)));
        assertEquals(Optional.empty(), TokenResponse.rescueRefreshToken(answer(200, form, false)));
    }

    /** The expression must neither overflow the stack nor take forever. */
    @Test
    void rescueFromAMebibyte() {
        assertTimeout(Duration.ofSeconds(10), () -> {
            for (String unit : List.of("a", "\\u0041", "\\\\", "a\\n", "\u00e9")) {
                String many = unit.repeat(Transport.BODY_LIMIT / unit.length());
                Optional<Secret> cut =
                        TokenResponse.rescueRefreshToken(answer(200, "{\"refresh_token\":\"" + many, false));
                assertTrue(cut.isEmpty(), unit);
                Optional<Secret> whole =
                        TokenResponse.rescueRefreshToken(answer(200, "{\"refresh_token\":\"" + many + "\",", false));
                assertTrue(whole.isPresent(), unit);
            }
        });
    }
}
