package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesObject;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;
import org.opensciencegrid.tokenrenewer.kubernetes.ServiceAccount;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;

/** A token with token_secret, at a real API server and with the least rights. */
class TokenSecretRing {
    private static final int RENEWALS = 1_000;

    @TempDir
    Path directory;

    private Cluster cluster;
    private AccessPoint site;
    private ServiceAccount account;
    private KubernetesApi api;

    @BeforeEach
    void start() throws Exception {
        cluster = new Cluster("secret");
        account = cluster.serviceAccount("renewer", directory.resolve("renewer"));
        api = new KubernetesApi(account, Network.DIRECT, Sleeper.REAL);
        site = new AccessPoint(directory.resolve("site"));
        site.authorize();
        site.variables.putAll(Cluster.environment(account));
        configure("tokens");
    }

    @AfterEach
    void stop() throws Exception {
        if (site != null) {
            site.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    private void configure(String secret) {
        site.config(AccessPoint.accountSection("acct")
                + AccessPoint.tokenSection("t0", "acct", site.file("tokens/one.token"))
                + "min_lifetime = 60\ntoken_secret = " + secret + "\n");
    }

    private String file() throws Exception {
        return Files.readString(site.file("tokens/one.token")).strip();
    }

    private KubernetesObject stored() throws KubernetesException {
        return api.get(ObjectName.secret(cluster.namespace(), "tokens")).orElseThrow();
    }

    private static String token(KubernetesObject secret) {
        return new String(secret.data("token").orElse(new byte[0]), StandardCharsets.UTF_8);
    }

    private Result renew(int status, String... more) {
        String[] words = new String[more.length + 1];
        words[0] = "renew";
        System.arraycopy(more, 0, words, 1, more.length);
        Result result = site.inProcess(words);
        assertEquals(status, result.status(), result.said());
        return result;
    }

    @Test
    void theTokenReplacesOnlyItsKeyAndIsRestoredWithoutTheIssuer() throws Exception {
        cluster.kubectl("create", "secret", "generic", "tokens", "--from-literal=other=kept");
        cluster.kubectl("label", "secret", "tokens", "app=x");
        cluster.allow("renewer", "tokens", "get,update", "secrets", "tokens");
        Result first = renew(0, "--force");
        assertTrue(first.said().contains("written to Secret tokens#token"), first.said());
        assertEquals(file(), token(stored()));
        assertEquals("kept", new String(stored().data("other").orElseThrow(), StandardCharsets.UTF_8));
        assertEquals(Optional.of("x"), stored().label("app"));
        assertTrue(Instant.parse(
                        stored().annotation("osg-token-renewer/expires-at").orElseThrow())
                .isAfter(Instant.now()));
        int refreshes = site.refreshes();
        String version = stored().resourceVersion();
        renew(0);
        assertEquals(version, stored().resourceVersion());
        cluster.kubectl("patch", "secret", "tokens", "-p", "{\"stringData\":{\"token\":\"null\"}}");
        renew(0);
        assertEquals(file(), token(stored()));
        assertEquals(refreshes, site.refreshes());
    }

    /** Two pods with a token file each, as with several replicas. */
    @Test
    void theTokenOfAnotherPodThatExpiresLaterStays() throws Exception {
        cluster.kubectl("create", "secret", "generic", "tokens");
        cluster.allow("renewer", "tokens", "get,update", "secrets", "tokens");
        renew(0, "--force");
        String ours = file();
        renew(0, "--force");
        String theirs = file();
        assertEquals(theirs, token(stored()), "a renewal is always written");
        String version = stored().resourceVersion();
        Files.writeString(site.file("tokens/one.token"), ours + "\n");
        renew(0);
        assertEquals(theirs, token(stored()));
        assertEquals(version, stored().resourceVersion());
        cluster.kubectl("patch", "secret", "tokens", "-p", "{\"stringData\":{\"token\":\"other\"}}");
        renew(0);
        assertEquals(ours, token(stored()));
    }

    @Test
    void eachMissingRightIsNamedWithACommandThatGivesIt() throws Exception {
        Result noGet = renew(1, "--force");
        assertTrue(
                noGet.said().contains("answered 403 to get Secret " + cluster.namespace() + "/tokens"), noGet.said());
        administrator(noGet);
        Result noCreate = renew(1);
        assertTrue(noCreate.said().contains("answered 403 to create Secret"), noCreate.said());
        administrator(noCreate);
        renew(0);
        assertEquals(file(), token(stored()));
        cluster.kubectl("delete", "role,rolebinding", "--all");
        cluster.allow("renewer", "readonly", "get", "secrets", "tokens");
        Thread.sleep(1_000); // a token that expires in the same second as the one in the Secret would not replace it
        Result noUpdate = renew(1, "--force");
        assertTrue(noUpdate.said().contains("answered 403 to update Secret"), noUpdate.said());
        administrator(noUpdate);
        renew(0);
        assertEquals(file(), token(stored()));
    }

    @Test
    void aSecretHasTheOnlyCopy() throws Exception {
        site.config(AccessPoint.accountSection("acct")
                + "[token t0]\naccount = acct\nmin_lifetime = 60\ntoken_secret = tokens\n");
        int before = site.refreshes();
        String check = site.inProcess("check").said().replaceAll("\\s+", " ");
        for (String verb : new String[] {"get", "update"}) {
            assertTrue(
                    check.contains("system:serviceaccount:" + cluster.namespace() + ":renewer may not " + verb
                            + " Secret " + cluster.namespace() + "/tokens"),
                    check);
        }
        administrator(renew(1));
        Result noCreate = renew(1);
        assertTrue(noCreate.said().contains("may not create Secret"), noCreate.said());
        administrator(noCreate);
        assertEquals(before, site.refreshes(), "the issuer is not asked in vain");
        renew(0);
        assertTrue(JwtClaims.of(token(stored())).isPresent());
        String version = stored().resourceVersion();
        renew(0);
        assertEquals(version, stored().resourceVersion());
        assertEquals(before + 1, site.refreshes());
        cluster.kubectl("patch", "secret", "tokens", "-p", "{\"stringData\":{\"token\":\"null\"}}");
        renew(0);
        assertTrue(JwtClaims.of(token(stored())).isPresent());
        assertEquals(before + 2, site.refreshes());
        assertFalse(site.inProcess("check").said().contains("Secret"));
        assertEquals(0, site.inProcess("status").status());
    }

    /** Runs the command that the program printed. */
    private static void administrator(Result result) throws Exception {
        Matcher command = Pattern.compile(": (kubectl .*)").matcher(result.said());
        assertTrue(command.find(), result.said());
        Process shell =
                new ProcessBuilder("sh", "-c", command.group(1)).inheritIO().start();
        assertEquals(0, shell.waitFor(), command.group(1));
    }

    @Test
    void aFailureOfTheSecretDoesNotStopTheFileAndBothAreTold() throws Exception {
        cluster.allow("renewer", "tokens", "get,update", "secrets", "tokens");
        cluster.kubectlWith(
                "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"tokens\"},\"immutable\":true}",
                "create",
                "-f",
                "-");
        String before = file();
        Result immutable = renew(1, "--force");
        assertFalse(before.equals(file()));
        assertTrue(immutable.said().contains("token t0: renewed"), immutable.said());
        assertTrue(immutable.said().contains("it is immutable"), immutable.said());
        assertTrue(immutable.said().contains("use another Secret in token_secret"), immutable.said());
        Result status = site.inProcess("status", "--json");
        assertTrue(status.said().contains("\"secret_failure\":{\"kind\":\"secret_unusable\""), status.said());
        cluster.kubectl("delete", "secret", "tokens");
        cluster.kubectl("create", "secret", "generic", "tokens");
        renew(0);
        assertEquals(file(), token(stored()));
        assertFalse(site.inProcess("status", "--json").said().contains("secret_failure"));
    }

    @Test
    void outsideAClusterTheFileIsStillRenewed() throws Exception {
        site.variables.remove("KUBERNETES_SERVICE_HOST");
        Result outside = renew(1, "--force");
        assertTrue(outside.said().contains("token t0: renewed"), outside.said());
        assertTrue(outside.said().contains("KUBERNETES_SERVICE_HOST"), outside.said());
    }

    @Test
    void aReaderSeesWholeTokensOnly() throws Exception {
        cluster.kubectl("create", "secret", "generic", "tokens");
        cluster.allow("renewer", "tokens", "get,update", "secrets", "tokens");
        renew(0, "--force");
        AtomicLong reads = new AtomicLong();
        AtomicLong bad = new AtomicLong();
        AtomicLong changes = new AtomicLong();
        Thread reader = new Thread(() -> {
            String last = "";
            while (!Thread.currentThread().isInterrupted()) {
                try {
                    String token = token(stored());
                    if (JwtClaims.of(token).flatMap(JwtClaims::expiresAt).isEmpty()) {
                        bad.incrementAndGet();
                    }
                    if (!token.equals(last)) {
                        changes.incrementAndGet();
                    }
                    last = token;
                    reads.incrementAndGet();
                } catch (KubernetesException e) {
                    // ended, or a read that the server could not answer
                }
            }
        });
        reader.start();
        for (int i = 0; i < RENEWALS; i++) {
            renew(0, "--force");
        }
        reader.interrupt();
        reader.join();
        System.out.println("renewals: " + RENEWALS + ", reads: " + reads + ", of which new: " + changes
                + ", empty or partial: " + bad);
        assertEquals(0, bad.get());
        assertTrue(changes.get() > RENEWALS / 10);
    }
}
