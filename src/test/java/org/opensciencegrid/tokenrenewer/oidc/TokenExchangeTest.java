package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Json;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** The token exchange of RFC 8693: the request, and what the answers of real servers mean. */
class TokenExchangeTest {
    private static final String JSON = "application/json";
    private static final String TYPE = "urn:ietf:params:oauth:token-type:";
    private static final Fault ON_EXCHANGE = Fault.on("/token").grant(Policy.TOKEN_EXCHANGE);
    private static final List<String> GRANTS = List.of(Policy.CLIENT_CREDENTIALS, Policy.TOKEN_EXCHANGE);

    private final Scene scene = new Scene();
    private Client client = scene.client;

    @BeforeEach
    void permit() {
        scene.issuer.policy.tokenExchange = true;
        scene.issuer.addClient("renewer", "secret-of-the-renewer", "any", GRANTS, Scene.SCOPES);
    }

    @AfterEach
    void stop() {
        scene.close();
    }

    private Secret subject() throws IssuerException {
        return scene.tokens
                .clientCredentials(scene.tokenEndpoint(), client, Scene.ALL)
                .accessToken();
    }

    private TokenResponse exchange(RequestedToken requested, String... resources) throws IssuerException {
        return scene.tokens.exchange(scene.tokenEndpoint(), client, subject(), requested, List.of(resources));
    }

    private TokenResponse exchange() throws IssuerException {
        return exchange(Scene.ALL);
    }

    // Request

    @Test
    void theParameters() throws IssuerException {
        Secret subject = subject();
        scene.issuer.policy.audienceParameter = Policy.AudienceParameter.AUDIENCE;
        TokenResponse response = scene.tokens.exchange(
                scene.tokenEndpoint(),
                client,
                subject,
                new RequestedToken(List.of("openid", "storage.read:/"), List.of("a", "b"), AudienceParameter.AUDIENCE),
                List.of("https://a.example.org/", "https://b.example.org/?x=y"));
        Map<String, List<String>> form = new LinkedHashMap<>();
        form.put("grant_type", List.of(Policy.TOKEN_EXCHANGE));
        form.put("subject_token", List.of(subject.reveal()));
        form.put("subject_token_type", List.of(TYPE + "access_token"));
        form.put("requested_token_type", List.of(TYPE + "access_token"));
        form.put("audience", List.of("a b"));
        form.put("resource", List.of("https://a.example.org/", "https://b.example.org/?x=y"));
        form.put("scope", List.of("openid storage.read:/"));
        form.put("client_id", List.of("renewer"));
        assertEquals(form, scene.last("/token").form());
        assertEquals(List.of("openid", "storage.read:/"), response.scope().orElseThrow());
    }

    @Test
    void withoutScopeAudienceAndResource() throws IssuerException {
        exchange();
        assertEquals(
                List.of("client_id", "grant_type", "requested_token_type", "subject_token", "subject_token_type"),
                scene.last("/token").form().keySet().stream().sorted().toList());
        scene.assertFair();
    }

    @Test
    void oneParameterForEachAudience() throws IssuerException {
        TokenResponse response =
                exchange(new RequestedToken(List.of(), List.of("a", "https://b/"), AudienceParameter.RESOURCE));
        assertEquals(List.of("a", "https://b/"), scene.last("/token").form().get("audience"));
        assertEquals(List.of("a", "https://b/"), response.audience());
        scene.assertFair();
    }

    @ParameterizedTest
    @EnumSource(names = {"BASIC", "POST"})
    void clientsWithASecret(ClientAuth auth) throws IssuerException {
        String secret = "50%25 a+b&c=d:\u20ac";
        scene.issuer.addClient("oa4mp:/client id", secret, "any", GRANTS, Scene.SCOPES);
        client = new Client("oa4mp:/client id", Optional.of(Secret.of(secret)), auth);
        exchange();
        Seen seen = scene.last("/token");
        assertEquals(auth == ClientAuth.BASIC, seen.header("Authorization") != null);
        assertEquals(auth == ClientAuth.POST ? secret : null, seen.parameter("client_secret"));
        scene.assertFair();
    }

