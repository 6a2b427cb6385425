package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;
import org.opensciencegrid.tokenrenewer.kubernetes.ServiceAccount;

/**
 * Accounts in the cluster that {@code KUBECONFIG} names, with the rights of the manifests. The shipped program runs in
 * other processes, and its requests to the API server go through a proxy that fails. The issuer accepts only its newest
 * refresh token, unless a test says otherwise.
 */
class KubernetesStoreRing {
    private static final String SECRET = "osg-token-renewer-account-acct";

    @TempDir
    Path directory;

    private Cluster cluster;
    private AccessPoint point;
    private ApiProxy proxy;

    @BeforeEach
    void start() throws Exception {
        cluster = new Cluster("store");
        ServiceAccount account = cluster.serviceAccount("renewer", directory.resolve("real"));
        allow("");
        proxy = new ApiProxy(account);
        point = new AccessPoint(directory.resolve("site"));
        point.variables.putAll(Cluster.environment(proxy.of(account, directory.resolve("pod"))));
        point.variables.put("OSG_TOKEN_RENEWER_STORE", "kubernetes");
        point.variables.put("HOSTNAME", "pod-0");
    }

    @AfterEach
    void stop() throws Exception {
        if (point != null) {
            point.close();
        }
        if (proxy != null) {
            proxy.close();
        }
        if (cluster != null) {
            cluster.kubectl("delete", "leases", "--all");
            cluster.close();
        }
    }

    /** The least rights for the accounts acct and acct1 to acct4. */
    private void allow(String suffix) throws Exception {
        List<String> secrets = new ArrayList<>();
        List<String> leases = new ArrayList<>();
        for (String account : List.of("acct", "acct1", "acct2", "acct3", "acct4")) {
            secrets.add("osg-token-renewer-account-" + account);
            secrets.add("osg-token-renewer-state-" + account);
            leases.add("osg-token-renewer-account-" + account);
        }
        cluster.allow("renewer", "secrets" + suffix, "get,update", "secrets", secrets.toArray(String[]::new));
        cluster.allow("renewer", "new-secrets" + suffix, "create", "secrets");
        cluster.allow(
                "renewer",
                "leases" + suffix,
                "get,update",
                "leases.coordination.k8s.io",
                leases.toArray(String[]::new));
        cluster.allow("renewer", "new-leases" + suffix, "create", "leases.coordination.k8s.io");
    }

    /** As if the holder of the lease had been gone for the duration of the lease. */
    private void endLease() throws Exception {
        cluster.kubectl("patch", "lease", SECRET, "--type=merge", "-p", "{\"spec\":{\"leaseDurationSeconds\":1}}");
    }

    private String secret(String path) throws Exception {
        return cluster.kubectl("get", "secret", SECRET, "-o", "jsonpath=" + path);
    }

    private long generation() throws Exception {
        String sealed = new String(Base64.getDecoder().decode(secret("{.data.account}")), StandardCharsets.US_ASCII);
        return Long.parseLong(sealed.replaceAll("(?s).*\ngeneration: (\\d+)\n.*", "$1"));
    }

    private void mustRenew() {
        Result result = point.inProcess("renew", "--force");
        assertEquals(0, result.status(), result.said());
    }

    private void assertNoGenerationWasSavedTwice() {
        assertEquals(new HashSet<>(proxy.saved).size(), proxy.saved.size(), proxy.saved.toString());
    }

