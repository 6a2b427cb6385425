package org.opensciencegrid.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The issuer rejects each violation of a rule as the RFC requires, and records it. */
@Tag("program")
class EmbeddedIssuerStrictnessTest {
    private static final String TOKEN = "/token";
    private static final String DEVICE = "/device_authorization";
    private static final String REGISTER = "/register";
    private static final String CREDENTIALS = "grant_type=client_credentials";

    private static EmbeddedIssuer issuer;
    private static RawClient client;

    private interface Attempt {
        RawClient.Reply run(RawClient client) throws IOException, InterruptedException;
    }

    @BeforeAll
    static void start() {
        issuer = EmbeddedIssuer.startHttp();
        client = RawClient.registeredAt(issuer);
        issuer.addClient("post", "post", "client_secret_post", RawClient.ALL_GRANTS, RawClient.SCOPES);
        issuer.addClient("public", null, "none", RawClient.ALL_GRANTS, RawClient.SCOPES);
        issuer.addClient("few", "few", "client_secret_basic", List.of(Policy.REFRESH_TOKEN), RawClient.SCOPES);
    }

    @BeforeEach
    void forget() {
        issuer.clearRecords();
    }

    @AfterAll
    static void stop() {
        issuer.close();
    }

    static Stream<Arguments> breaches() {
        return Stream.of(
                // Method, media types, query
                method(c -> c.get(TOKEN)),
                method(c -> c.get(DEVICE)),
                method(c -> c.get("/revoke")),
                method(c -> c.get(REGISTER)),
                method(c -> c.request("POST", "/register/x", "{}")),
                method(c -> c.request("POST", "/jwks", CREDENTIALS)),
                method(c -> c.request("POST", "/.well-known/openid-configuration", CREDENTIALS)),
                row("404 null", "no such endpoint", c -> c.get("/userinfo")),
                headers("406 invalid_request", "Accept does not contain application/json", c -> c.without("Accept")),
                headers(
                        "406 invalid_request",
                        "Accept does not contain application/json",
                        c -> c.with("Accept", "text/html, */*; q=0.2")),
                headers(
                        "406 invalid_request",
                        "Accept does not contain application/json",
                        c -> c.with("Accept", "application/json;q=0")),
                row(
                        "406 invalid_request",
                        "Accept does not contain application/json",
                        c -> c.without("Accept").get("/.well-known/openid-configuration")),
                headers(
                        "400 invalid_request",
                        "Content-Type is not application/x-www-form-urlencoded",
                        c -> c.with("Content-Type", "application/json")),
                headers(
                        "400 invalid_request",
                        "Content-Type is not application/x-www-form-urlencoded",
                        c -> c.without("Content-Type")),
                headers(
                        "400 invalid_request",
                        "Content-Type is not application/x-www-form-urlencoded",
                        c -> c.with("Content-Type", "application/x-www-form-urlencoded; charset=latin1")),
                row(
                        "400 invalid_request",
                        "query in the URI",
                        c -> c.request("POST", TOKEN + "?" + CREDENTIALS, CREDENTIALS)),
                row(
                        "200",
                        "credential sent to a public document",
                        c -> c.without("Content-Type").request("GET", "/jwks", null)),
                // Form
                row("400 invalid_request", "missing parameter grant_type", c -> c.request("POST", TOKEN, "")),
                form("400 invalid_request", "duplicate parameter grant_type", "&" + CREDENTIALS),
                form("400 invalid_request", "duplicate parameter audience", "&audience=a&audience=b"),
                form("400 invalid_request", "form: malformed percent-encoding", "&scope=%zz"),
                form("400 invalid_request", "form: malformed percent-encoding", "&scope=%4"),
                form("400 invalid_request", "form: not UTF-8", "&scope=%ff"),
                form("400 invalid_request", "form: character U+003A not encoded", "&scope=storage.read:/"),
                form("400 invalid_request", "form: empty parameter", "&"),
                form("400 invalid_request", "form: parameter without name or '='", "&scope"),
                form("200", "unknown parameter aud", "&aud=x"),
                form("200", "parameter audience without a value", "&audience="),
                // Scope (RFC 6749 section 3.3)
                form("400 invalid_scope", "empty scope", "&scope="),
                form("400 invalid_scope", "empty scope", "&scope=+"),
                form("400 invalid_scope", "malformed scope", "&scope=a++b"),
                row("400 invalid_scope", "malformed scope", c -> c.request("POST", DEVICE, "scope=a%22b")),
                // Resource (RFC 8707 section 2)
                form("400 invalid_target", "resource is not an absolute URI without fragment", "&resource=ANY"),
                row(
                        "400 invalid_target",
                        "resource is not an absolute URI without fragment",
                        c -> c.request("POST", DEVICE, "resource=https%3A%2F%2Fa.example%2F%23b")),
                form("400 invalid_target", "resource is not an absolute URI without fragment", "&resource=a%20b"),
                // Client authentication (RFC 6749 section 2.3)
                headers("401 invalid_client", "no client authentication", c -> c.without("Authorization")),
                form("400 invalid_request", "more than one client authentication method", "&client_secret=x"),
                form("400 invalid_request", "client_id differs from Basic", "&client_id=post"),
                headers(
                        "401 invalid_client",
                        "client_secret_basic instead of client_secret_post",
                        c -> c.with("Authorization", RawClient.basic("post", "post"))),
                row(
                        "401 invalid_client",
                        "client_secret_post instead of client_secret_basic",
                        c -> c.without("Authorization")
                                .request("POST", TOKEN, CREDENTIALS + "&client_id=few&client_secret=few")),
                row(
                        "401 invalid_client",
                        "none instead of client_secret_post",
                        c -> c.without("Authorization").request("POST", TOKEN, CREDENTIALS + "&client_id=post")),
                row(
                        "401 invalid_client",
                        "client_secret_post instead of none",
                        c -> c.without("Authorization")
                                .request("POST", TOKEN, CREDENTIALS + "&client_id=public&client_secret=x")),
                headers(
                        "401 invalid_client",
                        "Basic is not form-urlencoded: character U+002F not encoded",
                        c -> c.with("Authorization", RawClient.rawBasic("few", "a/b"))),
                headers(
                        "401 invalid_client",
                        "Basic is not form-urlencoded: malformed percent-encoding",
                        c -> c.with("Authorization", RawClient.rawBasic("few", "a%b"))),
                headers(
                        "401 invalid_client",
                        "Basic is not form-urlencoded: character U+003A not encoded",
                        c -> c.with("Authorization", RawClient.rawBasic("a:b", "c"))),
                headers("401 invalid_client", "Basic is not base64", c -> c.with("Authorization", "Basic !")),
                headers("401 invalid_client", "Basic without colon", c -> c.with("Authorization", "Basic eA==")),
                headers("401 invalid_client", "Authorization is not Basic", c -> c.with("Authorization", "Bearer x")),
                row(
                        "400 invalid_request",
                        "more than one client authentication method",
                        c -> c.request("POST", TOKEN, CREDENTIALS + "&client_assertion=x")),
                row(
                        "401 invalid_client",
                        "wrong client_assertion_type",
                        c -> c.without("Authorization").request("POST", TOKEN, CREDENTIALS + "&client_assertion=x")),
                // Grants
                row(
                        "400 unsupported_grant_type",
                        "unsupported grant_type",
                        c -> c.request("POST", TOKEN, "grant_type=password")),
                headers(
                        "400 unauthorized_client",
                        "grant_type client_credentials is not registered for the client",
                        c -> c.with("Authorization", RawClient.basic("few", "few"))),
                row(
                        "400 unauthorized_client",
                        "the device grant is not registered for the client",
                        c -> c.with("Authorization", RawClient.basic("few", "few"))
                                .post(DEVICE, "scope", "openid")),
                row(
                        "400 unauthorized_client",
                        "client_credentials of a public client",
                        c -> c.without("Authorization").request("POST", TOKEN, CREDENTIALS + "&client_id=public")),
                row(
                        "400 invalid_request",
                        "missing parameter device_code",
                        c -> c.post(TOKEN, "grant_type", Policy.DEVICE_CODE)),
                row("400 invalid_grant", "unknown device code", c -> c.poll("x")),
                row(
                        "400 invalid_request",
                        "missing parameter refresh_token",
                        c -> c.post(TOKEN, "grant_type", "refresh_token")),
                row("400 invalid_grant", "refresh token of another client", c -> {
                    String token = c.login().get("refresh_token");
                    return c.with("Authorization", RawClient.basic("few", "few"))
                            .refresh(token);
                }),
                row("400 invalid_request", "missing parameter token", c -> c.post("/revoke", "token_type_hint", "x")),
                row("400 invalid_grant", "token of another client", c -> {
                    String token = c.login().get("refresh_token");
                    return c.with("Authorization", RawClient.basic("few", "few"))
                            .post("/revoke", "token", token);
                }),
                // Registration (RFC 7591 section 2)
                row(
                        "400 invalid_request",
                        "Content-Type is not application/json",
                        c -> c.without("Authorization").request("POST", REGISTER, "{}")),
                metadata("invalid_client_metadata", "body is not a JSON object", "{\"client_name\":\"x\""),
                metadata("invalid_client_metadata", "body is not a JSON object", "[]"),
                metadata("invalid_client_metadata", "client_name is not a string", "{\"client_name\":1}"),
                metadata(
                        "invalid_client_metadata",
                        "grant_types is not an array of strings",
                        "{\"grant_types\":\"refresh_token\"}"),
                metadata(
                        "invalid_client_metadata",
                        "response_types and grant_types do not fit",
                        "{\"grant_types\":[\"refresh_token\"]}"),
                metadata("invalid_redirect_uri", "empty redirect_uris", registration("\"redirect_uris\":[]")),
                metadata(
                        "invalid_redirect_uri",
                        "redirect URI is not absolute or has a fragment",
                        registration("\"redirect_uris\":[\"/x\"]")),
                metadata("invalid_client_metadata", "malformed scope", registration("\"scope\":\"\"")));
    }

