package org.opensciencegrid.tokenrenewer.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.SettableClock;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.dist.Installed;
import org.opensciencegrid.tokenrenewer.fixture.ClusterApi;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.net.FakeSleeper;

/**
 * An issuer with accounts {@code acct1} to {@code acctN}, each with one token, in the files of this program and in
 * those of oidc-agent, to use both in turn.
 */
public final class BenchSite extends Installed implements AutoCloseable {
    /**
     * -Dbench.bundle=FILE: the system's CAs, to which the issuer's CA is added. Otherwise each account has the CA in its
     * own file, which takes less time to read.
     */
    private static final @Nullable String BUNDLE = System.getProperty("bench.bundle");

    private final EmbeddedIssuer issuer;
    private @Nullable ClusterApi cluster;

    /**
     * @param directory an existing, empty directory
     * @param rotates whether each use of a refresh token makes it invalid
     */
    BenchSite(Path directory, boolean rotates) throws IOException {
        super(directory);
        Files.createDirectory(file("run"));
        mode("run", "rwx------");
        variables.put("RUNTIME_DIRECTORY", file("run").toString());
        if (BUNDLE != null) {
            Files.write(Path.of(BUNDLE), Files.readAllBytes(caFile()), StandardOpenOption.APPEND);
        }
        issuer = startIssuer();
        issuer.policy.rotate = rotates;
        issuer.policy.strict = false; // oidc-agent does not send Accept
        issuer.policy.interval = 0;
        issuer.policy.accessSeconds = 3600;
    }

    /**
     * {@code BenchSite DIR N ALGORITHM}: creates everything for N tokens and reports when it is ready. Then answers
     * each line of standard input with the number of token requests, all requests, and connections since the last line;
     * {@code latency MS} first sets the issuer's delay.
     */
    public static void main(String[] arguments) throws IOException {
        // Each setup leaves some connections open.
        System.setProperty("sun.net.httpserver.maxIdleConnections", "100000");
        try (BenchSite site = new BenchSite(Path.of(arguments[0]), false);
                BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            int tokens = Integer.parseInt(arguments[1]);
            site.issuer.policy.signatureAlgorithm = arguments[2];
            for (int n : List.of(1, 10, 40, 100, 1000, 10_000)) {
                if (n <= tokens) {
                    site.config(n, 0);
                    site.config(n, 60);
                }
            }
            Files.copy(site.config(tokens, 0), site.file("config.ini"));
            site.each(0);
            site.each(60);
            int accounts = tokens / tokensOfAnAccount(tokens);
            for (int i = 1; i <= accounts; i++) {
                // A thousand keys would take ten minutes to derive, without a benefit: the measured runs use cached
                // keys.
                site.setUp("acct" + i, tokens <= 100 ? KdfParameters.DEFAULT : CHEAP);
                if (tokens <= 100) {
                    site.export("acct" + i);
                    site.curl("acct" + i, "ce" + i + ".example.org:9619");
                }
            }
            site.startCluster();
            System.out.println("ready " + site.issuer.issuer());
            int before = 0;
            for (String line; (line = in.readLine()) != null; ) {
                if (line.startsWith("latency ")) {
                    Duration latency = Duration.ofMillis(Long.parseLong(line.substring(8)));
                    site.issuer.clearFaults();
                    site.issuer.fault(Fault.on("/token").always().delayBefore(latency));
                }
                int connections = site.issuer.connections();
                System.out.println(site.issuer.count("/token", Policy.REFRESH_TOKEN) + " "
                        + site.issuer.requests().size() + " " + (connections - before));
                site.issuer.clearRecords();
                before = site.issuer.connections();
            }
        }
        System.exit(0); // the issuer's threads may linger
    }

    /** Sets up the account at the issuer. */
    void setUp(String name, KdfParameters cost) {
        this.cost = cost;
        Path password = secret(name + ".pw", "password of " + name);
        List<String> words = new ArrayList<>(List.of(
                "setup",
                "--issuer=" + issuer.issuer(),
                "--scope=openid offline_access",
                "--pw-file=" + password,
                name));
        if (BUNDLE == null) {
            words.add(1, "--ca-file=" + caFile());
        }
        must(words.toArray(String[]::new));
    }

    private void export(String name) throws IOException {
        Files.createDirectories(file("agent"));
        must("export-oidc-agent", name, "--to=" + file("agent/" + name));
    }

