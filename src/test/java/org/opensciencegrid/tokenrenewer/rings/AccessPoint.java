package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.dist.Installed;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * An installed site with accounts at one embedded issuer. This process sets up the accounts, with the cheapest key
 * derivation. The shipped tree is under test and runs in other processes.
 */
final class AccessPoint extends Installed implements AutoCloseable {
    final EmbeddedIssuer issuer = startIssuer();

    AccessPoint(Path directory) throws IOException {
        super(directory);
        variables.put("RUNTIME_DIRECTORY", file("run").toString());
        Files.createDirectories(file("tokens"));
        tokens(file("tokens/one.token"));
    }

    /** One section for each path, all with the same account. */
    void tokens(Path... paths) {
        StringBuilder config = new StringBuilder(accountSection("acct"));
        for (int i = 0; i < paths.length; i++) {
            config.append(tokenSection("t" + i, "acct", paths[i]));
        }
        config(config.toString());
    }

    /** Sets up the account in this process. It has rotated once, so there is a previous generation. */
    AccessPoint authorize() {
        mustInProcess(setupLine(issuer, "--scope=openid offline_access"));
        mustInProcess("renew", "--force");
        return this;
    }

    /** Runs a command that is not under test, and must succeed. */
    void mustInProcess(String... words) {
        Result result = inProcess(words);
        assertEquals(0, result.status(), result.said());
    }

    String refreshToken() throws IOException {
        return account("acct").refreshToken().reveal();
    }

    int refreshes() {
        return issuer.count("/token", Policy.REFRESH_TOKEN);
    }

    static void await(BooleanSupplier condition) throws InterruptedException {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60); !condition.getAsBoolean(); ) {
            if (System.nanoTime() > end) {
                throw new AssertionError("in vain");
            }
            Thread.sleep(1);
        }
    }

    /** Whether the program has begun to write this file. */
    static boolean begins(Path file) {
        try (var in = Files.newInputStream(file)) {
            return in.read() > 0;
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() {
        issuer.close();
    }
}
