package org.opensciencegrid.tokenrenewer.account;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse.Identity;
import org.opensciencegrid.tokenrenewer.util.Secret;

class AccountTest {
    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
    private static final Provider PROVIDER = new Provider(
            "https://issuer/",
            URI.create("https://issuer/token"),
            Optional.of(URI.create("https://issuer/device")),
            Optional.empty(),
            Optional.of(URI.create("https://issuer/revoke")),
            Optional.empty(),
            List.of(),
            List.of(),
            List.of());
    private static final Client CLIENT = new Client("client", Optional.of(Secret.of("s3cr\"t/é")), ClientAuth.POST);
    /** All members that decode requires. */
    private static final String LEAST =
            "{\"issuer\":\"https://issuer\",\"client_id\":\"c\",\"client_secret\":\"s3cret\","
                    + "\"token_endpoint\":\"https://issuer/token\",\"refresh_token\":\"r3fresh\"}";

    private static Account whole() {
        return Account.of(PROVIDER, CLIENT, List.of("openid", "a:/b"), List.of("aud1", "aud2"))
                .withRegistration(new Registered(
                        CLIENT,
                        List.of("openid"),
                        Optional.of(Secret.of("r3gistration")),
                        Optional.of(URI.create("https://issuer/register/client")),
                        Optional.of(NOW.plusSeconds(99))))
                .withRefreshToken(Secret.of("r3fresh"))
                .withAudienceParameter(Optional.of(AudienceParameter.AUDIENCE))
                .withCaFile(Optional.of("/etc/ca.pem"))
                .withAuthorization(NOW, Optional.of(new Identity("https://issuer/", "alice")));
    }

    @Test
    void whatIsEncodedIsDecoded() {
        Account account = Account.decode(whole().encode());

        assertEquals("https://issuer/", account.issuer());
        assertEquals(URI.create("https://issuer/token"), account.tokenEndpoint());
        assertEquals(CLIENT, account.client());
        assertEquals(Secret.of("r3fresh"), account.refreshToken());
        assertEquals(List.of("openid", "a:/b"), account.scope());
        assertEquals(List.of("aud1", "aud2"), account.audience());
        assertEquals(Optional.of(AudienceParameter.AUDIENCE), account.audienceParameter());
        assertEquals(Optional.of("/etc/ca.pem"), account.caFile());
        assertEquals(Optional.of(new Identity("https://issuer/", "alice")), account.identity());
        assertEquals(Optional.of(NOW), account.authorizedAt());
        assertEquals(Optional.of(NOW.plusSeconds(99)), account.clientSecretExpiresAt());
        assertEquals(
                JsonObject.parse(text(whole())).map(JsonObject::asMap),
                JsonObject.parse(text(account)).map(JsonObject::asMap));
    }

    @Test
    void theMembersAreThoseOfTheFormat() {
        String text = text(whole());

        for (String member : List.of(
                "v",
                "issuer",
                "token_endpoint",
                "device_authorization_endpoint",
                "revocation_endpoint",
                "client_id",
                "client_secret",
                "token_endpoint_auth_method",
                "scope",
                "audience",
                "registration_access_token",
                "registration_client_uri",
                "client_secret_expires_at",
                "refresh_token",
                "cert_path",
                "authorized_at",
                "sub")) {
            assertTrue(text.contains('"' + member + '"'), member);
        }
    }

