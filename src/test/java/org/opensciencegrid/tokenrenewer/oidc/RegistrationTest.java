package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Json;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.util.Secret;

class RegistrationTest {
    private static final String ALL = "openid profile offline_access";
    private static final String FIRST = body(ALL, "");
    private static final String WITH_CODE = body(ALL, "code");

    private static final List<String> WANTED = List.of("openid", "profile", "offline_access");

    private final Scene scene = new Scene();
    private final EmbeddedIssuer issuer = scene.issuer;
    private final Registration registration = new Registration(scene.transport);
    private final List<String> log = new ArrayList<>();

    @AfterEach
    void stop() {
        scene.close();
    }

    private static String body(String scope, String how) {
        return body(scope, how, Policy.DEVICE_CODE, "client_secret_basic");
    }

    /**
     * The metadata as sent, with its members in alphabetical order.
     *
     * @param how code, redirect, noResponseTypes, in any combination
     */
    private static String body(String scope, String how, String deviceGrant, String auth) {
        boolean code = how.contains("code");
        boolean redirect = code || how.contains("redirect");
        return (redirect ? "application_type=native, " : "")
                + "client_name=osg-token-renewer, "
                + "grant_types=[" + deviceGrant + ", refresh_token"
                + (code ? ", authorization_code" : "") + "], "
                + (redirect ? "redirect_uris=[http://localhost:8080], " : "")
                + (how.contains("noResponseTypes") ? "" : "response_types=[" + (code ? "code" : "") + "], ")
                + (scope.isEmpty() ? "" : "scope=" + scope + ", ")
                + "token_endpoint_auth_method=" + auth;
    }

    private List<String> bodies() {
        return issuer.requests("/register").stream()
                .map(seen -> {
                    Map<String, Object> json = org.opensciencegrid.tokenrenewer.json.Json.object(seen.body())
                            .orElseThrow();
                    String text = new java.util.TreeMap<>(json).toString().replaceAll("[\"\\\\]", "");
                    return text.substring(1, text.length() - 1)
                            .replace(",", ", ")
                            .replaceAll(", +", ", ");
                })
                .toList();
    }

    private Registered register() throws IssuerException {
        return register(WANTED, Optional.empty());
    }

    private Registered register(List<String> scope, Optional<Secret> initialToken) throws IssuerException {
        Provider provider = new Discovery(scene.transport).discover(issuer.issuer());
        return registration.register(provider, "osg-token-renewer", scope, Optional.empty(), initialToken, log::add);
    }

    /** The registered client can use the device flow. */
    private void assertWorks(Registered registered) throws IssuerException {
        RequestedToken wanted = new RequestedToken(registered.scope(), List.of(), AudienceParameter.RESOURCE);
        DeviceFlow.Prompt prompt = scene.device.start(scene.deviceEndpoint(), registered.client(), wanted);
        issuer.approve(prompt.userCode(), "alice");
        assertTrue(scene.device
                .await(scene.tokenEndpoint(), registered.client(), prompt, wanted, poll -> {})
                .refreshToken()
                .isPresent());
    }

    // After an error, the request is changed accordingly

    @Test
    void theFirstRequest() throws IssuerException {
        Registered registered = register();
        assertEquals(List.of(FIRST), bodies());
        assertEquals(List.of(), log);
        assertEquals(ClientAuth.BASIC, registered.client().auth());
        assertEquals(List.of(registered.client().id()), issuer.registeredClients());
        assertEquals(WANTED, registered.scope());
        Seen seen = issuer.requests("/register").get(0);
        assertNull(seen.header("Authorization"));
        assertWorks(registered);
        scene.assertFair();
    }

    @Test
    void aRedirectUriForThoseWhoWantOne() throws IssuerException {
        issuer.policy.registrationNeedsRedirectUri = true;
        Registered registered = register();
        assertEquals(List.of(FIRST, body(ALL, "redirect")), bodies());
        assertEquals(
                List.of("localhost:" + issuer.port()
                        + " answered 400 invalid_redirect_uri: redirect_uris is mandatory property; asking again with a"
                        + " redirect URI"),
                log);
        assertWorks(registered);
        scene.assertFair();
    }

