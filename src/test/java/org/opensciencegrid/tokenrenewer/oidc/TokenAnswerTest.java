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
import org.opensciencegrid.tokenrenewer.text.Secret;

class TokenAnswerTest {
    private static final Instant NOW = Instant.parse("2026-03-01T12:00:00Z");
    private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);

    private static Answer answer(int status, String body, boolean complete) {
        return new Answer(status, "", "", Optional.empty(), "", body, complete, Duration.ZERO);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "none", textBlock = """
            Thu, 26 Nov 2026 22:15:00 GMT|2026-11-26T22:15:00Z
            Thu, 01 Jan 1970 00:00:00 GMT|none
            soon|none
            ''|none
            """)
    void anAnswerTellsItsTime(String date, Instant time) {
        Answer answer = new Answer(200, "", "", Optional.empty(), date, "", true, Duration.ZERO);
        assertEquals(Optional.ofNullable(time), answer.sentAt());
    }

    private static Optional<TokenAnswer> read(String body) {
        return TokenAnswer.of(answer(200, body, true), CLOCK);
    }

    /** The token of an answer with this access token and these further members, which start with a comma. */
    private static TokenAnswer token(String accessToken, String more) {
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
        TokenAnswer token = token("opaque", "");
        assertEquals(
                new TokenAnswer(
                        Secret.of("opaque"),
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
                "\"\";false",
            })
    void tokenType(String type, boolean taken) {
        assertEquals(
                taken,
                read("{\"access_token\":\"a\",\"token_type\":" + type + "}").isPresent());
    }

    @Test
    void onlyACompleteSuccess() {
        String body = "{\"access_token\":\"a\"}";
        assertTrue(TokenAnswer.of(answer(200, body, true), CLOCK).isPresent());
        assertTrue(TokenAnswer.of(answer(201, "\uFEFF" + body, true), CLOCK).isPresent());
        assertTrue(TokenAnswer.of(answer(200, body, false), CLOCK).isEmpty());
        assertTrue(TokenAnswer.of(answer(302, body, true), CLOCK).isEmpty());
        assertTrue(TokenAnswer.of(answer(400, body, true), CLOCK).isEmpty());
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
                "{\"scope\":null};null;",
                "{};null;",
            })
    void scope(String claims, String scope, String granted) {
        assertEquals(
                Optional.ofNullable(granted).map(org.opensciencegrid.tokenrenewer.text.Json::split),
                token(jwt(claims), ",\"scope\":" + scope).scope());
    }

    @Test
    void scopeAndAudienceCanBeShown() {
        TokenAnswer token = token(jwt("{\"aud\":\"a\\u001b[2J\"}"), ",\"scope\":[\"b\\nc\"]");
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
                "-;,\"refresh_expires_in\":5;5", // not rotated: of the one we have
            })
    void refreshToken(String kind, String more, Long seconds) {
        String value =
                "jwt".equals(kind) ? jwt("{\"exp\":" + NOW.plusSeconds(3600).getEpochSecond() + "}") : kind;
        TokenAnswer token = token("a", (value == null ? "" : ",\"refresh_token\":\"" + value + "\"") + more);
        assertEquals(Optional.ofNullable(value).map(Secret::of), token.refreshToken());
        assertEquals(in(seconds), token.refreshTokenExpiresAt());
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"\"", "\" \"", "null", "1", "[\"a\"]", "{}"})
    void noRefreshToken(String json) {
        String body = "{\"access_token\":\"a\",\"refresh_token\":" + json + "}";
        assertEquals(Optional.empty(), read(body).orElseThrow().refreshToken());
        assertEquals(Optional.empty(), TokenAnswer.rescueRefreshToken(answer(200, body, true)));
    }

    // Who

    @Test
    void identity() {
        assertEquals(
                Optional.of(new TokenAnswer.Identity("https://i", "alice")),
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
                    TokenAnswer.rescueRefreshToken(answer(200, body, complete)));
        }
        assertEquals(Optional.empty(), TokenAnswer.rescueRefreshToken(answer(400, body, true)));
        assertEquals(Optional.empty(), TokenAnswer.rescueRefreshToken(answer(302, body, true)));
    }

    /** The expression must neither overflow the stack nor take for ever. */
    @Test
    void rescueFromAMebibyte() {
        assertTimeout(Duration.ofSeconds(10), () -> {
            for (String unit : List.of("a", "\\u0041", "\\\\", "a\\n", "\u00e9")) {
                String many = unit.repeat(Transport.BODY_LIMIT / unit.length());
                Optional<Secret> cut =
                        TokenAnswer.rescueRefreshToken(answer(200, "{\"refresh_token\":\"" + many, false));
                assertTrue(cut.isEmpty(), unit);
                Optional<Secret> whole =
                        TokenAnswer.rescueRefreshToken(answer(200, "{\"refresh_token\":\"" + many + "\",", false));
                assertTrue(whole.isPresent(), unit);
            }
        });
    }
}
