package org.opensciencegrid.tokenrenewer.account;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.SettableClock;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.fixture.ClusterApi;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.net.FakeSleeper;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.state.AccountObjects;

class KubernetesRightsTest {
    @TempDir
    Path directory;

    private ClusterApi cluster;
    private KubernetesRights rights;

    @BeforeEach
    void start() {
        cluster = new ClusterApi(directory);
        KubernetesApi api =
                new KubernetesApi(cluster.account(), Network.DIRECT, new FakeSleeper(new SettableClock(Instant.EPOCH)));
        rights = new KubernetesRights(api, new AccountObjects(ClusterApi.NAMESPACE));
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private List<String> missing(boolean isStored) {
        return rights.missing("a", isStored).stream().map(Failure::where).toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "get secrets/osg-token-renewer-account-a",
                "update secrets/osg-token-renewer-account-a",
                "get secrets/osg-token-renewer-state-a",
                "update secrets/osg-token-renewer-state-a",
                "get leases/osg-token-renewer-account-a",
                "update leases/osg-token-renewer-account-a"
            })
    void eachMissingRightIsNamed(String right) {
        assertEquals(List.of(), missing(true));
        cluster.denied.add(right);
        Failure failure = rights.missing("a", true).get(0);
        assertEquals(1, missing(true).size());
        assertEquals(Failure.Kind.CLUSTER_FORBIDDEN, failure.kind());
        assertEquals(
                right.replace("leases/", "leases.coordination.k8s.io ns/").replace("secrets/", "secrets ns/"),
                failure.where());
        assertTrue(failure.detail().startsWith(ClusterApi.USER + " may not "), failure.detail());
    }

    @Test
    void allMissingRightsAreNamed() {
        cluster.denied.add("get secrets/osg-token-renewer-account-a");
        cluster.denied.add("update secrets/osg-token-renewer-account-a");
        cluster.denied.add("update leases/osg-token-renewer-account-a");
        assertEquals(
                List.of(
                        "update leases.coordination.k8s.io ns/osg-token-renewer-account-a",
                        "get secrets ns/osg-token-renewer-account-a",
                        "update secrets ns/osg-token-renewer-account-a"),
                missing(true));
    }

    @Test
    void theRightToCreateIsNeededOnlyForAnObjectThatDoesNotExist() {
        cluster.denied.add("create secrets");
        assertEquals(
                List.of("create secrets ns/osg-token-renewer-account-a", "create secrets ns/osg-token-renewer-state-a"),
                missing(true));
        assertEquals(List.of("create secrets ns/osg-token-renewer-state-a"), missing(false), "client credentials");
        cluster.put("osg-token-renewer-account-a", JsonObject.NONE);
        cluster.put("osg-token-renewer-state-a", JsonObject.NONE);
        assertEquals(List.of(), missing(true));
        assertEquals(
                List.of(),
                cluster.requests.stream()
                        .filter(request -> !request.startsWith("GET"))
                        .toList());
    }

    @Test
    void anApiServerThatDoesNotAnswerIsNoMissingRight() {
        cluster.status = 503;
        assertEquals(
                List.of(Failure.Kind.CLUSTER_UNREACHABLE),
                rights.missing("a", true).stream().map(Failure::kind).distinct().toList());
    }
}
