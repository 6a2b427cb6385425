package org.opensciencegrid.tokenrenewer.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.SettableClock;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.fixture.ClusterApi;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.net.FakeSleeper;
import org.opensciencegrid.tokenrenewer.net.Network;

class KubernetesStateStoreTest {
    private static final Instant NOW = Instant.parse("2026-11-26T10:00:00Z");
    private static final String SECRET = "osg-token-renewer-state-acct";

    @TempDir
    Path directory;

    private ClusterApi cluster;
    private KubernetesStateStore states;

    @BeforeEach
    void start() {
        cluster = new ClusterApi(directory);
        states = pod();
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    private KubernetesStateStore pod() {
        KubernetesApi api =
                new KubernetesApi(cluster.account(), Network.DIRECT, new FakeSleeper(new SettableClock(NOW)));
        return new KubernetesStateStore(api, new AccountObjects(ClusterApi.NAMESPACE));
    }

    private static AccountState tried(String token) {
        return AccountState.UNKNOWN.withToken(
                token, AccountState.UNKNOWN.token(token).tried(NOW, List.of(), List.of(), Optional.empty()));
    }

    private static List<String> tokens(AccountState state) {
        return List.copyOf(state.tokenNames());
    }

    @Test
    void otherPodsReadWhatOneHasWritten() throws Exception {
        assertTrue(tokens(states.read("acct")).isEmpty());
        states.write("acct", tried("one"));
        assertEquals(List.of("one"), tokens(pod().read("acct")));
        states.write("acct", tried("two"));
        assertEquals(List.of("two"), tokens(pod().read("acct")));
        assertEquals(
                Optional.of("acct"),
                cluster.secret(SECRET).member("metadata").member("annotations").string("osg-token-renewer/account"));
    }

    @Test
    void anEmptySecretIsAnUnknownStateAndKeepsItsOtherContent() throws Exception {
        cluster.put(SECRET, JsonObject.NONE.with("type", "Opaque").with("data", JsonObject.NONE.with("x", "eA==")));
        cluster.denied.add("create secrets");
        assertTrue(tokens(states.read("acct")).isEmpty());
        states.write("acct", tried("one"));
        assertEquals(List.of("one"), tokens(pod().read("acct")));
        assertEquals("x", cluster.data(SECRET, "x"));
    }

    @Test
    void aStateThatIsNoJsonIsUnknown() throws Exception {
        cluster.put(SECRET, JsonObject.NONE.with("data", JsonObject.NONE.with("state.json", "eA==")));
        assertTrue(tokens(states.read("acct")).isEmpty());
    }

    /** What a run could not write counts in this process, until another pod has written something newer. */
    @Test
    void anUnwrittenStateCountsUntilAnotherPodHasWritten() throws Exception {
        states.write("acct", tried("one"));
        cluster.status = 503;
        assertThrows(IOException.class, () -> states.write("acct", tried("two")));
        states.keepUnwritten("acct", tried("two"));
        assertEquals(List.of("two"), tokens(states.read("acct")), "while the API server is down");
        assertThrows(IOException.class, () -> pod().read("acct"));
        cluster.status = 0;
        assertEquals(List.of("two"), tokens(states.read("acct")));
        assertEquals(List.of("one"), tokens(pod().read("acct")));
        pod().write("acct", tried("three"));
        assertEquals(List.of("three"), tokens(states.read("acct")));
        assertEquals(List.of("three"), tokens(states.read("acct")));
    }

    @Test
    void anUnwrittenStateEndsWithTheNextWrite() throws Exception {
        states.keepUnwritten("acct", tried("one"));
        assertEquals(List.of("one"), tokens(states.read("acct")));
        states.write("acct", tried("two"));
        assertEquals(List.of("two"), tokens(states.read("acct")));
    }

    /** A holder that stopped for longer than its lease. */
    @Test
    void aRunThatLostItsLeaseDoesNotReplaceTheStateOfTheNextOne() throws Exception {
        states.write("acct", tried("before"));
        states.read("acct");
        KubernetesStateStore next = pod();
        next.read("acct");
        next.write("acct", tried("next"));
        assertIsOfAnotherRun(() -> states.write("acct", tried("stopped")));
        states.keepUnwritten("acct", tried("stopped"));
        assertEquals(List.of("next"), tokens(states.read("acct")));
        states.write("acct", tried("later"));
        assertEquals(List.of("later"), tokens(pod().read("acct")));
        next.delete("acct");
        assertTrue(tokens(pod().read("acct")).isEmpty());
    }

    @Test
    void aRunThatLostItsLeaseDoesNotReplaceTheFirstState() throws Exception {
        states.read("acct");
        pod().write("acct", tried("next"));
        assertIsOfAnotherRun(() -> states.write("acct", tried("stopped")));
        assertEquals(List.of("next"), tokens(pod().read("acct")));
    }

    private static void assertIsOfAnotherRun(Executable write) {
        IOException e = assertThrows(IOException.class, write);
        assertEquals(Failure.Kind.ACCOUNT_BUSY, FailureMapper.ofState(e, "acct").kind(), e.getMessage());
    }

    @Test
    void aWriteBetweenReadingAndWritingIsOfAnotherRunToo() throws Exception {
        states.write("acct", tried("before"));
        cluster.onRequest = request -> {
            if (request.startsWith("PUT")) {
                cluster.onRequest = later -> {};
                JsonObject secret = cluster.secret(SECRET);
                cluster.put(SECRET, secret.with("data", JsonObject.NONE.with("state.json", "eA==")));
            }
        };
        assertIsOfAnotherRun(() -> states.write("acct", tried("stopped")));
    }

    @Test
    void aMissingRightIsAFailureAndNotAnUnknownState() {
        cluster.denied.add("get secrets/" + SECRET);
        IOException e = assertThrows(IOException.class, () -> states.read("acct"));
        assertTrue(e.getMessage().contains("answered 403 to get Secret ns/" + SECRET), e.getMessage());
        assertThrows(IOException.class, () -> states.write("acct", tried("one")));
    }

    @Test
    void deleteEmptiesTheSecretAndNeedsNoOtherRights() throws Exception {
        states.delete("acct");
        assertEquals(List.of("GET /api/v1/namespaces/ns/secrets/" + SECRET), cluster.requests);
        states.write("acct", tried("one"));
        cluster.denied.add("create secrets");
        states.delete("acct");
        assertEquals("", cluster.data(SECRET, "state.json"));
        assertTrue(tokens(states.read("acct")).isEmpty());
    }
}
