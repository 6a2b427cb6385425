package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Json;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.net.TrustStore;
import org.opensciencegrid.tokenrenewer.util.Secret;

class TokenClientTest {
    private static final String PAGE = ", as a gateway or a login page sends";
    private static final Fault ON_REFRESH = Fault.on("/token").grant("refresh_token");
    private static final String JSON = "application/json";

    private final Scene scene = new Scene();
    private final EmbeddedIssuer issuer = scene.issuer;
    private final List<Secret> kept = new ArrayList<>();
    private Secret token;

    @BeforeEach
    void login() {
        token = scene.login();
    }

    @AfterEach
    void stop() {
        scene.close();
    }

    private TokenResponse refresh() throws IssuerException {
        return refresh(Scene.ALL);
    }

    private TokenResponse refresh(RequestedToken wanted) throws IssuerException {
        return scene.tokens.refresh(scene.tokenEndpoint(), scene.client, token, wanted, kept::add);
    }

    /** The token that the issuer will accept next. */
    private Secret current() {
        List<String> all = issuer.currentRefreshTokens();
        assertEquals(1, all.size());
        return Secret.of(all.get(0));
    }

    private List<Long> waits() {
        return scene.pause.sleeps().stream().map(Duration::toSeconds).toList();
    }

    private int refreshes() {
        return issuer.count("/token", "refresh_token");
    }

    // Requests

    @Test
    void aRefresh() throws IssuerException {
        TokenResponse answer = refresh();
        Seen seen = scene.last("/token");
        assertEquals(
                Set.of("grant_type", "refresh_token", "client_id"), seen.form().keySet());
        assertEquals(token.reveal(), seen.parameter("refresh_token"));
        assertEquals(Set.copyOf(Scene.SCOPES), Set.copyOf(answer.scope().orElseThrow()));
        assertEquals(List.of("https://wlcg.cern.ch/jwt/v1/any"), answer.audience());
        assertEquals(
                Optional.of(scene.clock.instant().plusSeconds(300).truncatedTo(ChronoUnit.SECONDS)),
                answer.expiresAt());
        assertEquals(Optional.of(current()), answer.refreshToken());
        assertEquals(List.of(current()), kept);
        assertEquals(List.of(), waits());
        assertEquals(0, issuer.reuses());
        scene.assertFair();
    }

    @Test
    void narrowedByScope() throws IssuerException {
        RequestedToken wanted =
                new RequestedToken(List.of("storage.read:/", "offline_access"), List.of(), AudienceParameter.RESOURCE);
        assertEquals(
                Optional.of(List.of("storage.read:/", "offline_access")),
                refresh(wanted).scope());
        assertEquals(
                List.of("storage.read:/ offline_access"),
                scene.last("/token").form().get("scope"));
        scene.assertFair();
    }

    @ParameterizedTest
    @CsvSource({
        "RESOURCE, https://a.example.org, https://a.example.org, ''",
        "RESOURCE, https://a.example.org https://b.example.org/x?y=z, https://a.example.org https://b.example.org/x?y=z, ''",
        "RESOURCE, ce.example.org:9619, ce.example.org:9619, ''",
        "RESOURCE, ANY, '', ANY",
        "RESOURCE, ANY https://a.example.org other, https://a.example.org, ANY other",
        "RESOURCE, https://a.example.org/#x, '', https://a.example.org/#x",
        "RESOURCE, 192.0.2.1:9619, '', 192.0.2.1:9619",
        "AUDIENCE, https://a.example.org b, '', https://a.example.org b",
        "AUDIENCE, b, '', b",
        "AUDIENCE, '', '', ''",
        "RESOURCE, '', '', ''",
    })
    void audience(AudienceParameter parameter, String wanted, String resource, String audience) throws IssuerException {
        List<String> words = org.opensciencegrid.tokenrenewer.json.Json.split(wanted);
        for (int i = 0; i < 2; i++) {
            if (i == 0) {
                refresh(new RequestedToken(List.of(), words, parameter));
            } else {
                scene.tokens.clientCredentials(
                        scene.tokenEndpoint(), scene.client, new RequestedToken(List.of(), words, parameter));
            }
            Seen seen = scene.last("/token");
            assertEquals(
                    org.opensciencegrid.tokenrenewer.json.Json.split(resource),
                    seen.form().getOrDefault("resource", List.of()));
            assertEquals(
                    audience.isEmpty() ? null : List.of(audience), seen.form().get("audience"));
        }
        scene.assertFair();
    }