    @Test
    void withoutOpenidForThoseWhoForbidIt() throws IssuerException {
        issuer.policy.registrationRefusesOpenid = true;
        Registered registered = register();
        assertEquals(List.of(FIRST, body("profile offline_access", "")), bodies());
        assertEquals(1, log.size());
        assertEquals(List.of("profile", "offline_access"), registered.scope());
        assertWorks(registered);
        scene.assertFair();
    }

    /** Spring Authorization Server. */
    @Test
    void withoutResponseTypesForThoseWhoWantNoEmptyOnes() throws IssuerException {
        issuer.policy.registrationRefusesEmptyResponseTypes = true;
        assertWorks(register());
        assertEquals(List.of(FIRST, body(ALL, "noResponseTypes")), bodies());
        scene.assertFair();
    }

    /** glewlwyd, whose metadata contains the name that it rejects, and whose error contains another one. */
    @Test
    void theDeviceGrantUnderTheNameThatTheRefusalLists() throws IssuerException {
        issuer.policy.registrationDeviceGrant = "device_authorization";
        issuer.policy.registrationGrants =
                Set.of("device_authorization", Policy.REFRESH_TOKEN, Policy.AUTHORIZATION_CODE);
        issuer.policy.registrationNeedsRedirectUri = true;
        assertWorks(register());
        assertEquals(
                List.of(
                        FIRST,
                        body(ALL, "", "device_authorization", "client_secret_basic"),
                        body(ALL, "redirect", "device_authorization", "client_secret_basic")),
                bodies());
        scene.assertFair();
    }

    @Test
    void theClientAuthenticationThatTheIssuerOffers() throws IssuerException {
        issuer.policy.clientAuthMethods = List.of("client_secret_post", "none");
        Registered registered = register();
        assertEquals(ClientAuth.POST, registered.client().auth());
        assertEquals(List.of(body(ALL, "", Policy.DEVICE_CODE, "client_secret_post")), bodies());
        assertWorks(registered);
        scene.assertFair();
    }

    @Test
    void theGrantsOfTheAnswerAreCompared() throws IssuerException {
        assertFalse(register().lacksDeviceGrant());
        issuer.policy.registrationGrantsInstead = Set.of(Policy.AUTHORIZATION_CODE);
        Registered registered = register();
        assertTrue(registered.lacksDeviceGrant());
        assertEquals(List.of(Policy.AUTHORIZATION_CODE), registered.grantTypes());
    }

    @Test
    void whatCannotBeAnsweredEndsIt() {
        issuer.policy.registrationGrants = Set.of(Policy.AUTHORIZATION_CODE);
        IssuerException e = scene.assertFails(Kind.REFUSED, this::register);
        assertEquals("invalid_client_metadata", e.code());
        assertEquals(List.of(FIRST, WITH_CODE), bodies());
        assertEquals(List.of(), issuer.registeredClients());
    }

