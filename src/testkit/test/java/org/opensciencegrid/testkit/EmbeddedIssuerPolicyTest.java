package org.opensciencegrid.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Each switch of the policy makes the issuer answer like the server in its comment. */
@Tag("program")
class EmbeddedIssuerPolicyTest {
    private static final String DISCOVERY = "/.well-known/openid-configuration";
    private static final String DEVICE = "/device_authorization";
    private static final String PLAIN =
            "{\"grant_types\":[\"urn:ietf:params:oauth:grant-type:device_code\",\"refresh_token\"],"
                    + "\"response_types\":[],\"client_name\":\"osg\",\"scope\":\"openid offline_access\"}";

    private final SettableClock clock = new SettableClock(Instant.now());
    private EmbeddedIssuer issuer;
    private RawClient client;
    private Policy policy;

    @BeforeEach
    void start() {
        issuer = EmbeddedIssuer.builder().clock(clock).start();
        policy = issuer.policy;
        client = RawClient.registeredAt(issuer);
    }

    @AfterEach
    void stop() {
        issuer.close();
    }

    // Discovery

    @Test
    void issuerTexts() throws Exception {
        policy.trailingSlashIssuer = true;
        assertEquals(issuer.base() + "/", issuer.issuer());
        assertEquals(issuer.issuer(), client.get(DISCOVERY).get("issuer"));
        RawClient.Reply tokens = client.login();
        assertEquals(issuer.base(), RawClient.claims(tokens.get("access_token")).get("iss"));
        assertEquals(
                issuer.base() + "/", RawClient.claims(tokens.get("id_token")).get("iss"));
        policy.otherIssuerText = "https://evil.example.org";
        assertEquals("https://evil.example.org", client.get(DISCOVERY).get("issuer"));
    }

    @Test
    void issuerWithPath() throws Exception {
        policy.issuerPath = "/realms/osg";
        assertEquals(issuer.base() + "/realms/osg", issuer.issuer());
        assertEquals(404, client.get(DISCOVERY).status());
        assertEquals(issuer.issuer(), client.get("/realms/osg" + DISCOVERY).get("issuer"));
        assertEquals(
                issuer.issuer(),
                client.get("/.well-known/oauth-authorization-server/realms/osg").get("issuer"));
    }

    @Test
    void discoveryWithoutScopesOrRegistration() throws Exception {
        assertTrue(client.get(DISCOVERY).get("scopes_supported").contains("compute.create"));
        policy.omitScopesSupported = true;
        policy.openRegistration = false;
        RawClient.Reply reply = client.get(DISCOVERY);
        assertNull(reply.get("scopes_supported"));
        assertNull(reply.get("registration_endpoint"));
        assertEquals(404, client.registerJson(PLAIN).status());
    }

    // Registration

    @Test
    void plainRegistration() throws Exception {
        RawClient.Reply reply = client.registerJson(PLAIN);
        assertEquals(201, reply.status());
        assertEquals("no-store", reply.header("Cache-Control"));
        assertEquals("0", reply.get("client_secret_expires_at"));
        assertEquals("openid offline_access", reply.get("scope"));
        assertEquals("client_secret_basic", reply.get("token_endpoint_auth_method"));
        assertEquals(List.of(), reply.json().get("response_types"));
    }

    @Test
    void registrationToken() throws Exception {
        policy.registrationToken = "initial";
        assertEquals("401 invalid_token", client.registerJson(PLAIN).summary());
        RawClient json = client.with("Content-Type", "application/json");
        RawClient.Reply wrong = json.with("Authorization", "Bearer x").request("POST", "/register", PLAIN);
        assertEquals("401 invalid_token", wrong.summary());
        assertTrue(wrong.header("WWW-Authenticate").startsWith("Bearer"));
        assertEquals(
                "201",
                json.with("Authorization", "Bearer initial")
                        .request("POST", "/register", PLAIN)
                        .summary());
        policy.openRegistration = false;
        assertNotNull(client.get(DISCOVERY).get("registration_endpoint"));
    }

