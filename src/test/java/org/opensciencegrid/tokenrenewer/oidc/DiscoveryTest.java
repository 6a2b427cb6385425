package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.RawServer;

class DiscoveryTest {
    private static final String OPENID = "/.well-known/openid-configuration";
    private static final String OAUTH = "/.well-known/oauth-authorization-server";

    private final Scene scene = new Scene();
    private final EmbeddedIssuer issuer = scene.issuer;
    private final Discovery discovery = new Discovery(scene.transport);

    @AfterEach
    void stop() {
        scene.close();
    }

    private List<String> paths() {
        return issuer.requests().stream().map(Seen::path).toList();
    }

    private IssuerException fails(Kind kind) {
        return scene.assertFails(kind, () -> discovery.discover(issuer.issuer()));
    }

    @Test
    void everythingThatIsUsed() throws IssuerException {
        Provider provider = discovery.discover(issuer.issuer());
        assertEquals(issuer.issuer(), provider.issuer());
        assertEquals(scene.at("/token"), provider.tokenEndpoint());
        assertEquals(Optional.of(scene.at("/device_authorization")), provider.deviceAuthorizationEndpoint());
        assertEquals(Optional.of(scene.at("/register")), provider.registrationEndpoint());
        assertEquals(Optional.of(scene.at("/revoke")), provider.revocationEndpoint());
        assertTrue(provider.scopesSupported().contains("offline_access"));
        assertTrue(provider.grantTypesSupported().contains("refresh_token"));
        assertEquals(List.of(OPENID), paths());
        scene.assertFair();
    }

    @ParameterizedTest
    @CsvSource({
        "https://docs.example.org/register#new, https://docs.example.org/register#new",
        "https://user@docs.example.org/, ",
        "http://docs.example.org/, ",
        "javascript:alert(1), ",
        "https://docs.example.org/\u202E, ",
        "not a URL, ",
    })
    void aPageForPeopleIsTakenIfItCanBeShown(String said, URI taken) throws IssuerException {
        issuer.policy.documentation = said;
        assertEquals(
                Optional.ofNullable(taken), discovery.discover(issuer.issuer()).documentation());
    }