    @Test
    void clientCredentials() throws IssuerException {
        TokenResponse answer = scene.tokens.clientCredentials(
                scene.tokenEndpoint(),
                scene.client,
                new RequestedToken(List.of("storage.read:/"), List.of(), AudienceParameter.RESOURCE));
        assertEquals(Optional.of(List.of("storage.read:/")), answer.scope());
        assertEquals(Optional.empty(), answer.refreshToken());
        assertEquals(
                Set.of("grant_type", "scope", "client_id"),
                scene.last("/token").form().keySet());
        scene.assertFair();
    }

    static Stream<Arguments> credentials() {
        return Stream.of(
                        new String[] {"plain", "plain-secret"},
                        new String[] {"oa4mp:/client_id/68e", "with:colon"},
                        new String[] {"a+b", "plus+plus"},
                        new String[] {"100%", "50%25"},
                        new String[] {"two words", "and a secret & more = less"},
                        new String[] {"caf\u00e9", "s\u00e9cret/\u20ac~*"})
                .flatMap(pair -> Stream.of(ClientAuth.BASIC, ClientAuth.POST, ClientAuth.NONE)
                        .map(auth -> Arguments.of(auth, pair[0], pair[1])));
    }

    /** The issuer decodes strictly as RFC 6749 requires. */
    @ParameterizedTest
    @MethodSource("credentials")
    void clientAuthentication(ClientAuth auth, String id, String secret) throws IssuerException {
        Client client = scene.client(id, auth == ClientAuth.NONE ? null : secret, auth);
        Secret mine = scene.login(client);
        scene.tokens.refresh(scene.tokenEndpoint(), client, mine, Scene.ALL, kept::add);
        Seen seen = scene.last("/token");
        assertEquals(auth == ClientAuth.BASIC, seen.header("Authorization") != null);
        assertEquals(auth == ClientAuth.POST ? secret : null, seen.parameter("client_secret"));
        assertEquals(id, seen.parameter("client_id"));
        assertNull(seen.query());
        scene.assertFair();
    }

    @ParameterizedTest
    @CsvSource({"plain, plain", "a+b%20, c:d e%+/=", "caf\u00e9, \u20ac"})
    void rawBasic(String id, String secret) {
        issuer.fault(ON_REFRESH.respond(400, JSON, "{\"error\":\"invalid_grant\"}"));
        Client client = new Client(id, Optional.of(Secret.of(secret)), ClientAuth.BASIC_RAW);
        scene.assertFails(
                Kind.GRANT_REFUSED,
                () -> scene.tokens.refresh(scene.tokenEndpoint(), client, token, Scene.ALL, kept::add));
        Seen seen = scene.last("/token");
        assertEquals(
                "Basic " + Base64.getEncoder().encodeToString((id + ":" + secret).getBytes(StandardCharsets.UTF_8)),
                seen.header("Authorization"));
        assertEquals(
                Set.of("grant_type", "refresh_token", "client_id"), seen.form().keySet());
    }

    @Test
    void aClientIsWhole() {
        Optional<Secret> secret = Optional.of(Secret.of("secret"));
        assertThrows(IllegalArgumentException.class, () -> new Client("a", secret, ClientAuth.NONE));
        for (ClientAuth auth : List.of(ClientAuth.BASIC, ClientAuth.BASIC_RAW, ClientAuth.POST)) {
            assertThrows(IllegalArgumentException.class, () -> new Client("a", Optional.empty(), auth));
        }
        assertEquals(ClientAuth.BASIC, Client.of("a", secret).auth());
        assertEquals(ClientAuth.NONE, Client.of("a", Optional.empty()).auth());
        assertFalse(Client.of("a", secret).toString().contains("[secret]"));
        assertEquals(
                new Client("a", secret, ClientAuth.POST), Client.of("a", secret).with(ClientAuth.POST));
        assertEquals(
                new Client("a", Optional.empty(), ClientAuth.NONE),
                Client.of("a", secret).with(ClientAuth.NONE));
        assertEquals(
                ClientAuth.NONE,
                Client.of("a", Optional.empty()).with(ClientAuth.POST).auth());
    }

    @ParameterizedTest
    @CsvSource({
        "basic, BASIC",
        "basic_raw, BASIC_RAW",
        "post, POST",
        "none, NONE",
        "client_secret_basic, BASIC",
        "client_secret_post, POST",
        "private_key_jwt, PRIVATE_KEY_JWT",
        "client_secret_jwt, CLIENT_SECRET_JWT",
        "BASIC,",
        "'',",
    })
    void wordsForAuthentication(String word, ClientAuth auth) {
        assertEquals(Optional.ofNullable(auth), ClientAuth.of(word));
    }

