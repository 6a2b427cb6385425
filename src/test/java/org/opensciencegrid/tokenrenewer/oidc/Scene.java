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
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.testkit.SettableClock;
import org.opensciencegrid.tokenrenewer.net.FakeSleeper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.net.TrustStore;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * An issuer with a registered client. Both use one clock, and waiting takes no time. For tests of the protocols, which
 * need no files: without TLS, and at a fixed time.
 */
public final class Scene implements AutoCloseable {
    static final Instant START = Instant.parse("2026-03-01T12:00:00Z");
    public static final List<String> SCOPES = List.of("openid", "profile", "offline_access", "storage.read:/");
    public static final RequestedToken ALL = new RequestedToken(List.of(), List.of(), AudienceParameter.RESOURCE);
    static final List<String> GRANTS =
            List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN, Policy.CLIENT_CREDENTIALS, Policy.AUTHORIZATION_CODE);

    final SettableClock clock = new SettableClock(START);
    final FakeSleeper pause = new FakeSleeper(clock);
    public final EmbeddedIssuer issuer = EmbeddedIssuer.builder().clock(clock).start();
    public final Transport transport = new Transport(new TrustStore(Optional.empty()), Duration.ofSeconds(5));
    public final Client client = client("renewer", "secret-of-the-renewer", ClientAuth.BASIC);
    public final TokenClient tokens = new TokenClient(transport, clock, pause);
    final DeviceFlow device = new DeviceFlow(transport, clock, pause);

    /** Registers a client at the issuer; it may authenticate either way. */
    public Client client(String id, String secret, ClientAuth auth) {
        issuer.addClient(id, secret, secret == null ? "none" : "any", GRANTS, SCOPES);
        return new Client(id, Optional.ofNullable(secret).map(Secret::of), auth);
    }

    public URI tokenEndpoint() {
        return at("/token");
    }

    URI deviceEndpoint() {
        return at("/device_authorization");
    }

    public URI at(String path) {
        return URI.create(issuer.base() + path);
    }

    public DeviceFlow.Prompt start() throws IssuerException {
        return device.start(deviceEndpoint(), client, ALL);
    }

    public TokenResponse await(DeviceFlow.Prompt prompt) throws IssuerException {
        return device.await(tokenEndpoint(), client, prompt, ALL, poll -> {});
    }

    /** A refresh token of Alice, without a request. */
    public Secret login() {
        return login(client);
    }

    public Secret login(Client who) {
        return Secret.of(issuer.authorize(who.id(), "alice"));
    }

    Seen last(String path) {
        List<Seen> seen = issuer.requests(path);
        return seen.get(seen.size() - 1);
    }

    /** No request violated the issuer's rules. */
    void assertFair() {
        assertEquals(List.of(), issuer.violations());
    }

    /** The action fails with this kind, and its message is printable and contains no secret. */
    public IssuerException assertFails(Kind kind, Executable action) {
        IssuerException e = fails(kind, action);
        for (String secret : issuer.secrets()) {
            assertFalse(e.getMessage().contains(secret), () -> "secret in: " + e.getMessage());
        }
        return e;
    }

    public static IssuerException fails(Kind kind, Executable action) {
        IssuerException e = assertThrows(IssuerException.class, action);
        assertEquals(kind, e.kind(), e::getMessage);
        assertTrue(e.getMessage().chars().noneMatch(Character::isISOControl), e::getMessage);
        return e;
    }

    @Override
    public void close() {
        issuer.close();
    }
}
