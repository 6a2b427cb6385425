package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CopyOnWriteArrayList;
import org.opensciencegrid.testkit.FaultProxy;
import org.opensciencegrid.testkit.Json;
import org.opensciencegrid.tokenrenewer.account.Account;

/**
 * npm oidc-provider, certified and strict: rotates, detects reuse and revokes. {@code -Dlive.oidc-provider=DIR} is the
 * directory with server.mjs and its node_modules.
 */
final class OidcProvider extends LocalIssuer {
    private static final String DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

    private final Mode mode;
    private final String base;
    private final Optional<FaultProxy> proxy;
    private final ServerProcess process;
    private final List<LiveIssuer> others = new CopyOnWriteArrayList<>();

    /** A mode, with its settings that differ from the first one. */
    enum Mode {
        /** Certified and strict: always rotates, ends the grant on reuse, resource indicators, JWT access tokens. */
        STRICT("oidc-provider 9", Map.of()),
        /** Its own default: a confidential client's refresh token rotates after 70 % of its lifetime. */
        DEFAULT_ROTATION("by its default", Map.of("rotation", "default")),
        NEVER_ROTATES("never rotating", Map.of("rotation", "never")),
        OPAQUE("opaque tokens", Map.of("accessTokens", "opaque")),
        /** No resource indicators: both parameters are ignored, and all tokens are opaque. */
        WITHOUT_RESOURCES("no resources", Map.of("resources", false)),
        /** Access tokens of 5 seconds, refresh tokens of 20. */
        SHORT_LIVED("short-lived", Map.of("accessSeconds", 5, "refreshSeconds", 20)),
        /** Closes the connection after each response. With OpenSSL, the next request could resume a TLS session. */
        CLOSING("closing connections", Map.of("closes", true));

        private final String label;
        private final Map<String, Object> settings;

        Mode(String label, Map<String, Object> settings) {
            this.label = label;
            this.settings = settings;
        }
    }

    OidcProvider(Path directory) throws IOException, InterruptedException {
        this(directory, Mode.STRICT);
    }

    OidcProvider(Path directory, Mode mode) throws IOException, InterruptedException {
        this(directory, mode, "open", "always", false);
    }

    /**
     * Starts one behind a proxy that injects faults.
     *
     * @param rotation always: using an old refresh token ends the grant; lenient: old ones stay valid; never
     */
    static OidcProvider behindProxy(Path directory, String rotation) throws IOException, InterruptedException {
        return new OidcProvider(directory, Mode.STRICT, "open", rotation, true);
    }

    /**
     * @param registration open, off, or token
     */
    private OidcProvider(Path directory, Mode mode, String registration, String rotation, boolean behindProxy)
            throws IOException, InterruptedException {
        super(directory);
        this.mode = mode;
        int port = ServerProcess.freePort();
        base = "https://localhost:" + port;
        proxy = behindProxy ? Optional.of(new FaultProxy(ca)) : Optional.empty();
        proxy.ifPresent(front -> front.forwardTo(base));
        Path keys = keyStore();
        process = new ServerProcess(
                newFile("server", ".log"),
                List.of(
                        "node",
                        Path.of(System.getProperty("live.oidc-provider"), "server.mjs")
                                .toString(),
                        settings(port, issuer(), keys, caFile(), registration, rotation, mode)));
    }