    private static String registration(String member) {
        return "{\"grant_types\":[\"refresh_token\"],\"response_types\":[]," + member + "}";
    }

    private static Arguments method(Attempt attempt) {
        return row("405 null", "method not allowed", attempt);
    }

    /** A good request for a token, with more in its form. */
    private static Arguments form(String answer, String violation, String more) {
        return row(answer, violation, c -> c.request("POST", TOKEN, CREDENTIALS + more));
    }

    /** A good request for a token, from another client or with other headers. */
    private static Arguments headers(String answer, String violation, UnaryOperator<RawClient> other) {
        return row(answer, violation, c -> other.apply(c).request("POST", TOKEN, CREDENTIALS));
    }

    private static Arguments metadata(String error, String violation, String json) {
        return row("400 " + error, violation, c -> c.registerJson(json));
    }

    private static Arguments row(String answer, String violation, Attempt attempt, String... before) {
        return Arguments.argumentSet(violation + " -> " + answer, answer, violation, attempt, before);
    }

    @ParameterizedTest
    @MethodSource("breaches")
    void breachIsAnsweredAndRecorded(String answer, String violation, Attempt attempt, String[] before)
            throws Exception {
        RawClient.Reply reply = attempt.run(client);
        boolean isJson = "application/json".equals(reply.header("Content-Type"));
        String error = reply.status() < 400 ? "" : " " + (isJson ? reply.get("error") : "null");
        assertEquals(answer, reply.status() + error);
        List<String> texts = issuer.violations().stream()
                .map(text -> text.substring(text.indexOf(": ") + 2))
                .toList();
        assertEquals(Stream.concat(Stream.of(before), Stream.of(violation)).toList(), texts);
        if (reply.status() == 401) {
            Seen last = issuer.requests().get(issuer.requests().size() - 1);
            boolean challenged = reply.header("WWW-Authenticate") != null;
            assertEquals(last.header("Authorization") != null, challenged, "RFC 6749 section 5.2");
        }
    }

