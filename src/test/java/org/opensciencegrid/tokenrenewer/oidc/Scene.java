package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.function.Executable;
import org.opensciencegrid.tokenrenewer.issuer.EmbeddedIssuer;
import org.opensciencegrid.tokenrenewer.issuer.Policy;
import org.opensciencegrid.tokenrenewer.issuer.Seen;
import org.opensciencegrid.tokenrenewer.issuer.SettableClock;
import org.opensciencegrid.tokenrenewer.oidc.OidcException.Kind;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** An issuer and a client that it knows; one clock for both, and waiting takes no time. */
final class Scene implements AutoCloseable {
    static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
    static final List<String> SCOPES = List.of("openid", "profile", "offline_access", "storage.read:/");
    static final Wanted ALL = new Wanted(List.of(), List.of(), AudienceParameter.RESOURCE);
    static final List<String> GRANTS =
            List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN, Policy.CLIENT_CREDENTIALS, Policy.AUTHORIZATION_CODE);

    final SettableClock clock = new SettableClock(START);
    final FakePause pause = new FakePause(clock);
    final EmbeddedIssuer issuer = EmbeddedIssuer.builder().clock(clock).start();
    final Transport transport = new Transport(new Trust(Optional.empty()), Duration.ofSeconds(5));
    final Client client = client("renewer", "secret-of-the-renewer", ClientAuth.BASIC);
    final TokenClient tokens = new TokenClient(transport, clock, pause);
    final DeviceFlow device = new DeviceFlow(transport, clock, pause);

    /** Makes a client known to the issuer; it may authenticate either way. */
    Client client(String id, String secret, ClientAuth auth) {
        issuer.addClient(id, secret, secret == null ? "none" : "any", GRANTS, SCOPES);
        return new Client(id, Optional.ofNullable(secret).map(Secret::of), auth);
    }

    URI tokenEndpoint() {
        return at("/token");
    }

    URI deviceEndpoint() {
        return at("/device_authorization");
    }

    URI at(String path) {
        return URI.create(issuer.base() + path);
    }

    DeviceFlow.Prompt start() throws OidcException {
        return device.start(deviceEndpoint(), client, ALL);
    }

    TokenAnswer await(DeviceFlow.Prompt prompt) throws OidcException {
        return device.await(tokenEndpoint(), client, prompt, ALL);
    }

    /** A refresh token of Alice; what it took is forgotten. */
    Secret login() throws OidcException {
        return login(client);
    }

    Secret login(Client who) throws OidcException {
        DeviceFlow.Prompt prompt = device.start(deviceEndpoint(), who, ALL);
        issuer.approve(prompt.userCode(), "alice");
        Secret token =
                device.await(tokenEndpoint(), who, prompt, ALL).refreshToken().orElseThrow();
        assertFair();
        issuer.clearRecords();
        return token;
    }

    Seen last(String path) {
        List<Seen> seen = issuer.requests(path);
        return seen.get(seen.size() - 1);
    }

    /** Nothing was sent that the issuer's rules forbid. */
    void assertFair() {
        assertEquals(List.of(), issuer.violations());
    }

    /** The action fails in this way, and its message is fit to be shown. */
    OidcException assertFails(Kind kind, Executable action) {
        OidcException e = fails(kind, action);
        for (String secret : issuer.secrets()) {
            assertFalse(e.getMessage().contains(secret), () -> "secret in: " + e.getMessage());
        }
        return e;
    }

    static OidcException fails(Kind kind, Executable action) {
        OidcException e = assertThrows(OidcException.class, action);
        assertEquals(kind, e.kind(), e::getMessage);
        assertTrue(e.getMessage().chars().noneMatch(Character::isISOControl), e::getMessage);
        return e;
    }

    @Override
    public void close() {
        issuer.close();
    }
}
