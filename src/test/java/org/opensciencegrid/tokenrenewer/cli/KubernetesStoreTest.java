package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/** Commands with accounts in a cluster; {@code KubernetesStoreRing} has faults and a real API server. */
class KubernetesStoreTest extends WithCluster {
    private static final String ACCOUNT = "osg-token-renewer-account-acct";

    @BeforeEach
    void setUp() {
        program.variables.put("OSG_TOKEN_RENEWER_STORE", "kubernetes");
        program.variables.put("HOSTNAME", "pod-0");
        configure("");
        program.variables.put("RUNTIME_DIRECTORY", program.file("run").toString());
        Result setup = program.setup("--scope=openid offline_access");
        assertEquals(0, setup.status(), setup.said());
    }

    private Optional<String> annotation(String name) {
        return cluster.secret(ACCOUNT).member("metadata").member("annotations").string("osg-token-renewer/" + name);
    }

    @Test
    void nothingOfTheAccountIsInFiles() throws Exception {
        run(0, "renew");
        run(0, "status");
        run(0, "renew", "--force");
        assertFalse(Files.exists(program.file("state")), "with token_secret alone, a pod needs no volume");
        assertEquals(Optional.of("3"), annotation("asked"), "setup and two renewals");
        assertEquals(Optional.of("3"), annotation("answered"));
        assertEquals(Optional.empty(), annotation("intent"));
        String stored = cluster.secret(ACCOUNT).toJson()
                + cluster.secret("osg-token-renewer-state-acct").toJson();
        for (String secret : program.issuer.secrets()) {
            assertFalse(stored.contains(secret), "encrypted");
        }
        assertEquals(0, program.issuer.reuses());
    }

    /** Another pod finds a token that is fresh, in a Secret and with a state that both share. */
    @Test
    void anotherPodDoesNotRenewAFreshToken() {
        run(0, "renew");
        int before = refreshes();
        program.variables.put("HOSTNAME", "pod-1");
        assertTrue(run(0, "renew").said().contains("not renewing"));
        assertEquals(before, refreshes());
    }

    /** An issuer that does not rotate gives nothing to save. The record must be saved nevertheless, or the doubt stays. */
    @Test
    void anIntentThatWasLeftIsRemovedByASaveEvenIfTheIssuerDoesNotRotate() {
        program.issuer.policy.rotate = false;
        run(0, "renew");
        JsonObject secret = cluster.secret(ACCOUNT);
        JsonObject metadata = secret.member("metadata");
        JsonObject annotations = metadata.member("annotations")
                .with("osg-token-renewer/intent", "dead at 2026-11-26T10:00:00Z")
                .with("osg-token-renewer/asked", "3");
        cluster.put(ACCOUNT, secret.with("metadata", metadata.with("annotations", annotations)));
        run(0, "renew", "--force");
        assertEquals(Optional.empty(), annotation("intent"));
        assertEquals(annotation("asked"), annotation("answered"));
        String after = cluster.data(ACCOUNT, "account");
        run(0, "renew", "--force");
        assertEquals(after, cluster.data(ACCOUNT, "account"), "without a doubt, nothing is saved");
    }

    /** The run that was interrupted may have a newer refresh token in its pod, which the save must not make old. */
    @Test
    void anAccountInDoubtKeepsItsIntentIfAKeyIsSent() {
        run(0, "renew");
        JsonObject secret = cluster.secret(ACCOUNT);
        JsonObject metadata = secret.member("metadata");
        JsonObject annotations = metadata.member("annotations")
                .with("osg-token-renewer/intent", "dead at 2026-11-26T10:00:00Z")
                .with("osg-token-renewer/asked", "3");
        cluster.put(ACCOUNT, secret.with("metadata", metadata.with("annotations", annotations)));
        program.issuer.clearRecords();
        Result sent = run(
                1,
                "client-key",
                "--add",
                "--send=acct",
                program.file("client.key").toString());
        assertTrue(sent.err().contains("a run was interrupted while it asked the issuer"), sent.err());
        assertEquals(0, program.issuer.requests().size());
        assertEquals(Optional.of("dead at 2026-11-26T10:00:00Z"), annotation("intent"));
        assertEquals(Optional.of("2"), annotation("answered"));
        run(0, "renew", "--force");
        run(0, "client-key", "--send=acct", program.file("client.key").toString());
        assertEquals(Optional.empty(), annotation("intent"));
    }

    @Test
    void theIssuerIsNotAskedIfTheIntentCannotBeWritten() {
        run(0, "renew");
        int before = refreshes();
        cluster.denied.add("update secrets/" + ACCOUNT);
        Result renew = run(1, "renew", "--force");
        assertTrue(renew.said().contains("answered 403 to update Secret ns/" + ACCOUNT), renew.said());
        assertTrue(renew.said().contains("--verb=update --resource=secrets --resource-name=" + ACCOUNT), renew.said());
        assertTrue(run(1, "check").said().contains("--serviceaccount=ns:renewer"));
        assertEquals(before, refreshes());
        cluster.denied.clear();
        run(0, "renew", "--force");
        assertEquals(0, program.issuer.reuses());
    }