    /** Errors of real servers in different words, and the next request. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "400|invalid_redirect_uri||redirect",
                "400|invalid_client_metadata|Redirect URIs are required|redirect",
                "422|invalid_request|redirect_uris: field required|redirect",
                "400|invalid_request|response_types cannot be empty|noResponseTypes",
                "400|invalid_client_metadata|Invalid response_types|noResponseTypes",
                "400|invalid_client_metadata|grant_types must contain 'authorization_code'|code",
                "400|invalid_client_metadata||noResponseTypes",
                "400|||noResponseTypes",
            })
    void aRefusalInOtherWords(int status, String error, String words, String how) throws IssuerException {
        issuer.policy.strict = false;
        refuse(status, error, words);
        register();
        assertEquals(List.of(FIRST, body(ALL, how)), bodies());
        assertEquals(1, log.size());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unknown grant type; supported: authorization_code, device_authorization.|device_authorization",
                "grant_types must be one of [\"code\", \"OAUTH2_DEVICE_CODE\"]|OAUTH2_DEVICE_CODE",
                "grant urn:ietf:params:oauth:grant-type:device_code refused, use device_flow|device_flow",
                "grant_types: 'urn:example:device-code' is what we call it|urn:example:device-code",
            })
    void theListedGrantThatMeansTheDeviceFlow(String words, String name) throws IssuerException {
        issuer.policy.registrationDeviceGrant = name;
        issuer.policy.registrationGrants = Set.of(name, Policy.REFRESH_TOKEN);
        refuse(400, "invalid_client_metadata", words);
        assertWorks(register());
        assertEquals(List.of(FIRST, body(ALL, "", name, "client_secret_basic")), bodies());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "invalid_scope|Unknown scope: profile|true|openid offline_access",
                "invalid_scope|scope 'profile' is not allowed|true|openid offline_access",
                "invalid_client_metadata|scope must only contain supported scope values|false|openid offline_access",
                "invalid_scope||false|openid offline_access",
                "invalid_scope|allowed are openid offline_access|false|openid offline_access",
                "invalid_scope||true|profile offline_access",
            })
    void lessScopeAsTheRefusalSays(String error, String words, boolean noneListed, String less) throws IssuerException {
        issuer.policy.omitScopesSupported = noneListed;
        issuer.policy.unlistedScopes = Set.of("profile");
        refuse(400, error, words);
        assertEquals(List.of(less.split(" ")), register().scope());
        assertEquals(List.of(FIRST, body(less, "")), bodies());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"token_endpoint_auth_method not supported", "this server has another authentication method"})
    void anotherClientAuthentication(String words) throws IssuerException {
        refuse(400, "invalid_client_metadata", words);
        assertEquals(ClientAuth.POST, register().client().auth());
        assertEquals(List.of(FIRST, body(ALL, "", Policy.DEVICE_CODE, "client_secret_post")), bodies());
    }

    @Test
    void fiveRequestsAtMost() {
        String words = "redirect_uris, scope, response_types, auth_method, grant_types";
        issuer.fault(Fault.on("/register")
                .respond(400, "application/json", "{\"error\":\"e\",\"error_description\":\"" + words + "\"}")
                .always());
        scene.assertFails(Kind.REFUSED, this::register);
        assertEquals(5, issuer.count("/register"));
        assertEquals(4, log.size());
    }

    private void refuse(int status, String error, String words) {
        String json = org.opensciencegrid.tokenrenewer.json.Json.write(
                Map.of("error", error == null ? "" : error, "error_description", words == null ? "" : words));
        issuer.fault(Fault.on("/register").respond(status, "application/json", json));
    }

    @ParameterizedTest
    @CsvSource({
        "401, invalid_token, GRANT_REFUSED",
        "400, invalid_token, GRANT_REFUSED",
        "403, access_denied, REFUSED",
        "404, not_found, REFUSED",
        "500, server_error, TEMPORARY",
        "503, x, TEMPORARY",
        "429, x, TEMPORARY",
    })
    void whatIsNotAboutTheMetadataIsNotTriedInOtherWords(int status, String error, Kind kind) {
        issuer.fault(Fault.on("/register")
                .respond(status, "application/json", "{\"error\":\"" + error + "\"}")
                .always());
        scene.assertFails(kind, this::register);
        assertEquals(List.of(FIRST), bodies());
        assertEquals(List.of(), log);
    }

    /** Permanent errors, so that the operator provides a client or a token. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "405;'';''", // INDIGO IAM at the path of its ancestor
                "404;text/plain;Not Found",
                "200;text/html;<html>Register here</html>", // an older CILogon
                "302;'';''", // Spring's login page
                "403;text/html;<html>no</html>",
            })
    void noRegistrationForProgramsIsARefusal(int status, String type, String body) {
        issuer.fault(Fault.on("/register").respond(status, type, body).always());
        scene.assertFails(Kind.REFUSED, this::register);
        assertEquals(List.of(FIRST), bodies());
    }

    @Test
    void aServerErrorInPlainTextIsARefusalOfOa4mp() {
        issuer.policy.registrationIsServerError = true;
        IssuerException e = scene.assertFails(Kind.REFUSED, this::register);
        assertTrue(e.getMessage().contains("server_error"), e::getMessage);
    }

    // Scopes

    /** INDIGO IAM, OA4MP and Spring do not list the scopes that they grant. */
    @Test
    void everythingIsAskedForFirst() throws IssuerException {
        issuer.policy.unlistedScopes = Set.of("storage.read:/", "offline_access");
        List<String> wanted = List.of("openid", "storage.read:/", "offline_access");
        assertEquals(wanted, register(wanted, Optional.empty()).scope());
        assertEquals(List.of(body("openid storage.read:/ offline_access", "")), bodies());
        scene.assertFair();
    }

