package org.opensciencegrid.tokenrenewer.renewal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.cryptostore.KeyDerivation;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.testkit.SettableClock;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.PostRenewal;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse.Identity;
import org.opensciencegrid.tokenrenewer.renewal.RenewalRun.Selection;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * A machine with authorized accounts, and their issuer. Files and network traffic are real; time advances only if a
 * test or a pause of the program says so.
 */
final class Site implements AutoCloseable {
    static final TestCa CA = new TestCa();
    static final String SUBJECT = "alice";
    static final String CLIENT_SECRET = "cl1ent/s3cret+";
    static final String PASSWORD = "correct horse battery staple";
    static final List<String> SCOPE =
            List.of("openid", "offline_access", "storage.read:/", "compute.read", "compute.create");

    final Path directory;
    final SettableClock clock = new SettableClock(Clock.systemUTC().instant());
    final EmbeddedIssuer issuer =
            EmbeddedIssuer.builder().tls(CA.serverContext()).clock(clock).start();
    final StateStore states;
    final Map<String, AccountSection> accounts = new LinkedHashMap<>();
    final List<Wish> wishes = new ArrayList<>();
    Duration lockWait = Duration.ofSeconds(30);
    /** How long a run may start renewals, and how long it may take. */
    Duration begin = Duration.ofDays(1);

    Duration runs = Duration.ofDays(1);
    /** How many seconds pass in a second of waiting: all threads that wait share one clock here. */
    int haste = 1;
    /** Runs after an account was opened and before its disk space is reserved. */
    volatile Runnable whileOpening = () -> {};

    private final AccountStore store;

    /** A token section under construction. */
    static final class Wish {
        final String name;
        final String account;
        Path path;
        List<String> scope = List.of();
        List<String> audience = List.of();
        OptionalLong minLifetime = OptionalLong.empty();
        boolean strict;
        TokenAccess access = TokenAccess.UNCHANGED;
        Optional<PostRenewal> postRenewal = Optional.empty();

        private Wish(String name, String account, Path path) {
            this.name = name;
            this.account = account;
            this.path = path;
        }

        Wish scope(String... words) {
            scope = List.of(words);
            return this;
        }

        Wish audience(String... words) {
            audience = List.of(words);
            return this;
        }

        Wish minLifetime(long seconds) {
            minLifetime = OptionalLong.of(seconds);
            return this;
        }

        /** Runs a script of these lines after a renewal; {@code $1} is its directory. */
        Wish postRenewal(Path directory, Duration timeout, String... lines) {
            Path script = directory.resolve("hook");
            write(script, "#!/bin/sh\n" + String.join("\n", lines) + "\n");
            script.toFile().setExecutable(true);
            postRenewal =
                    Optional.of(new PostRenewal(List.of(script.toString(), directory.toString(), "a  b"), timeout));
            return this;
        }

        Wish path(Path other) {
            path = other;
            return this;
        }
    }

