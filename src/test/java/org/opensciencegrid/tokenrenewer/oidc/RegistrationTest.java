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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.issuer.EmbeddedIssuer;
import org.opensciencegrid.tokenrenewer.issuer.Fault;
import org.opensciencegrid.tokenrenewer.issuer.Json;
import org.opensciencegrid.tokenrenewer.issuer.Policy;
import org.opensciencegrid.tokenrenewer.issuer.Seen;
import org.opensciencegrid.tokenrenewer.oidc.OidcException.Kind;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.text.Secret;

class RegistrationTest {
    private static final String FIRST = body("openid profile offline_access", false);
    private static final String WITH_REDIRECT = body("openid profile offline_access", true);
    private static final String WITHOUT_OPENID = body("profile offline_access", false);

    private static final List<String> WANTED = List.of("openid", "profile", "offline_access");

    private final Scene scene = new Scene();
    private final EmbeddedIssuer issuer = scene.issuer;
    private final Registration registration = new Registration(scene.transport);
    private final List<String> log = new ArrayList<>();

    @AfterEach
    void stop() {
        scene.close();
    }

    /** The metadata as sent, with its members in alphabetical order. */
    private static String body(String scope, boolean withRedirect) {
        return (withRedirect ? "application_type=native, " : "")
                + "client_name=osg-token-renewer, "
                + "grant_types=[" + Policy.DEVICE_CODE + ", refresh_token"
                + (withRedirect ? ", authorization_code" : "") + "], "
                + (withRedirect ? "redirect_uris=[http://localhost:8080], " : "")
                + "response_types=[" + (withRedirect ? "code" : "") + "], "
                + (scope.isEmpty() ? "" : "scope=" + scope + ", ")
                + "token_endpoint_auth_method=client_secret_basic";
    }

    private List<String> bodies() {
        return issuer.requests("/register").stream()
                .map(seen -> {
                    Map<String, Object> json = org.opensciencegrid.tokenrenewer.text.Json.object(seen.body())
                            .orElseThrow();
                    String text = new java.util.TreeMap<>(json).toString().replaceAll("[\"\\\\]", "");
                    return text.substring(1, text.length() - 1)
                            .replace(",", ", ")
                            .replaceAll(", +", ", ");
                })
                .toList();
    }

    private Registered register() throws OidcException {
        return register(WANTED, Optional.empty());
    }

    private Registered register(List<String> scope, Optional<Secret> initialToken) throws OidcException {
        Provider provider = new Discovery(scene.transport).discover(issuer.issuer());
        return registration.register(provider, "osg-token-renewer", scope, initialToken, log::add);
    }

    /** The registered client gets through the device flow. */
    private void assertWorks(Registered registered) throws OidcException {
        Wanted wanted = new Wanted(registered.scope(), List.of(), AudienceParameter.RESOURCE);
        DeviceFlow.Prompt prompt = scene.device.start(scene.deviceEndpoint(), registered.client(), wanted);
        issuer.approve(prompt.userCode(), "alice");
        assertTrue(scene.device
                .await(scene.tokenEndpoint(), registered.client(), prompt, wanted)
                .refreshToken()
                .isPresent());
    }

    // The ladder

