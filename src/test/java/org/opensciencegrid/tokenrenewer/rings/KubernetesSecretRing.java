package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesObject;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;
import org.opensciencegrid.tokenrenewer.kubernetes.ServiceAccount;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;

/**
 * A token without a file, whose only copy is in a Secret of the cluster that {@code KUBECONFIG} names, with its account
 * in files or in the cluster. The shipped program runs in other processes; its requests to the API server go through a
 * proxy that fails. The issuer accepts only its newest refresh token. A reader reads the Secret all the time.
 */
class KubernetesSecretRing {
    @TempDir
    Path directory;

    private Cluster cluster;
    private AccessPoint point;
    private ApiProxy proxy;
    private KubernetesApi administrator;
    private Reader reader;

    /** What another pod sees in the Secret. */
    private final class Reader extends Thread {
        private final AtomicInteger reads = new AtomicInteger();
        /** Anything that is not a whole and valid token. */
        private final AtomicReference<String> bad = new AtomicReference<>("");
        /** Whether the Secret may be without a token. */
        private final boolean mayBeEmpty;

        Reader(boolean mayBeEmpty) {
            this.mayBeEmpty = mayBeEmpty;
            start();
        }

        @Override
        public void run() {
            while (!isInterrupted()) {
                try {
                    KubernetesObject secret = stored();
                    boolean isAbsent = secret.data("token").isEmpty();
                    if (isAbsent ? !mayBeEmpty : !isValid(token(secret))) {
                        bad.set("'" + token(secret) + "'");
                    }
                    reads.incrementAndGet();
                } catch (KubernetesException e) {
                    // ended, or a read that the server could not answer
                }
            }
        }
    }

    private void start(String store, boolean isEmpty) throws Exception {
        cluster = new Cluster("only");
        ServiceAccount account = cluster.serviceAccount("renewer", directory.resolve("real"));
        cluster.allowAccounts("renewer", "acct");
        cluster.kubectl("create", "secret", "generic", "tokens", "--from-literal=other=kept");
        cluster.allow("renewer", "tokens", "get,update", "secrets", "tokens");
        administrator = new KubernetesApi(account, Network.DIRECT, Sleeper.REAL);
        proxy = new ApiProxy(account);
        point = new AccessPoint(directory.resolve("site"));
        point.variables.putAll(Cluster.environment(proxy.of(account, directory.resolve("pod"))));
        point.variables.put("OSG_TOKEN_RENEWER_STORE", store);
        point.variables.put("HOSTNAME", "pod-0");
        point.config(AccessPoint.accountSection("acct")
                + "[token one]\naccount = acct\nmin_lifetime = 60\ntoken_secret = tokens\n");
        point.authorize();
        reader = new Reader(isEmpty);
    }

