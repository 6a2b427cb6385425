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
import org.opensciencegrid.tokenrenewer.issuer.EmbeddedIssuer;
import org.opensciencegrid.tokenrenewer.issuer.Fault;
import org.opensciencegrid.tokenrenewer.issuer.Json;
import org.opensciencegrid.tokenrenewer.issuer.Seen;
import org.opensciencegrid.tokenrenewer.oidc.OidcException.Kind;
import org.opensciencegrid.tokenrenewer.text.Secret;

class TokenClientTest {
    private static final Fault ON_REFRESH = Fault.on("/token").grant("refresh_token");
    private static final String JSON = "application/json";

    private final Scene scene = new Scene();
    private final EmbeddedIssuer issuer = scene.issuer;
    private final List<Secret> kept = new ArrayList<>();
    private Secret token;

    @BeforeEach
    void login() throws OidcException {
        token = scene.login();
        scene.pause.afterEach(() -> {});
    }

    @AfterEach
    void stop() {
        scene.close();
    }

    private TokenAnswer refresh() throws OidcException {
        return refresh(Scene.ALL);
    }

    private TokenAnswer refresh(Wanted wanted) throws OidcException {
        return scene.tokens.refresh(scene.tokenEndpoint(), scene.client, token, wanted, kept::add);
    }

    /** The token that the issuer will take next. */
    private Secret current() {
        List<String> all = issuer.currentRefreshTokens();
        assertEquals(1, all.size());
        return Secret.of(all.get(0));
    }

    /** The waits since the login. */
    private List<Long> waits() {
        List<Duration> sleeps = scene.pause.sleeps();
        return sleeps.subList(1, sleeps.size()).stream()
                .map(Duration::toSeconds)
                .toList();
    }

    private int refreshes() {
        return issuer.count("/token", "refresh_token");
    }

    // What is sent

