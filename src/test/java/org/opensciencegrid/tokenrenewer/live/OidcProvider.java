package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.opensciencegrid.tokenrenewer.issuer.TestCa;

/**
 * npm oidc-provider, certified and strict: rotates, detects reuse and revokes. {@code -Dlive.oidc-provider=DIR} names the
 * directory with server.mjs and its node_modules.
 */
final class OidcProvider implements LiveIssuer {
    private static final String PASSWORD = "changeit";

    private final TestCa ca = new TestCa();
    private final Path caFile;
    private final String issuer;
    private final ServerProcess process;

    /**
     * @param options the server's options as JSON
     */
    OidcProvider(Path directory, String options) throws IOException, InterruptedException {
        Path home = Path.of(System.getProperty("live.oidc-provider"));
        int port = ServerProcess.freePort();
        issuer = "https://localhost:" + port;
        caFile = directory.resolve("ca-" + port + ".pem");
        ca.writeCaPem(caFile);
        Path keys = directory.resolve("keys-" + port + ".p12");
        ca.writeServerKeyStore(keys, PASSWORD);
        process = new ServerProcess(
                directory.resolve("server-" + port + ".log"),
                List.of(
                        "node",
                        home.resolve("server.mjs").toString(),
                        Integer.toString(port),
                        keys.toString(),
                        PASSWORD,
                        home.resolve("node_modules").toString(),
                        options));
    }

    @Override
    public String issuer() {
        return issuer;
    }

    @Override
    public Path caFile() {
        return caFile;
    }

    @Override
    public boolean rotates() {
        return true;
    }

    @Override
    public void decide(String userCode, boolean approve) throws IOException, InterruptedException {
        Browser browser = new Browser(ca.clientContext());
        browser.open(issuer + "/device");
        browser.submit("xsrf", Map.of("user_code", userCode));
        if (!approve) {
            browser.submit("xsrf", Map.of("user_code", userCode, "abort", "yes"));
            return;
        }
        browser.submit("xsrf", Map.of("user_code", userCode, "confirm", "yes"));
        browser.submit("login", Map.of("login", "alice", "password", "any"));
        browser.submit("prompt", Map.of());
        if (!browser.has("Sign-in Success")) {
            throw new AssertionError(browser.toString());
        }
    }

    @Override
    public void close() {
        process.close();
    }
}
