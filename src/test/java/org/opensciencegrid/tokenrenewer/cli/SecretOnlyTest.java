package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/** A token with token_secret and without token_path: the Secret has the only copy. */
class SecretOnlyTest extends WithCluster {
    private int requests;

    @BeforeEach
    void setUp() {
        configure("");
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        assertEquals(0, program.run("renew").status());
    }

    private String token() {
        return cluster.data("tokens", "one");
    }

    @Test
    void theSecretDecidesWhetherItIsDue() {
        String first = token();
        assertTrue(first.startsWith("ey"), first);
        int before = refreshes();
        assertTrue(run(0, "renew").said().contains("not renewing"));
        assertEquals(before, refreshes());
        cluster.put("tokens", cluster.secret("tokens").with("data", JsonObject.NONE.with("one", "bnVsbA==")));
        assertTrue(run(0, "renew").said().contains("> Secret tokens#one"));
        assertFalse(token().equals("null"));
        cluster.delete("tokens");
        run(0, "renew");
        assertTrue(token().startsWith("ey"));
        assertEquals(before + 2, refreshes());
        program.clock.advance(Duration.ofDays(1));
        run(0, "renew");
        assertEquals(before + 3, refreshes());
        assertEquals(0, program.issuer.reuses());
    }

    @Test
    void anOpaqueTokenIsKnownByTheState() {
        program.issuer.policy.opaqueAccessTokens = true;
        run(0, "renew", "--force");
        int before = refreshes();
        run(0, "renew");
        assertEquals(before, refreshes());
        cluster.put("tokens", cluster.secret("tokens").with("data", JsonObject.NONE.with("one", "bnVsbA==")));
        run(0, "renew");
        assertEquals(before + 1, refreshes());
    }

    @Test
    void setupPublishesTheFirstToken() {
        cluster.delete("tokens");
        run(0, "remove", "acct");
        program.config("[token one]\naccount = acct\ntoken_secret = tokens#one\n");
        Result setup = program.setup("--write-config", "--scope=openid offline_access");
        assertEquals(0, setup.status(), setup.said());
        assertTrue(setup.said().contains("> Secret tokens#one"), setup.said());
        assertTrue(token().startsWith("ey"));
    }

    private static final String SCOPE = "--scope=openid offline_access";

    /** A pod before its first setup. */
    private void forget() {
        run(0, "remove", "acct");
        cluster.delete("tokens");
        program.config("");
        requests = program.issuer.requests().size();
    }

    private String account() {
        return "[account acct]\n\npassword_file = " + program.file("acct.pw") + "\n\n";
    }

    @Test
    void oneCommandFromNothingToATokenInASecret() {
        forget();
        Result setup = program.setup(SCOPE, "--write-config", "--token=one", "--token-secret=ns/tokens#one");
        assertEquals(0, setup.status(), setup.said());
        String config = account() + "[token one]\n\naccount = acct\ntoken_secret = ns/tokens#one\n";
        assertEquals(config, program.read("config.ini"));
        assertTrue(setup.out().contains("Added [account acct] and [token one] to "), setup.said());
        assertTrue(setup.out().contains("token one: renewed, expires in "), setup.said());
        assertTrue(token().startsWith("ey"));
        String first = token();
        Result again = program.setup(SCOPE, "--write-config", "--token=one", "--token-secret=ns/tokens#one");
        assertEquals(0, again.status(), again.said());
        assertEquals(config, program.read("config.ini"));
        assertFalse(first.equals(token()));
        Result other = program.setup(SCOPE, "--write-config", "--token=one", "--token-secret=other");
        assertEquals(2, other.status(), other.said());
        assertTrue(other.err().contains("[token one] is there already, and has another token_secret"), other.err());
    }

    @Test
    void setupWritesASecretBesideAFile() throws Exception {
        forget();
        Path file = directory.resolve("one.token");
        Result setup = program.setup(SCOPE, "--write-config", "--token-path=" + file, "--token-secret=tokens");
        assertEquals(0, setup.status(), setup.said());
        assertEquals(
                account() + "[token acct]\n\naccount = acct\ntoken_path = " + file + "\ntoken_secret = tokens\n",
                program.read("config.ini"));
        assertEquals(Files.readString(file).strip(), cluster.data("tokens", "token"));
    }

    @Test
    void setupPrintsTheSecretThatItGets() {
        forget();
        String said = program.setup(SCOPE, "--token-secret=tokens#one").out();
        assertTrue(said.contains("you can choose the token's name and Secret:"), said);
        assertTrue(said.contains("[token acct]\n\naccount = acct\ntoken_secret = tokens#one\n"), said);
    }

