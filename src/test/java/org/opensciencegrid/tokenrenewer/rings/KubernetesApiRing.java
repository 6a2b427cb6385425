package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException.Kind;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesObject;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;
import org.opensciencegrid.tokenrenewer.kubernetes.ServiceAccount;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/** The client of the API, at a real API server. */
class KubernetesApiRing {
    @TempDir
    Path directory;

    private Cluster cluster;
    private ServiceAccount account;
    private KubernetesApi api;

    @BeforeEach
    void start() throws Exception {
        cluster = new Cluster("api");
        account = cluster.serviceAccount("renewer", directory.resolve("renewer"));
        api = new KubernetesApi(account, Network.DIRECT, Sleeper.REAL);
    }

    @AfterEach
    void stop() throws Exception {
        if (cluster != null) {
            cluster.close();
        }
    }

    private ObjectName secret(String name) {
        return ObjectName.secret(cluster.namespace(), name);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Kind kind(KubernetesExceptionThrower call) {
        return assertThrows(KubernetesException.class, call::run).kind();
    }

    @FunctionalInterface
    private interface KubernetesExceptionThrower {
        void run() throws KubernetesException;
    }

    @Test
    void aSecretIsCreatedReplacedAndDeleted() throws Exception {
        cluster.allow("renewer", "secrets", "get,create,update,delete", "secrets");
        assertEquals(Optional.empty(), api.get(secret("s")));
        KubernetesObject created = api.create(KubernetesObject.of(secret("s"))
                .withData("a", bytes("1"))
                .withLabel("app", "x")
                .withAnnotation("when", "now"));
        assertEquals(Kind.CONFLICT, kind(() -> api.create(KubernetesObject.of(secret("s")))));
        KubernetesObject replaced = api.replace(created.withData("b", bytes("2")));
        assertEquals(Kind.CONFLICT, kind(() -> api.replace(created.withData("b", bytes("3")))));
        assertEquals(Kind.CONFLICT, kind(() -> api.delete(created)));
        KubernetesObject stored = api.get(secret("s")).orElseThrow();
        assertEquals(replaced.resourceVersion(), stored.resourceVersion());
        assertArrayEquals(bytes("1"), stored.data("a").orElseThrow());
        assertArrayEquals(bytes("2"), stored.data("b").orElseThrow());
        assertEquals(Optional.of("x"), stored.label("app"));
        assertEquals(Optional.of("now"), stored.annotation("when"));
        assertEquals("Opaque", stored.secretType());
        api.delete(stored);
        api.delete(stored);
        assertEquals(Kind.CONFLICT, kind(() -> api.replace(stored.withData("b", bytes("4")))));
    }

    @Test
    void aLeaseIsTakenByOneHolder() throws Exception {
        cluster.allow("renewer", "leases", "get,create,update,delete", "leases.coordination.k8s.io");
        ObjectName name = ObjectName.lease(cluster.namespace(), "lock");
        JsonObject spec = JsonObject.NONE
                .with("holderIdentity", "a")
                .with("leaseDurationSeconds", 60)
                .with("renewTime", "2026-11-30T21:30:00.123456Z");
        KubernetesObject lease = api.create(KubernetesObject.of(name).withSpec(spec));
        assertEquals(spec.asMap(), lease.spec().asMap());
        api.replace(lease.withSpec(spec.with("holderIdentity", "b")));
        assertEquals(Kind.CONFLICT, kind(() -> api.replace(lease.withSpec(spec.with("holderIdentity", "c")))));
        assertEquals(Optional.of("b"), api.get(name).orElseThrow().spec().string("holderIdentity"));
    }

    @Test
    void concurrentWritersLoseNoUpdate() throws Exception {
        cluster.allow("renewer", "secrets", "get,create,update", "secrets");
        api.create(KubernetesObject.of(secret("s")).withData("n", bytes("0")));
        AtomicInteger written = new AtomicInteger();
        List<Thread> writers = new ArrayList<>();
        List<Throwable> errors = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 8; i++) {
            Thread writer = new Thread(() -> {
                try {
                    for (int n = 0; n < 25; n++) {
                        KubernetesObject object = api.get(secret("s")).orElseThrow();
                        int value =
                                Integer.parseInt(new String(object.data("n").orElseThrow(), StandardCharsets.UTF_8));
                        try {
                            api.replace(object.withData("n", bytes(String.valueOf(value + 1))));
                            written.incrementAndGet();
                        } catch (KubernetesException e) {
                            assertEquals(Kind.CONFLICT, e.kind(), e.getMessage());
                        }
                    }
                } catch (KubernetesException | RuntimeException | AssertionError e) {
                    errors.add(e);
                }
            });
            writers.add(writer);
            writer.start();
        }
        for (Thread writer : writers) {
            writer.join();
        }
        assertEquals(List.of(), errors);
        byte[] stored = api.get(secret("s")).orElseThrow().data("n").orElseThrow();
        assertEquals(String.valueOf(written.get()), new String(stored, StandardCharsets.UTF_8));
        System.out.println("writes: " + written + " of 200 succeeded, the others had a conflict");
    }

