package org.opensciencegrid.testkit;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

/**
 * A strict OpenID issuer in this process, on 127.0.0.1: discovery, registration, device grant, refresh with rotation
 * and reuse detection, client credentials, token exchange, revocation. {@link #policy} selects its dialect, {@link #fault} adds
 * failures, and {@link #violations()} lists what the client did wrong. State is in memory and ends with {@link
 * #close()}.
 */
public final class EmbeddedIssuer implements AutoCloseable {
    static {
        // Without this, the JDK's server delays every second response by 40 ms, because it waits for the client's
        // delayed ACK.
        if (System.getProperty("sun.net.httpserver.nodelay") == null) {
            System.setProperty("sun.net.httpserver.nodelay", "true");
        }
    }

    private static final Clock SYSTEM = Clock.systemUTC();

    /** The dialect; may be changed while the issuer runs. */
    public final Policy policy = new Policy();

    private final State state;
    private final List<String> violations = new CopyOnWriteArrayList<>();
    private final List<Seen> requests = new CopyOnWriteArrayList<>();
    private final Set<InetSocketAddress> connections = ConcurrentHashMap.newKeySet();
    private final Faults faults = new Faults();
    private final HttpServer server;
    private volatile HttpsServer certificateServer;
    private final ExecutorService workers;
    private final String base;
    private final boolean isSimulated;

    private final DiscoveryEndpoint discovery;
    private final RegistrationEndpoint registration;
    private final Endpoint deviceAuthorization;
    private final TokenEndpoint token;
    private final Endpoint revocation;
    private final Endpoint devicePage;

    /** Starts an issuer with https on a free port. */
    public static EmbeddedIssuer start(TestCa ca) {
        return builder().tls(ca.serverContext()).start();
    }

