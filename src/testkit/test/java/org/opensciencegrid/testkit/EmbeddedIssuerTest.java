package org.opensciencegrid.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.GrantType;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.TokenRevocationRequest;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.client.ClientDeleteRequest;
import com.nimbusds.oauth2.sdk.client.ClientReadRequest;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationRequest;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationResponse;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationSuccessResponse;
import com.nimbusds.oauth2.sdk.device.DeviceCodeGrant;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import com.nimbusds.oauth2.sdk.token.Tokens;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponse;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderConfigurationRequest;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformation;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientInformationResponse;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientMetadata;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationRequest;
import com.nimbusds.openid.connect.sdk.rp.OIDCClientRegistrationResponseParser;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Successful flows, over TLS and with another client library. */
@Tag("program")
class EmbeddedIssuerTest {
    private static SSLContext server;
    private static SSLContext trust;

    private final SettableClock clock = new SettableClock(Instant.now());
    private EmbeddedIssuer issuer;
    private OIDCProviderMetadata provider;

    @BeforeAll
    static void makeCertificates() {
        TestCa ca = new TestCa();
        server = ca.serverContext();
        trust = ca.clientContext();
    }

    @BeforeEach
    void start() throws Exception {
        issuer = EmbeddedIssuer.builder().tls(server).clock(clock).start();
        HTTPRequest request = new OIDCProviderConfigurationRequest(new Issuer(issuer.issuer())).toHTTPRequest();
        provider = OIDCProviderMetadata.parse(send(request).getBody());
    }

    @AfterEach
    void stop() {
        issuer.close();
    }

    @Test
    void itsDateIsThatOfItsClock() throws Exception {
        clock.advance(Duration.ofDays(3));
        HTTPRequest request = new HTTPRequest(HTTPRequest.Method.GET, URI.create(issuer.base() + "/jwks"));
        assertEquals(DateHeader.of(clock.instant()), send(request).getHeaderValue("Date"));
        String other = "Sun, 01 Mar 2026 12:00:00 GMT";
        issuer.fault(Fault.on("/jwks").header("Date", other));
        assertEquals(other, send(request).getHeaderValue("Date"));
    }

    @Test
    void wholeFlow() throws Exception {
        assertEquals(issuer.issuer(), provider.getIssuer().getValue());
        OIDCClientInformation client = register();
        assertEquals(List.of(client.getID().getValue()), issuer.registeredClients());
        ClientAuthentication authentication = new ClientSecretBasic(client.getID(), client.getSecret());
        DeviceAuthorizationSuccessResponse device =
                requestDevice(authentication, "openid", "offline_access", "storage.read:/");
        assertEquals(5, device.getInterval());
        assertEquals(600, device.getLifetime());
        assertEquals(List.of(device.getUserCode().getValue()), issuer.pendingUserCodes());

        AuthorizationGrant poll = new DeviceCodeGrant(device.getDeviceCode());
        assertEquals("authorization_pending", error(token(authentication, poll)));
        issuer.approve(device.getUserCode().getValue().toLowerCase(), "alice");
        clock.advanceSeconds(5);
        OIDCTokenResponse first =
                (OIDCTokenResponse) token(authentication, poll).toSuccessResponse();
        assertEquals(
                "alice", first.getOIDCTokens().getIDToken().getJWTClaimsSet().getSubject());

        List<RefreshToken> rotated = new ArrayList<>();
        rotated.add(first.getTokens().getRefreshToken());
        for (int i = 0; i < 3; i++) {
            RefreshTokenGrant grant = new RefreshTokenGrant(rotated.get(i));
            Tokens tokens = token(authentication, grant, "storage.read:/")
                    .toSuccessResponse()
                    .getTokens();
            assertFalse(rotated.contains(tokens.getRefreshToken()));
            assertEquals(new Scope("storage.read:/"), tokens.getAccessToken().getScope());
            rotated.add(tokens.getRefreshToken());
        }
        assertEquals(List.of(rotated.get(3).getValue()), issuer.currentRefreshTokens());
        assertEquals(List.of(), issuer.violations());
        assertEquals(0, issuer.reuses());
        assertEquals(3, issuer.count("/token", "refresh_token"));
        assertTrue(issuer.secrets().contains(rotated.get(0).getValue()));
        assertTrue(issuer.connections() >= 1);
    }