    @Test
    void registrationRefusals() throws Exception {
        policy.registrationNeedsRedirectUri = true;
        assertEquals("400 invalid_redirect_uri", client.registerJson(PLAIN).summary());
        policy.registrationNeedsRedirectUri = false;
        policy.registrationRefusesOpenid = true;
        assertEquals("403 insufficient_scope", client.registerJson(PLAIN).summary());
        policy.registrationRefusesOpenid = false;
        String unknown = PLAIN.replace("openid", "unknown");
        assertEquals("400 invalid_client_metadata", client.registerJson(unknown).summary());
        policy.registrationRefusesUnknownScope = false;
        assertEquals("offline_access", client.registerJson(unknown).get("scope"));
        policy.minClientName = 4;
        String error = client.registerJson(PLAIN).get("error");
        assertTrue(error.startsWith("registerClient.request.clientName"), error);
        policy.minClientName = 0;
        policy.registrationGrants = Set.of(Policy.DEVICE_CODE);
        assertEquals("400 invalid_client_metadata", client.registerJson(PLAIN).summary());
        assertEquals(List.of(), issuer.violations());
        assertEquals(1, issuer.registeredClients().size());
    }

    @Test
    void registrationAnswers() throws Exception {
        policy.registrationAnswers200 = true;
        policy.registrationWithoutManagement = true;
        policy.secretExpiresAt = null;
        policy.clientIdPrefix = "oa4mp:/client_id/";
        policy.awkwardSecrets = true;
        RawClient.Reply reply = client.registerJson(PLAIN);
        assertEquals(200, reply.status());
        assertNull(reply.get("registration_access_token"));
        assertNull(reply.get("client_secret_expires_at"));
        assertTrue(reply.get("client_id").startsWith("oa4mp:/client_id/"));
        assertTrue(reply.get("client_secret").endsWith("+/=%:& \u00e9"));
        String basic = RawClient.basic(reply.get("client_id"), reply.get("client_secret"));
        assertEquals(200, client.with("Authorization", basic).post(DEVICE).status());

        policy.registrationWithoutManagement = false;
        RawClient.Reply managed = client.registerJson(PLAIN);
        String path =
                managed.get("registration_client_uri").substring(issuer.base().length());
        RawClient bearer = client.without("Content-Type")
                .with("Authorization", "Bearer " + managed.get("registration_access_token"));
        assertEquals(managed.json(), bearer.request("GET", path, null).json());
        assertEquals(204, bearer.request("DELETE", path, null).status());
        assertEquals(List.of(), issuer.violations());
    }

    /** RFC 7592 section 2.2. */
    @Test
    void aChangeReplacesTheKeysAndTheToken() throws Exception {
        policy.clientAuthMethods = List.of("private_key_jwt");
        String keys = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"KID\",\"x\":\"eA\",\"y\":\"eQ\"}]}";
        RawClient.Reply registered = client.registerJson(PLAIN.replaceFirst(
                "\\{", "{\"token_endpoint_auth_method\":\"private_key_jwt\",\"jwks\":" + keys + ","));
        String path = registered
                .get("registration_client_uri")
                .substring(issuer.base().length());
        RawClient first = client.with("Content-Type", "application/json")
                .with("Authorization", "Bearer " + registered.get("registration_access_token"));
        String asRead = registered.text();
        assertEquals(400, first.request("PUT", path, asRead).status());
        assertEquals(1, issuer.violations().size(), "a member that only answers have");
        issuer.clearRecords();
        String wanted = asRead.replaceAll(
                ",\"(registration_\\w+|client_secret_expires_at|client_id_issued_at)\":(\"[^\"]*\"|\\d+)", "");
        RawClient.Reply changed = first.request("PUT", path, wanted.replace("KID", "other"));
        assertEquals(200, changed.status(), changed.text());
        assertTrue(changed.text().contains("\"other\""), changed.text());
        assertEquals(401, first.request("PUT", path, wanted).status(), "the token was replaced");
        RawClient next = first.with("Authorization", "Bearer " + changed.get("registration_access_token"));
        assertEquals(400, next.request("PUT", path, "{}").status());
        assertTrue(issuer.violations().toString().contains("another client_id"));
    }

    @Test
    void scopesIfNoneRegistered() throws Exception {
        String none = PLAIN.replace(",\"scope\":\"openid offline_access\"", "");
        assertFalse(client.registerJson(none).get("scope").contains("offline_access"));
    }

    @Test
    void secretExpires() throws Exception {
        policy.secretExpiresAt = clock.instant().getEpochSecond() + 10;
        RawClient.Reply reply = client.registerJson(PLAIN);
        String basic = RawClient.basic(reply.get("client_id"), reply.get("client_secret"));
        RawClient registered = client.with("Authorization", basic);
        assertEquals("200", registered.post(DEVICE).summary());
        clock.advanceSeconds(10);
        assertEquals("401 invalid_client", registered.post(DEVICE).summary());
    }