    @Test
    void rawBasicAndPublicClients() throws IssuerException {
        Secret subject = subject();
        scene.issuer.policy.strict = false;
        client = new Client("a+b", Optional.of(Secret.of("c:d e%")), ClientAuth.BASIC_RAW);
        scene.issuer.fault(ON_EXCHANGE.times(2).respond(400, JSON, "{\"error\":\"unauthorized_client\"}"));
        Scene.fails(Kind.EXCHANGE_REFUSED, () -> exchangeOf(subject));
        assertEquals("Basic YStiOmM6ZCBlJQ==", scene.last("/token").header("Authorization"));
        client = new Client("public", Optional.empty(), ClientAuth.NONE);
        Scene.fails(Kind.EXCHANGE_REFUSED, () -> exchangeOf(subject));
        assertEquals(null, scene.last("/token").header("Authorization"));
        assertEquals("public", scene.last("/token").parameter("client_id"));
    }

    private TokenResponse exchangeOf(Secret subject) throws IssuerException {
        return scene.tokens.exchange(scene.tokenEndpoint(), client, subject, Scene.ALL, List.of());
    }

    @Test
    void aClientWithAKey() throws IssuerException {
        ClientKeys keys = ClientKeys.generate(Instant.EPOCH);
        scene.issuer.addKeyClient("keyed", keys.publicKeys(), GRANTS, Scene.SCOPES);
        client = new Client("keyed", Optional.empty(), ClientAuth.PRIVATE_KEY_JWT)
                .with(keys.assertion(scene.issuer.issuer(), scene.clock));
        exchange();
        scene.assertFair();
    }

    // Answers

