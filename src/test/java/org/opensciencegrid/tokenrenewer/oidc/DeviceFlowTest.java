package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Json;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow.Prompt;

class DeviceFlowTest {
    private static final Fault ON_START = Fault.on("/device_authorization");
    private static final Fault ON_POLL = Fault.on("/token");

    private final Scene scene = new Scene();
    private final EmbeddedIssuer issuer = scene.issuer;

    @AfterEach
    void stop() {
        scene.close();
    }

    /** The user approves before the n-th poll. */
    private void approveBeforePoll(int n) {
        scene.pause.afterEach(() -> {
            if (scene.pause.sleeps().size() == n) {
                issuer.approve(issuer.pendingUserCodes().get(0), "alice");
            }
        });
    }

    /** The wait before each poll, in seconds. */
    private List<Double> waits() {
        assertEquals(scene.pause.sleeps().size(), issuer.count("/token"));
        return scene.pause.sleeps().stream()
                .map(wait -> wait.toMillis() / 1000.0)
                .toList();
    }

    @Test
    void theWholeWay() throws IssuerException {
        Prompt prompt = scene.start();
        assertEquals(issuer.pendingUserCodes(), List.of(prompt.userCode()));
        assertEquals(scene.at("/device"), prompt.verificationUri());
        assertEquals(Optional.of(scene.at("/device?user_code=" + prompt.userCode())), prompt.verificationUriComplete());
        assertEquals(Duration.ofMinutes(10), prompt.expiresIn());
        assertFalse(prompt.toString().contains(prompt.deviceCode().reveal()));
        approveBeforePoll(3);
        TokenResponse token = scene.await(prompt);
        assertEquals(Collections.nCopies(3, 5.1), waits());
        assertEquals(
                issuer.currentRefreshTokens(),
                List.of(token.refreshToken().orElseThrow().reveal()));
        TokenResponse.Identity identity = token.identity().orElseThrow();
        assertTrue(identity.isSameAs(new TokenResponse.Identity(issuer.issuer(), "alice")));
        assertEquals(Map.of("preferred_username", "alice"), identity.names());
        scene.assertFair();
    }

    // The request

    @ParameterizedTest
    @EnumSource(
            value = ClientAuth.class,
            names = {"BASIC", "BASIC_RAW", "POST", "NONE"})
    void theClientIdIsInTheBody(ClientAuth auth) throws IssuerException {
        issuer.policy.deviceNeedsClientIdParam = true;
        issuer.policy.tokenNeedsClientIdParam = true;
        String id = "oa4mp:/client_id/" + auth;
        String raw = auth == ClientAuth.BASIC_RAW ? "raw" + auth : id; // a raw id with a colon cannot be split
        Client client = scene.client(raw, auth == ClientAuth.NONE ? null : "secret", auth);
        Prompt prompt = scene.device.start(scene.deviceEndpoint(), client, Scene.ALL);
        assertEquals(List.of(raw), scene.last("/device_authorization").form().get("client_id"));
        issuer.approve(prompt.userCode(), "alice");
        scene.device.await(scene.tokenEndpoint(), client, prompt, Scene.ALL, poll -> {});
        for (Seen seen : issuer.requests()) {
            boolean isBasic = auth == ClientAuth.BASIC || auth == ClientAuth.BASIC_RAW;
            assertEquals(isBasic, seen.header("Authorization") != null);
            assertEquals(auth == ClientAuth.POST ? "secret" : null, seen.parameter("client_secret"));
        }
        scene.assertFair();
    }

    @Test
    void scopes() throws IssuerException {
        scene.start();
        assertNull(scene.last("/device_authorization").parameter("scope"));
        scene.device.start(
                scene.deviceEndpoint(),
                scene.client,
                new RequestedToken(List.of("openid", "storage.read:/"), List.of(), AudienceParameter.RESOURCE));
        assertEquals(
                "openid storage.read:/", scene.last("/device_authorization").parameter("scope"));
        scene.assertFair();
    }