    @Test
    void reuseOfRotatedTokenKillsTheFamily() throws Exception {
        ClientAuthentication authentication = knownClient();
        RefreshToken first = login(authentication);
        RefreshToken second = token(authentication, new RefreshTokenGrant(first))
                .toSuccessResponse()
                .getTokens()
                .getRefreshToken();
        assertEquals("invalid_grant", error(token(authentication, new RefreshTokenGrant(first))));
        assertEquals("invalid_grant", error(token(authentication, new RefreshTokenGrant(second))));
        assertEquals(1, issuer.reuses());
        assertEquals(List.of(), issuer.currentRefreshTokens());
        assertEquals(List.of(), issuer.violations(), "a lost answer can cause a reuse: it is counted, not a violation");
    }

    @Test
    void slowDownAddsFiveSecondsEachTime() throws Exception {
        ClientAuthentication authentication = knownClient();
        AuthorizationGrant poll = new DeviceCodeGrant(
                requestDevice(authentication, "storage.read:/").getDeviceCode());
        assertEquals("authorization_pending", error(token(authentication, poll)));
        clock.advanceSeconds(4);
        assertEquals("slow_down", error(token(authentication, poll)));
        clock.advanceSeconds(9);
        assertEquals("slow_down", error(token(authentication, poll)));
        clock.advanceSeconds(15);
        assertEquals("authorization_pending", error(token(authentication, poll)));
        clock.advanceSeconds(15);
        assertEquals("authorization_pending", error(token(authentication, poll)));
        assertEquals(
                List.of(
                        "POST /token: polled faster than the interval of 5 s",
                        "POST /token: polled faster than the interval of 10 s"),
                issuer.violations());
    }

    @Test
    void deviceCodeExpires() throws Exception {
        ClientAuthentication authentication = knownClient();
        AuthorizationGrant poll = new DeviceCodeGrant(
                requestDevice(authentication, "storage.read:/").getDeviceCode());
        clock.advanceSeconds(600);
        assertEquals("authorization_pending", error(token(authentication, poll)));
        clock.advanceSeconds(6);
        assertEquals("expired_token", error(token(authentication, poll)));
        assertEquals(List.of(), issuer.violations());
        assertEquals("invalid_grant", error(token(authentication, poll)));
        assertEquals(List.of("POST /token: polled after the final answer"), issuer.violations());
    }

    @Test
    void denial() throws Exception {
        ClientAuthentication authentication = knownClient();
        DeviceAuthorizationSuccessResponse device = requestDevice(authentication, "storage.read:/");
        issuer.deny(device.getUserCode().getValue());
        assertEquals("access_denied", error(token(authentication, new DeviceCodeGrant(device.getDeviceCode()))));
    }

    @Test
    void replayOfDeviceCodeRevokesWhatItGave() throws Exception {
        ClientAuthentication authentication = knownClient();
        DeviceAuthorizationSuccessResponse device = requestDevice(authentication, "offline_access");
        issuer.approve(device.getUserCode().getValue(), "alice");
        AuthorizationGrant poll = new DeviceCodeGrant(device.getDeviceCode());
        RefreshToken token =
                token(authentication, poll).toSuccessResponse().getTokens().getRefreshToken();
        clock.advanceSeconds(5);
        assertEquals("invalid_grant", error(token(authentication, poll)));
        assertEquals("invalid_grant", error(token(authentication, new RefreshTokenGrant(token))));
        assertEquals(List.of("POST /token: polled after the final answer"), issuer.violations());
    }

    @Test
    void refreshTokenExpires() throws Exception {
        issuer.policy.refreshLife = Duration.ofDays(1);
        ClientAuthentication authentication = knownClient();
        RefreshToken token = login(authentication);
        clock.advanceSeconds(86_399);
        token = token(authentication, new RefreshTokenGrant(token))
                .toSuccessResponse()
                .getTokens()
                .getRefreshToken();
        clock.advanceSeconds(86_400);
        assertEquals("invalid_grant", error(token(authentication, new RefreshTokenGrant(token))));
    }