    /** The same request for curl, as a file with its options. */
    private void curl(String name, String audience) throws IOException {
        try (Password password = PasswordFile.read(file(name + ".pw"))) {
            Account account = Account.decode(store().view(name, password));
            write(name + ".curl", """
                    url = "%s"
                    cacert = "%s"
                    silent
                    fail
                    header = "Accept: application/json"
                    user = "%s:%s"
                    data = "grant_type=refresh_token&refresh_token=%s&audience=%s"
                    output = "%s/%s.out"
                    """.formatted(
                            account.tokenEndpoint(),
                            BUNDLE == null ? caFile() : BUNDLE,
                            account.client().id(),
                            account.client().secret().orElseThrow().reveal(),
                            account.refreshToken().reveal(),
                            audience,
                            directory,
                            name));
        }
    }

    /** One for up to a hundred tokens, otherwise ten. */
    private static int tokensOfAnAccount(int tokens) {
        return tokens <= 100 ? 1 : 10;
    }

    /**
     * A config file for the first tokens.
     *
     * @param minLifetime of each token; 0 for always due
     */
    Path config(int tokens, int minLifetime) throws IOException {
        StringBuilder text = new StringBuilder();
        int each = tokensOfAnAccount(tokens);
        for (int i = 1; i <= tokens / each; i++) {
            text.append("[account acct%d]\npassword_file = %s/acct%d.pw\n".formatted(i, directory, i));
            for (int j = (i - 1) * each + 1; j <= i * each; j++) {
                text.append(
                        "[token tok%d]\naccount = acct%d\ntoken_path = %s/tok%d.token\naudience = ce%d.example.org:9619\n"
                                .formatted(j, i, directory, j, i));
                text.append(minLifetime > 0 ? "min_lifetime = " + minLifetime + "\n\n" : "\n");
            }
        }
        return Files.writeString(
                directory.resolve("config-" + tokens + (minLifetime > 0 ? "-fresh" : "") + ".ini"), text);
    }

    /** A config file for a thousand tokens of one section. */
    private void each(int minLifetime) throws IOException {
        StringBuilder words = new StringBuilder();
        for (int i = 1; i <= 1000; i++) {
            words.append(" ce").append(i);
        }
        Files.createDirectories(file("each"));
        Files.writeString(
                file("config-each" + (minLifetime > 0 ? "-fresh" : "") + ".ini"),
                """
                [account acct1]
                password_file = %1$s/acct1.pw
                [token each]
                account = acct1
                for_each =%2$s
                token_path = %1$s/each/%%(each)s.token
                audience = ce1.example.org:9619
                """.formatted(directory, words) + (minLifetime > 0 ? "min_lifetime = " + minLifetime + "\n" : ""));
    }

    /** An API server with an account, and what a pod needs for it: the environment is in the file cluster. */
    private void startCluster() throws IOException {
        cluster = new ClusterApi(file("pod"));
        variables.putAll(cluster.variables());
        variables.put("OSG_TOKEN_RENEWER_STORE", "kubernetes");
        setUp("acct1", KdfParameters.DEFAULT);
        StringBuilder lines = new StringBuilder("OSG_TOKEN_RENEWER_STORE=kubernetes\n");
        cluster.variables().forEach((name, value) -> lines.append(name + "=" + value + "\n"));
        variables.remove("OSG_TOKEN_RENEWER_STORE");
        write("cluster", lines.toString());
        issuer.clearRecords();
    }

    /** A config file for one token by client credentials. */
    Path clientCredentials() throws IOException {
        issuer.addClient(
                "host:bench", "secret of the client", "any", List.of("client_credentials"), List.of("compute.read"));
        Path secret = secret("client.secret", "secret of the client");
        return Files.writeString(directory.resolve("config-cc.ini"), """
                [account cc]
                token_request_url = %s
                client_id = host:bench
                client_secret_file = %s
                %s
                [token cc]
                account = cc
                token_path = %s/cc.token
                scope = compute.read
                """.formatted(
                        issuer.base() + "/token", secret, BUNDLE == null ? "ca_file = " + caFile() : "", directory));
    }

    private void must(String... words) {
        Result result = inProcess("", Clock.systemUTC(), new FakeSleeper(new SettableClock(Instant.EPOCH)), words);
        if (result.status() != 0) {
            throw new IllegalStateException(result.said());
        }
    }

    @Override
    public void close() {
        issuer.close();
        if (cluster != null) {
            cluster.close();
        }
    }
}