    @Test
    void unapprovedClient() throws Exception {
        policy.unapprovedClient = true;
        RawClient.Reply registered = client.registerJson(PLAIN);
        assertEquals(201, registered.status());
        String basic = RawClient.basic(registered.get("client_id"), registered.get("client_secret"));
        RawClient.Reply reply = client.with("Authorization", basic).post(DEVICE);
        assertEquals(400, reply.status());
        assertNull(reply.header("Content-Type"));
        assertTrue(reply.text().startsWith("error=\"unauthorized_client\"\n"));
        assertEquals(200, client.post(DEVICE).status(), "only those who registered themselves");
    }

    // Device authorization

    @Test
    void deviceAnswers() throws Exception {
        policy.sendInterval = false;
        policy.interval = 1;
        policy.sendExpiresInForDevice = false;
        policy.sendCompleteUri = false;
        RawClient.Reply reply = client.post(DEVICE);
        assertEquals(
                Set.of("device_code", "user_code", "verification_uri"),
                reply.json().keySet());
        client.poll(reply.get("device_code"));
        clock.advanceSeconds(4);
        assertEquals("400 slow_down", client.poll(reply.get("device_code")).summary(), "absent means 5");
    }

    @Test
    void withoutSlowDown() throws Exception {
        policy.sendSlowDown = false;
        String code = client.post(DEVICE).get("device_code");
        client.poll(code);
        assertEquals("400 authorization_pending", client.poll(code).summary());
        assertEquals(1, issuer.violations().size(), "but it is recorded");
    }

    @Test
    void deviceNeedsClientIdParam() throws Exception {
        policy.deviceNeedsClientIdParam = true;
        RawClient.Reply reply = client.post(DEVICE, "scope", "openid");
        assertEquals(400, reply.status());
        assertEquals("", reply.text());
        assertEquals(200, client.post(DEVICE, "client_id", RawClient.ID).status());
    }

    @Test
    void deviceDropsUnknownScope() throws Exception {
        assertEquals(
                "400 invalid_scope",
                client.post(DEVICE, "scope", "openid unknown").summary());
        policy.deviceDropsUnknownScope = true;
        assertEquals("openid", client.login("scope", "openid unknown").get("scope"));
    }

    @Test
    void denyKeepsPending() throws Exception {
        policy.denyKeepsPending = true;
        RawClient.Reply device = client.post(DEVICE);
        issuer.deny(device.get("user_code"));
        assertEquals(
                "400 authorization_pending",
                client.poll(device.get("device_code")).summary());
    }

    @Test
    void personAtTheBrowser() throws Exception {
        RawClient.Reply device = client.post(DEVICE);
        String uri =
                device.get("verification_uri_complete").substring(issuer.base().length());
        RawClient browser = client.without("Accept").without("Authorization");
        RawClient.Reply page = browser.get(uri);
        assertEquals("text/html; charset=UTF-8", page.header("Content-Type"));
        assertTrue(page.text().contains("value=\"" + device.get("user_code") + "\""));
        assertTrue(browser.get("/device?user_code=%22%3E%3Cb").text().contains("&quot;&gt;&lt;b"));
        String typed = device.get("user_code").replace("-", " ").toLowerCase();
        assertEquals(
                200,
                browser.post("/device", "user_code", typed, "decision", "approve", "subject", "carol")
                        .status());
        RawClient.Reply tokens = client.poll(device.get("device_code"));
        assertEquals("carol", RawClient.claims(tokens.get("access_token")).get("sub"));
        assertEquals(410, browser.post("/device", "user_code", typed).status());
        assertEquals(404, browser.post("/device", "user_code", "x").status());
        RawClient.Reply denied = client.post(DEVICE);
        browser.post("/device", "user_code", denied.get("user_code"), "decision", "deny");
        assertEquals("400 access_denied", client.poll(denied.get("device_code")).summary());
        assertEquals(List.of(), issuer.violations());
    }

    // Refresh tokens

    @Test
    void withoutRotation() throws Exception {
        policy.rotate = false;
        String token = client.login().get("refresh_token");
        assertEquals(token, client.refresh(token).get("refresh_token"));
        policy.repeatUnrotated = false;
        assertNull(client.refresh(token).get("refresh_token"));
        clock.advance(Duration.ofDays(30));
        assertEquals("400 invalid_grant", client.refresh(token).summary(), "thirty days in all");
        assertEquals(0, issuer.reuses());
    }