    @ParameterizedTest
    @CsvSource({"resource, RESOURCE", "audience, AUDIENCE", "Resource,", "'',"})
    void wordsForTheAudience(String word, AudienceParameter parameter) {
        assertEquals(Optional.ofNullable(parameter), AudienceParameter.of(word));
    }

    // Repetitions

    /** Responses that leave open whether the issuer processed the request. None of these uses up the refresh token. */
    static Stream<Arguments> ambiguous() {
        return Stream.of(
                Arguments.of("503", ON_REFRESH.respond(503, "text/html", "<h1>Busy</h1>"), true),
                Arguments.of("502", ON_REFRESH.respond(502, JSON, "{\"error\":\"Bad Gateway\"}"), true),
                Arguments.of("500", ON_REFRESH.respond(500, null, null), true),
                Arguments.of("408", ON_REFRESH.respond(408, null, null), true),
                Arguments.of("429", ON_REFRESH.respond(429, null, null), false),
                Arguments.of(
                        "503 with an error code",
                        ON_REFRESH.respond(503, JSON, "{\"error\":\"invalid_client\"}"),
                        true),
                Arguments.of(
                        "temporarily_unavailable",
                        ON_REFRESH.respond(400, JSON, "{\"error\":\"temporarily_unavailable\"}"),
                        true),
                Arguments.of("403 of a gateway", ON_REFRESH.respond(403, JSON, "{\"message\":\"Forbidden\"}"), true),
                Arguments.of("404 of a framework", ON_REFRESH.respond(404, JSON, "{\"error\":\"Not Found\"}"), true),
                Arguments.of("404 with a word", ON_REFRESH.respond(404, JSON, "{\"error\":\"not_found\"}"), true),
                Arguments.of("404", ON_REFRESH.respond(404, null, null), true),
                Arguments.of("302", ON_REFRESH.redirect(302, "https://issuer.example.org/busy"), true),
                Arguments.of(
                        "400, cut",
                        ON_REFRESH
                                .respond(400, JSON, "{\"error\":\"invalid_grant\"}")
                                .truncate(15),
                        true),
                Arguments.of("gzip", ON_REFRESH.respond(503, JSON, "{}").gzip(), true),
                Arguments.of("empty 200", ON_REFRESH.respond(200, JSON, ""), true),
                Arguments.of("204", ON_REFRESH.respond(204, null, null), true),
                Arguments.of("JSON without a token", ON_REFRESH.respond(200, JSON, "{}"), true),
                Arguments.of("dropped", ON_REFRESH.drop(), true));
    }