    @Test
    void allCommandsWorkWithTheLeastRights() throws Exception {
        point.authorize();
        assertEquals(
                0, point.inProcess("status").status(), point.inProcess("status").said());
        Result check = point.inProcess("check");
        assertFalse(check.said().contains("cluster"), check.said());
        assertTrue(point.run("renew", "--force").status() == 0);
        assertEquals(List.of(), point.issuer.violations());
        assertFalse(Files.exists(point.file("state/accounts/acct.account")));
        String stored = cluster.kubectl("get", "secrets,leases", "-o", "yaml");
        assertFalse(stored.contains(Base64.getEncoder()
                .encodeToString(point.issuer.currentRefreshTokens().get(0).getBytes(StandardCharsets.US_ASCII))));

        Files.writeString(point.file("old.pw"), SiteDirectory.PASSWORD + "\n");
        point.secret("acct.pw", "another battery staple");
        point.mode("old.pw", "rw-------");
        point.mustInProcess("change-password", "--old-pw-file=" + point.file("old.pw"), "acct");
        mustRenew();

        point.mustInProcess("export", "acct");
        assertTrue(Files.exists(point.file("state/accounts/acct.account")));
        assertEquals(1, point.inProcess("renew", "--force").status(), "it is not in the cluster any more");
        point.mustInProcess("--store=files", "renew", "--force");
        point.mustInProcess("import", "acct");
        assertFalse(Files.exists(point.file("state/accounts/acct.account")));
        mustRenew();
        assertEquals(0, point.issuer.reuses());
        point.mustInProcess("remove", "--revoke", "acct");
        assertEquals("", secret("{.data.account}"));
        assertEquals(1, point.inProcess("renew", "--force").status());
    }

    @Test
    void eachMissingRightIsNamed() throws Exception {
        point.authorize();
        for (String role : List.of("secrets", "leases")) {
            cluster.kubectl("delete", "rolebinding", role);
            Result check = point.inProcess("check");
            Result renew = point.inProcess("renew", "--force");
            for (Result result : List.of(check, renew)) {
                assertEquals(1, result.status());
                assertTrue(
                        result.said().contains("--resource=" + (role.equals("secrets") ? role : role + ".")),
                        result.said());
                assertTrue(result.said().contains("create rolebinding"), result.said());
            }
            assertTrue(check.said().contains("--verb=update"), check.said());
            cluster.kubectl(
                    "create",
                    "rolebinding",
                    role,
                    "--role=" + role,
                    "--serviceaccount=" + cluster.namespace() + ":renewer");
        }
        mustRenew();
        Path token = directory.resolve("pod/token");
        String valid = Files.readString(token);
        Files.writeString(token, "expired");
        Result renew = point.inProcess("renew", "--force");
        assertEquals(1, renew.status());
        System.out.println(renew.said());
        Files.writeString(token, valid);
        mustRenew();
        assertEquals(0, point.issuer.reuses());
    }

