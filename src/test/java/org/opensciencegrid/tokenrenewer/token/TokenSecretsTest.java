package org.opensciencegrid.tokenrenewer.token;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.SettableClock;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.fixture.ClusterApi;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.net.FakeSleeper;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Writes to the API server of {@link ClusterApi}. SecretOnlyTest and TokenSecretRing have the rest. */
class TokenSecretsTest {
    private static final TokenSecret SECRET = new TokenSecret(Optional.empty(), "tokens", "one");

    @TempDir
    private Path directory;

    private ClusterApi cluster;
    private TokenSecrets secrets;

    @BeforeEach
    void start() {
        cluster = new ClusterApi(directory);
        secrets = new TokenSecrets(
                name -> Optional.ofNullable(cluster.variables().get(name)),
                Network.DIRECT,
                new FakeSleeper(new SettableClock(Instant.parse("2026-11-26T10:00:00Z"))));
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    /** It would be lost: the issuer was asked before the outage or during it. */
    @Test
    void aNewTokenIsWrittenAlsoAfterAnOutageInTheSameRun() throws Exception {
        cluster.status = -1;
        assertThrows(KubernetesException.class, () -> secrets.requireWritable(SECRET));
        cluster.status = 0;
        assertThrows(KubernetesException.class, () -> secrets.requireWritable(SECRET), "at once");
        assertTrue(secrets.write(SECRET, Secret.of("new"), Optional.empty(), old -> false));
        assertEquals("new", cluster.data("tokens", "one"));
    }
}