    @Test
    void whenNotStrictTheBreachIsOnlyRecorded() throws Exception {
        issuer.policy.strict = false;
        try {
            RawClient.Reply reply = client.without("Accept")
                    .request("POST", TOKEN, "grant_type=client_credentials&scope=openid&scope=compute.read&");
            assertEquals(200, reply.status());
            assertEquals("openid", reply.get("scope"));
            assertEquals(3, issuer.violations().size());
        } finally {
            issuer.policy.strict = true;
        }
    }

    @Test
    void rightRequestsAreNoViolations() throws Exception {
        RawClient.Reply tokens = client.login("scope", "offline_access storage.read:/", "client_id", RawClient.ID);
        assertEquals(
                "200",
                client.refresh(tokens.get("refresh_token"), "resource", "ce.example.org:9619")
                        .summary());
        assertEquals(
                "200",
                client.with("Content-Type", "application/x-www-form-urlencoded;charset=UTF-8")
                        .with("Accept", "text/plain, application/json; q=0.9")
                        .request("POST", TOKEN, "grant_type=client_credentials")
                        .summary());
        RawClient byPost = client.without("Authorization");
        assertEquals(
                "200",
                byPost.request("POST", TOKEN, "grant_type=client_credentials&client_id=post&client_secret=post")
                        .summary());
        assertEquals("200", byPost.post(DEVICE, "client_id", "public").summary());
        assertEquals("404", "" + client.get("/.well-known/other").status());
        assertEquals(List.of(), issuer.violations());
    }