    @Test
    void accessTokenIsSignedAndSaysWhatTheWlcgProfileWants() throws Exception {
        ClientAuthentication authentication = knownClient();
        JWKSet keys = JWKSet.parse(send(new HTTPRequest(HTTPRequest.Method.GET, provider.getJWKSetURI()))
                .getBody());
        for (String algorithm : List.of("RS256", "ES256")) {
            issuer.policy.signatureAlgorithm = algorithm;
            TokenResponse response = token(authentication, new ClientCredentialsGrant(), "compute.read");
            String value =
                    response.toSuccessResponse().getTokens().getAccessToken().getValue();
            SignedJWT jwt = SignedJWT.parse(value);
            var key = keys.getKeyByKeyId(jwt.getHeader().getKeyID());
            assertTrue(jwt.verify(
                    algorithm.equals("RS256") ? new RSASSAVerifier(key.toRSAKey()) : new ECDSAVerifier(key.toECKey())));
            JWTClaimsSet claims = jwt.getJWTClaimsSet();
            assertEquals(issuer.issuer(), claims.getIssuer());
            assertEquals(List.of("https://wlcg.cern.ch/jwt/v1/any"), claims.getAudience());
            assertEquals("compute.read", claims.getStringClaim("scope"));
            assertEquals("1.0", claims.getStringClaim("wlcg.ver"));
            assertEquals("known", claims.getStringClaim("client_id"));
            assertEquals(claims.getIssueTime(), claims.getNotBeforeTime());
            assertEquals(
                    300_000,
                    claims.getExpirationTime().getTime() - claims.getIssueTime().getTime());
            assertNotNull(claims.getJWTID());
            assertEquals(
                    clock.instant().getEpochSecond(),
                    claims.getIssueTime().toInstant().getEpochSecond());
        }
    }

    @Test
    void revocation() throws Exception {
        ClientAuthentication authentication = knownClient();
        RefreshToken token = login(authentication);
        URI endpoint = provider.getRevocationEndpointURI();
        HTTPResponse answer = send(new TokenRevocationRequest(endpoint, authentication, token).toHTTPRequest());
        assertEquals(200, answer.getStatusCode());
        assertEquals("invalid_grant", error(token(authentication, new RefreshTokenGrant(token))));
        assertEquals(List.of(), issuer.violations());
    }

    @Test
    void clientReadsAndDeletesItself() throws Exception {
        OIDCClientInformation client = register();
        URI uri = client.getRegistrationURI();
        HTTPResponse read = send(new ClientReadRequest(uri, client.getRegistrationAccessToken()).toHTTPRequest());
        OIDCClientInformation again = ((OIDCClientInformationResponse) OIDCClientRegistrationResponseParser.parse(read))
                .getOIDCClientInformation();
        assertEquals(client.getSecret(), again.getSecret());
        HTTPRequest delete = new ClientDeleteRequest(uri, client.getRegistrationAccessToken()).toHTTPRequest();
        assertEquals(204, send(delete).getStatusCode());
        assertEquals(List.of(), issuer.registeredClients());
        assertEquals(401, send(delete).getStatusCode());
        ClientAuthentication authentication = new ClientSecretBasic(client.getID(), client.getSecret());
        assertEquals("invalid_client", error(token(authentication, new RefreshTokenGrant(new RefreshToken()))));
    }

    @Test
    void withoutOfflineAccessThereIsNoRefreshToken() throws Exception {
        ClientAuthentication authentication = knownClient();
        DeviceAuthorizationSuccessResponse device = requestDevice(authentication, "storage.read:/");
        issuer.approve(device.getUserCode().getValue(), "alice");
        TokenResponse response = token(authentication, new DeviceCodeGrant(device.getDeviceCode()));
        assertNull(response.toSuccessResponse().getTokens().getRefreshToken());
    }

    @Test
    void administratorsActs() throws Exception {
        ClientAuthentication authentication = knownClient();
        RefreshToken token = login(authentication);
        issuer.disableUser("alice", true);
        TokenResponse refused = token(authentication, new RefreshTokenGrant(token));
        assertEquals("User disabled", refused.toErrorResponse().getErrorObject().getDescription());
        issuer.disableUser("alice", false);
        token = token(authentication, new RefreshTokenGrant(token))
                .toSuccessResponse()
                .getTokens()
                .getRefreshToken();
        issuer.revokeAll();
        assertEquals("invalid_grant", error(token(authentication, new RefreshTokenGrant(token))));
        issuer.removeClient("known");
        assertEquals("invalid_client", error(token(authentication, new RefreshTokenGrant(token))));
    }