    /** SIGKILL of the process at each request to the API server, before and after the server has executed it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aKillAtAnyRequest(boolean hasGrace) throws Exception {
        point.authorize();
        point.issuer.policy.killFamilyOnReuse = !hasGrace;
        point.issuer.policy.graceForOldToken = hasGrace ? Duration.ofMinutes(5) : Duration.ZERO;
        proxy.clear();
        assertEquals(0, point.run("renew", "--force").status());
        int requests = proxy.requests();
        Map<String, Integer> summary = new TreeMap<>();
        List<String> lost = new ArrayList<>();
        for (int number = 1; number <= requests; number++) {
            for (boolean afterwards : new boolean[] {false, true}) {
                int target = number;
                AtomicReference<Running> run = new AtomicReference<>();
                AtomicReference<String> where = new AtomicReference<>("");
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
                run.set(point.start("renew", "--force"));
                run.get().process().waitFor();
                proxy.clear();
                if (where.get().isEmpty()) {
                    continue; // the run had fewer requests
                }
                boolean asked = point.refreshes() > before;
                endLease();
                Result next = point.inProcess("renew", "--force");
                String kind = asked ? "after the issuer was asked" : "before the issuer was asked";
                if (next.status() == 0) {
                    summary.merge(kind + ", usable", 1, Integer::sum);
                } else {
                    assertTrue(next.said().contains("authorization"), next.said());
                    summary.merge(kind + ", lost", 1, Integer::sum);
                    lost.add(number + (afterwards ? " after " : " before ") + where.get());
                    point.authorize();
                }
            }
        }
        System.out.println("--- a kill at each of " + requests + " requests, " + (hasGrace ? "grace" : "strict"));
        summary.forEach((what, count) -> System.out.println(what + ": " + count));
        System.out.println("lost: " + lost);
        assertTrue(hasGrace ? lost.isEmpty() : lost.size() <= 1, lost.toString());
        assertEquals(List.of(), point.issuer.violations());
        assertNoGenerationWasSavedTwice();
    }

    /** The answer to one request is lost, or the request itself. */
    @Test
    void aLostAnswerAtAnyRequestLosesNothing() throws Exception {
        point.authorize();
        proxy.clear();
        mustRenew();
        int requests = proxy.requests();
        for (int number = 1; number <= requests; number++) {
            for (boolean afterwards : new boolean[] {false, true}) {
                int target = number;
                proxy.restart((at, request, isExecuted) -> at != target || isExecuted != afterwards);
                mustRenew();
            }
        }
        proxy.clear();
        mustRenew();
        assertEquals(0, point.issuer.reuses());
        assertNoGenerationWasSavedTwice();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theApiServerIsDownForAMinuteAfterTheAnswer(boolean isStopped) throws Exception {
        point.authorize();
        long before = generation();
        point.issuer.fault(Fault.on("/token").grant("refresh_token").whenAnswered(proxy::down));
        Running run = point.start("renew", "--force");
        AccessPoint.await(() -> proxy.isDown);
        Thread.sleep(isStopped ? 20_000 : 60_000);
        assertTrue(run.process().isAlive());
        if (isStopped) {
            run.signal("TERM");
            Thread.sleep(10_000);
            assertTrue(run.process().isAlive(), "it waits for the save");
        }
        proxy.up();
        Result result = run.await();
        assertTrue(result.err().contains("not saved yet"), result.said());
        assertEquals(before + 1, generation());
        assertEquals(isStopped ? 143 : 0, result.status(), result.said());
        mustRenew();
        assertEquals(0, point.issuer.reuses());
        assertNoGenerationWasSavedTwice();
    }

    /** The container is restarted while the API server is down; the runtime directory stays. */
    @Test
    void theNextProcessOfThePodTakesTheRescueCopy() throws Exception {
        point.authorize();
        point.issuer.fault(Fault.on("/token").grant("refresh_token").whenAnswered(proxy::down));
        Running run = point.start("renew", "--force");
        AccessPoint.await(() -> Files.exists(point.file("run/acct.cluster.rescue")));
        run.process().destroyForcibly().waitFor();
        proxy.up();
        endLease();
        mustRenew();
        assertEquals(0, point.issuer.reuses());
        assertFalse(Files.exists(point.file("run/acct.cluster.rescue")));
    }

    /** An answer of the issuer is on its way when its receiver stops for longer than its lease. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aHolderStopsUntilItsLeaseHasEnded(boolean hasGrace) throws Exception {
        point.authorize();
        point.issuer.policy.killFamilyOnReuse = !hasGrace;
        point.issuer.policy.graceForOldToken = hasGrace ? Duration.ofMinutes(5) : Duration.ZERO;
        AtomicBoolean isAnswered = new AtomicBoolean();
        point.issuer.fault(Fault.on("/token")
                .grant("refresh_token")
                .delayAfter(Duration.ofSeconds(3))
                .whenAnswered(() -> isAnswered.set(true)));
        int before = point.refreshes();
        Running stopped = point.start("renew", "--force");
        AccessPoint.await(() -> point.refreshes() > before);
        stopped.signal("STOP");
        AccessPoint.await(isAnswered::get);
        endLease();
        Result next = point.inProcess("renew", "--force");
        long saved = generation();
        stopped.signal("CONT");
        Result late = stopped.await();
        System.out.println("--- a holder that stopped, " + (hasGrace ? "grace" : "strict") + ": the next run "
                + next.status() + ", the holder " + late.status() + ", reuses " + point.issuer.reuses());
        assertNoGenerationWasSavedTwice();
        if (hasGrace) {
            assertEquals(0, next.status(), next.said());
            assertEquals(saved, generation(), "the later answer is kept");
            mustRenew();
        } else {
            assertTrue(point.issuer.reuses() <= 1);
        }
    }

    /** It stops after its intent, for so long that an answer could arrive after the lease. */
    @Test
    void aHolderThatStoppedBeforeItsRequestSendsNone() throws Exception {
        point.authorize();
        AtomicReference<Running> run = new AtomicReference<>();
        AtomicBoolean isStopped = new AtomicBoolean();
        proxy.restart((at, request, isExecuted) -> {
            if (!isStopped.get()
                    && request.equals("PUT /api/v1/namespaces/" + cluster.namespace() + "/secrets/" + SECRET)
                    && isExecuted) {
                AccessPoint.await(() -> run.get() != null);
                run.get().signal("STOP");
                isStopped.set(true);
            }
            return true;
        });
        int before = point.refreshes();
        run.set(point.start("renew", "--force"));
        AccessPoint.await(isStopped::get);
        Thread.sleep(35_000);
        endLease();
        mustRenew();
        assertEquals(before + 1, point.refreshes());
        run.get().signal("CONT");
        Result late = run.get().await();
        assertEquals(1, late.status(), late.said());
        System.out.println(late.said());
        assertEquals(before + 1, point.refreshes(), "it does not ask");
        mustRenew();
        assertEquals(0, point.issuer.reuses());
        assertNoGenerationWasSavedTwice();
    }

    @Test
    void eightReplicasShareFiveAccounts() throws Exception {
        int replicas = 8;
        int rounds = 5;
        StringBuilder config = new StringBuilder();
        List<String> accounts = List.of("acct", "acct1", "acct2", "acct3", "acct4");
        for (String account : accounts) {
            config.append(SiteDirectory.accountSection(account))
                    .append(SiteDirectory.tokenSection(account, account, point.file("tokens/" + account)));
        }
        point.config(config.toString());
        for (String account : accounts) {
            point.mustInProcess(
                    point.setupLine("--issuer=" + point.issuer.issuer(), "--scope=openid offline_access", account));
        }
        int before = point.refreshes();
        ExecutorService pods = Executors.newFixedThreadPool(replicas);
        List<Future<Integer>> ends = new ArrayList<>();
        for (int i = 0; i < replicas; i++) {
            Callable<Integer> replica = () -> {
                int failed = 0;
                for (int round = 0; round < rounds; round++) {
                    Result result = point.start("renew", "--force").await();
                    if (result.status() != 0) {
                        failed++;
                        System.out.println(result.said());
                    }
                }
                return failed;
            };
            ends.add(pods.submit(replica));
        }
        int failed = 0;
        for (Future<Integer> end : ends) {
            failed += end.get();
        }
        pods.shutdown();
        System.out.println("--- " + replicas + " replicas: " + (point.refreshes() - before) + " renewals, " + failed
                + " failed runs, " + point.issuer.reuses() + " reuses");
        assertEquals(0, failed);
        assertEquals(replicas * rounds * accounts.size(), point.refreshes() - before);
        assertEquals(0, point.issuer.reuses());
        assertEquals(List.of(), point.issuer.violations());
        assertEquals(
                0, point.inProcess("status").status(), point.inProcess("status").said());
        assertNoGenerationWasSavedTwice();
    }

    /** As an API server whose database has no space: it reads and does not write. */
    @Test
    void nothingIsAskedWhileTheDatabaseIsFull() throws Exception {
        point.authorize();
        int before = point.refreshes();
        proxy.restart((at, request, isExecuted) -> !request.startsWith("PUT") || isExecuted);
        Result result = point.inProcess("renew", "--force");
        assertEquals(1, result.status());
        assertEquals(before, point.refreshes());
        proxy.clear();
        mustRenew();
        assertEquals(0, point.issuer.reuses());
    }
}