    Site(Path directory) {
        this.directory = directory;
        states = new StateStore(directory.resolve("state"), directory.resolve("spare"));
        store = store();
        CA.writeCaPem(caFile());
        try {
            Files.createDirectory(directory.resolve("tokens"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path caFile() {
        return directory.resolve("ca.pem");
    }

    AccountStore store() {
        KeyDerivation argon2id = KeyDerivation.argon2id();
        return new AccountStore(
                directory.resolve("accounts"),
                directory.resolve("run"),
                new KdfParameters(8, 1, 1),
                (password, salt, parameters) -> {
                    whileOpening.run();
                    return argon2id.derive(password, salt, parameters);
                });
    }

    // Preparation

    /** An account as setup stores it, and its section. */
    void authorize(String name) {
        authorize(name, "/token");
    }

    /** Like {@link #authorize(String)}, when the token endpoint had this path. */
    void authorize(String name, String tokenPath) {
        issuer.addClient(
                "client-" + name,
                CLIENT_SECRET,
                "client_secret_basic",
                List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN),
                SCOPE);
        Client client = new Client("client-" + name, Optional.of(Secret.of(CLIENT_SECRET)), ClientAuth.BASIC);
        Provider provider = new Provider(
                issuer.issuer(),
                URI.create(issuer.base() + tokenPath),
                Optional.of(URI.create(issuer.base() + "/device_authorization")),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                List.of(),
                List.of());
        save(
                name,
                Account.of(provider, client, SCOPE, List.of())
                        .withRefreshToken(Secret.of(firstRefreshToken(client)))
                        .withAuthorization(clock.instant(), Optional.of(new Identity(issuer.issuer(), SUBJECT)))
                        .withTokenIdentity(Optional.of(new Identity(issuer.issuer(), SUBJECT))));
        write(passwordFile(name), PASSWORD + "\n");
        section(name, Optional.empty());
        issuer.clearRecords();
    }

    void section(String name, Optional<ClientAuth> auth) {
        accounts.put(
                name,
                new StoredAccount(
                        name,
                        1,
                        passwordFile(name),
                        Optional.empty(),
                        auth,
                        Optional.of(caFile()),
                        NetworkOptions.DEFAULT));
    }

    void clientCredentials(String name, Optional<Secret> secret, Optional<Path> secretFile) {
        accounts.put(
                name,
                new ClientCredentialsAccount(
                        name,
                        1,
                        URI.create(issuer.base() + "/token"),
                        "client-" + name,
                        secret,
                        secretFile,
                        AudienceParameter.AUDIENCE,
                        ClientAuth.BASIC,
                        Optional.of(caFile()),
                        NetworkOptions.DEFAULT));
    }

    private String firstRefreshToken(Client client) {
        Map<String, Object> device = post(client, "/device_authorization", "scope=" + encode(String.join(" ", SCOPE)));
        issuer.approve(Json.string(device, "user_code").orElseThrow(), SUBJECT);
        Map<String, Object> token = post(
                client,
                "/token",
                "grant_type=" + encode(Policy.DEVICE_CODE) + "&device_code="
                        + Json.string(device, "device_code").orElseThrow());
        return Json.string(token, "refresh_token").orElseThrow();
    }

    private Map<String, Object> post(Client client, String path, String form) {
        String basic = encode(client.id()) + ":" + encode(CLIENT_SECRET);
        HttpRequest request = HttpRequest.newBuilder(URI.create(issuer.base() + path))
                .header("Accept", "application/json")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header(
                        "Authorization",
                        "Basic " + Base64.getEncoder().encodeToString(basic.getBytes(StandardCharsets.UTF_8)))
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build();
        try {
            String body =
                    HTTP.send(request, HttpResponse.BodyHandlers.ofString()).body();
            return Json.object(body).orElseThrow(() -> new IllegalStateException(body));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .sslContext(CA.clientContext())
            .build();

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    // The account file

    Path accountFile(String name) {
        return directory.resolve("accounts/" + name + ".account");
    }

    Path passwordFile(String name) {
        return directory.resolve(name + ".pw");
    }

    void save(String name, Account account) {
        try (Password password = Password.of(PASSWORD.getBytes(StandardCharsets.UTF_8));
                LockedAccount locked = store.lock(name, Duration.ZERO)) {
            OpenAccount open = locked.exists() ? locked.open(password) : locked.create(password);
            open.save(account.encode());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Account account(String name) {
        try (Password password = Password.of(PASSWORD.getBytes(StandardCharsets.UTF_8));
                LockedAccount locked = store.lock(name, Duration.ZERO)) {
            return Account.decode(locked.open(password).plaintext());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String refreshToken(String name) {
        return account(name).refreshToken().reveal();
    }

    LockedAccount hold(String name) throws IOException {
        return store.lock(name, Duration.ZERO);
    }

    // Runs

    Wish token(String name, String account) {
        Wish wish = new Wish(name, account, directory.resolve("tokens/" + name));
        wishes.add(wish);
        return wish;
    }

    List<Outcome> renew() {
        return renew(Set.of(), Set.of(), false);
    }

    List<Outcome> force() {
        return renew(Set.of(), Set.of(), true);
    }

    List<Outcome> renew(Set<String> tokens, Set<String> names, boolean force) {
        List<Outcome> outcomes = new ArrayList<>();
        run().run(config(), new Selection(tokens, names, force), outcomes::add);
        return outcomes;
    }

    /** The only outcome of a run. */
    Outcome renewOne() {
        List<Outcome> outcomes = renew();
        if (outcomes.size() != 1) {
            throw new AssertionError(outcomes.toString());
        }
        return outcomes.get(0);
    }

    RenewalRun run() {
        FakeSleeper pause = new FakeSleeper(clock, haste);
        return new RenewalRun(store(), states, new Passwords(Optional.empty()), lockWait, Network.DIRECT, clock, pause)
                .withDeadline(new RunDeadline(pause, begin, runs));
    }

    Config config() {
        List<TokenSection> tokens = wishes.stream()
                .map(wish -> new TokenSection(
                        wish.name,
                        1,
                        wish.account,
                        wish.path,
                        wish.audience,
                        wish.scope,
                        wish.minLifetime,
                        wish.strict,
                        wish.access,
                        wish.postRenewal))
                .toList();
        Map<String, AccountSection> used = new LinkedHashMap<>(accounts);
        return new Config(directory.resolve("config.ini"), used, tokens, List.of(), List.of(), List.of(), List.of());
    }

    /** A pause advances the clock at once, for us and for the issuer. */
    private static final class FakeSleeper implements Sleeper {
        private final SettableClock clock;
        private final int haste;
        private Duration slept = Duration.ZERO;

        FakeSleeper(SettableClock clock, int haste) {
            this.clock = clock;
            this.haste = haste;
        }

        @Override
        public synchronized void sleep(Duration duration) {
            slept = slept.plus(duration.multipliedBy(haste));
            clock.advance(duration.multipliedBy(haste));
        }

        @Override
        public synchronized Duration elapsed() {
            return slept;
        }
    }

    // Results

    String onDisk(String token) {
        return read(directory.resolve("tokens/" + token));
    }

    boolean isThere(String token) {
        return Files.exists(directory.resolve("tokens/" + token));
    }

    AccountState state(String name) {
        try {
            return states.read(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    TokenState state(String name, String token) {
        return state(name).token(token);
    }

    /** The refresh tokens that were sent to the issuer, oldest first. */
    List<String> sent() {
        return issuer.requests("/token").stream()
                .map((Seen seen) -> seen.parameter("refresh_token"))
                .toList();
    }

    int requests() {
        return issuer.count("/token");
    }

    void later(Duration duration) {
        clock.advance(duration);
    }

    Instant now() {
        return clock.instant();
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void write(Path file, String content) {
        try {
            Files.writeString(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All files below the state directory as one text, to search for secrets. */
    String stateText() {
        Path state = directory.resolve("state");
        if (!Files.exists(state)) {
            return "";
        }
        try (var files = Files.list(state)) {
            return files.map(Site::read).reduce("", String::concat);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Restores a file's earlier content, to undo a renewal. */
    static void restore(Path file, byte[] content) {
        try {
            Files.write(file, Arrays.copyOf(content, content.length));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        issuer.close();
    }
}