    @Test
    void theSubjectTokenBelongsToOneAuthorization() {
        SubjectToken token =
                new SubjectToken(Secret.of("acc3ss"), NOW.minusSeconds(9), Optional.of(NOW.plusSeconds(300)));
        Account account =
                Account.decode(whole().withSubjectToken(Optional.of(token)).encode());
        assertEquals(Optional.of(token), account.subjectToken());

        assertEquals(Optional.of(token), account.rotated(Secret.of("next"), NOW).subjectToken());
        Account again = account.withRefreshToken(Secret.of("of another authorization"));
        assertEquals(text(whole().withRefreshToken(again.refreshToken())), text(again), "nothing of it is left");
        assertEquals(text(whole()), text(account.withSubjectToken(Optional.empty())));
        SubjectToken endless = new SubjectToken(token.token(), NOW, Optional.empty());
        assertEquals(text(whole()), text(whole().withSubjectToken(Optional.of(endless))), "its end is unknown");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0, true",
        "150, 0, true",
        "151, 0, false",
        "100, 200, true",
        "101, 200, false",
        "0, 301, false",
        "300, 0, false",
        "-1, 0, false"
    })
    void aSubjectTokenIsFreshForHalfOfItsLifetime(long age, long atLeast, boolean isFresh) {
        SubjectToken token = new SubjectToken(Secret.of("x"), NOW, Optional.of(NOW.plusSeconds(300)));
        assertEquals(isFresh, token.isFresh(NOW.plusSeconds(age), Duration.ofSeconds(atLeast)));
    }

    @Test
    void aSubjectTokenIsFreshForAMinute() {
        SubjectToken token = new SubjectToken(Secret.of("x"), NOW, Optional.of(NOW.plusSeconds(70)));
        assertTrue(token.isFresh(NOW.plusSeconds(10), Duration.ZERO));
        assertFalse(token.isFresh(NOW.plusSeconds(11), Duration.ZERO));
        assertFalse(new SubjectToken(Secret.of("x"), NOW, Optional.empty()).isFresh(NOW, Duration.ZERO));
    }

    @ParameterizedTest
    @CsvSource({"BASIC, basic", "BASIC_RAW, basic_raw", "POST, post", "NONE, none"})
    void everyMethodOfClientAuthenticationIsKept(ClientAuth auth, String word) {
        Client client =
                new Client("c", auth == ClientAuth.NONE ? Optional.empty() : Optional.of(Secret.of("s3cret")), auth);
        Account account = Account.of(PROVIDER, client, List.of(), List.of()).withRefreshToken(Secret.of("r"));

        assertEquals(client, Account.decode(account.encode()).client());
        assertTrue(text(account).contains('"' + word + '"'));
    }

    @ParameterizedTest
    @CsvSource({
        "client_secret_basic, BASIC",
        "client_secret_post, POST",
        "tls_client_auth, BASIC",
        ", BASIC",
    })
    void namesOfTheRegistrationAreUnderstoodToo(String method, ClientAuth auth) {
        String json =
                method == null ? LEAST : LEAST.replace("{", "{\"token_endpoint_auth_method\":\"" + method + "\",");

        assertEquals(
                auth,
                Account.decode(json.getBytes(StandardCharsets.UTF_8)).client().auth());
    }

    @Test
    void withoutASecretItIsAPublicClient() {
        Account account = decode(LEAST.replace("\"client_secret\":\"s3cret\",", ""));

        assertEquals(ClientAuth.NONE, account.client().auth());
    }

    @Test
    void whatIsLeftOutHasItsDefault() {
        Account account = decode(LEAST);

        assertEquals(List.of(), account.scope());
        assertEquals(Optional.empty(), account.audienceParameter());
        assertEquals(Optional.empty(), account.identity());
        assertEquals(Optional.empty(), account.authorizedAt());
        assertEquals(Optional.empty(), account.caFile());
    }

    @Test
    void whatANewerVersionAddedIsWrittenBack() {
        Account account = decode(LEAST.replace("{", "{\"imported_from\":\"oidc-agent\",\"new\":{\"a\":[1,null,true]},"))
                .withRefreshToken(Secret.of("next"));

        assertTrue(text(account).contains("\"imported_from\":\"oidc-agent\""));
        assertTrue(text(account).contains("\"new\":{\"a\":[1,null,true]}"));
        assertTrue(text(account).contains("\"refresh_token\":\"next\""));
    }

    @Test
    void nothingIsChangedInPlace() {
        Account before = whole();
        String text = text(before);
        before.withRefreshToken(Secret.of("other")).withCaFile(Optional.empty());

        assertEquals(text, text(before));
    }

    @ParameterizedTest
    @ValueSource(strings = {"issuer", "client_id", "token_endpoint", "refresh_token"})
    void aMemberThatIsNeededIsNamed(String member) {
        for (String bad : List.of("\"\"", "null", "7", "[\"r3fresh\"]")) {
            String json = LEAST.replaceAll("\"" + member + "\":\"[^\"]*\"", "\"" + member + "\":" + bad);

            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> decode(json));

            assertTrue(e.getMessage().contains(member), e.getMessage());
            assertNoValue(e);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "token_endpoint, not a uri s3cret",
        "token_endpoint, https://[s3cret",
    })
    void anUnfitMemberIsNamedWithoutItsValue(String member, String value) {
        String json = LEAST.replaceAll("\"" + member + "\":\"[^\"]*\"", "\"" + member + "\":\"" + value + "\"");

        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> decode(json));

        assertTrue(e.getMessage().contains(member), e.getMessage());
        assertNoValue(e);
    }

    @Test
    void aMethodThatDoesNotFitTheSecretIsRefused() {
        String none = LEAST.replace("{", "{\"token_endpoint_auth_method\":\"none\",");
        String basic = LEAST.replace("{", "{\"token_endpoint_auth_method\":\"basic\",")
                .replace("\"client_secret\":\"s3cret\",", "");

        for (String json : List.of(none, basic)) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> decode(json));
            assertNoValue(e);
        }
    }

    /** The file could be decrypted, so a program that knows the password wrote these bytes: not a reason to crash. */
    @ParameterizedTest
    @CsvSource({"authorized_at, 999999999999999999", "client_secret_expires_at, -999999999999999999"})
    void aTimeOutsideAllBoundsIsAbsentOrRefused(String member, String value) {
        Account account;
        try {
            account = decode(LEAST.replace("{", "{\"" + member + "\":" + value + ","));
        } catch (IllegalArgumentException e) {
            assertTrue(e.getMessage().contains(member), e.getMessage());
            return;
        }
        assertEquals(Optional.empty(), account.authorizedAt());
        assertEquals(Optional.empty(), account.clientSecretExpiresAt());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "\"s3cret\"", "{\"issuer\":\"s3cret\"", "s3cret"})
    void whatIsNoObjectIsRefusedWithoutItsContent(String json) {
        assertNoValue(assertThrows(IllegalArgumentException.class, () -> decode(json)));
    }

    @Test
    void noSecretIsShown() {
        String shown = whole() + " " + whole().client() + " " + whole().refreshToken();

        for (String secret : List.of("s3cr", "r3fresh", "r3gistration")) {
            assertFalse(shown.contains(secret), shown);
        }
        assertTrue(shown.contains("https://issuer/") && shown.contains("client"));
    }

    private static void assertNoValue(Throwable e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            assertFalse(String.valueOf(t).matches("(?s).*(s3cret|r3fresh).*"), String.valueOf(t));
        }
    }

    private static Account decode(String json) {
        return Account.decode(json.getBytes(StandardCharsets.UTF_8));
    }

    private static String text(Account account) {
        return new String(account.encode(), StandardCharsets.UTF_8);
    }
}