    private static String settings(
            int port, String issuer, Path keys, Path clientCa, String registration, String rotation, Mode mode) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("port", port);
        settings.put("issuer", issuer);
        settings.put("rotation", rotation);
        settings.put("keyStore", keys.toString());
        settings.put("passphrase", PASSWORD);
        settings.put("clientCa", clientCa.toString());
        settings.put("registration", registration);
        settings.put("registrationToken", REGISTRATION_TOKEN);
        settings.put("hastyClient", HASTY.id());
        settings.put("forbiddenAudience", FORBIDDEN_AUDIENCE);
        settings.put(
                "clients",
                List.of(
                        metadata(CONFIDENTIAL, DEVICE_CODE, "refresh_token"),
                        metadata(PUBLIC, DEVICE_CODE, "refresh_token"),
                        metadata(SERVICE, "client_credentials"),
                        metadata(HASTY, DEVICE_CODE, "refresh_token"),
                        metadata(WITHOUT_REFRESH, DEVICE_CODE)));
        settings.putAll(mode.settings);
        return Json.write(settings);
    }

    private static Map<String, Object> metadata(Predefined client, String... grants) {
        Map<String, Object> metadata = new LinkedHashMap<>();
        metadata.put("client_id", client.id());
        metadata.put("token_endpoint_auth_method", client.secret().isPresent() ? "client_secret_basic" : "none");
        client.secret().ifPresent(secret -> metadata.put("client_secret", secret));
        metadata.put("grant_types", List.of(grants));
        metadata.put("response_types", List.of());
        metadata.put("redirect_uris", List.of());
        return metadata;
    }

    @Override
    public String name() {
        return mode.label;
    }

    @Override
    public String issuer() {
        return proxy.map(FaultProxy::base).orElse(base);
    }

    FaultProxy proxy() {
        return proxy.orElseThrow();
    }

    @Override
    public boolean grantsAudience() {
        return mode != Mode.WITHOUT_RESOURCES;
    }

    /** "only a single resource indicator value must be requested/resolved during Access Token Request" */
    @Override
    public boolean grantsSeveralAudiences() {
        return false;
    }

    @Override
    public boolean hasOpaqueTokens() {
        return mode == Mode.OPAQUE || mode == Mode.WITHOUT_RESOURCES;
    }

    /** For confidential clients, within the minute of a test. */
    @Override
    public boolean rotates() {
        return mode != Mode.NEVER_ROTATES && mode != Mode.DEFAULT_ROTATION;
    }

    @Override
    public boolean tellsDenial() {
        return true;
    }

    @Override
    public boolean punishesReplay() {
        return rotates();
    }

    @Override
    public void enable(String person, boolean isEnabled) throws IOException, InterruptedException {
        process.tell((isEnabled ? "enable " : "disable ") + person);
    }

    @Override
    public String changeSecret(Account account) throws IOException, InterruptedException {
        String secret = "another-secret-0123456789";
        process.tell("secret " + account.client().id() + " " + secret);
        return secret;
    }

    @Override
    public void setKeys(String clientId, String jwks) throws IOException, InterruptedException {
        process.tell("keys " + clientId + " " + jwks);
    }

    @Override
    public void setSubject(String clientId, String subject) throws IOException, InterruptedException {
        process.tell("subject " + clientId + " CN=" + subject);
    }

    @Override
    public void decide(String userCode, String person, boolean approve) throws IOException, InterruptedException {
        Browser browser = browser();
        browser.open(base + "/device");
        browser.submit("xsrf", Map.of("user_code", userCode));
        if (!approve) {
            browser.submit("xsrf", Map.of("user_code", userCode, "abort", "yes"));
            return;
        }
        browser.submit("xsrf", Map.of("user_code", userCode, "confirm", "yes"));
        browser.submit("login", Map.of("login", person, "password", "any"));
        browser.submit("prompt", Map.of());
        if (!browser.has("Sign-in Success")) {
            throw new AssertionError(browser.toString());
        }
    }

    @Override
    public Optional<LiveIssuer> with(Registration registration) throws IOException, InterruptedException {
        OidcProvider other = new OidcProvider(
                directory, mode, registration == Registration.WITH_TOKEN ? "token" : "off", "always", false);
        others.add(other);
        return Optional.of(other);
    }

    /** The server prints a line for each request. */
    @Override
    public OptionalInt tokenRequests(String clientId) throws IOException {
        String line = "token request of " + clientId;
        return OptionalInt.of(
                (int) process.lines().stream().filter(line::equals).count());
    }

    @Override
    public void close() {
        others.forEach(LiveIssuer::close);
        proxy.ifPresent(FaultProxy::close);
        process.close();
    }
}