    @Test
    void scopesThatTheIssuerDoesNotKnowAreItsToDrop() throws IssuerException {
        issuer.policy.registrationRefusesUnknownScope = false;
        List<String> wanted = List.of("openid", "no.such", "offline_access");
        assertEquals(
                List.of("openid", "offline_access"),
                register(wanted, Optional.empty()).scope());
        assertEquals(List.of(body("openid no.such offline_access", "")), bodies());
    }

    @Test
    void allScopesWhereTheIssuerDoesNotSay() throws IssuerException {
        issuer.policy.omitScopesSupported = true;
        issuer.policy.registrationRefusesUnknownScope = false;
        Registered registered = register(List.of("openid", "no.such"), Optional.empty());
        assertEquals(List.of(body("openid no.such", "")), bodies());
        assertEquals(List.of("openid"), registered.scope(), "the issuer's word counts");
        scene.assertFair();
    }

    /** RFC 6749 section 3.3 does not allow an empty scope, and some issuers reject it. */
    @ParameterizedTest
    @ValueSource(strings = {"", "no.such"})
    void noScope(String wanted) throws IssuerException {
        List<String> scope = wanted.isEmpty() ? List.of() : List.of(wanted);
        Registered registered = register(scope, Optional.empty());
        List<String> bodies = bodies();
        assertEquals(body("", ""), bodies.get(bodies.size() - 1));
        assertEquals(
                List.of("email", "openid", "profile"),
                registered.scope().stream().sorted().toList());
        scene.assertFair();
    }

    @Test
    void theAnswerHasNoScope() throws IssuerException {
        issuer.fault(Fault.on("/register").remove("scope"));
        assertEquals(WANTED, register().scope());
    }

    // Initial access token

    @Test
    void anInitialAccessToken() throws IssuerException {
        issuer.policy.openRegistration = false;
        issuer.policy.registrationToken = "initial-access-token";
        assertWorks(register(WANTED, Optional.of(Secret.of("initial-access-token"))));
        assertEquals(
                "Bearer initial-access-token",
                issuer.requests("/register").get(0).header("Authorization"));
        scene.assertFair();

        issuer.clearRecords();
        scene.assertFails(Kind.GRANT_REFUSED, () -> register(WANTED, Optional.empty()));
        scene.assertFails(Kind.GRANT_REFUSED, () -> register(WANTED, Optional.of(Secret.of("another"))));
        assertEquals(2, issuer.count("/register"));
    }

    @Test
    void anEchoedInitialAccessTokenIsNotShown() {
        issuer.fault(Fault.on("/register")
                .respond(
                        401,
                        "application/json",
                        "{\"error\":\"invalid_token\",\"error_description\":\"bad: initial-x\"}"));
        IssuerException e =
                scene.assertFails(Kind.GRANT_REFUSED, () -> register(WANTED, Optional.of(Secret.of("initial-x"))));
        assertTrue(e.getMessage().endsWith("401 invalid_token: bad: ***"), e::getMessage);
    }

    @Test
    void noRegistrationOffered() {
        issuer.policy.openRegistration = false;
        IssuerException e = scene.assertFails(Kind.REFUSED, this::register);
        assertEquals(issuer.issuer() + " offers no dynamic client registration", e.getMessage());
        assertEquals(0, issuer.count("/register"));
    }

    // The response

    @ParameterizedTest
    @ValueSource(strings = {"loseAnswer", "drop", "truncate"})
    void aLostAnswerIsNotRepeated(String how) {
        Fault fault = Fault.on("/register");
        issuer.fault(
                switch (how) {
                    case "loseAnswer" -> fault.loseAnswer();
                    case "drop" -> fault.drop();
                    default -> fault.truncate(60);
                });
        scene.assertFails(Kind.NO_ANSWER, this::register);
        assertEquals(1, issuer.count("/register"));
        assertEquals(List.of(), scene.pause.sleeps());
    }

    @Test
    void anAnswerWithoutAClient() {
        issuer.fault(Fault.on("/register").remove("client_id"));
        IssuerException e = scene.assertFails(Kind.UNUSABLE_ANSWER, this::register);
        assertEquals(1, issuer.count("/register"));
        assertFalse(e.getMessage().contains("client_secret\":"), e::getMessage);
    }

    @Test
    void anAnswerOf200() throws IssuerException {
        issuer.policy.registrationAnswers200 = true;
        assertWorks(register());
        scene.assertFair();
    }