    /** Without rotation, only the access token of the account is saved: the next run can request another one. */
    @Test
    void noRunWaitsUntilAnExchangedTokenIsSaved() {
        configure("exchange = yes\n");
        program.issuer.policy.tokenExchange = true;
        program.issuer.policy.rotate = false;
        for (String client : program.issuer.registeredClients()) {
            program.issuer.addGrant(client, Policy.TOKEN_EXCHANGE);
        }
        int before = refreshes();
        cluster.onRequest = request -> {
            if (refreshes() > before) {
                cluster.denied.add("update secrets/" + ACCOUNT);
            }
        };
        assertTimeoutPreemptively(Duration.ofMinutes(1), () -> run(0, "renew"));
        cluster.onRequest = request -> {};
        cluster.denied.clear();
        run(0, "renew", "--force");
        assertEquals(before + 2, refreshes());
        run(0, "renew", "--force");
        assertEquals(before + 2, refreshes(), "now it is saved");
        assertEquals(Optional.empty(), annotation("intent"));
    }

    @Test
    void setupTellsThatItReplacesAnAccountOfTheCluster() {
        Result again = program.setup("--scope=openid offline_access");
        String said = again.said().replaceAll("\\s+", " ");
        assertTrue(said.contains("Account acct is set up already, authorized"), said);
        run(0, "remove", "acct");
        assertFalse(program.setup("--scope=openid offline_access").said().contains("is set up already"));
    }

    private void onSave(Runnable action) {
        int before = refreshes();
        AtomicBoolean isDone = new AtomicBoolean();
        cluster.onRequest = request -> {
            if (request.startsWith("PUT") && request.endsWith("secrets/" + ACCOUNT) && refreshes() > before) {
                if (isDone.compareAndSet(false, true)) {
                    action.run();
                }
            }
        };
    }

    /** The API server was away for longer than the new token lives. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aTokenThatExpiresWhileTheRefreshTokenIsSavedIsNotPublished(boolean isOpaque) {
        run(0, "renew");
        String before = cluster.secret("tokens").toJson();
        program.issuer.policy.opaqueAccessTokens = isOpaque;
        onSave(() -> program.sleeper.pass(Duration.ofDays(2)));
        Result renew = run(1, "renew", "--force");
        assertTrue(renew.said().contains("not valid"), renew.said());
        assertEquals(before, cluster.secret("tokens").toJson());
        run(0, "renew");
        assertEquals(0, program.issuer.reuses());
    }

    /** This run stopped for longer than its lease, and the next one saved the answer to a later request. */
    @Test
    void aTokenWhoseRefreshTokenIsSupersededIsNotPublished() {
        run(0, "renew");
        String before = cluster.secret("tokens").toJson();
        onSave(() -> {
            JsonObject secret = cluster.secret(ACCOUNT);
            JsonObject metadata = secret.member("metadata");
            JsonObject annotations = metadata.member("annotations")
                    .with("osg-token-renewer/asked", "4")
                    .with("osg-token-renewer/answered", "4");
            cluster.put(ACCOUNT, secret.with("metadata", metadata.with("annotations", annotations)));
        });
        Result renew = run(1, "renew", "--force");
        assertTrue(renew.said().contains("another run"), renew.said());
        assertEquals(before, cluster.secret("tokens").toJson());
    }

    @Test
    void setupSuggestsASecretForTheTokenUnlessItGetsAPath() {
        program.config(SiteDirectory.accountSection("acct"));
        String said = program.setup("--scope=openid offline_access").said();
        assertTrue(said.contains("token_secret = osg-tokens#acct"), said);
        assertTrue(said.contains("you can choose the token's name and Secret:"), said);
        assertFalse(said.contains("token_path"), said);
        Path file = directory.resolve("acct.token");
        said = program.setup("--scope=openid offline_access", "--token-path=" + file)
                .said();
        assertTrue(said.contains("token_path = " + file), said);
        assertFalse(said.contains("token_secret"), said);
    }

    @Test
    void setupChecksTheSecretOfItsFirstTokenBeforeAnybodyApproves() {
        cluster.denied.add("get secrets/osg-tokens");
        int before = program.issuer.requests().size();
        Result setup = program.setup("--scope=openid offline_access", "--write-config", "--token=two");
        assertEquals(2, setup.status(), setup.said());
        assertTrue(setup.err().contains("may not get Secret ns/osg-tokens"), setup.err());
        assertEquals(before, program.issuer.requests().size());
    }

    @Test
    void theRequestsOfARenewal() {
        run(0, "renew");
        cluster.requests.clear();
        run(0, "renew", "--force");
        assertEquals("""
                GET secrets/osg-token-renewer-state-acct
                GET leases/osg-token-renewer-account-acct
                PUT leases/osg-token-renewer-account-acct
                GET secrets/osg-token-renewer-state-acct
                GET secrets/osg-token-renewer-account-acct
                GET secrets/tokens
                GET secrets/tokens
                PUT secrets/tokens
                PUT secrets/osg-token-renewer-account-acct
                PUT secrets/osg-token-renewer-account-acct
                GET secrets/tokens
                PUT secrets/tokens
                GET secrets/osg-token-renewer-state-acct
                PUT secrets/osg-token-renewer-state-acct
                PUT leases/osg-token-renewer-account-acct
                """, String.join("\n", cluster.requests).replaceAll("/api\\S*/ns/", "") + "\n");
    }
}