    @Test
    void theFirstRung() throws OidcException {
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
    void aRedirectUriForThoseWhoWantOne() throws OidcException {
        issuer.policy.registrationNeedsRedirectUri = true;
        Registered registered = register();
        assertEquals(List.of(FIRST, WITH_REDIRECT), bodies());
        assertEquals(
                List.of("localhost:" + issuer.port()
                        + " answered 400 invalid_redirect_uri: redirect_uris is mandatory property"),
                log);
        assertWorks(registered);
        scene.assertFair();
    }

    @Test
    void withoutOpenidForThoseWhoForbidIt() throws OidcException {
        issuer.policy.registrationRefusesOpenid = true;
        Registered registered = register();
        assertEquals(List.of(FIRST, WITH_REDIRECT, WITHOUT_OPENID), bodies());
        assertEquals(2, log.size());
        assertEquals(List.of("profile", "offline_access"), registered.scope());
        assertWorks(registered);
        scene.assertFair();
    }

    @Test
    void theLadderEnds() {
        issuer.policy.registrationGrants = java.util.Set.of(Policy.AUTHORIZATION_CODE);
        OidcException e = scene.assertFails(Kind.REFUSED, this::register);
        assertEquals("invalid_client_metadata", e.code());
        assertEquals(List.of(FIRST, WITH_REDIRECT, WITHOUT_OPENID), bodies());
        assertEquals(List.of(), issuer.registeredClients());
        issuer.clearRecords();
        scene.assertFails(Kind.REFUSED, () -> register(List.of("profile"), Optional.empty()));
        assertEquals(2, issuer.count("/register"), "nothing can be left out");
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

    /** Nothing that passes by itself, so that the operator is told to come with a client or a token. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "405;'';''", // INDIGO IAM at the path of its ancestor
                "404;text/plain;Not Found",
                "200;text/html;<html>Register here</html>", // an older CILogon
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
        OidcException e = scene.assertFails(Kind.REFUSED, this::register);
        assertTrue(e.getMessage().contains("server_error"), e::getMessage);
    }

    // Scopes

    @Test
    void scopesThatTheIssuerDoesNotKnowAreLeftOut() throws OidcException {
        issuer.policy.registrationRefusesUnknownScope = false;
        List<String> wanted = List.of("openid", "no.such", "storage.read:/data", "offline_access", "compute.read:/x");
        register(wanted, Optional.empty());
        assertEquals(List.of(body("openid storage.read:/data offline_access compute.read:/x", false)), bodies());
    }

    @Test
    void allScopesWhereTheIssuerDoesNotSay() throws OidcException {
        issuer.policy.omitScopesSupported = true;
        issuer.policy.registrationRefusesUnknownScope = false;
        Registered registered = register(List.of("openid", "no.such"), Optional.empty());
        assertEquals(List.of(body("openid no.such", false)), bodies());
        assertEquals(List.of("openid"), registered.scope(), "the issuer's word counts");
        scene.assertFair();
    }

    /** RFC 6749 section 3.3 knows no empty scope, and some issuers refuse it. */
    @Test
    void noScope() throws OidcException {
        for (List<String> wanted : List.of(List.<String>of(), List.of("no.such"))) {
            issuer.clearRecords();
            Registered registered = register(wanted, Optional.empty());
            assertEquals(List.of(body("", false)), bodies());
            assertEquals(
                    List.of("email", "openid", "profile"),
                    registered.scope().stream().sorted().toList());
            scene.assertFair();
        }
    }

    @Test
    void theAnswerHasNoScope() throws OidcException {
        issuer.fault(Fault.on("/register").remove("scope"));
        assertEquals(WANTED, register().scope());
    }

    // Initial access token

    @Test
    void anInitialAccessToken() throws OidcException {
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
        OidcException e =
                scene.assertFails(Kind.GRANT_REFUSED, () -> register(WANTED, Optional.of(Secret.of("initial-x"))));
        assertTrue(e.getMessage().endsWith("401 invalid_token: bad: ***"), e::getMessage);
    }

    @Test
    void noRegistrationOffered() {
        issuer.policy.openRegistration = false;
        OidcException e = scene.assertFails(Kind.REFUSED, this::register);
        assertEquals(issuer.issuer() + " offers no dynamic client registration", e.getMessage());
        assertEquals(0, issuer.count("/register"));
    }

    // The answer

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
        OidcException e = scene.assertFails(Kind.UNUSABLE_ANSWER, this::register);
        assertEquals(1, issuer.count("/register"));
        assertFalse(e.getMessage().contains("client_secret\":"), e::getMessage);
    }

    @Test
    void anAnswerOf200() throws OidcException {
        issuer.policy.registrationAnswers200 = true;
        assertWorks(register());
        scene.assertFair();
    }

    @Test
    void bareOnes() throws OidcException {
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
    void theAnswersAuthenticationMethodCounts(String method, ClientAuth auth) throws OidcException {
        issuer.fault(Fault.on("/register").set("token_endpoint_auth_method", method));
        Client client = register().client();
        assertEquals(auth, client.auth());
        assertEquals(auth != ClientAuth.NONE, client.secret().isPresent());
    }

    @Test
    void aPublicClient() throws OidcException {
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
    void whenTheSecretExpires(String said, Instant expires) throws OidcException {
        issuer.fault(Fault.on("/register").set("client_secret_expires_at", Json.raw(said)));
        assertEquals(Optional.ofNullable(expires), register().secretExpiresAt());
    }

    // Deletion

    @Test
    void deletion() throws OidcException {
        Registered registered = register();
        registration.delete(
                registered.clientUri().orElseThrow(), registered.accessToken().orElseThrow());
        assertEquals(List.of(), issuer.registeredClients());
        Seen seen = issuer.requests().get(issuer.requests().size() - 1);
        assertEquals("DELETE", seen.method());
        assertEquals("", seen.body());
        scene.assertFair();
        OidcException e = scene.assertFails(
                Kind.GRANT_REFUSED,
                () -> registration.delete(
                        registered.clientUri().orElseThrow(),
                        registered.accessToken().orElseThrow()));
        assertEquals(401, e.status());
    }

    @Test
    void aDeletionThatIsNotConfirmed() throws OidcException {
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

    /** Its key was made for this issuer: nobody else gets it. */
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
    void aManagementUriElsewhereIsNotTaken(String uri) throws OidcException {
        issuer.fault(Fault.on("/register")
                .set("registration_client_uri", uri.replace("PORT", String.valueOf(issuer.port()))));
        assertEquals(Optional.empty(), register().clientUri());
    }

    @Test
    void twoRegistrationsAreTwoClients() throws OidcException {
        assertNotEquals(register().client().id(), register().client().id());
        assertEquals(2, issuer.registeredClients().size());
    }
}