    @Test
    void aRefresh() throws OidcException {
        TokenAnswer answer = refresh();
        Seen seen = scene.last("/token");
        assertEquals(Set.of("grant_type", "refresh_token"), seen.form().keySet());
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
    void narrowedByScope() throws OidcException {
        Wanted wanted = new Wanted(List.of("storage.read:/", "offline_access"), List.of(), AudienceParameter.RESOURCE);
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
    void audience(AudienceParameter parameter, String wanted, String resource, String audience) throws OidcException {
        List<String> words = org.opensciencegrid.tokenrenewer.text.Json.split(wanted);
        for (int i = 0; i < 2; i++) {
            if (i == 0) {
                refresh(new Wanted(List.of(), words, parameter));
            } else {
                scene.tokens.clientCredentials(
                        scene.tokenEndpoint(), scene.client, new Wanted(List.of(), words, parameter));
            }
            Seen seen = scene.last("/token");
            assertEquals(
                    org.opensciencegrid.tokenrenewer.text.Json.split(resource),
                    seen.form().getOrDefault("resource", List.of()));
            assertEquals(
                    audience.isEmpty() ? null : List.of(audience), seen.form().get("audience"));
        }
        scene.assertFair();
    }

    @Test
    void clientCredentials() throws OidcException {
        TokenAnswer answer = scene.tokens.clientCredentials(
                scene.tokenEndpoint(),
                scene.client,
                new Wanted(List.of("storage.read:/"), List.of(), AudienceParameter.RESOURCE));
        assertEquals(Optional.of(List.of("storage.read:/")), answer.scope());
        assertEquals(Optional.empty(), answer.refreshToken());
        assertEquals(Set.of("grant_type", "scope"), scene.last("/token").form().keySet());
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

    /** The issuer decodes as RFC 6749 says, and is strict about it. */
    @ParameterizedTest
    @MethodSource("credentials")
    void clientAuthentication(ClientAuth auth, String id, String secret) throws OidcException {
        Client client = scene.client(id, auth == ClientAuth.NONE ? null : secret, auth);
        Secret mine = scene.login(client);
        scene.tokens.refresh(scene.tokenEndpoint(), client, mine, Scene.ALL, kept::add);
        Seen seen = scene.last("/token");
        assertEquals(auth == ClientAuth.BASIC, seen.header("Authorization") != null);
        assertEquals(auth == ClientAuth.POST ? secret : null, seen.parameter("client_secret"));
        assertEquals(auth == ClientAuth.BASIC ? null : id, seen.parameter("client_id"));
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
        assertEquals(Set.of("grant_type", "refresh_token"), seen.form().keySet());
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
        "private_key_jwt,",
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

    // What is repeated

    /** What leaves open whether the issuer has acted; none of these uses the refresh token up. */
    static Stream<Arguments> ambiguous() {
        return Stream.of(
                Arguments.of("503", ON_REFRESH.respond(503, "text/html", "<h1>Busy</h1>"), true),
                Arguments.of("500", ON_REFRESH.respond(500, null, null), true),
                Arguments.of("408", ON_REFRESH.respond(408, null, null), true),
                Arguments.of("429", ON_REFRESH.respond(429, null, null), false),
                Arguments.of(
                        "503 with an error code", ON_REFRESH.respond(503, JSON, "{\"error\":\"invalid_grant\"}"), true),
                Arguments.of(
                        "temporarily_unavailable",
                        ON_REFRESH.respond(400, JSON, "{\"error\":\"temporarily_unavailable\"}"),
                        true),
                Arguments.of("403 of a gateway", ON_REFRESH.respond(403, "text/html", "<h1>No</h1>"), true),
                Arguments.of("404", ON_REFRESH.respond(404, null, null), true),
                Arguments.of("302", ON_REFRESH.redirect(302, "https://issuer.example.org/busy"), true),
                Arguments.of(
                        "400, cut",
                        ON_REFRESH
                                .respond(400, JSON, "{\"error\":\"invalid_grant\"}")
                                .truncate(15),
                        true),
                Arguments.of("gzip", ON_REFRESH.respond(503, JSON, "{}").gzip(), true),
                Arguments.of("HTML in a 200", ON_REFRESH.respond(200, "text/html", "<h1>Hello</h1>"), true),
                Arguments.of("empty 200", ON_REFRESH.respond(200, JSON, ""), true),
                Arguments.of("204", ON_REFRESH.respond(204, null, null), true),
                Arguments.of("JSON without a token", ON_REFRESH.respond(200, JSON, "{}"), true),
                Arguments.of("dropped", ON_REFRESH.drop(), true));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ambiguous")
    void anAmbiguousAnswerIsMetByTheSameRequest(String name, Fault fault, boolean doubt) throws OidcException {
        issuer.fault(fault.times(3));
        refresh();
        assertEquals(List.of(1L, 2L, 4L), waits());
        assertEquals(4, refreshes());
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
        OidcException e = scene.assertFails(
                switch (name) {
                    case "dropped", "400, cut", "gzip" -> Kind.NO_ANSWER;
                    case "HTML in a 200", "empty 200", "204", "JSON without a token" -> Kind.UNUSABLE_ANSWER;
                    default -> Kind.TEMPORARY;
                },
                this::refresh);
        assertEquals(List.of(1L, 2L, 4L), waits());
        assertEquals(4, refreshes());
        assertEquals(doubt, e.isAfterDoubt());
        assertEquals(doubt, e.leavesDoubt());
        assertEquals(List.of(), kept);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ambiguous")
    void aRefusalAfterDoubtMayBeOurOwnEcho(String name, Fault fault, boolean doubt) {
        issuer.fault(fault);
        issuer.revokeAll();
        OidcException e = scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
        assertEquals(doubt, e.isAfterDoubt());
        assertEquals(2, refreshes());
        assertEquals("invalid_grant", e.code());
        assertEquals(400, e.status());
    }

    @Test
    void withoutDoubtARefusalIsARefusal() {
        issuer.revokeAll();
        OidcException e = scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
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
        OidcException e = Scene.fails(
                Kind.UNREACHABLE, () -> scene.tokens.refresh(nowhere, scene.client, token, Scene.ALL, kept::add));
        assertEquals(List.of(1L, 2L, 4L), waits());
        assertFalse(e.isAfterDoubt());
    }

    /** The answer is lost, the token is used up: the refusal of the repeat says so. */
    @Test
    void aLostAnswer() {
        issuer.fault(ON_REFRESH.loseAnswer());
        OidcException e = scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
        assertTrue(e.isAfterDoubt());
        assertEquals(List.of(1L), waits());
        assertEquals(List.of(), kept);
    }

    @Test
    void aLostAnswerWithinTheGrace() throws OidcException {
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
        OidcException e = scene.assertFails(Kind.TEMPORARY, this::refresh);
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
        scene.pause.afterEach(() -> scene.clock.advanceSeconds(9)); // as if each request had taken that long
        scene.assertFails(Kind.TEMPORARY, this::refresh);
        assertEquals(List.of(1L, 2L), waits(), "1 + 9, 2 + 9, and 4 more were too much");
    }

    @Test
    void clientCredentialsAreRepeatedAsWell() throws OidcException {
        issuer.fault(Fault.on("/token").loseAnswer());
        issuer.fault(Fault.on("/token").respond(503, null, null));
        scene.tokens.clientCredentials(scene.tokenEndpoint(), scene.client, Scene.ALL);
        assertEquals(List.of(1L, 2L), waits());
    }

    // What issuers answer: the table of docs/issuers.md

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
                "403|access_denied|REFUSED",
                "400|invalid_scope|SCOPE_REFUSED",
                "400|invalid_target|AUDIENCE_REFUSED",
                "400|invalid_request|REFUSED",
                "400|unsupported_grant_type|REFUSED",
                "401|access_denied|REFUSED",
                "400|scope_invalid|REFUSED",
                "400|\u001b[2J|REFUSED",
            })
    void aDefinitiveRefusalIsNotRepeated(int status, String code, Kind kind) {
        issuer.fault(ON_REFRESH
                .respond(status, JSON, code == null ? null : Json.write(java.util.Map.of("error", code)))
                .always());
        OidcException e = scene.assertFails(kind, this::refresh);
        assertEquals(1, refreshes());
        assertEquals(status, e.status());
        assertEquals(code == null ? "" : code.replace("\u001b", "\\x1B"), e.code());
        assertFalse(e.mayBeRepeated());
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
                "403|text/html|<h1>No</h1>|403 (text/html): <h1>No</h1>",
                "403|-|plain|403 (no content type): plain",
                "401|-|-|401 without a body",
                "400|application/json|{\"message\":\"no\"}|400 (application/json): {\"message\":\"no\"}",
                "400|application/json|{\"error\":{\"deep\":1}}|400 (application/json): {\"error\":{\"deep\":1}}",
            })
    void aRefusalInWords(int status, String type, String body, String words) {
        issuer.fault(ON_REFRESH.respond(status, type, body).always());
        OidcException e = assertThrows(OidcException.class, this::refresh);
        assertEquals("localhost:" + issuer.port() + " answered " + words, e.getMessage());
    }

    @Test
    void aLongPageIsCut() {
        issuer.fault(ON_REFRESH
                .respond(403, "text/html", "<h1>" + "x".repeat(100_000))
                .always());
        OidcException e = scene.assertFails(Kind.TEMPORARY, this::refresh);
        assertTrue(e.getMessage().length() < 200, e::getMessage);
    }

    @Test
    void indigoIamRepeatsTheToken() {
        issuer.policy.iamErrors = true;
        issuer.revokeAll();
        OidcException e = scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
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
                OidcException e = assertThrows(OidcException.class, this::refresh);
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

    /** The real answer, which has rotated the token, made odd; true where its access token can be used all the same. */
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
    void theNewTokenIsKeptFirst(String name, Fault fault, boolean usable) throws OidcException {
        issuer.fault(fault);
        TokenAnswer answer = refresh();
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

    /** Cut behind its refresh token, which the repeat uses: the old one would cost the account. */
    @Test
    void aCutAnswer() throws OidcException {
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

    /** What came until the deadline counts as well. */
    @Tag("slow")
    @Test
    void anAnswerWithoutAnEnd() throws OidcException {
        Transport hasty = new Transport(new Trust(Optional.empty()), Duration.ofSeconds(3));
        TokenClient tokens = new TokenClient(hasty, scene.clock, scene.pause);
        // Behind its body spaces would follow for ever, so the body must not be JSON by itself.
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
        OidcException e = scene.assertFails(Kind.GRANT_REFUSED, this::refresh);
        assertTrue(e.isAfterDoubt());
        assertEquals(List.of(), kept);
    }

    @Test
    void withoutRotationThereIsNothingToKeep() throws OidcException {
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
    void aRefreshTokenThatIsNone(String json) throws OidcException {
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

    /** No token, if the next cannot be kept: the account is worth more. */
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
        OidcException e = scene.assertFails(Kind.UNUSABLE_ANSWER, this::refresh);
        assertTrue(e.getMessage().endsWith(" characters that are not what was asked for"), e::getMessage);
        assertEquals(4, kept.size());
        assertEquals(current(), kept.get(3));
    }

    // Dialects

    @Test
    void dialects() throws OidcException {
        issuer.policy.scopeClaimIsArray = true;
        issuer.policy.answerScopeIsAlwaysFull = true;
        issuer.policy.refreshExpiresIn = 1800L;
        TokenAnswer answer = refresh(new Wanted(List.of("openid"), List.of("b"), AudienceParameter.AUDIENCE));
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

    /** INDIGO IAM, whose refresh token ends 30 days after the approval; OA4MP. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whenTheAuthorizationEnds(boolean inTheToken) throws OidcException {
        issuer.policy.jwtRefreshTokens = inTheToken;
        issuer.policy.tellsRefreshLife = !inTheToken;
        issuer.policy.refreshLife = Duration.ofDays(15);
        token = scene.login();
        assertEquals(
                Optional.of(scene.clock.instant().plus(Duration.ofDays(15)).truncatedTo(ChronoUnit.SECONDS)),
                refresh().refreshTokenExpiresAt().map(end -> end.truncatedTo(ChronoUnit.SECONDS)));
    }

    /** GitHub refuses with 200: a definitive no, and no answer that was garbled on its way. */
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
    void anIdentityThatChanges() throws OidcException {
        issuer.policy.idTokenSubject = "mallory";
        assertEquals("mallory", refresh().identity().orElseThrow().subject());
    }
}