    @ParameterizedTest
    @CsvSource({
        "RESOURCE, 'https://a.example.org', 'https://a.example.org', '', '', ''",
        "RESOURCE, 'https://a.example.org https://b.example.org', 'https://a.example.org https://b.example.org', '', 'https://a.example.org', ''",
        "RESOURCE, 'https://a.example.org ANY', 'https://a.example.org', 'ANY', 'https://a.example.org', ''",
        "AUDIENCE, 'https://a.example.org b', '', 'https://a.example.org b', '', 'https://a.example.org'",
        "AUDIENCE, '', '', '', '', ''",
    })
    void audiences(
            AudienceParameter parameter,
            String wanted,
            String resource,
            String audience,
            String polledResource,
            String polledAudience)
            throws IssuerException {
        RequestedToken what =
                new RequestedToken(List.of(), org.opensciencegrid.tokenrenewer.json.Json.split(wanted), parameter);
        Prompt prompt = scene.device.start(scene.deviceEndpoint(), scene.client, what);
        assertAudience(resource, audience, scene.last("/device_authorization"));
        issuer.approve(prompt.userCode(), "alice");
        scene.device.await(scene.tokenEndpoint(), scene.client, prompt, what, poll -> {});
        assertAudience(polledResource, polledAudience, scene.last("/token"));
        scene.assertFair();
    }

    private static void assertAudience(String resource, String audience, Seen seen) {
        assertEquals(
                org.opensciencegrid.tokenrenewer.json.Json.split(resource),
                seen.form().getOrDefault("resource", List.of()));
        assertEquals(audience.isEmpty() ? null : List.of(audience), seen.form().get("audience"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "400|application/json|{\"error\":\"invalid_scope\"}|SCOPE_REFUSED|invalid_scope",
                "400|application/json|{\"error\":\"invalid_target\"}|AUDIENCE_REFUSED|invalid_target",
                "400|application/json|{\"error\":\"invalid_grant\",\"error_description\":\"duplicated parameter\"}|AUDIENCE_REFUSED|invalid_grant",
                "401|-|-|CLIENT_REFUSED|''",
                "400|-|-|REFUSED|''",
                "400|-|error=\"unauthorized_client\"\\nerror_description=\"unknown+client\"|CLIENT_REFUSED|unauthorized_client",
                "500|text/plain|error=\"server_error\"|TEMPORARY|''",
                "503|text/html|<h1>Busy</h1>|TEMPORARY|''",
                "200|text/html|<h1>Hello</h1>|WEB_PAGE|''",
                "200|application/json|{}|REFUSED|''",
            })
    void aRefusedRequest(int status, String type, String body, Kind kind, String code) {
        issuer.fault(ON_START.respond(status, type, body == null ? null : body.replace("\\n", "\n")));
        IssuerException e = scene.assertFails(kind, scene::start);
        assertEquals(status, e.status());
        assertEquals(code, e.code());
        assertEquals(1, issuer.count("/device_authorization"));
    }

    @Test
    void aClientThatWaitsForItsApproval() throws IssuerException {
        issuer.policy.unapprovedClient = true;
        Client client = new Registration(scene.transport)
                .register(
                        new Discovery(scene.transport).discover(issuer.issuer()),
                        "test",
                        Scene.SCOPES,
                        Optional.empty(),
                        Optional.empty(),
                        line -> {})
                .client();
        IssuerException e = scene.assertFails(
                Kind.CLIENT_REFUSED, () -> scene.device.start(scene.deviceEndpoint(), client, Scene.ALL));
        assertEquals("unauthorized_client", e.code());
    }

    // The prompt

    @Test
    void whatServersLeaveOut() throws IssuerException {
        issuer.policy.sendInterval = false;
        issuer.policy.sendExpiresInForDevice = false;
        issuer.policy.sendCompleteUri = false;
        Prompt prompt = scene.start();
        assertEquals(Duration.ofSeconds(5), prompt.interval());
        assertEquals(Duration.ofSeconds(600), prompt.expiresIn());
        assertEquals(Optional.empty(), prompt.verificationUriComplete());
        approveBeforePoll(2);
        scene.await(prompt);
        assertEquals(List.of(5.1, 5.1), waits());
        scene.assertFair();
    }

    @Test
    void theOldNameOfTheVerificationUri() throws IssuerException {
        issuer.fault(ON_START.remove("verification_uri").set("verification_url", "https://issuer.example.org/device"));
        assertEquals(
                URI.create("https://issuer.example.org/device"), scene.start().verificationUri());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://issuer.example.org/device?code=ABCD-EFGH",
                "https://issuer.example.org/device?user_code=AB%20CD+EF&x=%2F",
                "https://issuer.example.org:8443/",
            })
    void theCompleteUriIsTakenAsItIs(String uri) throws IssuerException {
        issuer.fault(ON_START.set("verification_uri_complete", uri));
        assertEquals(uri, scene.start().verificationUriComplete().orElseThrow().toString());
    }

