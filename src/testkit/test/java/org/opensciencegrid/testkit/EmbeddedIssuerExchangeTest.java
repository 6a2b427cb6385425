package org.opensciencegrid.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Token exchange (RFC 8693): what is given, and that each violation is rejected and recorded. */
@Tag("program")
class EmbeddedIssuerExchangeTest {
    private static final String DISCOVERY = "/.well-known/openid-configuration";

    private final SettableClock clock = new SettableClock(Instant.now());
    private EmbeddedIssuer issuer;
    private RawClient client;
    private String subject;

    @BeforeEach
    void start() throws Exception {
        issuer = EmbeddedIssuer.builder().clock(clock).start();
        issuer.policy.tokenExchange = true;
        List<String> grants = new ArrayList<>(RawClient.ALL_GRANTS);
        grants.add(Policy.TOKEN_EXCHANGE);
        issuer.addClient(RawClient.ID, RawClient.SECRET, "client_secret_basic", grants, RawClient.SCOPES);
        issuer.addClient("other", "other", "client_secret_basic", grants, RawClient.SCOPES);
        issuer.addClient("few", "few", "client_secret_basic", RawClient.ALL_GRANTS, RawClient.SCOPES);
        issuer.addClient("public", null, "none", grants, RawClient.SCOPES);
        client = RawClient.of(issuer);
        subject = client.login().get("access_token");
        issuer.clearRecords();
    }

    @AfterEach
    void stop() {
        issuer.close();
    }

    private RawClient.Reply exchange(RawClient by, String token, String... more) throws Exception {
        String rest = more.length == 0 ? "" : "&" + RawClient.form(more);
        return by.request(
                "POST",
                "/token",
                RawClient.form(
                                "grant_type",
                                Policy.TOKEN_EXCHANGE,
                                "subject_token",
                                token,
                                "subject_token_type",
                                TokenExchange.ACCESS_TOKEN,
                                "requested_token_type",
                                TokenExchange.ACCESS_TOKEN)
                        + rest);
    }

    private RawClient.Reply exchange(String... more) throws Exception {
        return exchange(client, subject, more);
    }

    private void assertBreach(String summary, String violation, RawClient.Reply reply) {
        assertEquals(summary, reply.summary(), reply.text());
        assertEquals(List.of("POST /token: " + violation), issuer.violations());
        issuer.clearRecords();
    }

    @Test
    void aNarrowerTokenOfTheSameUser() throws Exception {
        RawClient.Reply reply = exchange(
                "scope", "compute.read", "audience", "a", "audience", "b", "resource", "https://storage.example.org/");
        assertEquals(TokenExchange.ACCESS_TOKEN, reply.get("issued_token_type"));
        assertNull(reply.get("refresh_token"));
        var claims = RawClient.claims(reply.get("access_token"));
        assertEquals("alice", claims.get("sub"));
        assertEquals("compute.read", claims.get("scope"));
        assertEquals(List.of("https://storage.example.org/", "a", "b"), claims.get("aud"));
        assertEquals(List.of(), issuer.violations());
        assertEquals(1, issuer.count("/token", Policy.TOKEN_EXCHANGE));
        assertTrue(issuer.secrets().contains(reply.get("access_token")));
    }

    @Test
    void withoutScopeThatOfTheExchangedToken() throws Exception {
        var of = RawClient.claims(subject);
        assertEquals(
                of.get("scope"),
                RawClient.claims(exchange().get("access_token")).get("scope"));
    }

    @Test
    void itIsInTheMetadataOnlyIfItIsOffered() throws Exception {
        assertTrue(client.get(DISCOVERY).get("grant_types_supported").contains("token-exchange"));
        issuer.policy.tokenExchange = false;
        assertFalse(client.get(DISCOVERY).get("grant_types_supported").contains("token-exchange"));
        assertEquals("400 unsupported_grant_type", exchange().summary());
    }