    @Test
    void bareOnes() throws IssuerException {
        issuer.policy.registrationWithoutManagement = true;
        issuer.policy.secretExpiresAt = null;
        issuer.policy.clientIdPrefix = "oa4mp:/client_id/";
        issuer.policy.awkwardSecrets = true;
        issuer.fault(Fault.on("/register").remove("token_endpoint_auth_method").remove("registration_client_uri"));
        Registered registered = register();
        assertEquals(ClientAuth.BASIC, registered.client().auth());
        assertEquals(Optional.empty(), registered.accessToken());
        assertEquals(Optional.empty(), registered.clientUri());
        assertEquals(Optional.empty(), registered.secretExpiresAt());
        assertWorks(registered);
        scene.assertFair();
    }

    @ParameterizedTest
    @CsvSource({
        "client_secret_basic, BASIC",
        "client_secret_post, POST",
        "none, NONE",
        "private_key_jwt, BASIC",
        "'', BASIC",
    })
    void theAnswersAuthenticationMethodCounts(String method, ClientAuth auth) throws IssuerException {
        issuer.fault(Fault.on("/register").set("token_endpoint_auth_method", method));
        Client client = register().client();
        assertEquals(auth, client.auth());
        assertEquals(auth != ClientAuth.NONE, client.secret().isPresent());
    }

    @Test
    void aPublicClient() throws IssuerException {
        issuer.fault(Fault.on("/register").remove("client_secret"));
        assertEquals(ClientAuth.NONE, register().client().auth());
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "0, -",
                "-5, -",
                "1798761600, 2027-01-01T00:00:00Z",
                "'\"1798761600\"', 2027-01-01T00:00:00Z",
                "'\"never\"', -",
                "null, -",
                "253402300799, 9999-12-31T23:59:59Z",
                "9223372036854775807, -",
                "99999999999999999, -",
                "1e300, -",
            })
    void whenTheSecretExpires(String said, Instant expires) throws IssuerException {
        issuer.fault(Fault.on("/register").set("client_secret_expires_at", Json.raw(said)));
        assertEquals(Optional.ofNullable(expires), register().secretExpiresAt());
    }

    // Deletion

    @Test
    void deletion() throws IssuerException {
        Registered registered = register();
        registration.delete(
                registered.clientUri().orElseThrow(), registered.accessToken().orElseThrow());
        assertEquals(List.of(), issuer.registeredClients());
        Seen seen = issuer.requests().get(issuer.requests().size() - 1);
        assertEquals("DELETE", seen.method());
        assertEquals("", seen.body());
        scene.assertFair();
        IssuerException e = scene.assertFails(
                Kind.GRANT_REFUSED,
                () -> registration.delete(
                        registered.clientUri().orElseThrow(),
                        registered.accessToken().orElseThrow()));
        assertEquals(401, e.status());
    }

    @Test
    void aDeletionThatIsNotConfirmed() throws IssuerException {
        Registered registered = register();
        URI uri = registered.clientUri().orElseThrow();
        issuer.fault(Fault.on("/register/*").respond(503, null, null));
        scene.assertFails(
                Kind.TEMPORARY,
                () -> registration.delete(uri, registered.accessToken().orElseThrow()));
        Secret broken = Secret.of("a\r\nX-Injected: 1");
        int before = issuer.requests().size();
        Scene.fails(Kind.UNREACHABLE, () -> registration.delete(uri, broken));
        assertEquals(before, issuer.requests().size());
    }

    /** The token was created for this issuer and must not go to another host. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://attacker.example.org/register/1",
                "http://issuer.example.org/register/1",
                "http://127.0.0.1:PORT/register/1",
                "https://localhost:PORT/register/1",
                "http://user@localhost:PORT/register/1",
                "javascript:alert(1)",
                "not a URL",
                "/register/1",
            })
    void aManagementUriElsewhereIsNotTaken(String uri) throws IssuerException {
        issuer.fault(Fault.on("/register")
                .set("registration_client_uri", uri.replace("PORT", String.valueOf(issuer.port()))));
        assertEquals(Optional.empty(), register().clientUri());
    }

    @Test
    void twoRegistrationsAreTwoClients() throws IssuerException {
        assertNotEquals(register().client().id(), register().client().id());
        assertEquals(2, issuer.registeredClients().size());
    }
}
