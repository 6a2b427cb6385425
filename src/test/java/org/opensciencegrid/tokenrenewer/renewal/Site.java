package org.opensciencegrid.tokenrenewer.renewal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.FileAccountStore;
import org.opensciencegrid.cryptostore.KeyDerivation;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.PostRenewal;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.fixture.LocalSite;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse.Identity;
import org.opensciencegrid.tokenrenewer.renewal.RenewalRun.Selection;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.FileStateStore;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** A site with authorized accounts, for runs without a config file. Files and network traffic are real. */
final class Site extends LocalSite {
    static final String SUBJECT = "alice";
    static final String CLIENT_SECRET = "cl1ent/s3cret+";
    static final List<String> SCOPE =
            List.of("openid", "offline_access", "storage.read:/", "compute.read", "compute.create");

    final StateStore states;
    final Map<String, AccountSection> accounts = new LinkedHashMap<>();
    final List<Wish> wishes = new ArrayList<>();
    Duration lockWait = Duration.ofSeconds(30);
    /** How long a run may start renewals, and how long it may take. */
    Duration begin = Duration.ofDays(1);

    Duration runs = Duration.ofDays(1);
    /** Runs after an account was opened and before its disk space is reserved. */
    volatile Runnable whileOpening = () -> {};

    /** Of the next sections. */
    ClientFiles clientFiles = ClientFiles.NONE;

    private final AccountStore store;

    /** A token section under construction. */
    static final class Wish {
        final String name;
        final String account;
        Path path;
        List<String> scope = List.of();
        List<String> audience = List.of();
        Optional<List<String>> exchange = Optional.empty();
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

        Wish exchange(String... resources) {
            exchange = Optional.of(List.of(resources));
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
            postRenewal = Optional.of(hook(timeout, script.toString(), directory.toString(), "a  b"));
            return this;
        }

        Wish everyRun() {
            PostRenewal hook = postRenewal.orElseThrow();
            postRenewal = Optional.of(new PostRenewal(
                    hook.command(), hook.timeout(), PostRenewal.When.EVERY_RUN, List.of("HOME", "NO_SUCH_VARIABLE")));
            return this;
        }

        static PostRenewal hook(Duration timeout, String... command) {
            return new PostRenewal(List.of(command), timeout, PostRenewal.When.RENEWED, List.of());
        }

        Wish path(Path other) {
            path = other;
            return this;
        }
    }

    Site(Path directory) {
        super(directory);
        states = new FileStateStore(file("state"), file("spare"));
        store = store();
        try {
            Files.createDirectory(file("tokens"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public AccountStore store() {
        KeyDerivation argon2id = KeyDerivation.argon2id();
        return new FileAccountStore(file("accounts"), file("run"), cost, (password, salt, parameters) -> {
            whileOpening.run();
            return argon2id.derive(password, salt, parameters);
        });
    }

    @Override
    protected Password password() {
        return Password.of(PASSWORD.getBytes(StandardCharsets.UTF_8));
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
                        .withRefreshToken(Secret.of(issuer.authorize(client.id(), SUBJECT)))
                        .withAuthorization(clock.instant(), Optional.of(new Identity(issuer.issuer(), SUBJECT)))
                        .withTokenIdentity(Optional.of(new Identity(issuer.issuer(), SUBJECT))));
        secret(name + ".pw", PASSWORD);
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
                        clientFiles,
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
                        Optional.empty(),
                        "client-" + name,
                        secret,
                        secretFile,
                        AudienceParameter.AUDIENCE,
                        ClientAuth.BASIC,
                        ClientFiles.NONE,
                        Optional.of(caFile()),
                        NetworkOptions.DEFAULT));
    }

    // The account file

    Path accountFile(String name) {
        return directory.resolve("accounts/" + name + ".account");
    }

    Path passwordFile(String name) {
        return directory.resolve(name + ".pw");
    }

    void save(String name, Account account) {
        try (Password password = password();
                LockedAccount locked = store.lock(name, Duration.ZERO)) {
            OpenAccount open = locked.exists() ? locked.open(password) : locked.create(password);
            open.save(account.encode());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public Account account(String name) {
        try {
            return account(store, name);
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
        return new RenewalRun(
                        store(),
                        states,
                        new Passwords(Optional.empty()),
                        new TokenSecrets(name -> Optional.empty(), Network.DIRECT, sleeper),
                        lockWait,
                        Network.DIRECT,
                        clock,
                        sleeper)
                .withDeadline(new RunDeadline(sleeper, begin, runs));
    }

    Config config() {
        List<TokenSection> tokens = wishes.stream()
                .map(wish -> new TokenSection(
                        wish.name,
                        wish.name,
                        1,
                        wish.account,
                        Optional.of(wish.path),
                        wish.audience,
                        wish.scope,
                        wish.exchange,
                        wish.minLifetime,
                        wish.strict,
                        wish.access,
                        wish.postRenewal,
                        Optional.empty()))
                .toList();
        Map<String, AccountSection> used = new LinkedHashMap<>(accounts);
        return new Config(file("config.ini"), used, tokens, List.of(), List.of(), List.of(), List.of(), Map.of());
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
            Files.write(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