    @AfterEach
    void stop() throws Exception {
        if (reader != null) {
            reader.interrupt();
            reader.join();
        }
        if (point != null) {
            point.close();
        }
        if (proxy != null) {
            proxy.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    private KubernetesObject stored() throws KubernetesException {
        return administrator
                .get(ObjectName.secret(cluster.namespace(), "tokens"))
                .orElseThrow();
    }

    private static String token(KubernetesObject secret) {
        return new String(secret.data("token").orElse(new byte[0]), StandardCharsets.UTF_8);
    }

    private String token() throws KubernetesException {
        return token(stored());
    }

    private static boolean isValid(String token) {
        return JwtClaims.of(token)
                .flatMap(JwtClaims::expiresAt)
                .filter(end -> end.isAfter(Instant.now()))
                .isPresent();
    }

    private void removeToken() throws Exception {
        if (!token().isEmpty()) {
            cluster.kubectl(
                    "patch", "secret", "tokens", "--type=json", "-p", "[{\"op\":\"remove\",\"path\":\"/data/token\"}]");
        }
    }

    /** A renewal; without --force if it is due because there is no token. */
    private String[] line(boolean isEmpty) {
        return isEmpty ? new String[] {"renew"} : new String[] {"renew", "--force"};
    }

    /** The run that is under test has ended: this one renews the token. */
    private Result renews(boolean isEmpty) throws Exception {
        String before = token();
        Result result = point.inProcess(line(isEmpty));
        if (result.status() == 0) {
            assertTrue(isValid(token()), token());
            if (!isEmpty) {
                assertNotEquals(before, token());
            }
        }
        return result;
    }

    private void assertReaderSawNothingElse(String what) throws Exception {
        assertEquals("", reader.bad.get());
        assertEquals("kept", new String(stored().data("other").orElseThrow(), StandardCharsets.UTF_8));
        assertEquals(List.of(), point.issuer.violations());
        System.out.println("--- " + what + "; " + reader.reads + " reads of the Secret, 0 empty, partial or expired");
    }

    /** SIGKILL of the process at each request to the API server, before and after the server has executed it. */
    @ParameterizedTest
    @CsvSource({"files,false", "files,true", "kubernetes,false", "kubernetes,true"})
    void aKillAtAnyRequest(String store, boolean isEmpty) throws Exception {
        start(store, isEmpty);
        if (isEmpty) {
            removeToken();
        }
        proxy.clear();
        assertEquals(0, point.run(line(isEmpty)).status());
        int requests = proxy.requests();
        int kills = 0;
        int afterTheIssuer = 0;
        List<String> lost = new ArrayList<>();
        for (int number = 1; number <= requests; number++) {
            for (boolean afterwards : new boolean[] {false, true}) {
                int target = number;
                AtomicReference<Running> run = new AtomicReference<>();
                AtomicReference<String> where = new AtomicReference<>("");
                if (isEmpty) {
                    removeToken();
                }
                int before = point.refreshes();
                proxy.restart((at, request, isExecuted) -> {
                    if (at == target && isExecuted == afterwards) {
                        where.set(request);
                        AccessPoint.await(() -> run.get() != null);
                        run.get().process().destroyForcibly().waitFor();
                        return false;
                    }
                    return true;
                });
                run.set(point.start(line(isEmpty)));
                run.get().process().waitFor();
                proxy.clear();
                if (where.get().isEmpty()) {
                    continue; // the run had fewer requests
                }
                kills++;
                afterTheIssuer += point.refreshes() > before ? 1 : 0;
                if (store.equals("kubernetes")) {
                    cluster.endLease("acct");
                }
                Result next = renews(isEmpty && token().isEmpty());
                if (next.status() != 0) {
                    assertTrue(next.said().contains("authorization"), next.said());
                    lost.add(number + (afterwards ? " after " : " before ") + where.get());
                    point.authorize();
                }
            }
        }
        assertReaderSawNothingElse(
                "a Secret alone, account in " + store + (isEmpty ? ", no token yet" : "") + ": " + kills + " kills at "
                        + requests + " requests, " + afterTheIssuer + " after the issuer was asked, lost: " + lost);
        assertTrue(lost.size() <= (store.equals("files") ? 0 : 1), lost.toString());
    }

    /** The answer to one request is lost, or the request itself. */
    @ParameterizedTest
    @ValueSource(strings = {"files", "kubernetes"})
    void aLostAnswerAtAnyRequest(String store) throws Exception {
        start(store, false);
        proxy.clear();
        assertEquals(0, renews(false).status());
        int requests = proxy.requests();
        for (int number = 1; number <= requests; number++) {
            for (boolean afterwards : new boolean[] {false, true}) {
                int target = number;
                proxy.restart((at, request, isExecuted) -> at != target || isExecuted != afterwards);
                Result result = renews(false);
                assertEquals(0, result.status(), result.said());
            }
        }
        assertEquals(0, point.issuer.reuses());
        assertReaderSawNothingElse("a Secret alone, account in " + store + ": " + 2 * requests + " of " + 2 * requests
                + " runs renewed with a lost request or answer");
    }

    /** The request that writes the token is late, and executed when later tokens are there; or its answer is late. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aLateWriteDoesNotBringBackAnOlderToken(boolean isExecutedBefore) throws Exception {
        start("files", false);
        String path = "PUT /api/v1/namespaces/" + cluster.namespace() + "/secrets/tokens";
        AtomicInteger writes = new AtomicInteger();
        AtomicBoolean mayGoOn = new AtomicBoolean();
        AtomicBoolean isOver = new AtomicBoolean();
        proxy.restart((at, request, isExecuted) -> {
            if (request.equals(path) && isExecuted == isExecutedBefore && writes.incrementAndGet() == 2) {
                AccessPoint.await(mayGoOn::get); // the first one is the rehearsal
                isOver.set(true);
            }
            return true;
        });
        Result slow = point.start("renew", "--force").await();
        assertEquals(0, slow.status(), slow.said());
        assertEquals(0, renews(false).status());
        String newest = token();
        mayGoOn.set(true);
        AccessPoint.await(isOver::get);
        Thread.sleep(1_000);
        assertEquals(newest, token());
        assertEquals(0, point.issuer.reuses());
        assertReaderSawNothingElse("a Secret alone, a write " + (isExecutedBefore ? "whose answer is" : "that is")
                + " later than the program waits: the newest token stays");
    }

    /** The issuer has answered, and the API server has not: the next run renews the token. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theApiServerIsDownAfterTheAnswer(boolean isEmpty) throws Exception {
        start("files", isEmpty);
        if (isEmpty) {
            removeToken();
        }
        String before = token();
        point.issuer.fault(Fault.on("/token").grant("refresh_token").whenAnswered(proxy::down));
        Result down = point.start(line(isEmpty)).await();
        assertEquals(1, down.status(), down.said());
        assertTrue(down.said().contains("the Kubernetes API server"), down.said());
        assertEquals(before, token());
        proxy.up();
        Result next = point.inProcess("renew");
        assertEquals(0, next.status(), next.said());
        assertTrue(next.said().contains("> Secret tokens#token"), next.said());
        assertTrue(isValid(token()));
        assertNotEquals(before, token());
        assertEquals(0, point.issuer.reuses());
        assertReaderSawNothingElse("a Secret alone, API server down after the answer: the next run renewed");
    }
}
