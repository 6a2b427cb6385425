package org.opensciencegrid.tokenrenewer.bench;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.cli.Main;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/**
 * An issuer with accounts {@code acct1} to {@code acctN}, each with one token, in the files of this program and in
 * those of oidc-agent, to use both in turn.
 */
public final class BenchSite implements AutoCloseable {
    private static final Sleeper NONE = new Sleeper() {
        @Override
        public void sleep(Duration time) {}

        @Override
        public Duration elapsed() {
            return Duration.ZERO;
        }
    };

    private final Path directory;
    private final EmbeddedIssuer issuer;

    /**
     * @param directory an existing, empty directory
     * @param rotates whether each use of a refresh token makes it invalid
     */
    BenchSite(Path directory, boolean rotates) throws IOException {
        this.directory = directory;
        Files.createDirectory(
                directory.resolve("run"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        TestCa ca = new TestCa();
        ca.writeCaPem(directory.resolve("ca.pem"));
        issuer = EmbeddedIssuer.start(ca);
        issuer.policy.rotate = rotates;
        issuer.policy.strict = false; // oidc-agent does not send Accept
        issuer.policy.interval = 0;
        issuer.policy.accessSeconds = 3600;
        issuer.approveAutomatically("alice");
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
            for (int n = 1; n <= tokens; n *= 10) {
                site.config(n, 0);
                site.config(n, 60);
            }
            Files.copy(site.config(tokens, 0), site.directory.resolve("config.ini"));
            int accounts = tokens / tokensOfAnAccount(tokens);
            for (int i = 1; i <= accounts; i++) {
                // A thousand keys would take ten minutes to derive, without a benefit: the measured runs use cached
                // keys.
                site.account("acct" + i, tokens <= 100 ? KdfParameters.DEFAULT : new KdfParameters(8, 1, 1));
                if (tokens <= 100) {
                    site.export("acct" + i);
                    site.curl("acct" + i, "ce" + i + ".example.org:9619");
                }
            }
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
    void account(String name, KdfParameters cost) throws IOException {
        Path password = directory.resolve(name + ".pw");
        Files.writeString(password, "password of " + name + "\n");
        Files.setPosixFilePermissions(password, PosixFilePermissions.fromString("rw-------"));
        run(
                cost,
                "setup",
                "--issuer=" + issuer.issuer(),
                "--scope=openid offline_access",
                "--ca-file=" + directory.resolve("ca.pem"),
                "--pw-file=" + password,
                name);
    }

    private void export(String name) throws IOException {
        Files.createDirectories(directory.resolve("agent"));
        run(KdfParameters.DEFAULT, "export-oidc-agent", name, "--to=" + directory.resolve("agent/" + name));
    }

    /** The same request for curl, as a file with its options. */
    private void curl(String name, String audience) throws IOException {
        try (Password password = PasswordFile.read(directory.resolve(name + ".pw"))) {
            byte[] json = new AccountStore(
                            directory.resolve("state/accounts"), directory.resolve("run"), KdfParameters.DEFAULT)
                    .view(name, password);
            Account account = Account.decode(json);
            Files.writeString(directory.resolve(name + ".curl"), """
                    url = "%s"
                    cacert = "%s/ca.pem"
                    silent
                    fail
                    header = "Accept: application/json"
                    user = "%s:%s"
                    data = "grant_type=refresh_token&refresh_token=%s&audience=%s"
                    output = "%s/%s.out"
                    """.formatted(
                            account.tokenEndpoint(),
                            directory,
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

    /** The environment of the program. */
    Map<String, String> variables() {
        return Map.of(
                "OSG_TOKEN_RENEWER_CONFIG_PATH", directory.resolve("config.ini").toString(),
                "OSG_TOKEN_RENEWER_STATE_DIR", directory.resolve("state").toString(),
                "RUNTIME_DIRECTORY", directory.resolve("run").toString());
    }

    private void run(KdfParameters cost, String... words) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(said, true, StandardCharsets.UTF_8);
        Environment environment = new Environment(
                new ByteArrayInputStream(new byte[0]), print, print, variables(), Clock.systemUTC(), NONE, cost);
        if (Main.run(environment, words) != 0) {
            throw new IllegalStateException(said.toString(StandardCharsets.UTF_8));
        }
    }

    @Override
    public void close() {
        issuer.close();
    }
}
