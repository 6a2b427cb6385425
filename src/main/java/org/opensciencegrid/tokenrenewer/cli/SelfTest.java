package org.opensciencegrid.tokenrenewer.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Renews a token of a temporary account, whose issuer is on loopback and rotates the refresh token; then nothing is due,
 * and status is good. make-archive runs this to test a Java that is newer than those of our tests, and to record what
 * a run resolves.
 */
final class SelfTest {
    private static final String NAME = "self-test";
    private static final String PASSWORD = "a password of the self-test";
    private static final String AUDIENCE = "https://service.example.org";
    private static final String SCOPE = "read";
    private static final String REFRESH_TOKEN = "rotated";
    private static final Duration LIFETIME = Duration.ofHours(1);

    private final Environment environment;
    private final Secret accessToken;
    private final AtomicInteger requests = new AtomicInteger();

    SelfTest(Environment environment) {
        this.environment = environment;
        long now = environment.clock().instant().getEpochSecond();
        this.accessToken = Secret.of(base64("{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}") + "."
                + base64("{\"sub\":\"" + NAME + "\",\"aud\":\"" + AUDIENCE + "\",\"scope\":\"" + SCOPE + "\",\"iat\":"
                        + now + ",\"exp\":" + (now + LIFETIME.toSeconds()) + "}")
                + "." + base64("a signature that nobody checks"));
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
    }

    /** @return the exit status */
    int run() throws IOException, GeneralSecurityException, InterruptedException {
        Path directory = Files.createTempDirectory("osg-token-renewer");
        HttpsServer issuer = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        try {
            issuer.setHttpsConfigurator(
                    new HttpsConfigurator(withNewCertificate(directory.resolve("keys"), directory.resolve("ca.pem"))));
            issuer.createContext("/", this::respond);
            issuer.start();
            boolean isGood = renews("https://localhost:" + issuer.getAddress().getPort(), directory);
            environment.out().println(isGood ? "passed" : "failed");
            return isGood ? ExitStatus.OK : ExitStatus.FAILED;
        } finally {
            issuer.stop(0);
            delete(directory);
        }
    }

    /** The JDK's keytool makes the certificate, because no API of the JDK can. */
    private static SSLContext withNewCertificate(Path keys, Path certificate)
            throws IOException, GeneralSecurityException, InterruptedException {
        new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/keytool",
                        "-genkeypair",
                        "-alias",
                        NAME,
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "SAN=dns:localhost",
                        "-keystore",
                        keys.toString(),
                        "-storepass",
                        PASSWORD)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
        KeyStore store = KeyStore.getInstance(keys.toFile(), PASSWORD.toCharArray());
        String encoded = Base64.getMimeEncoder()
                .encodeToString(store.getCertificate(NAME).getEncoded());
        Files.writeString(certificate, "-----BEGIN CERTIFICATE-----\n" + encoded + "\n-----END CERTIFICATE-----\n");
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, PASSWORD.toCharArray());
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return context;
    }

    private void respond(HttpExchange exchange) throws IOException {
        requests.incrementAndGet();
        exchange.getRequestBody().readAllBytes();
        byte[] response = ("{\"access_token\": \"" + accessToken.reveal() + "\", \"refresh_token\": \"" + REFRESH_TOKEN
                        + "\", \"token_type\": \"Bearer\", \"expires_in\": " + LIFETIME.toSeconds() + "}")
                .getBytes(StandardCharsets.US_ASCII);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(200, response.length);
        exchange.getResponseBody().write(response);
        exchange.close();
    }

    /** Runs the timer's command line, and compares what it saved. */
    private boolean renews(String issuer, Path directory) throws IOException {
        Path state = Files.createDirectory(directory.resolve("state"));
        Path config = directory.resolve("config.ini");
        Path passwordFile = directory.resolve("password");
        Path token = directory.resolve("token");
        Files.createFile(
                passwordFile, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(passwordFile, PASSWORD + "\n");
        Files.writeString(
                config,
                String.join(
                        "\n",
                        "[account " + NAME + "]",
                        "password_file = " + passwordFile,
                        "ca_file = " + directory.resolve("ca.pem"),
                        "[token " + NAME + "]",
                        "account = " + NAME,
                        "token_path = " + token,
                        "audience = " + AUDIENCE,
                        "scope = " + SCOPE,
                        "min_lifetime = 60",
                        ""));
        Map<String, String> variables = Map.of(
                "OSG_TOKEN_RENEWER_CONFIG_PATH", config.toString(), "OSG_TOKEN_RENEWER_STATE_DIR", state.toString());
        Environment sandbox = new Environment(
                environment.in(),
                environment.out(),
                environment.err(),
                variables,
                Clock.systemUTC(),
                Sleeper.REAL,
                environment.kdf());
        AccountStore store = new CommandContext(sandbox).store();
        try (Password password = Password.of(PASSWORD.getBytes(StandardCharsets.US_ASCII))) {
            try (LockedAccount locked = store.lock(NAME, Duration.ZERO);
                    OpenAccount open = locked.create(password)) {
                open.save(account(issuer).encode());
            }
            return Main.run(sandbox, "renew") == ExitStatus.OK
                    && Files.readString(token).strip().equals(accessToken.reveal())
                    && Main.run(sandbox, "renew") == ExitStatus.OK
                    && Main.run(sandbox, "status") == ExitStatus.OK
                    && requests.get() == 1
                    && Account.decode(store.view(NAME, password))
                            .refreshToken()
                            .reveal()
                            .equals(REFRESH_TOKEN);
        }
    }

    private static Account account(String issuer) {
        Provider provider = new Provider(
                issuer,
                URI.create(issuer + "/token"),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                List.of(),
                List.of());
        return Account.of(provider, Client.of(NAME, Optional.of(Secret.of("secret"))), List.of(), List.of(SCOPE))
                .withRefreshToken(Secret.of("first"));
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