    @Test
    void anotherClientNeedsToBeInTheAudience() throws Exception {
        RawClient other = client.with("Authorization", RawClient.basic("other", "other"));
        assertBreach("403 access_denied", "subject_token of another client", exchange(other, subject));
        String forOther = exchange("audience", "other").get("access_token");
        assertEquals("200", exchange(other, forOther).summary());
    }

    @Test
    void onlyClientsWithTheGrant() throws Exception {
        RawClient few = client.with("Authorization", RawClient.basic("few", "few"));
        assertBreach(
                "400 unauthorized_client",
                "grant_type " + Policy.TOKEN_EXCHANGE + " is not registered for the client",
                exchange(few, subject));
        assertBreach(
                "400 unauthorized_client",
                "token exchange of a public client",
                exchange(client.without("Authorization"), subject, "client_id", "public"));
    }

    @Test
    void parametersAndTypes() throws Exception {
        String grant = "grant_type=" + RawClient.encode(Policy.TOKEN_EXCHANGE);
        assertBreach("400 invalid_request", "missing parameter subject_token", client.request("POST", "/token", grant));
        assertBreach(
                "400 invalid_request",
                "missing parameter subject_token_type",
                client.request("POST", "/token", grant + "&subject_token=" + subject));
        String typed = grant + "&subject_token=" + subject + "&subject_token_type=";
        assertBreach(
                "400 invalid_request",
                "subject_token_type is not that of an access token",
                client.request(
                        "POST", "/token", typed + RawClient.encode("urn:ietf:params:oauth:token-type:refresh_token")));
        assertBreach(
                "400 invalid_request",
                "requested_token_type is not that of an access token",
                client.request(
                        "POST",
                        "/token",
                        typed + RawClient.encode(TokenExchange.ACCESS_TOKEN) + "&requested_token_type="
                                + RawClient.encode("urn:ietf:params:oauth:token-type:id_token")));
        assertBreach("400 invalid_request", "duplicate parameter subject_token", exchange("subject_token", "x"));
        assertBreach("400 invalid_request", "duplicate parameter scope", exchange("scope", "a", "scope", "b"));
        assertBreach(
                "400 invalid_target",
                "resource is not an absolute URI without fragment",
                exchange("resource", "https://a.example.org/#b"));
        assertBreach("200", "unknown parameter actor_token", exchange("actor_token", "x"));
        assertBreach(
                "200",
                "unknown parameter subject_token",
                client.post("/token", "grant_type", "client_credentials", "subject_token", "x"));
    }

    @Test
    void theExchangedToken() throws Exception {
        assertBreach("400 invalid_request", "unknown subject_token", exchange(client, "x"));
        issuer.revokeAccessTokens();
        assertEquals("400 invalid_request", exchange().summary());
        assertEquals(List.of(), issuer.violations(), "the client cannot know that it is revoked");
        clock.advance(Duration.ofSeconds(issuer.policy.accessSeconds));
        assertBreach("400 invalid_request", "expired subject_token", exchange());
    }

    @Test
    void scopesAndAudiencesThatAreNotAllowed() throws Exception {
        assertEquals("400 invalid_scope", exchange("scope", "no.such.scope").summary());
        issuer.policy.exchangeAudiences = Set.of("a");
        assertEquals("200", exchange("audience", "a").summary());
        assertEquals("400 invalid_target", exchange("audience", "b").summary());
        assertEquals(
                "400 invalid_target",
                exchange("resource", "https://b.example.org/").summary());
        assertEquals(List.of(), issuer.violations());
    }

    @Test
    void severalAudiences() throws Exception {
        assertBreach("400 invalid_target", "several audiences in one parameter", exchange("audience", "a b"));
        issuer.policy.audienceParameter = Policy.AudienceParameter.AUDIENCE;
        var claims = RawClient.claims(exchange("audience", "a b").get("access_token"));
        assertEquals(List.of("a", "b"), claims.get("aud"));
        assertBreach("400 invalid_request", "duplicate parameter audience", exchange("audience", "a", "audience", "b"));
    }
}