    @Test
    void publicClientRotatesAlways() throws Exception {
        policy.rotate = false;
        issuer.addClient("public", null, "none", RawClient.ALL_GRANTS, RawClient.SCOPES);
        RawClient anyone = client.without("Authorization");
        RawClient.Reply device = anyone.post(DEVICE, "client_id", "public");
        issuer.approve(device.get("user_code"), "alice");
        String token = anyone.post(
                        "/token",
                        "grant_type",
                        Policy.DEVICE_CODE,
                        "device_code",
                        device.get("device_code"),
                        "client_id",
                        "public")
                .get("refresh_token");
        assertNotEquals(token, anyone.refresh(token, "client_id", "public").get("refresh_token"));
        assertEquals(List.of(), issuer.violations());
    }

    @Test
    void graceForOldToken() throws Exception {
        policy.graceForOldToken = Duration.ofSeconds(60);
        String first = client.login().get("refresh_token");
        client.refresh(first);
        clock.advanceSeconds(59);
        String third = client.refresh(first).get("refresh_token");
        assertEquals(1, issuer.reuses());
        assertEquals(List.of(third), issuer.currentRefreshTokens());
        clock.advanceSeconds(1);
        assertEquals("400 invalid_grant", client.refresh(first).summary());
    }

    @Test
    void newestLivesAfterReuse() throws Exception {
        policy.killFamilyOnReuse = false;
        String first = client.login().get("refresh_token");
        String second = client.refresh(first).get("refresh_token");
        assertEquals("400 invalid_grant", client.refresh(first).summary());
        assertEquals("200", client.refresh(second).summary());
    }

    @Test
    void grantLife() throws Exception {
        policy.grantLife = Duration.ofDays(14);
        String token = client.login().get("refresh_token");
        clock.advance(Duration.ofDays(13));
        token = client.refresh(token).get("refresh_token");
        clock.advance(Duration.ofDays(1));
        assertEquals("400 invalid_grant", client.refresh(token).summary());
    }

    @Test
    void refreshTokenWithoutOfflineAccess() throws Exception {
        assertNull(client.login("scope", "openid").get("refresh_token"));
        policy.giveRefreshTokenOnlyForOfflineAccess = false;
        policy.refreshExpiresIn = 1800L;
        RawClient.Reply reply = client.login("scope", "openid");
        assertNotNull(reply.get("refresh_token"));
        assertEquals("1800", reply.get("refresh_expires_in"));
    }

    // Access tokens and scopes

    @Test
    void tokenAnswers() throws Exception {
        policy.opaqueAccessTokens = true;
        policy.sendScopeInAnswer = false;
        policy.sendIdToken = false;
        policy.accessSeconds = 42;
        RawClient.Reply reply = client.login();
        assertFalse(reply.get("access_token").contains("."));
        assertNull(reply.get("scope"));
        assertNull(reply.get("id_token"));
        assertEquals("42", reply.get("expires_in"));
        policy.opaqueAccessTokens = false;
        policy.scopeClaimIsArray = true;
        RawClient.Reply array = client.refresh(reply.get("refresh_token"), "scope", "openid");
        assertEquals(
                List.of("openid"), RawClient.claims(array.get("access_token")).get("scope"));
    }

    @Test
    void idTokenOfSomeoneElse() throws Exception {
        policy.idTokenSubject = "mallory";
        policy.idTokenIssuer = "https://evil.example.org";
        var claims = RawClient.claims(client.login().get("id_token"));
        assertEquals("mallory", claims.get("sub"));
        assertEquals("https://evil.example.org", claims.get("iss"));
        assertEquals(RawClient.ID, claims.get("aud"));
    }