    @Test
    void automaticApproval() throws Exception {
        issuer.approveAutomatically("bob");
        issuer.policy.interval = 0;
        ClientAuthentication authentication = knownClient();
        AuthorizationGrant poll =
                new DeviceCodeGrant(requestDevice(authentication, "openid").getDeviceCode());
        assertEquals("authorization_pending", error(token(authentication, poll)));
        OIDCTokenResponse response =
                (OIDCTokenResponse) token(authentication, poll).toSuccessResponse();
        assertEquals(
                "bob", response.getOIDCTokens().getIDToken().getJWTClaimsSet().getSubject());
    }

    @Test
    void bothWellKnownDocumentsAreTheSame() throws Exception {
        String openid = send(get("/.well-known/openid-configuration")).getBody();
        assertEquals(
                openid, send(get("/.well-known/oauth-authorization-server")).getBody());
        issuer.policy.oauthAuthorizationServer = false;
        issuer.policy.openidConfiguration = false;
        assertEquals(404, send(get("/.well-known/oauth-authorization-server")).getStatusCode());
        assertEquals(404, send(get("/.well-known/openid-configuration")).getStatusCode());
        assertEquals(List.of(), issuer.violations());
    }

    private HTTPRequest get(String path) {
        return new HTTPRequest(HTTPRequest.Method.GET, URI.create(issuer.base() + path));
    }

    private OIDCClientInformation register() throws Exception {
        OIDCClientMetadata metadata = new OIDCClientMetadata();
        metadata.setGrantTypes(Set.of(GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN));
        metadata.setResponseTypes(Set.of());
        metadata.setName("renewer");
        metadata.setScope(new Scope("openid", "offline_access", "storage.read:/"));
        HTTPRequest request = new OIDCClientRegistrationRequest(provider.getRegistrationEndpointURI(), metadata, null)
                .toHTTPRequest();
        HTTPResponse response = send(request);
        assertEquals(201, response.getStatusCode());
        return ((OIDCClientInformationResponse) OIDCClientRegistrationResponseParser.parse(response))
                .getOIDCClientInformation();
    }

    private ClientAuthentication knownClient() {
        issuer.addClient("known", "se cret/+", "client_secret_basic", RawClient.ALL_GRANTS, RawClient.SCOPES);
        return new ClientSecretBasic(new ClientID("known"), new Secret("se cret/+"));
    }

    private RefreshToken login(ClientAuthentication authentication) throws Exception {
        DeviceAuthorizationSuccessResponse device = requestDevice(authentication, "offline_access", "storage.read:/");
        issuer.approve(device.getUserCode().getValue(), "alice");
        TokenResponse response = token(authentication, new DeviceCodeGrant(device.getDeviceCode()));
        RefreshToken token = response.toSuccessResponse().getTokens().getRefreshToken();
        assertNotEquals(null, token);
        return token;
    }

    private DeviceAuthorizationSuccessResponse requestDevice(ClientAuthentication authentication, String... scopes)
            throws Exception {
        HTTPRequest request = new DeviceAuthorizationRequest.Builder(authentication)
                .endpointURI(provider.getDeviceAuthorizationEndpointURI())
                .scope(new Scope(scopes))
                .build()
                .toHTTPRequest();
        return DeviceAuthorizationResponse.parse(send(request)).toSuccessResponse();
    }

    private TokenResponse token(ClientAuthentication authentication, AuthorizationGrant grant, String... scopes)
            throws Exception {
        TokenRequest.Builder request = new TokenRequest.Builder(provider.getTokenEndpointURI(), authentication, grant);
        if (scopes.length > 0) {
            request.scope(new Scope(scopes));
        }
        return OIDCTokenResponseParser.parse(send(request.build().toHTTPRequest()));
    }

    private static String error(TokenResponse response) {
        return response.toErrorResponse().getErrorObject().getCode();
    }

    private static HTTPResponse send(HTTPRequest request) throws IOException {
        request.setAccept("application/json");
        request.setSSLSocketFactory(trust.getSocketFactory());
        return request.send();
    }
}