    @Test
    void aMissingRightNamesTheVerbAndTheObject() throws Exception {
        KubernetesException e = assertThrows(KubernetesException.class, () -> api.get(secret("s")));
        assertEquals(Kind.FORBIDDEN, e.kind());
        assertEquals("get", e.verb());
        assertEquals(Optional.of(secret("s")), e.object());
        assertFalse(api.isAllowed("get", secret("s")));
        cluster.allow("renewer", "secrets", "get,update", "secrets", "s");
        assertTrue(api.isAllowed("get", secret("s")));
        assertTrue(api.isAllowed("update", secret("s")));
        assertFalse(api.isAllowed("create", secret("s")));
        assertFalse(api.isAllowed("get", secret("other")));
        assertEquals(Optional.empty(), api.get(secret("s")));
        assertEquals(Kind.FORBIDDEN, kind(() -> api.create(KubernetesObject.of(secret("s")))));
    }

    @Test
    void aNamespaceThatDoesNotExistIsNotFound() throws Exception {
        Cluster.kubectlAnywhere(
                "create",
                "clusterrolebinding",
                cluster.namespace(),
                "--clusterrole=cluster-admin",
                "--serviceaccount=" + cluster.namespace() + ":renewer");
        try {
            ObjectName elsewhere = ObjectName.secret("no-such-namespace", "s");
            assertEquals(Optional.empty(), api.get(elsewhere));
            assertEquals(Kind.NOT_FOUND, kind(() -> api.create(KubernetesObject.of(elsewhere))));
        } finally {
            Cluster.kubectlAnywhere("delete", "clusterrolebinding", cluster.namespace());
        }
    }

    @Test
    void anImmutableOrTooLargeSecretIsRejected() throws Exception {
        cluster.allow("renewer", "secrets", "get,create,update", "secrets");
        cluster.kubectlWith(
                "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"fixed\"},\"immutable\":true}",
                "create",
                "-f",
                "-");
        KubernetesObject fixed = api.get(secret("fixed")).orElseThrow();
        assertTrue(fixed.isImmutable());
        assertEquals(Kind.REJECTED, kind(() -> api.replace(fixed.withData("a", bytes("1")))));
        KubernetesObject large = KubernetesObject.of(secret("large")).withData("a", new byte[(1 << 20) + 1]);
        assertEquals(Kind.TOO_LARGE, kind(() -> api.create(large)));
    }

    @Test
    void aTokenThatIsNotValidIsUnauthorizedUntilItIsReplaced() throws Exception {
        cluster.allow("renewer", "secrets", "get", "secrets");
        Files.writeString(account.directory().resolve("token"), "not.a.token");
        assertEquals(Kind.UNAUTHORIZED, kind(() -> api.get(secret("s"))));
        Files.writeString(account.directory().resolve("token"), cluster.token("renewer", 600));
        assertEquals(Optional.empty(), api.get(secret("s")));
    }

    @Test
    void onlyTheClustersCaIsTrusted() throws Exception {
        Files.copy(
                Path.of("/etc/ssl/certs/ca-certificates.crt"),
                account.directory().resolve("ca.crt"),
                StandardCopyOption.REPLACE_EXISTING);
        KubernetesApi other =
                new KubernetesApi(account, Network.DIRECT, Sleeper.REAL).withRetries(Duration.ofSeconds(0));
        KubernetesException e = assertThrows(KubernetesException.class, () -> other.get(secret("s")));
        assertEquals(Kind.UNREACHABLE, e.kind());
        assertTrue(e.getMessage().contains("TLS"), e.getMessage());
    }
}