    @ParameterizedTest
    @CsvSource({
        "'', true, /.well-known/openid-configuration",
        "/realms/x, true, /realms/x/.well-known/openid-configuration",
        "'', false, /.well-known/oauth-authorization-server",
        "/oauth2, false, /.well-known/oauth-authorization-server/oauth2",
    })
    void bothPlaces(String path, boolean openid, String last) throws IssuerException {
        issuer.policy.issuerPath = path;
        issuer.policy.openidConfiguration = openid;
        issuer.policy.oauthAuthorizationServer = !openid;
        for (boolean slash : new boolean[] {false, true}) {
            issuer.policy.trailingSlashIssuer = slash;
            for (String asked : List.of(issuer.base() + path, issuer.base() + path + "/")) {
                assertEquals(issuer.issuer(), discovery.discover(asked).issuer(), "as the issuer spells it");
                assertEquals(last, paths().get(paths().size() - 1));
            }
        }
        scene.assertFair();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://attacker.example.org",
                "BASE/other",
                "BASE//",
                "BASE/?",
                "http://127.0.0.1:PORT",
                "https://localhost:PORT",
                " BASE",
                "",
                "\u001b[2J\nBASE",
            })
    void anotherIssuer(String said) {
        issuer.policy.otherIssuerText =
                said.replace("BASE", issuer.base()).replace("PORT", String.valueOf(issuer.port()));
        IssuerException e = fails(Kind.WRONG_ISSUER);
        assertTrue(e.getMessage().endsWith("', not '" + issuer.issuer() + "'"), e::getMessage);
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP://LOCALHOST:PORT, http://localhost:PORT",
        "http://localhost:PORT, HTTP://LocalHost:PORT",
        "http://localhost:PORT/, http://localhost:PORT",
        "http://localhost:PORT, http://localhost:PORT/",
    })
    void theSameIssuerInAnotherSpelling(String said, String asked) throws IssuerException {
        String port = String.valueOf(issuer.port());
        issuer.policy.otherIssuerText = said.replace("PORT", port);
        Provider provider = discovery.discover(asked.replace("PORT", port));
        assertEquals(said.replace("PORT", port), provider.issuer());
    }

    @ParameterizedTest
    @CsvSource({
        "https://a.example/, https://a.example/",
        "HTTPS://A.Example/Path/, https://a.example/Path/",
        "https://a.example:443, https://a.example",
        "http://localhost:80/x, http://localhost/x",
        "https://a.example:8443/x, https://a.example:8443/x",
        "https://a.example//, https://a.example/",
        "https://a.example//realms///x, https://a.example/realms/x",
        "'  https://a.example ', https://a.example",
        "https://a.example/.well-known/openid-configuration, https://a.example",
        "https://a.example/realms/x/.well-known/openid-configuration, https://a.example/realms/x",
        "https://a.example/.well-known/oauth-authorization-server, https://a.example",
        "https://a.example/.well-known/oauth-authorization-server/realms/x, https://a.example/realms/x",
        "https://a.example/t?p=policy, https://a.example/t?p=policy",
    })
    void whatAPersonTypesIsTakenForTheIssuerThatIsMeant(String typed, String issuer) {
        assertEquals(issuer, Discovery.issuer(typed));
    }

    @ParameterizedTest
    @CsvSource({
        "iam.example.org, https://iam.example.org",
        "iam.example.org:8443/realms/x, https://iam.example.org:8443/realms/x",
        "127.0.0.1:8080, https://127.0.0.1:8080",
        "//iam.example.org, https://iam.example.org",
        "https:/iam.example.org, https://iam.example.org",
        "https//iam.example.org, https://iam.example.org",
        "https:iam.example.org, https://iam.example.org",
    })
    void whatIsNoUrlIsAnsweredWithWhatToType(String typed, String right) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Discovery.issuer(typed));
        assertEquals("'" + typed + "' is not a URL; type " + right, e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "two words", "ftp://iam.example.org", "https://", "javascript:alert(1)"})
    void whatCannotBeMeant(String typed) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Discovery.issuer(typed));
        assertEquals("'" + typed + "' is not a URL", e.getMessage());
    }

    @Test
    void noIssuerAtAll() {
        issuer.fault(Fault.on(OPENID).remove("issuer"));
        fails(Kind.WRONG_ISSUER);
    }

    @ParameterizedTest
    @CsvSource({
        "token_endpoint, http://issuer.example.org/token",
        "token_endpoint, https://user@issuer.example.org/token",
        "token_endpoint, https://issuer.example.org/token#x",
        "token_endpoint, javascript:alert(1)",
        "token_endpoint, not a URL",
        "token_endpoint, /token",
        "device_authorization_endpoint, http://issuer.example.org/device",
        "registration_endpoint, http://issuer.example.org/register",
        "revocation_endpoint, ftp://issuer.example.org/revoke",
    })
    void anEndpointThatIsNotSafe(String name, String url) {
        issuer.fault(Fault.on(OPENID).set(name, url));
        fails(Kind.INSECURE);
    }

    @Test
    void whatIsNotNeeded() throws IssuerException {
        Fault fault = Fault.on(OPENID);
        for (String name : List.of(
                "scopes_supported",
                "grant_types_supported",
                "device_authorization_endpoint",
                "registration_endpoint",
                "revocation_endpoint",
                "jwks_uri",
                "subject_types_supported",
                "response_types_supported",
                "authorization_endpoint")) {
            fault = fault.remove(name);
        }
        issuer.fault(fault);
        Provider provider = discovery.discover(issuer.issuer());
        assertEquals(
                new Provider(
                        issuer.issuer(),
                        scene.at("/token"),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        Optional.empty(),
                        List.of(),
                        List.of(),
                        List.of("client_secret_basic", "client_secret_post", "none")),
                provider);
    }

    @Test
    void noTokenEndpoint() {
        issuer.fault(Fault.on(OPENID).remove("token_endpoint"));
        assertTrue(fails(Kind.WRONG_ISSUER).getMessage().endsWith(" names no token_endpoint"));
        issuer.fault(Fault.on(OPENID).set("token_endpoint", List.of(1)));
        fails(Kind.WRONG_ISSUER);
    }

    @Test
    void contentTypeAndByteOrderMarkDoNotMatter() throws IssuerException {
        issuer.fault(Fault.on(OPENID).noContentType().bom());
        issuer.fault(Fault.on(OPENID).contentType("text/html"));
        for (int i = 0; i < 2; i++) {
            assertEquals(scene.at("/token"), discovery.discover(issuer.issuer()).tokenEndpoint());
        }
        assertEquals(List.of(OPENID, OPENID), paths());
    }

    // Redirects

    private static Fault redirect(String path, int status, String to) {
        return Fault.on(path).redirect(status, to);
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void aRedirectWithinTheOriginIsFollowed(int status) throws IssuerException {
        issuer.fault(redirect(OPENID, status, "/one"));
        issuer.fault(redirect("/one", status, issuer.base() + "/two/"));
        issuer.fault(redirect("/two/", status, ".." + OPENID));
        assertEquals(issuer.issuer(), discovery.discover(issuer.issuer()).issuer());
        assertEquals(List.of(OPENID, "/one", "/two/", OPENID), paths());
        scene.assertFair();
    }

    @Test
    void threeTimesAtMost() {
        issuer.fault(redirect(OPENID, 302, OPENID).always());
        issuer.policy.oauthAuthorizationServer = false;
        IssuerException e = fails(Kind.WRONG_ISSUER);
        assertTrue(e.getMessage().contains("a redirect to '" + OPENID + "'"), e::getMessage);
        assertEquals(4, issuer.count(OPENID));
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void anotherOriginIsNotAsked(int status) throws Exception {
        issuer.policy.oauthAuthorizationServer = false;
        try (RawServer other = new RawServer(RawServer.ok("{}"))) {
            for (String to : List.of(
                    other.uri("/").toString(),
                    "//localhost:" + other.port() + "/",
                    "https://localhost:" + issuer.port() + OPENID,
                    "http://127.0.0.1:" + issuer.port() + OPENID)) {
                issuer.clearRecords();
                issuer.fault(redirect(OPENID, status, to));
                IssuerException e = fails(Kind.WRONG_ISSUER);
                assertTrue(e.getMessage().contains("a redirect to '" + to + "'"), e::getMessage);
                assertEquals(1, issuer.count(OPENID));
                assertEquals(0, other.connections());
            }
        }
    }

    @Test
    void aRedirectWithUserInfoIsNotFollowed() {
        issuer.fault(redirect(OPENID, 302, "http://user:password@localhost:" + issuer.port() + "/x"));
        fails(Kind.INSECURE);
        assertEquals(List.of(OPENID), paths());
    }

    @ParameterizedTest
    @ValueSource(ints = {300, 302, 304})
    void aRedirectToNowhere(int status) {
        issuer.policy.oauthAuthorizationServer = false;
        issuer.fault(Fault.on(OPENID).respond(status, null, null));
        IssuerException e = fails(Kind.WRONG_ISSUER);
        assertTrue(e.getMessage().contains(" answered " + status), e::getMessage);
        assertEquals(List.of(OPENID, OAUTH, OAUTH), paths());
    }

    // No metadata

    @Test
    void nothingThere() {
        issuer.policy.openidConfiguration = false;
        issuer.policy.oauthAuthorizationServer = false;
        IssuerException e = fails(Kind.WRONG_ISSUER);
        assertTrue(
                e.getMessage().startsWith("no OpenID or OAuth metadata found for " + issuer.issuer() + " ("),
                e::getMessage);
        assertTrue(e.getMessage().contains(OPENID + " answered 404 (text/plain): Not Found"), e::getMessage);
    }

    @ParameterizedTest
    @CsvSource({
        "404, text/html, <title>Not here</title>, with a web page titled 'Not here'",
        "403, text/plain, No, (text/plain): No"
    })
    void aPage(int status, String type, String body, String words) {
        issuer.fault(Fault.on("/.well-known/*").respond(status, type, body).always());
        IssuerException e = fails(Kind.WRONG_ISSUER);
        assertTrue(e.getMessage().contains(OPENID + " answered " + status + " " + words), e::getMessage);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "Welcome", "{", "null"})
    void noObject(String body) {
        issuer.fault(Fault.on("/.well-known/*")
                .respond(200, "application/json", body)
                .always());
        String message = fails(Kind.WRONG_ISSUER).getMessage();
        assertTrue(message.contains(" answered 200 with " + body.length() + " characters"), message);
    }

    @ParameterizedTest
    @ValueSource(ints = {408, 429, 500, 502, 503, 504})
    void inTroubleNow(int status) {
        issuer.policy.oauthAuthorizationServer = false;
        issuer.fault(Fault.on(OPENID).respond(status, "text/html", "<h1>Busy</h1>"));
        assertEquals(status, fails(Kind.TEMPORARY).status());
    }

    @Test
    void inTroubleAtTheSecondPlace() {
        issuer.policy.openidConfiguration = false;
        issuer.fault(Fault.on(OAUTH).respond(503, "text/html", "<h1>Busy</h1>"));
        assertEquals(503, fails(Kind.TEMPORARY).status());
    }

    @Test
    void aCutAnswerIsNoWrongIssuer() {
        issuer.policy.oauthAuthorizationServer = false;
        issuer.fault(Fault.on(OPENID).truncate(40));
        fails(Kind.NO_ANSWER);
        issuer.fault(Fault.on(OPENID).loseAnswer().always());
        fails(Kind.NO_ANSWER);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://issuer.example.org",
                "https://user@issuer.example.org",
                "https://issuer.example.org/#x",
                "issuer.example.org",
                "https://",
                "https://issuer example",
                "",
                "https://issuer.example.org/\r\nX: y",
            })
    void anIssuerThatIsNoUrlForThis(String text) {
        IssuerException e = Scene.fails(Kind.INSECURE, () -> discovery.discover(text));
        assertTrue(
                Arrays.stream(new String[] {"is not a URL", "refusing to use"}).anyMatch(e.getMessage()::contains));
    }

    @Test
    void nobodyListens() {
        URI gone = scene.at("");
        issuer.close();
        Scene.fails(Kind.UNREACHABLE, () -> discovery.discover(gone.toString()));
    }

    /** An issuer on another machine must not make us send a client's secret to a service on this machine. */
    @ParameterizedTest
    @CsvSource({
        "https://issuer.example.org, http://127.0.0.1:8080/token, false",
        "https://issuer.example.org, http://localhost/token, false",
        "https://issuer.example.org, http://[::1]:9/token, false",
        "https://issuer.example.org, https://login.example.org/token, true",
        "http://localhost:8080, http://localhost:8080/token, true",
        "http://localhost:8080, http://LOCALHOST:8080/token, true",
        "http://localhost:8080, http://localhost:9090/token, false",
        "http://127.0.0.1:8080/x, http://127.0.0.2:8080/token, false",
        "http://localhost:8080, https://login.example.org/token, true",
    })
    void plainHttpIsForAnIssuerOfThisMachineAndItself(String asked, String endpoint, boolean isTaken)
            throws IssuerException {
        for (String name : List.of("token_endpoint", "device_authorization_endpoint", "revocation_endpoint")) {
            Map<String, Object> json =
                    new java.util.LinkedHashMap<>(Map.of("issuer", asked, "token_endpoint", asked + "/token"));
            json.put(name, endpoint);
            if (isTaken) {
                Discovery.provider(asked, asked, json);
            } else {
                IssuerException e = Scene.fails(Kind.INSECURE, () -> Discovery.provider(asked, asked, json));
                assertTrue(e.getMessage().contains(endpoint) && e.getMessage().contains(name), e::getMessage);
            }
        }
    }
}