    /**
     * If a response can no longer arrive, there is only one repetition: if the first request was processed, each one
     * more is a reuse.
     */
    private static boolean isLost(String name) {
        return List.of("dropped", "400, cut").contains(name);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ambiguous")
    void anAmbiguousAnswerIsMetByTheSameRequest(String name, Fault fault, boolean doubt) throws IssuerException {
        int lost = isLost(name) ? 1 : 3;
        issuer.fault(fault.times(lost));
        refresh();
        assertEquals(List.of(1L, 2L, 4L).subList(0, lost), waits());
        assertEquals(1 + lost, refreshes());
        assertEquals(
                1, issuer.requests("/token").stream().map(Seen::body).distinct().count());
        assertEquals(List.of(current()), kept);
        assertEquals(0, issuer.reuses());
        scene.assertFair();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ambiguous")
    void andThenNoMore(String name, Fault fault, boolean doubt) {
        issuer.fault(fault.always());
        IssuerException e = scene.assertFails(
                switch (name) {
                    case "dropped", "400, cut" -> Kind.NO_ANSWER;
                    case "empty 200", "204", "JSON without a token" -> Kind.UNUSABLE_ANSWER;
                    default -> Kind.TEMPORARY;
                },
                this::refresh);
        int repeats = isLost(name) ? 1 : 3;
        assertEquals(List.of(1L, 2L, 4L).subList(0, repeats), waits());
        assertEquals(1 + repeats, refreshes());
        assertEquals(doubt, e.isAfterDoubt());
        assertEquals(doubt, e.leavesDoubt());
        assertEquals(List.of(), kept);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ambiguous")
    void aRefusalAfterDoubtMayBeOurOwnEcho(String name, Fault fault, boolean doubt) {
        issuer.fault(fault);
        issuer.revokeAll();
        IssuerException e = scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
        assertEquals(doubt, e.isAfterDoubt());
        assertEquals(2, refreshes());
        assertEquals("invalid_grant", e.code());
        assertEquals(400, e.status());
    }

    @Test
    void withoutDoubtARefusalIsARefusal() {
        issuer.revokeAll();
        IssuerException e = scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
        assertFalse(e.isAfterDoubt());
        assertEquals(1, refreshes());
        assertEquals(List.of(), waits());
    }

    @Test
    void nobodyThere() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            port = socket.getLocalPort();
        }
        URI nowhere = URI.create("http://localhost:" + port + "/token");
        IssuerException e = Scene.fails(
                Kind.UNREACHABLE, () -> scene.tokens.refresh(nowhere, scene.client, token, Scene.ALL, kept::add));
        assertEquals(List.of(1L, 2L, 4L), waits());
        assertFalse(e.isAfterDoubt());
    }

    /** The response is lost and the token is used up: the error of the repetition shows this. */
    @Test
    void aLostAnswer() {
        issuer.fault(ON_REFRESH.loseAnswer());
        IssuerException e = scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
        assertTrue(e.isAfterDoubt());
        assertEquals(List.of(1L), waits());
        assertEquals(List.of(), kept);
    }

    @Test
    void aLostAnswerWithinTheGrace() throws IssuerException {
        issuer.policy.graceForOldToken = Duration.ofHours(1);
        issuer.fault(ON_REFRESH.loseAnswer());
        refresh();
        assertEquals(List.of(current()), kept);
        assertEquals(2, refreshes());
        scene.assertFair();
    }

    @ParameterizedTest
    @CsvSource({
        "1 1 1, 1 2 4",
        "0 0 0, 1 2 4",
        "3 3 3, 3 3 4",
        "20, 20",
        "16 2 2, 16 2",
        "5 5 5, 5 5 5",
        "7 7 7, 7 7",
        "21, ''",
        "86400, ''",
    })
    void retryAfterForTwentySecondsInAll(String asked, String waited) {
        for (String seconds : asked.split(" ")) {
            issuer.fault(ON_REFRESH.respond(503, null, null).header("Retry-After", seconds));
        }
        issuer.fault(ON_REFRESH
                .respond(503, null, null)
                .header("Retry-After", "1000")
                .always());
        IssuerException e = scene.assertFails(Kind.TEMPORARY, this::refresh);
        assertEquals(
                waited, String.join(" ", waits().stream().map(String::valueOf).toList()));
        assertEquals(waits().size() + 1, refreshes());
        assertEquals(
                Duration.ofSeconds(
                        waits().size() < asked.split(" ").length
                                ? Long.parseLong(asked.split(" ")[waits().size()])
                                : 1000),
                e.retryAfter().orElseThrow());
    }

    @Test
    void slowAnswersCount() {
        issuer.fault(ON_REFRESH.respond(503, null, null).always());
        scene.pause.afterEach(() -> scene.pause.pass(Duration.ofSeconds(9))); // as if each request had taken this long
        scene.assertFails(Kind.TEMPORARY, this::refresh);
        assertEquals(List.of(1L, 2L), waits(), "1 + 9, 2 + 9, and 4 more were too much");
    }

    @Test
    void clientCredentialsAreRepeatedAsWell() throws IssuerException {
        issuer.fault(Fault.on("/token").loseAnswer());
        issuer.fault(Fault.on("/token").respond(503, null, null));
        scene.tokens.clientCredentials(scene.tokenEndpoint(), scene.client, Scene.ALL);
        assertEquals(List.of(1L, 2L), waits());
    }

    // Responses of issuers: the table of docs/developer/issuer-quirks.md

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "400|invalid_grant|GRANT_REFUSED",
                "401|invalid_grant|GRANT_REFUSED",
                "401|invalid_token|GRANT_REFUSED",
                "400|invalid_token|GRANT_REFUSED",
                "401|invalid_client|CLIENT_REFUSED",
                "400|invalid_client|CLIENT_REFUSED",
                "401|unauthorized_client|CLIENT_REFUSED",
                "400|unauthorized_client|CLIENT_REFUSED",
                "401|unauthorized|CLIENT_REFUSED",
                "401|-|CLIENT_REFUSED",
                "400|-|REFUSED",
                "403|access_denied|PERSON_REFUSED",
                "400|invalid_scope|SCOPE_REFUSED",
                "400|invalid_target|AUDIENCE_REFUSED",
                "400|invalid_request|REFUSED",
                "400|unsupported_grant_type|REFUSED",
                "401|access_denied|PERSON_REFUSED",
                "400|scope_invalid|REFUSED",
                "400|Bad Request|REFUSED",
                "400|\u001b[2J|REFUSED",
                "400|INVALID_GRANT|GRANT_REFUSED",
                "400|Invalid_Grant|GRANT_REFUSED",
                "500|invalid_grant|GRANT_REFUSED",
                "503|invalid_grant|GRANT_REFUSED",
                "401|token_inactive|GRANT_REFUSED",
                "403|token_expired|GRANT_REFUSED",
                "400|expired_token|GRANT_REFUSED",
                "401|invalid_refresh_token|GRANT_REFUSED",
                "400|consent_required|GRANT_REFUSED",
                "400|login_required|GRANT_REFUSED",
                "401|Unauthorized|CLIENT_REFUSED",
                "401|INVALID_CLIENT|CLIENT_REFUSED",
            })
    void aDefinitiveRefusalIsNotRepeated(int status, String code, Kind kind) {
        issuer.fault(ON_REFRESH
                .respond(status, JSON, code == null ? null : Json.write(java.util.Map.of("error", code)))
                .always());
        IssuerException e = scene.assertFails(kind, this::refresh);
        assertEquals(1, refreshes());
        assertEquals(status, e.status());
        boolean isCode = code != null && (code.equals(code.toLowerCase(Locale.ROOT)) || code.contains("_"));
        assertEquals(isCode && !code.contains("[") ? code.toLowerCase(Locale.ROOT) : "", e.code());
        assertFalse(e.isRetryable());
        assertTrue(e.isDefinitive());
        assertFalse(e.leavesDoubt());
        assertEquals(List.of(), kept);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            nullValues = "-",
            value = {
                "400|application/json|{\"error\":\"invalid_grant\",\"error_description\":\"token \\u001b[2Jexpired\\n\"}"
                        + "|400 invalid_grant: token \\x1B[2Jexpired\\x0A",
                "400|application/json|{\"error\":\"invalid_scope\",\"error_description\":null,\"scope\":\"compute.create\"}"
                        + "|400 invalid_scope (scope compute.create)",
                "400|application/json|{\"error\":\"invalid_scope\",\"error_description\":\" \"}|400 invalid_scope",
                "403|text/html|<h1>No</h1>|403 with a web page without a title" + PAGE,
                "401|text/html|<html><head><TITLE> Sign in\u001b</TITLE>|401 with a web page titled `Sign in\\x1B`"
                        + PAGE,
                "404|text/html|not here|404 with a web page without a title" + PAGE,
                "400|text/plain|error=\"unauthorized_client\"|400 unauthorized_client",
                "401|application/json|{\"error\":\"Unauthorized\"}|401 (application/json): {\"error\":\"Unauthorized\"}",
                "400|application/json|{\"error\":\"invalid_grant\",\"message\":\"gone\"}|400 invalid_grant: gone",
                "403|-|plain|403 (no content type): plain",
                "401|-|-|401 without a body",
                "400|application/json|{\"message\":\"no\"}|400 (application/json): {\"message\":\"no\"}",
                "400|application/json|{\"error\":{\"deep\":1}}|400 (application/json): {\"error\":{\"deep\":1}}",
            })
    void aRefusalInWords(int status, String type, String body, String words) {
        issuer.fault(ON_REFRESH.respond(status, type, body).always());
        IssuerException e = assertThrows(IssuerException.class, this::refresh);
        assertEquals("localhost:" + issuer.port() + " answered " + words.replace('`', '\''), e.getMessage());
    }

    @Test
    void aLongPageIsCut() {
        issuer.fault(ON_REFRESH
                .respond(403, "text/html", "<title>" + "x".repeat(100_000))
                .always());
        IssuerException e = scene.assertFails(Kind.WEB_PAGE, this::refresh);
        assertTrue(e.getMessage().length() < 300, e::getMessage);
    }

    /** The response is from a gateway or login page, not from the issuer. */
    @ParameterizedTest
    @ValueSource(ints = {200, 400, 401, 403, 404, 407, 421})
    void aPageIsNotTheIssuers(int status) {
        issuer.fault(ON_REFRESH
                .respond(status, "text/html", "\n<!DOCTYPE html><title>Sign in</title>")
                .always());
        IssuerException e = scene.assertFails(Kind.WEB_PAGE, this::refresh);
        assertEquals(1, refreshes(), "the next run asks again");
        assertFalse(e.leavesDoubt());
        assertFalse(e.isDefinitive());
        assertTrue(e.getMessage().contains("'Sign in'"), e::getMessage);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "400|invalid_request|refresh token unusable: claimed or invalid|GRANT_REFUSED",
                "400|invalid_request|Refresh_Token is not valid|GRANT_REFUSED",
                "400|invalid_request|Missing parameter: refresh_token|REFUSED",
                "400|invalid_request|unknown parameter x|REFUSED",
                "401|unauthorized|User test is not active.|PERSON_REFUSED",
                "401|unauthorized|Bad credentials|CLIENT_REFUSED",
                "400|invalid_grant|User test needs to sign AUP in order to proceed.|PERSON_REFUSED",
                "400|invalid_grant|User disabled|PERSON_REFUSED",
                "400|invalid_grant|AADSTS50057: The user account is disabled.|PERSON_REFUSED",
                "400|invalid_grant|Session not active|GRANT_REFUSED",
                "400|invalid_grant|Offline user session not found|GRANT_REFUSED",
                "400|invalid_grant|Token has been expired or revoked.|GRANT_REFUSED",
                "200|access_denied|consent withdrawn|PERSON_REFUSED",
            })
    void aRefusalMeansMoreForARefreshToken(int status, String code, String words, Kind kind) {
        issuer.fault(ON_REFRESH.respond(
                status, JSON, "{\"error\":\"" + code + "\",\"error_description\":\"" + words + "\"}"));
        IssuerException e = scene.assertFails(kind, this::refresh);
        assertTrue(e.getMessage().endsWith(code + ": " + words), e::getMessage);
        assertEquals(1, refreshes());
        assertEquals(List.of(), kept);
    }

    /** RFC 6750 section 3; used if the body has no error. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Bearer realm=\"x\", error=\"invalid_token\", error_description=\"it has expired\"|GRANT_REFUSED"
                        + "|401 invalid_token: it has expired",
                "Bearer error=invalid_token|GRANT_REFUSED|401 invalid_token",
                "Basic realm=\"oauth\"|CLIENT_REFUSED|401 without a body",
                "Basic realm=\"oauth\", error=\"invalid_client\"|CLIENT_REFUSED|401 invalid_client",
            })
    void aChallengeInThePlaceOfABody(String challenge, Kind kind, String words) {
        issuer.fault(ON_REFRESH.respond(401, null, null).header("WWW-Authenticate", challenge));
        IssuerException e = scene.assertFails(kind, this::refresh);
        assertTrue(e.getMessage().endsWith(" answered " + words), e::getMessage);
    }

    @Test
    void indigoIamRepeatsTheToken() {
        issuer.policy.iamErrors = true;
        issuer.revokeAll();
        IssuerException e = scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
        assertTrue(e.getMessage().endsWith("401 invalid_token: Invalid refresh token: ***"), e::getMessage);
    }

    @Test
    void anEchoInAnyPlaceIsNotShown() {
        String secret = scene.client.secret().orElseThrow().reveal();
        String encoded = Base64.getEncoder().encodeToString(token.reveal().getBytes(StandardCharsets.UTF_8));
        for (String echo : List.of(token.reveal(), secret, encoded)) {
            for (Fault fault : List.of(
                    ON_REFRESH.respond(400, JSON, "{\"error\":\"" + echo + "\"}"),
                    ON_REFRESH.respond(400, JSON, "{\"error\":\"x\",\"error_description\":\"" + echo + "\"}"),
                    ON_REFRESH.respond(400, JSON, "{\"error\":\"x\",\"scope\":\"" + echo + "\"}"),
                    ON_REFRESH.respond(400, "text/" + echo, echo),
                    ON_REFRESH.redirect(302, "https://issuer.example.org/?token=" + echo))) {
                issuer.clearFaults();
                issuer.fault(fault.always());
                IssuerException e = assertThrows(IssuerException.class, this::refresh);
                assertTrue(e.getMessage().contains("***"), e::getMessage);
                assertFalse(e.getMessage().contains(echo.replaceAll("=+$", "")), e::getMessage);
                assertFalse(e.code().contains(echo), e::code);
            }
        }
    }

    @Test
    void aWrongSecret() {
        Client wrong = Client.of(scene.client.id(), Optional.of(Secret.of("wrong-secret")));
        for (String error : List.of("invalid_client", "unauthorized_client")) {
            issuer.policy.wrongSecretError = error;
            scene.assertFails(
                    Kind.CLIENT_REFUSED,
                    () -> scene.tokens.refresh(scene.tokenEndpoint(), wrong, token, Scene.ALL, kept::add));
        }
        assertEquals(2, refreshes());
    }

    // The new refresh token

    private static byte[] wrap(String before, byte[] body, String after) {
        return (before + new String(body, StandardCharsets.UTF_8) + after).getBytes(StandardCharsets.UTF_8);
    }

    /** The real response, which has rotated the token, made unusual; true if its access token is still usable. */
    static Stream<Arguments> oddAnswers() {
        return Stream.of(
                Arguments.of("no token_type", ON_REFRESH.remove("token_type"), true),
                Arguments.of("odd expires_in", ON_REFRESH.set("expires_in", "soon"), true),
                Arguments.of("huge expires_in", ON_REFRESH.set("expires_in", Json.raw("1e999")), true),
                Arguments.of("scope array", ON_REFRESH.set("scope", List.of("openid")), true),
                Arguments.of("wrong content type", ON_REFRESH.contentType("text/html"), true),
                Arguments.of("no content type", ON_REFRESH.noContentType(), true),
                Arguments.of("byte order mark", ON_REFRESH.bom(), true),
                Arguments.of("201", ON_REFRESH.status(201), true),
                Arguments.of("odd id_token", ON_REFRESH.set("id_token", "a.!.c"), true),
                Arguments.of("wrapped", ON_REFRESH.rewrite(body -> wrap("{\"data\":", body, "}")), false),
                Arguments.of("listed", ON_REFRESH.rewrite(body -> wrap("[", body, "]")), false),
                Arguments.of("shown", ON_REFRESH.rewrite(body -> wrap("<p>Notice</p>", body, "")), false),
                Arguments.of("mac token", ON_REFRESH.set("token_type", "mac"), false),
                Arguments.of("bad access_token", ON_REFRESH.set("access_token", "a b"), false),
                Arguments.of("no access_token", ON_REFRESH.remove("access_token"), false),
                Arguments.of("numeric access_token", ON_REFRESH.set("access_token", 1), false),
                Arguments.of("broken behind", ON_REFRESH.set("zzz", Json.raw("#")), false),
                Arguments.of(
                        "cut at the end",
                        ON_REFRESH
                                .remove("id_token")
                                .set("padding", "x".repeat(100))
                                .rewrite(body -> java.util.Arrays.copyOf(body, body.length - 1)),
                        false));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("oddAnswers")
    void theNewTokenIsKeptFirst(String name, Fault fault, boolean usable) throws IssuerException {
        issuer.fault(fault);
        TokenResponse answer = refresh();
        assertEquals(usable ? 1 : 2, refreshes());
        assertEquals(usable ? 1 : 2, kept.size());
        assertEquals(current(), kept.get(kept.size() - 1));
        assertEquals(Optional.of(current()), answer.refreshToken());
        if (!usable) {
            assertEquals(
                    kept.get(0).reveal(), scene.last("/token").parameter("refresh_token"), "the repeat uses the new");
        }
        assertEquals(0, issuer.reuses());
        scene.assertFair();
    }

    /** Truncated after its refresh token, which the repetition uses: the old one would cost the account. */
    @Test
    void aCutAnswer() throws IssuerException {
        int[] length = new int[1];
        issuer.fault(ON_REFRESH.rewrite(body -> {
            String text = new String(body, StandardCharsets.UTF_8);
            length[0] = text.indexOf("\"refresh_token\"");
            return body;
        }));
        refresh();
        Secret before = kept.get(0);
        kept.clear();
        String longest = "x".repeat(2000);
        issuer.fault(ON_REFRESH.set("zzz", longest).truncate(length[0] + 100));
        scene.tokens.refresh(scene.tokenEndpoint(), scene.client, before, Scene.ALL, kept::add);
        assertEquals(2, kept.size());
        assertEquals(kept.get(0).reveal(), scene.last("/token").parameter("refresh_token"));
        assertEquals(current(), kept.get(1));
        assertEquals(0, issuer.reuses());
        scene.assertFair();
    }

    /** What arrived before the deadline also counts. */
    @Tag("slow")
    @Test
    void anAnswerWithoutAnEnd() throws IssuerException {
        Transport hasty = new Transport(new TrustStore(Optional.empty()), Duration.ofSeconds(6));
        TokenClient tokens = new TokenClient(hasty, scene.clock, scene.pause);
        // Endless spaces follow the body, so the body must not be complete JSON.
        issuer.fault(ON_REFRESH.set("zzz", Json.raw("#")).dripForever(Duration.ofNanos(1)));
        tokens.refresh(scene.tokenEndpoint(), scene.client, token, Scene.ALL, kept::add);
        issuer.fault(ON_REFRESH.set("zzz", Json.raw("#")).endless());
        tokens.refresh(scene.tokenEndpoint(), scene.client, kept.get(1), Scene.ALL, kept::add);
        assertEquals(4, kept.size());
        assertEquals(current(), kept.get(3));
        assertEquals(0, issuer.reuses());
        scene.assertFair();
    }

    @Test
    void cutBeforeTheRefreshTokenIsALoss() {
        issuer.fault(ON_REFRESH.truncate(20));
        IssuerException e = scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
        assertTrue(e.isAfterDoubt());
        assertEquals(List.of(), kept);
    }

    @Test
    void withoutRotationThereIsNothingToKeep() throws IssuerException {
        issuer.policy.rotate = false;
        assertEquals(Optional.of(token), refresh().refreshToken());
        issuer.policy.repeatUnrotated = false;
        assertEquals(Optional.empty(), refresh().refreshToken());
        issuer.fault(ON_REFRESH.truncate(60));
        refresh();
        assertEquals(List.of(), kept);
        scene.assertFair();
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"\"", "\" \"", "null", "5", "[]"})
    void aRefreshTokenThatIsNone(String json) throws IssuerException {
        issuer.policy.rotate = false;
        issuer.fault(ON_REFRESH.set("refresh_token", Json.raw(json)));
        assertEquals(Optional.empty(), refresh().refreshToken());
        assertEquals(List.of(), kept);
    }

    @Test
    void inARefusalThereIsNothingToKeep() {
        issuer.fault(ON_REFRESH.respond(400, JSON, "{\"error\":\"invalid_grant\",\"refresh_token\":\"trap\"}"));
        scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
        assertEquals(List.of(), kept);
    }

    /** No access token if the next refresh token cannot be saved: the account is more important. */
    @Test
    void keepingFails() {
        IllegalStateException full = new IllegalStateException("disk full");
        Consumer<Secret> failing = next -> {
            throw full;
        };
        assertSame(
                full,
                assertThrows(
                        IllegalStateException.class,
                        () -> scene.tokens.refresh(scene.tokenEndpoint(), scene.client, token, Scene.ALL, failing)));
        assertEquals(1, refreshes());
    }

    @Test
    void theTokensOfAnUnusableAnswerAreNotShown() {
        issuer.fault(ON_REFRESH.set("token_type", "mac").always());
        IssuerException e = scene.assertFails(Kind.UNUSABLE_ANSWER, this::refresh);
        assertTrue(e.getMessage().endsWith(" with a token of the type 'mac', which is no bearer token"), e::getMessage);
        assertFalse(e.leavesDoubt(), "each new refresh token was kept");
        assertEquals(4, kept.size());
        assertEquals(current(), kept.get(3));
    }

    // Dialects

    @Test
    void dialects() throws IssuerException {
        issuer.policy.scopeClaimIsArray = true;
        issuer.policy.answerScopeIsAlwaysFull = true;
        issuer.policy.refreshExpiresIn = 1800L;
        TokenResponse answer = refresh(new RequestedToken(List.of("openid"), List.of("b"), AudienceParameter.AUDIENCE));
        assertEquals(Optional.of(List.of("openid")), answer.scope(), "the JWT is right, the answer is not");
        assertEquals(List.of("b"), answer.audience());
        assertEquals(Optional.of(scene.clock.instant().plusSeconds(1800)), answer.refreshTokenExpiresAt());
        token = current();
        issuer.policy.opaqueAccessTokens = true;
        issuer.policy.sendScopeInAnswer = false;
        issuer.policy.sendIdToken = false;
        answer = refresh();
        assertEquals(Optional.empty(), answer.scope());
        assertEquals(List.of(), answer.audience());
        assertEquals(Optional.empty(), answer.identity());
        assertEquals(Optional.of(scene.clock.instant().plusSeconds(300)), answer.expiresAt());
        scene.assertFair();
    }

    /** INDIGO IAM, whose refresh token expires 30 days after the approval; OA4MP. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whenTheAuthorizationEnds(boolean inTheToken) throws IssuerException {
        issuer.policy.jwtRefreshTokens = inTheToken;
        issuer.policy.tellsRefreshLife = !inTheToken;
        issuer.policy.refreshLife = Duration.ofDays(15);
        token = scene.login();
        assertEquals(
                Optional.of(scene.clock.instant().plus(Duration.ofDays(15)).truncatedTo(ChronoUnit.SECONDS)),
                refresh().refreshTokenExpiresAt().map(end -> end.truncatedTo(ChronoUnit.SECONDS)));
    }

    /** GitHub reports errors with status 200: a permanent error, not a damaged response. */
    @ParameterizedTest
    @CsvSource({
        "invalid_grant, GRANT_REFUSED",
        "bad_refresh_token, GRANT_REFUSED",
        "interaction_required, GRANT_REFUSED",
        "unauthorized, CLIENT_REFUSED",
    })
    void aRefusalWithASuccessStatus(String code, Kind kind) {
        issuer.fault(ON_REFRESH.respond(200, JSON, "{\"error\":\"" + code + "\"}"));
        scene.assertFails(kind, this::refresh);
        assertEquals(1, issuer.count("/token"));
    }

    @Test
    void anIdentityThatChanges() throws IssuerException {
        issuer.policy.idTokenSubject = "mallory";
        assertEquals("mallory", refresh().identity().orElseThrow().subject());
    }
}