    /** Nobody must approve in vain. */
    @Test
    void setupAsksNobodyWhileTheSecretCannotBeWritten() {
        forget();
        cluster.denied.add("update secrets/tokens");
        assertRefusedBeforeItAsks("may not update Secret ns/tokens", "--token-secret=tokens#one");
        assertRefusedBeforeItAsks(
                "may not update Secret ns/tokens",
                "--token-secret=tokens#one",
                "--token-path=" + directory.resolve("one.token"));
        cluster.denied.clear();
        cluster.put("tokens", JsonObject.NONE.with("immutable", true).with("type", "Opaque"));
        assertRefusedBeforeItAsks("it is immutable", "--token-secret=tokens#one");
        cluster.status = 503;
        assertRefusedBeforeItAsks("answered 503", "--token-secret=tokens#one");
        cluster.status = 0;
        program.variables.remove("KUBERNETES_SERVICE_HOST");
        assertRefusedBeforeItAsks("KUBERNETES_SERVICE_HOST", "--token-secret=tokens#one");
    }

    private void assertRefusedBeforeItAsks(String reason, String... options) {
        List<String> line = new ArrayList<>(List.of(SCOPE, "--write-config"));
        line.addAll(List.of(options));
        Result setup = program.setup(line.toArray(String[]::new));
        assertEquals(2, setup.status(), setup.said());
        assertTrue(setup.err().contains("token_secret tokens#one: "), setup.err());
        assertTrue(setup.err().contains(reason), setup.err());
        assertEquals(requests, program.issuer.requests().size(), "the issuer is not asked");
        assertEquals("", program.read("config.ini"));
    }

    @Test
    void setupRefusesANameThatKubernetesDoesNotAllow() {
        forget();
        for (String name : new String[] {"A_B", "tokens#a:b", "osg-token-renewer-account-acct"}) {
            for (String more : new String[] {"--write-config", "--no-qr"}) {
                Result setup = program.setup(SCOPE, more, "--token-secret=" + name);
                assertEquals(2, setup.status(), setup.said());
                assertTrue(setup.err().startsWith("--token-secret '" + name + "' "), setup.err());
            }
        }
        assertEquals(requests, program.issuer.requests().size(), "the issuer is not asked");
    }

    @Test
    void setupOfAServiceChecksItsSecretFirst() {
        forget();
        program.issuer.addClient(
                "host:demo",
                "s3cret",
                "client_secret_basic",
                List.of(Policy.CLIENT_CREDENTIALS),
                List.of("compute.read"));
        program.secret("secret", "s3cret");
        String[] line = {
            "setup",
            "--client-credentials",
            "--issuer=" + program.issuer.issuer(),
            "--client-id=host:demo",
            "--client-secret-file=" + program.file("secret"),
            "--ca-file=" + program.file("ca.pem"),
            "--scope=compute.read",
            "--write-config",
            "--token-secret=tokens#one",
            "acct"
        };
        cluster.denied.add("create secrets");
        Result refused = run(2, line);
        assertTrue(refused.err().contains("kubectl --namespace ns create secret generic tokens"), refused.err());
        assertEquals(requests, program.issuer.requests().size(), "the issuer is not asked");
        cluster.denied.clear();
        run(0, line);
        assertTrue(token().startsWith("ey"));
    }

    @Test
    void statusReadsTheSecret() {
        String json = run(0, "status", "--json").out();
        assertTrue(json.contains("\"secret\":\"tokens#one\""), json);
        assertTrue(json.contains("\"on_disk\":\"token\""), json);
        assertFalse(json.contains("\"path\""), json);
        assertTrue(run(0, "status", "--long").said().contains("Secret tokens#one"));
        assertEquals(token(), run(0, "token", "one").out().strip());
        cluster.delete("tokens");
        assertTrue(run(1, "status").said().contains("no token"));
        assertTrue(run(1, "token", "one").said().contains("no token in Secret tokens#one"));
        cluster.status = 503;
        String unreadable = run(0, "status", "--json").out();
        assertTrue(unreadable.contains("\"on_disk\":\"unreadable\""), unreadable);
    }