    /** Starts an issuer with plain http on a free port. */
    public static EmbeddedIssuer startHttp() {
        return builder().start();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** The settings of an issuer before it starts. */
    public static final class Builder {
        private SSLContext tls;
        private int port;
        private Clock clock = SYSTEM;

        private Builder() {}

        /** Https with this context, see {@link TestCa#serverContext()}; otherwise plain http. */
        public Builder tls(SSLContext context) {
            tls = context;
            return this;
        }

        /** A fixed port; otherwise a free one. */
        public Builder port(int number) {
            port = number;
            return this;
        }

        public Builder clock(Clock value) {
            clock = value;
            return this;
        }

        public EmbeddedIssuer start() {
            try {
                return new EmbeddedIssuer(this);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private EmbeddedIssuer(Builder builder) throws IOException {
        state = new State(builder.clock);
        isSimulated = builder.clock != SYSTEM;
        InetSocketAddress address =
                new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), builder.port);
        if (builder.tls == null) {
            server = HttpServer.create(address, 0);
        } else {
            HttpsServer https = HttpsServer.create(address, 0);
            https.setHttpsConfigurator(new HttpsConfigurator(builder.tls));
            server = https;
        }
        String scheme = builder.tls == null ? "http" : "https";
        base = scheme + "://localhost:" + server.getAddress().getPort();

        Rules rules = new Rules(policy, violations::add);
        ClientAuthentication authentication = new ClientAuthentication(this, state, rules);
        Audiences audiences = new Audiences(policy, rules);
        discovery = new DiscoveryEndpoint(this, rules);
        registration = new RegistrationEndpoint(this, state, rules);
        deviceAuthorization = new DeviceAuthorizationEndpoint(this, state, rules, authentication, audiences);
        token = new TokenEndpoint(state, policy, rules, authentication, audiences, new TokenAnswers(this, state));
        revocation = new RevocationEndpoint(state, rules, authentication);
        devicePage = new DevicePage(state);

        workers = Executors.newCachedThreadPool(task -> {
            Thread thread = new Thread(task, "embedded-issuer");
            thread.setDaemon(true);
            return thread;
        });
        server.setExecutor(workers);
        server.createContext("/", this::handle);
        server.start();
    }

    // Names

    /** The issuer identifier. Discovery returns it unless {@link Policy#otherIssuerText} is set. */
    public String issuer() {
        return base + policy.issuerPath + (policy.trailingSlashIssuer ? "/" : "");
    }

    /** Scheme, host and port of the endpoints. */
    public String base() {
        return base;
    }

    public int port() {
        return server.getAddress().getPort();
    }

    // Actions of a user or an administrator

    /** The user approves. The code may be typed without case and dash. */
    public void approve(String userCode, String subject) {
        synchronized (state) {
            Device device = device(userCode);
            device.decision = Device.Decision.APPROVED;
            device.subject = subject;
        }
    }

    /** The user denies. */
    public void deny(String userCode) {
        synchronized (state) {
            device(userCode).decision = Device.Decision.DENIED;
        }
    }

    private Device device(String userCode) {
        return Objects.requireNonNull(state.deviceByUserCode(userCode), "no such user code");
    }

    /**
     * After this, the first poll of a device code returns authorization_pending and the next succeeds. Null turns it
     * off.
     */
    public void approveAutomatically(String subject) {
        synchronized (state) {
            state.automaticSubject = subject;
        }
    }

    /** User codes that wait for a decision, oldest first. */
    public List<String> pendingUserCodes() {
        synchronized (state) {
            return state.devicesByUserCode.values().stream()
                    .filter(device -> device.decision == Device.Decision.PENDING && !device.over)
                    .map(device -> device.userCode)
                    .toList();
        }
    }

    /** The refresh token of a client that a user authorized earlier, with the client's whole scope. */
    public String authorize(String clientId, String subject) {
        synchronized (state) {
            return token.authorize(Objects.requireNonNull(state.clients.get(clientId), "no such client"), subject);
        }
    }

    /** Revokes every refresh token. */
    public void revokeAll() {
        synchronized (state) {
            state.families.values().forEach(family -> family.dead = true);
        }
    }

    /** Revokes every access token. */
    public void revokeAccessTokens() {
        synchronized (state) {
            state.revokedAccessTokens.addAll(state.accessTokens.keySet());
        }
    }

    /**
     * Registers a client without a request.
     *
     * @param secret null for a public client
     * @param authMethod client_secret_basic, client_secret_post, none, any (the first two), or client_secret_jwt
     */
    public void addClient(
            String id, String secret, String authMethod, Collection<String> grants, Collection<String> scopes) {
        synchronized (state) {
            if (secret != null) {
                state.secret(secret);
            }
            Client client = new Client(id, secret, authMethod, Set.copyOf(grants), ordered(scopes), 0, null, null);
            state.clients.put(id, client);
        }
    }

    /**
     * Registers a client that authenticates with private_key_jwt.
     *
     * @param jwks its public keys, as a JWK set
     */
    public void addKeyClient(String id, String jwks, Collection<String> grants, Collection<String> scopes) {
        addAssertedClient(id, jwks, null, null, grants, scopes);
    }

    /**
     * Registers a client whose assertions another party signs, such as a Kubernetes cluster. They may be used again
     * until they expire.
     *
     * @param jwks the public keys of that party
     * @param signer {@code iss}
     * @param subject {@code sub}
     */
    public void addAssertedClient(
            String id,
            String jwks,
            String signer,
            String subject,
            Collection<String> grants,
            Collection<String> scopes) {
        synchronized (state) {
            state.clients.put(
                    id,
                    new Client(
                            id,
                            null,
                            "private_key_jwt",
                            Set.copyOf(grants),
                            ordered(scopes),
                            0,
                            null,
                            null,
                            AssertionRules.keys(jwks),
                            signer,
                            subject));
        }
    }

    /** The administrator changes the public keys of a client. */
    public void changeKeys(String id, String jwks) {
        synchronized (state) {
            state.clients.computeIfPresent(id, (same, client) -> client.withKeys(AssertionRules.keys(jwks)));
        }
    }

    private static Set<String> ordered(Collection<String> scopes) {
        return Rules.words(String.join(" ", scopes));
    }

    /** The administrator permits a client another grant. */
    public void addGrant(String id, String grant) {
        synchronized (state) {
            state.clients.computeIfPresent(id, (same, client) -> client.withGrant(grant));
        }
    }

    /** The administrator changes a client's secret. */
    public void changeSecret(String id, String secret) {
        synchronized (state) {
            state.secret(secret);
            state.clients.computeIfPresent(id, (same, client) -> client.withSecret(secret));
        }
    }

    /** Deletes a client and its tokens. */
    public void removeClient(String id) {
        synchronized (state) {
            state.removeClient(id);
        }
    }

    /**
     * Like Keycloak: while disabled, invalid_grant "User disabled"; afterwards the same refresh token is valid again.
     */
    public void disableUser(String subject, boolean disabled) {
        synchronized (state) {
            if (disabled) {
                state.disabledUsers.add(subject);
            } else {
                state.disabledUsers.remove(subject);
            }
        }
    }

    // Failures

    /** Adds a fault. Faults apply in the order in which they were added, and at most one to each request. */
    public void fault(Fault fault) {
        faults.add(fault);
    }

    public void clearFaults() {
        faults.clear();
    }

    /** The number of faults that have not applied as often as configured. */
    public int pendingFaults() {
        return faults.pending();
    }

    // Records

    /** Violations of the rules, oldest first. No text contains a secret. */
    public List<String> violations() {
        return List.copyOf(violations);
    }

    /** Every request, oldest first. */
    public List<Seen> requests() {
        return List.copyOf(requests);
    }

    /** The requests to a path, oldest first. */
    public List<Seen> requests(String path) {
        return requests.stream().filter(seen -> seen.path().equals(path)).toList();
    }

    /** The number of requests to a path. */
    public int count(String path) {
        return requests(path).size();
    }

    /** The number of requests to a path with a grant_type. */
    public int count(String path, String grantType) {
        return (int) requests(path).stream()
                .filter(seen -> grantType.equals(seen.grantType()))
                .count();
    }

    /** Deletes the recorded requests and violations, not the state. */
    public void clearRecords() {
        requests.clear();
        violations.clear();
    }

    /** How often a rotated refresh token was used again, including uses within its grace period. */
    public int reuses() {
        synchronized (state) {
            return state.reuses;
        }
    }

    /** The number of connections with requests, counted by client ports. */
    public int connections() {
        return connections.size();
    }

    /** The ids of clients that registered themselves and still exist. */
    public List<String> registeredClients() {
        synchronized (state) {
            return state.clients.values().stream()
                    .filter(Client::isDynamic)
                    .map(Client::id)
                    .toList();
        }
    }

    /** The newest refresh token of every valid family. */
    public List<String> currentRefreshTokens() {
        synchronized (state) {
            return state.families.values().stream()
                    .filter(family -> !family.dead && family.current != null)
                    .map(family -> family.current)
                    .distinct()
                    .toList();
        }
    }

    /** Every secret that the issuer ever sent or received. No log, journal or argument list may contain one. */
    public Set<String> secrets() {
        synchronized (state) {
            return Set.copyOf(state.secrets);
        }
    }

    /**
     * Starts a second port that asks for the client's certificate; discovery then names it in mtls_endpoint_aliases. A
     * client of {@link #addCertificateClient} must use it.
     */
    public void startCertificatePort(TestCa ca) {
        try {
            HttpsServer https = HttpsServer.create(
                    new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0), 0);
            https.setHttpsConfigurator(new HttpsConfigurator(ca.serverContextForClients()) {
                @Override
                public void configure(HttpsParameters parameters) {
                    SSLParameters ssl = getSSLContext().getDefaultSSLParameters();
                    ssl.setWantClientAuth(true);
                    parameters.setSSLParameters(ssl);
                }
            });
            https.setExecutor(workers);
            https.createContext("/", this::handle);
            https.start();
            certificateServer = https;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Scheme, host and port for clients with certificates; null if there is no such port. */
    String certificateBase() {
        return certificateServer == null
                ? null
                : "https://localhost:" + certificateServer.getAddress().getPort();
    }

    /**
     * Registers a client that authenticates with a certificate (RFC 8705).
     *
     * @param ca signed it; null for self_signed_tls_client_auth
     * @param certificate whose subject must match; with self_signed_tls_client_auth the certificate itself
     */
    public void addCertificateClient(
            String id,
            X509Certificate ca,
            X509Certificate certificate,
            Collection<String> grants,
            Collection<String> scopes) {
        synchronized (state) {
            String method = ca == null ? "self_signed_tls_client_auth" : "tls_client_auth";
            state.clients.put(id, new Client(id, null, method, Set.copyOf(grants), ordered(scopes), 0, null, null));
            state.certificates.put(id, new State.Certificate(ca, certificate));
        }
    }

    /** Closes all connections immediately, including those of endless faults. */
    @Override
    public void close() {
        workers.shutdownNow();
        server.stop(0);
        if (certificateServer != null) {
            certificateServer.stop(0);
        }
    }

    // Request handling

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            connections.add(exchange.getRemoteAddress());
            Seen request = Seen.read(exchange);
            requests.add(request);
            if (isSimulated) {
                DateHeader.keepFirst(exchange.getResponseHeaders());
            }
            new Delivery(exchange, faults.effectsFor(request), violations::add, () -> DateHeader.of(state.now()))
                    .deliver(() -> answer(request));
        }
    }

    private Answer answer(Seen request) {
        synchronized (state) {
            try {
                return dispatch(request);
            } catch (OAuthError e) {
                return e.answer();
            } catch (RuntimeException e) {
                violations.add("the issuer itself failed: " + e);
                return Answer.text(500, "text/plain", "Internal Server Error\n");
            }
        }
    }

    private Answer dispatch(Seen request) {
        String path = request.path();
        // OpenID Connect Discovery section 4.1 appends the well-known path to the issuer; RFC 8414 section 3.1 inserts
        // it before the issuer's path.
        if (path.equals(policy.issuerPath + "/.well-known/openid-configuration")) {
            return policy.openidConfiguration ? discovery.metadata(request) : notFound();
        }
        if (path.equals("/.well-known/oauth-authorization-server" + policy.issuerPath)) {
            return policy.oauthAuthorizationServer ? discovery.metadata(request) : notFound();
        }
        if (path.startsWith(RegistrationEndpoint.PATH + "/")) {
            return registration.manage(request);
        }
        if (path.equals(policy.tokenPath)) {
            return token.answer(request);
        }
        return switch (path) {
            case "/jwks" -> discovery.jwks(request);
            case RegistrationEndpoint.PATH -> registration.register(request);
            case "/device_authorization" -> deviceAuthorization.answer(request);
            case "/revoke" -> revocation.answer(request);
            case "/device" -> devicePage.answer(request);
            default -> {
                if (!path.contains("/.well-known/") && !path.endsWith("/token")) {
                    violations.add(request.method() + " " + path + ": no such endpoint");
                }
                yield notFound();
            }
        };
    }

    private static Answer notFound() {
        return Answer.text(404, "text/plain", "Not Found");
    }
}