    static Stream<Arguments> hostileUris() {
        return Stream.of(
                        "javascript:alert(1)",
                        "data:text/html,<script>alert(1)</script>",
                        "http://issuer.example.org/device",
                        "https://issuer.example.org@attacker.example.org/device",
                        "https://user:password@issuer.example.org/device",
                        "https://is\u0455uer.example.org/device",
                        "file:///etc/passwd",
                        "ftp://issuer.example.org/",
                        "vbscript:x",
                        "//issuer.example.org/device",
                        "/device",
                        "issuer.example.org/device",
                        "https:issuer.example.org",
                        "https://",
                        "https://issuer.example.org/\u001b[2J",
                        "https://issuer.example.org/\r\nfake",
                        "https://issuer.example.org/\u202e",
                        "not a URL",
                        "")
                .flatMap(uri -> Stream.of("verification_uri", "verification_uri_complete", "verification_url")
                        .map(name -> Arguments.of(name, uri)));
    }

    @ParameterizedTest
    @MethodSource("hostileUris")
    void aHostileUriIsNotShown(String name, String uri) throws IssuerException {
        Fault fault = ON_START.set(name, uri);
        issuer.fault(name.equals("verification_url") ? fault.remove("verification_uri") : fault);
        if (name.equals("verification_uri_complete")) {
            assertEquals(Optional.empty(), scene.start().verificationUriComplete());
            return;
        }
        IssuerException e = scene.assertFails(Kind.REFUSED, scene::start);
        assertTrue(e.getMessage().contains("verification_uri"), e::getMessage);
        assertTrue(e.getMessage().chars().allMatch(c -> c >= ' ' && c < 0x7f || c == 0x455), e::getMessage);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            value = {
                "\"AB\\u001b[2JCD\"=AB\\x1B[2JCD",
                "\"AB\\r\\nCD\"=AB\\x0D\\x0ACD",
                "\"AB\\u202eCD\"=AB\\x202ECD",
                "\"WDJB-MJHT\"=WDJB-MJHT",
            },
            delimiter = '=')
    void theUserCodeIsPrintable(String json, String shown) throws IssuerException {
        issuer.fault(ON_START.set("user_code", Json.raw(json)));
        assertEquals(shown, scene.start().userCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"device_code", "user_code", "verification_uri"})
    void whatIsNeeded(String name) {
        for (Fault fault : List.of(ON_START.remove(name), ON_START.set(name, " "), ON_START.set(name, null))) {
            issuer.fault(fault);
            IssuerException e = scene.assertFails(Kind.REFUSED, scene::start);
            assertTrue(e.getMessage().endsWith("no " + name), e::getMessage);
        }
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            nullValues = "-",
            value = {
                "600,5,600,5",
                "\"600\",\"7\",600,7",
                "600.0,5,600,5",
                "null,null,600,5",
                "0,5,600,5",
                "-1,5,600,5",
                "600,0,600,1",
                "600,-5,600,5",
                "9223372036854775807,5,86400,5",
                "600,9223372036854775807,600,86400",
                "\"soon\",5,600,5",
                "600,\"often\",600,5",
                "[],5,600,5",
            })
    void lifetimeAndInterval(String expiresIn, String interval, Long life, Long pace) throws IssuerException {
        issuer.fault(ON_START.set("expires_in", Json.raw(expiresIn)).set("interval", Json.raw(interval)));
        Prompt prompt = scene.start();
        assertEquals(Duration.ofSeconds(life), prompt.expiresIn());
        assertEquals(Duration.ofSeconds(pace), prompt.interval());
        issuer.deny(prompt.userCode());
        scene.assertFails(pace < life ? Kind.DENIED : Kind.EXPIRED, () -> scene.await(prompt));
    }