    /** A request would use up a refresh token for a token that nobody gets. */
    @Test
    void theIssuerIsNotAskedWhileTheSecretCannotBeWritten() {
        int before = refreshes();
        for (String right : new String[] {"get secrets/tokens", "update secrets/tokens"}) {
            cluster.denied.add(right);
            String verb = right.substring(0, right.indexOf(' '));
            for (String[] words : new String[][] {{"renew", "--force"}, {"renew", "--force", "--dry-run"}, {"check"}}) {
                Result result = program.run(words);
                assertTrue(result.said().contains(verb + " Secret ns/tokens"), result.said());
                assertTrue(
                        result.said().contains("--serviceaccount=ns:renewer")
                                && result.said()
                                        .contains("--verb=get,update --resource=secrets --resource-name=tokens"),
                        result.said());
            }
            assertEquals(1, program.run("renew", "--force").status());
            assertEquals(1, program.run("check").status());
            String status = run(1, "status").said().replaceAll("\\s+", " ");
            assertTrue(status.contains("may not " + verb + " Secret ns/tokens"), status);
            cluster.denied.clear();
        }
        cluster.delete("tokens");
        cluster.denied.add("create secrets");
        Result create = run(1, "renew");
        assertTrue(create.said().contains("may not create Secret ns/tokens"), create.said());
        assertTrue(create.said().contains("kubectl --namespace ns create secret generic tokens"), create.said());
        cluster.denied.clear();
        for (String write : new String[] {"create secrets", "update secrets/tokens"}) {
            cluster.rejected.add(write);
            String rejected = run(1, "renew").said();
            assertTrue(rejected.contains("admission webhook") && rejected.contains("denied the request"), rejected);
            assertTrue(run(1, "check").said().contains("admission webhook"));
            cluster.put("tokens", JsonObject.NONE.with("type", "Opaque"));
        }
        cluster.rejected.clear();
        cluster.put("tokens", JsonObject.NONE.with("immutable", true).with("type", "Opaque"));
        assertTrue(run(1, "renew").said().contains("it is immutable"));
        assertTrue(run(1, "check").said().contains("it is immutable"));
        cluster.delete("tokens");
        cluster.status = 503;
        assertTrue(run(1, "renew").said().contains("answered 503"));
        cluster.status = 0;
        program.variables.remove("KUBERNETES_SERVICE_HOST");
        assertTrue(run(1, "renew", "--strict").said().contains("KUBERNETES_SERVICE_HOST"));
        assertTrue(run(1, "check").said().contains("KUBERNETES_SERVICE_HOST"));
        assertEquals(before, refreshes());
        program.variables.putAll(cluster.variables());
        run(0, "renew");
        assertEquals(before + 1, refreshes());
        run(0, "status");
    }

    /** A read that fails says nothing about the token. */
    @Test
    void anOutageOfTheApiServerDoesNotMakeAFreshTokenDue() {
        int before = refreshes();
        for (int status : new int[] {503, -1}) {
            cluster.status = status;
            assertTrue(run(0, "renew").said().contains("not renewing"));
            cluster.status = 0;
            run(0, "renew");
            assertEquals(before, refreshes());
        }
        cluster.status = 503;
        program.clock.advance(Duration.ofDays(1));
        assertTrue(run(1, "renew").said().contains("answered 503"));
        assertEquals(before, refreshes());
    }

    /** Several pods with accounts of their own: this one was not the last to renew. */
    @Test
    void aTokenThatAnotherPodHasPublishedIsNoSignOfABackup() {
        long issued = program.clock.instant().plusSeconds(3600).getEpochSecond();
        String claims = "{\"iss\":\"" + program.issuer.issuer() + "\",\"sub\":\"alice\",\"iat\":" + issued + ",\"exp\":"
                + (issued + 300) + "}";
        String token = "e30."
                + Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(StandardCharsets.UTF_8))
                + ".c2ln";
        String data = Base64.getEncoder().encodeToString(token.getBytes(StandardCharsets.UTF_8));
        cluster.put("tokens", cluster.secret("tokens").with("data", JsonObject.NONE.with("one", data)));
        program.clock.advance(Duration.ofDays(1));
        assertTrue(run(0, "renew").said().contains("> Secret tokens#one"));
        assertFalse(token().equals(token));
    }

    @Test
    void aDryRunReportsASecretThatCannotBeWrittenBesideAFile() throws Exception {
        program.config(SiteDirectory.accountSection("acct") + SiteDirectory.tokenSection("one", "acct", "DIR/one.token")
                + "token_secret = tokens#one\n");
        run(0, "renew");
        assertEquals(Files.readString(directory.resolve("one.token")).strip(), token());
        cluster.denied.add("update secrets/tokens");
        String said = run(0, "renew", "--dry-run").said();
        assertTrue(said.contains("would be renewed") && said.contains("may not update Secret ns/tokens"), said);
        assertTrue(run(1, "check").said().contains("may not update Secret ns/tokens"));
    }

    @Test
    void postRenewalGetsTheNameOfTheSecret() throws Exception {
        Path hook = directory.resolve("hook");
        Files.writeString(hook, "#!/bin/sh\necho \"$TOKEN_SECRET ${TOKEN_PATH-none}\" > " + directory + "/seen\n");
        hook.toFile().setExecutable(true);
        configure("post_renewal = " + hook + "\n");
        run(0, "renew", "--force");
        assertEquals("tokens#one none\n", Files.readString(directory.resolve("seen")));
    }

    @Test
    void metricsShowWhenItExpires() throws Exception {
        run(0, "renew", "--metrics-file=" + directory.resolve("metrics"));
        String metrics = Files.readString(directory.resolve("metrics"));
        assertTrue(
                metrics.contains("osg_token_renewer_token_expiry_timestamp_seconds{account=\"acct\",token=\"one\"} 1"),
                metrics);
    }
}