    @Test
    void narrowing() throws Exception {
        String all = String.join(" ", RawClient.SCOPES);
        String token = client.login().get("refresh_token");
        RawClient.Reply narrow = client.refresh(token, "scope", "compute.read");
        assertEquals("compute.read", narrow.get("scope"));
        assertNull(narrow.get("id_token"), "openid was not asked for");
        RawClient.Reply full = client.refresh(narrow.get("refresh_token"));
        assertEquals(all, full.get("scope"), "and all again afterwards");

        policy.answerScopeIsAlwaysFull = true;
        narrow = client.refresh(full.get("refresh_token"), "scope", "compute.read");
        assertEquals(all, narrow.get("scope"));
        assertEquals(
                "compute.read", RawClient.claims(narrow.get("access_token")).get("scope"));
        policy.answerScopeIsAlwaysFull = false;

        policy.ignoresNarrowing = true;
        RawClient.Reply ignored = client.refresh(narrow.get("refresh_token"), "scope", "compute.read");
        assertEquals(all, ignored.get("scope"));
        policy.ignoresNarrowing = false;

        policy.dropsWiderScope = true;
        RawClient.Reply wide = client.refresh(ignored.get("refresh_token"), "scope", "compute.read compute.create");
        assertEquals("compute.read", wide.get("scope"));

        policy.narrowingSticks = true;
        assertEquals("compute.read", client.refresh(wide.get("refresh_token")).get("scope"));
    }

    @Test
    void pathScopes() throws Exception {
        String token = client.login().get("refresh_token");
        assertEquals(
                "400 invalid_scope",
                client.refresh(token, "scope", "storage.read:/foo").summary());
        policy.pathScopes = true;
        RawClient.Reply reply = client.refresh(token, "scope", "storage.read:/foo/bar");
        assertEquals("storage.read:/foo/bar", reply.get("scope"));
        assertEquals(
                "400 invalid_scope",
                client.refresh(reply.get("refresh_token"), "scope", "storage.modify:/a")
                        .summary());
    }

    // Audience

    @Test
    void audienceParameters() throws Exception {
        String[] both = {"resource", "https://a.example", "resource", "https://b.example", "audience", "c d"};
        List<String> resource = List.of("https://a.example", "https://b.example");
        assertEquals(resource, audience(both));
        policy.audienceParameter = Policy.AudienceParameter.RESOURCE;
        assertEquals(resource, audience(both));
        policy.audienceParameter = Policy.AudienceParameter.AUDIENCE;
        assertEquals(List.of("c", "d"), audience(both));
        policy.audienceParameter = Policy.AudienceParameter.IGNORED;
        assertEquals("https://wlcg.cern.ch/jwt/v1/any", audience(both));
        policy.audienceParameter = Policy.AudienceParameter.REFUSED;
        assertEquals("400 invalid_target", credentials(both).summary());
        policy.audienceParameter = Policy.AudienceParameter.BOTH;
        assertEquals("c", audience("audience", "c"));
        assertEquals(List.of(), issuer.violations());
    }

    private Object audience(String... form) throws Exception {
        return RawClient.claims(credentials(form).get("access_token")).get("aud");
    }

    private RawClient.Reply credentials(String... form) throws Exception {
        return client.request("POST", "/token", "grant_type=client_credentials&" + RawClient.form(form));
    }

    @Test
    void resourceOfDeviceTime() throws Exception {
        policy.requireResourceAtDeviceTime = true;
        RawClient.Reply tokens = client.login("resource", "https://a.example");
        assertEquals(
                "https://a.example",
                RawClient.claims(tokens.get("access_token")).get("aud"));
        RawClient.Reply good = client.refresh(tokens.get("refresh_token"), "resource", "https://a.example");
        assertEquals(200, good.status());
        String token = good.get("refresh_token");
        assertEquals(
                "400 invalid_target",
                client.refresh(token, "resource", "https://b.example").summary());
        assertEquals("400 invalid_grant", client.refresh(token).summary(), "used up");
        assertEquals(List.of(), issuer.currentRefreshTokens());
    }

    // Errors

    @Test
    void iamErrors() throws Exception {
        policy.iamErrors = true;
        RawClient.Reply reply = client.refresh("not-a-token");
        assertEquals("401 invalid_token", reply.summary());
        assertEquals("Invalid refresh token: not-a-token", reply.get("error_description"));
        assertTrue(reply.header("WWW-Authenticate").contains("not-a-token"));
        RawClient wrong = client.with("Authorization", RawClient.basic(RawClient.ID, "wrong"));
        assertEquals("401 unauthorized", wrong.refresh("x").summary());
        assertEquals("Bad credentials", wrong.refresh("x").get("error_description"));
    }

    @Test
    void wrongSecretError() throws Exception {
        policy.wrongSecretError = "unauthorized_client";
        RawClient wrong = client.with("Authorization", RawClient.basic(RawClient.ID, "wrong"));
        assertEquals("401 unauthorized_client", wrong.refresh("x").summary());
    }
}