    /**
     * Keycloak 26: StandardTokenExchangeProvider, AbstractTokenExchangeProvider and TokenExchangeGrantType in
     * services/src/main/java/org/keycloak/protocol/oidc. INDIGO IAM 1.12: TokenExchangeTokenGranter and
     * DefaultTokenExchangePdp in iam-login-service/src/main/java/it/infn/mw/iam/core/oauth. OA4MP 6:
     * proxy/src/main/java/org/oa4mp/server/proxy/OA2ATServlet.java.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // Keycloak
                "400|invalid_request|Standard token exchange is not enabled for the requested client|EXCHANGE_REFUSED",
                "400|invalid_client|Public client is not allowed to exchange token|EXCHANGE_REFUSED",
                "400|invalid_client|Audience not found|AUDIENCE_REFUSED",
                "400|invalid_client|Client disabled|AUDIENCE_REFUSED",
                "400|invalid_request|Requested audience not available: storage-b|AUDIENCE_REFUSED",
                "400|invalid_scope|Invalid scopes: no.such.scope|SCOPE_REFUSED",
                "400|invalid_scope|Missing consents for Token Exchange in client renewer|SCOPE_REFUSED",
                "400|invalid_request|Invalid token|REFUSED",
                "403|access_denied|Client is not within the token audience|EXCHANGE_REFUSED",
                "401|unauthorized_client|Invalid client or Invalid client credentials|CLIENT_REFUSED",
                // INDIGO IAM
                "400|invalid_grant|Invalid subject token: not found on database|GRANT_REFUSED",
                "400|invalid_grant|User with uuid 1 needs to sign AUP for this organization in order to proceed.|PERSON_REFUSED",
                "403|access_denied|Token exchange not allowed: same client and offline_access requested|EXCHANGE_REFUSED",
                "403|access_denied|No applicable policies found for clients: a -> b|EXCHANGE_REFUSED",
                "400|invalid_scope|scope not allowed by origin client configuration: storage.read:/|SCOPE_REFUSED",
                "401|invalid_client|Unauthorized grant type: urn:ietf:params:oauth:grant-type:token-exchange|EXCHANGE_REFUSED",
                "401|unauthorized|Bad credentials|CLIENT_REFUSED",
                // OA4MP
                "400|request_not_supported|token exchange not supported on this server|EXCHANGE_REFUSED",
                "400|unauthorized_client|client does not have permission|EXCHANGE_REFUSED",
                "400|invalid_request|missing subject token|REFUSED",
                // RFC 8693 section 2.2.2, RFC 6749 section 5.2
                "400|invalid_target|no|AUDIENCE_REFUSED",
                "400|unsupported_grant_type|no|EXCHANGE_REFUSED",
                "401|invalid_client|no|CLIENT_REFUSED",
                "400|invalid_request|duplicated parameter|AUDIENCE_REFUSED",
                "401|invalid_token|no|GRANT_REFUSED",
            })
    void refusals(int status, String code, String description, Kind kind) {
        scene.issuer.fault(ON_EXCHANGE
                .always()
                .respond(status, JSON, Json.write(Map.of("error", code, "error_description", description))));
        IssuerException e = scene.assertFails(kind, this::exchange);
        assertTrue(e.getMessage().contains(code + ": " + description), e.getMessage());
        assertEquals(1, scene.issuer.count("/token", Policy.TOKEN_EXCHANGE));
        assertTrue(e.isDefinitive());
    }

    static Stream<Arguments> grants() {
        return Stream.of(
                Arguments.of("Keycloak", "access_token", "Bearer"),
                Arguments.of("INDIGO IAM", "jwt", "Bearer"),
                Arguments.of("OA4MP", "access_token", "Bearer"));
    }

    @ParameterizedTest
    @MethodSource("grants")
    void accessTokens(String server, String issuedType, String tokenType) throws IssuerException {
        scene.issuer.fault(
                ON_EXCHANGE.set("issued_token_type", TYPE + issuedType).set("token_type", tokenType));
        assertEquals(List.of("https://wlcg.cern.ch/jwt/v1/any"), exchange().audience(), server);
    }

    /** Keycloak and OA4MP put an id_token or a refresh token into access_token. */
    @ParameterizedTest
    @CsvSource({"id_token, N_A", "refresh_token, N_A", "id_token, Bearer", "access_token, N_A", "saml2, Bearer"})
    void tokensOfAnotherType(String issuedType, String tokenType) {
        scene.issuer.fault(
                ON_EXCHANGE.always().set("issued_token_type", TYPE + issuedType).set("token_type", tokenType));
        IssuerException e = scene.assertFails(Kind.EXCHANGE_REFUSED, this::exchange);
        assertTrue(
                e.getMessage().matches(".* answered 200 with a token of the type '\\S+', which is no .*"),
                e.getMessage());
        assertEquals(1, scene.issuer.count("/token", Policy.TOKEN_EXCHANGE));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{}", "{\"token\":1}"})
    void anUnusableAnswerIsAskedForAgain(String body) throws IssuerException {
        scene.issuer.fault(ON_EXCHANGE.respond(200, JSON, body));
        exchange();
        assertEquals(2, scene.issuer.count("/token", Policy.TOKEN_EXCHANGE));
    }

    @Test
    void theExchangedTokenIsNotShown() throws IssuerException {
        Secret subject = subject();
        scene.issuer.fault(ON_EXCHANGE.respond(
                400,
                JSON,
                Json.write(Map.of("error", "invalid_request", "error_description", "not " + subject.reveal()))));
        scene.assertFails(Kind.REFUSED, () -> exchangeOf(subject));
    }

    @Test
    void anExchangeIsRepeated() throws IssuerException {
        scene.issuer.fault(ON_EXCHANGE.loseAnswer());
        scene.issuer.fault(ON_EXCHANGE.respond(503, JSON, null));
        exchange();
        assertEquals(3, scene.issuer.count("/token", Policy.TOKEN_EXCHANGE));
    }
}
