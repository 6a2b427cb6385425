package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
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
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
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
    private static final String STATE = "osg-token-renewer-state-acct";

    @TempDir
    Path directory;

    private Cluster cluster;
    private AccessPoint point;
    private ApiProxy proxy;

    @BeforeEach
    void start() throws Exception {
        cluster = new Cluster("store");
        ServiceAccount account = cluster.serviceAccount("renewer", directory.resolve("real"));
        cluster.allowAccounts("renewer", "acct", "acct1", "acct2", "acct3", "acct4");
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
            cluster.close();
        }
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

    /** The objects and the rights of the manifests, and no others. */
    @Test
    void theManifestsAreEnoughForAllCommands() throws Exception {
        cluster.kubectl("delete", "rolebindings", "--all");
        cluster.kubectlWith(Cluster.kubectlAnywhere("kustomize", "../kubernetes/base"), "apply", "-f", "-");
        Files.writeString(directory.resolve("pod/token"), cluster.token("osg-token-renewer", 3600));
        point.config(SiteDirectory.accountSection("myclient")
                + "[token mytoken]\naccount = myclient\ntoken_secret = osg-tokens#mytoken\nmin_lifetime = 60\n");
        point.mustInProcess(
                point.setupLine("--issuer=" + point.issuer.issuer(), "--scope=openid offline_access", "myclient"));
        point.mustInProcess("renew");
        mustRenew();
        point.mustInProcess("status");
        String check = point.inProcess("check").said();
        assertFalse(check.contains("may not") || check.contains("cluster"), check);
        point.mustInProcess("export", "myclient");
        point.mustInProcess("import", "myclient");
        mustRenew();
        point.mustInProcess("remove", "--revoke", "myclient");
        point.mustInProcess(
                point.setupLine("--issuer=" + point.issuer.issuer(), "--scope=openid offline_access", "myclient"));
        mustRenew();
        assertEquals(0, point.issuer.reuses());
        String user = "--as=system:serviceaccount:" + cluster.namespace() + ":osg-token-renewer";
        assertThrows(IOException.class, () -> cluster.kubectl("auth", "can-i", "create", "secrets", user));
        assertThrows(IOException.class, () -> cluster.kubectl("auth", "can-i", "list", "secrets", user));
    }

    /** A right that a role gives; {@code name} is empty for create. */
    private record Right(String verb, String resource, String name) {
        String rule() {
            String group = resource.equals("leases") ? "coordination.k8s.io" : "";
            return "{\"apiGroups\":[\"" + group + "\"],\"resources\":[\"" + resource + "\"],\"verbs\":[\"" + verb
                    + "\"]" + (name.isEmpty() ? "" : ",\"resourceNames\":[\"" + name + "\"]") + "}";
        }
    }

    /** Lets the service account do this, and nothing else. */
    private void allowOnly(List<Right> rights) throws Exception {
        cluster.kubectl("delete", "rolebindings,roles", "--all");
        String metadata = "\"apiVersion\":\"rbac.authorization.k8s.io/v1\",\"metadata\":{\"name\":\"only\"}";
        String rules = rights.stream().map(Right::rule).collect(Collectors.joining(","));
        cluster.kubectlWith("{\"kind\":\"Role\"," + metadata + ",\"rules\":[" + rules + "]}", "apply", "-f", "-");
        cluster.kubectlWith(
                "{\"kind\":\"RoleBinding\"," + metadata
                        + ",\"roleRef\":{\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"only\"},"
                        + "\"subjects\":[{\"kind\":\"ServiceAccount\",\"name\":\"renewer\"}]}",
                "apply",
                "-f",
                "-");
    }

    @Test
    void eachMissingRightIsNamedWithCommandsThatAddIt() throws Exception {
        point.authorize();
        List<Right> rights = new ArrayList<>();
        for (String verb : List.of("get", "update")) {
            rights.add(new Right(verb, "secrets", SECRET));
            rights.add(new Right(verb, "secrets", STATE));
            rights.add(new Right(verb, "leases", SECRET));
        }
        rights.add(new Right("create", "secrets", ""));
        rights.add(new Right("create", "leases", ""));
        System.out.println("--- rights taken away");
        for (Right right : rights) {
            boolean isLease = right.resource().equals("leases");
            if (right.verb().equals("create")) { // matters only for an object that does not exist
                cluster.kubectl("delete", right.resource(), isLease ? SECRET : STATE);
            }
            List<Right> rest = new ArrayList<>(rights);
            rest.remove(right);
            allowOnly(rest);
            String object = (isLease ? "Lease " : "Secret ") + cluster.namespace() + "/" + right.name();
            String what = right.verb() + " " + object;
            Result check = point.inProcess("check");
            assertEquals(1, check.status(), what);
            assertTrue(check.said().replaceAll("\\s+", " ").contains("may not " + what), check.said());
            Result renew = point.inProcess("renew", "--force");
            assertEquals(1, renew.status(), what);
            assertTrue(renew.said().contains("answered 403 to " + what), renew.said());
            Matcher fix = Pattern.compile("(?m): ((?:kubectl|echo) .*)").matcher(renew.said());
            assertTrue(fix.find(), renew.said());
            Process administrator =
                    new ProcessBuilder("sh", "-c", fix.group(1)).inheritIO().start();
            assertEquals(0, administrator.waitFor(), fix.group(1));
            mustRenew();
            System.out.println(what.replace(cluster.namespace() + "/", "")
                    + ": named by check and renew; the printed commands add it");
        }
        assertEquals(0, point.issuer.reuses());
    }

    /** A token that the API server has issued and that has expired, before the request and after the answer. */
    @Test
    void aServiceAccountTokenThatHasExpired() throws Exception {
        point.authorize();
        int before = point.refreshes();
        long generation = generation();
        Path token = directory.resolve("pod/token");
        String valid = Files.readString(token);
        String expired = expired(valid);
        Files.writeString(token, expired);
        Result renew = point.inProcess("renew", "--force");
        assertEquals(1, renew.status());
        assertTrue(renew.said().contains("answered 401"), renew.said());
        assertEquals(before, point.refreshes());

        Files.writeString(token, valid);
        point.issuer.fault(Fault.on("/token").grant("refresh_token").whenAnswered(() -> write(token, expired)));
        Running run = point.start("renew", "--force");
        AccessPoint.await(() -> Files.exists(point.file("run/acct.cluster.rescue")));
        Thread.sleep(5_000);
        assertTrue(run.process().isAlive());
        Files.writeString(token, cluster.token("renewer", 600));
        Result result = run.await();
        assertEquals(0, result.status(), result.said());
        assertTrue(result.err().contains("not saved yet"), result.said());
        assertEquals(generation + 1, generation());
        mustRenew();
        assertEquals(0, point.issuer.reuses());
        System.out.println("--- service account token expired: the issuer not asked; expired after the answer: 0 lost");
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same token with times of two hours ago, signed with the key of the API server. */
    private String expired(String token) throws Exception {
        String key = serverOfTheRing().resolve("sa.key").toString();
        String[] parts = token.split("\\.");
        long then = Instant.now().getEpochSecond() - 7200;
        String claims = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8)
                .replaceAll("\"exp\":\\d+", "\"exp\":" + (then + 3600))
                .replaceAll("\"(iat|nbf)\":\\d+", "\"$1\":" + then);
        String content = parts[0] + "."
                + Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(StandardCharsets.UTF_8));
        Path file = Files.writeString(directory.resolve("unsigned"), content);
        Process sign = new ProcessBuilder("openssl", "dgst", "-sha256", "-sign", key, file.toString()).start();
        byte[] signature = sign.getInputStream().readAllBytes();
        assertEquals(0, sign.waitFor());
        return content + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature);
    }

    /** The directory of the API server that {@code .ci/kubernetes/run} started; skips the test without it. */
    private static Path serverOfTheRing() {
        String server = System.getenv("KUBERNETES_RING_SERVER");
        Assumptions.assumeTrue(server != null, "needs the API server of .ci/kubernetes/run");
        return Path.of(server);
    }

    /** kill -9 of the API server right after the answer of the issuer; it is back after a minute. */
    @Test
    void theApiServerIsKilledBetweenTheAnswerAndTheSave() throws Exception {
        Path server = serverOfTheRing();
        point.variables.putAll(
                Cluster.environment(new ServiceAccount(Cluster.server(), directory.resolve("real")))); // no proxy
        point.authorize();
        long before = generation();
        long pid = Long.parseLong(Files.readString(server.resolve("api.pid")).strip());
        ProcessHandle api = ProcessHandle.of(pid).orElseThrow();
        point.issuer.fault(Fault.on("/token").grant("refresh_token").whenAnswered(api::destroyForcibly));
        Running run = point.start("renew", "--force");
        AccessPoint.await(() -> !api.isAlive());
        Thread.sleep(60_000);
        boolean isWaiting = run.process().isAlive();
        new ProcessBuilder("sh", server.resolve("api").toString()).start().waitFor();
        AccessPoint.await(KubernetesStoreRing::isReady);
        Result result = run.await();
        assertTrue(isWaiting, result.said());
        assertEquals(0, result.status(), result.said());
        assertTrue(result.err().contains("not saved yet"), result.said());
        assertEquals(before + 1, generation());
        mustRenew();
        assertEquals(0, point.issuer.reuses());
        System.out.println("--- API server killed after the answer, started again after 60 s: 0 lost");
    }

    private static boolean isReady() {
        try {
            Cluster.kubectlAnywhere("get", "--raw", "/readyz");
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** The database refuses writes, first before the request, then after the answer of the issuer. */
    @Test
    void theDatabaseIsFull() throws Exception {
        point.authorize();
        long before = generation();
        int refreshes = point.refreshes();
        try {
            setOutOfSpace(true);
            Result full = point.inProcess("renew", "--force");
            assertEquals(1, full.status());
            assertTrue(full.said().contains("database space exceeded"), full.said());
            assertEquals(refreshes, point.refreshes(), "the issuer is not asked");
            setOutOfSpace(false);
            mustRenew();
            point.issuer.fault(Fault.on("/token").grant("refresh_token").whenAnswered(() -> setOutOfSpace(true)));
            Running run = point.start("renew", "--force");
            AccessPoint.await(() -> Files.exists(point.file("run/acct.cluster.rescue")));
            Thread.sleep(10_000);
            assertTrue(run.process().isAlive(), "it waits for the save");
            setOutOfSpace(false);
            Result result = run.await();
            assertEquals(0, result.status(), result.said());
        } finally {
            setOutOfSpace(false);
        }
        assertEquals(before + 2, generation());
        mustRenew();
        assertEquals(0, point.issuer.reuses());
        System.out.println("--- etcd out of space: the issuer not asked; after the answer: 0 lost");
    }

    /** Sets or clears the alarm with which etcd refuses writes when its quota is used up. */
    private static void setOutOfSpace(boolean isFull) {
        String etcd = System.getenv("KUBERNETES_RING_ETCD");
        Assumptions.assumeTrue(etcd != null, "needs the etcd of .ci/kubernetes/run");
        try {
            String body = "{\"action\":\"" + (isFull ? "ACTIVATE" : "DEACTIVATE") + "\",\"alarm\":\"NOSPACE\"}";
            HttpRequest request = HttpRequest.newBuilder(URI.create(etcd + "/v3/maintenance/alarm"))
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build();
            HttpResponse<String> answer =
                    HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
            assertEquals(200, answer.statusCode(), answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Every answer of the API server is late, and one save is later than the program waits. */
    @Test
    void theApiServerAnswersSlowly() throws Exception {
        point.authorize();
        int before = point.refreshes();
        proxy.restart((at, request, isExecuted) -> {
            Thread.sleep(isExecuted ? 1_000 : 0);
            return true;
        });
        ExecutorService pods = Executors.newFixedThreadPool(4);
        List<Future<Result>> runs = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            runs.add(pods.submit(() -> point.start("renew", "--force").await()));
        }
        for (Future<Result> run : runs) {
            assertEquals(0, run.get().status(), run.get().said());
        }
        pods.shutdown();
        assertEquals(before + 8, point.refreshes());
        AtomicInteger writes = new AtomicInteger();
        proxy.restart((at, request, isExecuted) -> {
            boolean isSave = request.startsWith("PUT") && request.endsWith("/secrets/" + SECRET) && isExecuted;
            if (isSave && writes.incrementAndGet() == 2) {
                Thread.sleep(20_000);
            }
            return true;
        });
        Result late = point.start("renew", "--force").await();
        assertEquals(0, late.status(), late.said());
        proxy.clear();
        mustRenew();
        assertEquals(0, point.issuer.reuses());
        assertNoGenerationWasSavedTwice();
        System.out.println("--- API answers 1 s late: 8 of 8 runs of 4 replicas renewed; a save 20 s late: 0 lost; "
                + point.issuer.reuses() + " reuses");
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
                cluster.endLease("acct");
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
        cluster.endLease("acct");
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
        cluster.endLease("acct");
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
        cluster.endLease("acct");
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
}