    /** Requests that are rejected without violating a rule. */
    @Test
    void ordinaryRefusalsAreNoViolations() throws Exception {
        RawClient wrongSecret = client.with("Authorization", RawClient.basic(RawClient.ID, "wrong"));
        RawClient.Reply reply = wrongSecret.request("POST", TOKEN, "grant_type=client_credentials");
        assertEquals("401 invalid_client", reply.summary());
        assertEquals("Basic realm=\"embedded issuer\"", reply.header("WWW-Authenticate"));
        assertEquals("401 invalid_client", wrongSecret.post(DEVICE).summary());
        assertEquals("400 invalid_grant", client.refresh("never-given").summary());
        assertEquals(
                "400 invalid_scope",
                client.post(TOKEN, "grant_type", "client_credentials", "scope", "compute.create")
                        .summary());
        assertEquals(
                "400 invalid_scope",
                client.post(DEVICE, "scope", "compute.create").summary());
        String token = client.login("scope", "offline_access").get("refresh_token");
        assertEquals(
                "400 invalid_scope",
                client.refresh(token, "scope", "storage.read:/").summary());
        assertEquals("200", client.refresh(token).summary(), "invalid_scope does not use the token up");
        assertEquals(List.of(), issuer.violations());
    }

    @Test
    void violationsHoldNoSecret() throws Exception {
        String token = client.login().get("refresh_token");
        client.with("Authorization", RawClient.basic("few", "few")).refresh(token);
        client.request("POST", TOKEN, "client_secret=verysecret&client_secret=verysecret&refresh_token=" + token);
        assertEquals(2, issuer.violations().size());
        for (String violation : issuer.violations()) {
            assertTrue(issuer.secrets().stream().noneMatch(violation::contains), violation);
            assertTrue(!violation.contains("verysecret"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "https://ce.example.org, true",
        "https://ce.example.org/a?b=c, true",
        "ce.example.org:9619, true",
        "urn:x:y, true",
        "https://wlcg.cern.ch/jwt/v1/any, true",
        "ANY, false",
        "ce.example.org, false",
        "//ce.example.org, false",
        "127.0.0.1:9619, false",
        "https://a.example/#b, false",
        "'https://a b', false",
        "'', false"
    })
    void resourceSyntax(String text, boolean good) {
        assertEquals(good, Rules.isAbsoluteWithoutFragment(text));
    }
}