    // Polling

    @Test
    void whoWaitsIsTold() throws IssuerException {
        Prompt prompt = scene.start();
        issuer.fault(ON_POLL.after(1).times(1).respond(400, "application/json", "{\"error\":\"slow_down\"}"));
        issuer.fault(ON_POLL.after(2).times(1).respond(503, "text/html", "<h1>Busy</h1>"));
        issuer.fault(ON_POLL.after(3).times(1).drop());
        approveBeforePoll(6);
        List<DeviceFlow.Poll> told = new ArrayList<>();
        scene.device.await(scene.tokenEndpoint(), scene.client, prompt, Scene.ALL, told::add);
        assertEquals(
                List.of(
                        DeviceFlow.Poll.PENDING,
                        DeviceFlow.Poll.SLOW_DOWN,
                        DeviceFlow.Poll.PENDING,
                        DeviceFlow.Poll.SERVER_ERROR,
                        DeviceFlow.Poll.PENDING,
                        DeviceFlow.Poll.NO_RESPONSE),
                told);
    }

    @Test
    void slowDownIsForGood() throws IssuerException {
        Prompt prompt = scene.start();
        issuer.fault(ON_POLL.after(1).times(2).respond(400, "application/json", "{\"error\":\"slow_down\"}"));
        approveBeforePoll(5);
        scene.await(prompt);
        assertEquals(List.of(5.1, 5.1, 10.1, 15.1, 15.1), waits());
        scene.assertFair();
    }

    @Test
    void theIssuersPaceIsKept() throws IssuerException {
        issuer.policy.interval = 8;
        approveBeforePoll(4);
        scene.await(scene.start());
        assertEquals(Collections.nCopies(4, 8.1), waits());
        scene.assertFair();
    }

    @Test
    void denial() throws IssuerException {
        Prompt prompt = scene.start();
        issuer.deny(prompt.userCode());
        IssuerException e = scene.assertFails(Kind.DENIED, () -> scene.await(prompt));
        assertTrue(e.getMessage().endsWith("400 access_denied: End-User aborted interaction"), e::getMessage);
        assertEquals(1, issuer.count("/token"));
        scene.assertFair();
    }

    @Test
    void theIssuerSaysThatItIsTooLate() throws IssuerException {
        issuer.fault(ON_POLL.after(1).respond(400, "application/json", "{\"error\":\"expired_token\"}"));
        Prompt prompt = scene.start();
        scene.assertFails(Kind.EXPIRED, () -> scene.await(prompt));
        assertEquals(2, issuer.count("/token"));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void ourOwnDeadline(boolean denied) throws IssuerException {
        issuer.policy.denyKeepsPending = true;
        issuer.policy.deviceLife = Duration.ofSeconds(60);
        Prompt prompt = scene.start();
        if (denied) {
            issuer.deny(prompt.userCode());
        }
        IssuerException e = scene.assertFails(Kind.EXPIRED, () -> scene.await(prompt));
        assertEquals("the code was not approved within 1 min", e.getMessage());
        assertEquals(Collections.nCopies(11, 5.1), waits());
        scene.assertFair();
    }

    /** oidc-provider deletes an expired code, and answers a late poll with invalid_grant. */
    @ParameterizedTest
    @CsvSource({"10, false, EXPIRED", "9, false, GRANT_REFUSED", "5, true, GRANT_REFUSED"})
    void anUnknownCodeAtTheLastPollHasExpired(int pollsBefore, boolean lost, Kind kind) throws IssuerException {
        issuer.policy.deviceLife = Duration.ofSeconds(60);
        issuer.fault(ON_POLL.after(pollsBefore).respond(400, "application/json", "{\"error\":\"invalid_grant\"}"));
        if (lost) {
            issuer.fault(ON_POLL.loseAnswer()); // it may have been the approval
        }
        Prompt prompt = scene.start();
        IssuerException e = scene.assertFails(kind, () -> scene.await(prompt));
        assertEquals(kind == Kind.EXPIRED, e.getMessage().equals("the code was not approved within 1 min"));
        assertEquals(pollsBefore + 1, issuer.count("/token"));
    }

    @Test
    void consentRequiredIsPending() throws IssuerException {
        issuer.fault(ON_POLL.times(2).respond(400, "application/json", "{\"error\":\"consent_required\"}"));
        approveBeforePoll(3);
        scene.await(scene.start());
        assertEquals(List.of(5.1, 5.1, 5.1), waits());
    }

    @Test
    void pendingUnderAnotherStatus() throws IssuerException {
        String pending = "{\"error\":\"authorization_pending\"}";
        for (int status : List.of(200, 401, 403)) {
            issuer.fault(ON_POLL.respond(status, "text/html", pending));
        }
        Prompt prompt = scene.start();
        approveBeforePoll(4);
        scene.await(prompt);
        assertEquals(Collections.nCopies(4, 5.1), waits());
    }

    static Stream<Arguments> passingTroubles() {
        return Stream.of(
                Arguments.of("503", ON_POLL.respond(503, null, null)),
                Arguments.of("500 with HTML", ON_POLL.respond(500, "text/html", "<h1>Oops</h1>")),
                Arguments.of("429", ON_POLL.respond(429, "application/json", "{\"error\":\"busy\"}")),
                Arguments.of("408", ON_POLL.respond(408, null, null)),
                Arguments.of("403 of a gateway", ON_POLL.respond(403, "text/html", "\n<!DOCTYPE html><h1>No</h1>")),
                Arguments.of("200 of a gateway", ON_POLL.respond(200, "text/html", "<html>Log in</html>")),
                Arguments.of("dropped", ON_POLL.drop()),
                Arguments.of("lost", ON_POLL.loseAnswer()),
                Arguments.of("pending, cut short", ON_POLL.truncate(10)),
                Arguments.of(
                        "temporarily_unavailable",
                        ON_POLL.respond(400, "application/json", "{\"error\":\"temporarily_unavailable\"}")));
    }

    /** RFC 8628 section 3.5: wait longer and continue. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("passingTroubles")
    void passingTrouble(String name, Fault fault) throws IssuerException {
        issuer.fault(fault.after(1).times(2));
        Prompt prompt = scene.start();
        approveBeforePoll(5);
        scene.await(prompt);
        assertEquals(List.of(5.1, 5.1, 10.1, 20.1, 20.1), waits());
        scene.assertFair();
    }

    @Test
    void theWaitGrowsToAMinuteAndNoFurther() throws IssuerException {
        issuer.fault(ON_POLL.respond(503, null, null).always());
        Prompt prompt = scene.start();
        scene.assertFails(Kind.EXPIRED, () -> scene.await(prompt));
        assertEquals(List.of(5.1, 10.1, 20.1, 40.1), waits().subList(0, 4));
        assertTrue(waits().subList(4, waits().size()).stream().allMatch(wait -> wait == 60.1));
    }

    @Test
    void troubleDoesNotMakeALongWaitShorter() throws IssuerException {
        issuer.policy.interval = 90;
        issuer.fault(ON_POLL.respond(503, null, null));
        Prompt prompt = scene.start();
        approveBeforePoll(2);
        scene.await(prompt);
        assertEquals(List.of(90.1, 90.1), waits());
        scene.assertFair();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "400|{\"error\":\"invalid_grant\"}|GRANT_REFUSED",
                "401|{\"error\":\"invalid_client\"}|CLIENT_REFUSED",
                "401|''|CLIENT_REFUSED",
                "400|{\"error\":\"unauthorized_client\"}|CLIENT_REFUSED",
                "400|{\"error\":\"invalid_target\"}|AUDIENCE_REFUSED",
                "400|{\"error\":\"invalid_request\"}|REFUSED",
                "400|''|REFUSED",
            })
    void aRefusalEndsIt(int status, String body, Kind kind) throws IssuerException {
        issuer.fault(ON_POLL.after(1).respond(status, "application/json", body).always());
        Prompt prompt = scene.start();
        scene.assertFails(kind, () -> scene.await(prompt));
        assertEquals(2, issuer.count("/token"));
    }

    /** Microsoft Entra's error code. */
    @Test
    void denialInOtherWords() throws IssuerException {
        issuer.fault(ON_POLL.respond(400, "application/json", "{\"error\":\"authorization_declined\"}"));
        Prompt prompt = scene.start();
        scene.assertFails(Kind.DENIED, () -> scene.await(prompt));
    }

    // After the success

    /**
     * Whatever happened to the successful response: the code is used up, and a client that sends it again looks like an
     * attacker.
     */
    static Stream<Arguments> spoiltSuccesses() {
        return Stream.of(
                Arguments.of("cut", ON_POLL.truncate(50), Kind.NO_ANSWER),
                Arguments.of("cut before the body", ON_POLL.truncate(0), Kind.NO_ANSWER),
                Arguments.of("no access token", ON_POLL.remove("access_token"), Kind.UNUSABLE_ANSWER),
                Arguments.of("odd access token", ON_POLL.set("access_token", "a\nb"), Kind.UNUSABLE_ANSWER),
                Arguments.of("other token type", ON_POLL.set("token_type", "mac"), Kind.UNUSABLE_ANSWER),
                Arguments.of("broken JSON", ON_POLL.set("expires_in", Json.raw("}")), Kind.UNUSABLE_ANSWER),
                Arguments.of("empty", ON_POLL.respondAfterProcessing(200, null, null), Kind.UNUSABLE_ANSWER));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("spoiltSuccesses")
    void noPollAfterTheSuccess(String name, Fault fault, Kind kind) throws IssuerException {
        Prompt prompt = scene.start();
        issuer.approve(prompt.userCode(), "alice");
        issuer.fault(fault);
        scene.assertFails(kind, () -> scene.await(prompt));
        assertEquals(1, issuer.count("/token"));
        scene.assertFair();
    }

    /** Nothing shows that the lost response was the successful one. The next poll returns that the code is used up. */
    @Test
    void aLostWinningAnswerEndsInAnError() throws IssuerException {
        Prompt prompt = scene.start();
        issuer.approve(prompt.userCode(), "alice");
        issuer.fault(ON_POLL.loseAnswer());
        IssuerException e = scene.assertFails(Kind.GRANT_REFUSED, () -> scene.await(prompt));
        assertEquals("invalid_grant", e.code());
        assertTrue(e.isAfterDoubt());
        assertEquals(2, issuer.count("/token"));
        assertEquals(List.of(), issuer.currentRefreshTokens());
    }

    @Test
    void anEchoedDeviceCodeIsNotShown() throws IssuerException {
        Prompt prompt = scene.start();
        String code = prompt.deviceCode().reveal();
        issuer.fault(ON_POLL.respond(
                400, "application/json", "{\"error\":\"invalid_grant\",\"error_description\":\"code " + code + "\"}"));
        IssuerException e = scene.assertFails(Kind.GRANT_REFUSED, () -> scene.await(prompt));
        assertTrue(e.getMessage().endsWith("code ***"), e::getMessage);
    }

    @Test
    void withoutOfflineAccessThereIsNoRefreshToken() throws IssuerException {
        RequestedToken wanted = new RequestedToken(List.of("openid"), List.of(), AudienceParameter.RESOURCE);
        Prompt prompt = scene.device.start(scene.deviceEndpoint(), scene.client, wanted);
        issuer.approve(prompt.userCode(), "alice");
        TokenResponse token = scene.device.await(scene.tokenEndpoint(), scene.client, prompt, wanted, poll -> {});
        assertEquals(Optional.empty(), token.refreshToken());
        assertEquals(Optional.of(List.of("openid")), token.scope());
        assertEquals(Policy.DEVICE_CODE, scene.last("/token").grantType());

        issuer.policy.giveRefreshTokenOnlyForOfflineAccess = false;
        prompt = scene.device.start(scene.deviceEndpoint(), scene.client, wanted);
        issuer.approve(prompt.userCode(), "alice");
        token = scene.device.await(scene.tokenEndpoint(), scene.client, prompt, wanted, poll -> {});
        assertTrue(token.refreshToken().isPresent());
        scene.assertFair();
    }
}
