package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.failure.Failure.Kind;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Granted;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Runs with an issuer that works: which requests are sent, in what order, and what is on disk afterwards. */
class RenewalRunTest extends SiteTest {
    private static final Granted AS_ASKED = new Granted(List.of(), List.of(), List.of(), List.of(), false);

    // How many

    @Test
    void withoutTokensARunIsOnlyCounted() throws IOException {
        site.authorize("acct");

        assertEquals(List.of(), renew());

        assertEquals(0, site.issuer.requests().size());
        try (Stream<Path> files = Files.list(directory.resolve("state"))) {
            assertEquals(List.of(directory.resolve("state/.last-run")), files.toList());
        }
    }

    @Test
    void oneTokenIsRenewed() throws Exception {
        site.authorize("acct");
        site.token("t", "acct");
        String before = site.refreshToken("acct");

        Renewed outcome = renewed(remember(List.of(site.renewOne())).get(0));

        String token = site.onDisk("t").strip();
        JwtClaims claims = JwtClaims.of(token).orElseThrow();
        assertEquals(token + "\n", site.onDisk("t"));
        assertEquals(Optional.of(Site.SUBJECT), claims.subject());
        assertEquals(directory.resolve("tokens/t").toString(), outcome.place());
        assertEquals(claims.expiresAt(), outcome.expiresAt());
        assertEquals(AS_ASKED, outcome.granted());
        assertEquals(1, site.requests());
        assertNotEquals(before, site.refreshToken("acct"));
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        assertFalse(site.issuer.requests("/token").get(0).form().containsKey("scope"), "no scope, no parameter");
    }

    @Test
    void whatStatusWillSayIsInTheState() {
        site.authorize("acct");
        site.token("t", "acct").scope("compute.read").audience("https://ce.example.org");

        renew();

        var now = site.now().truncatedTo(ChronoUnit.SECONDS);
        TokenState token = site.state("acct", "t");
        assertEquals(directory.resolve("tokens/t").toString(), token.path());
        assertEquals(Optional.of(now), token.renewedAt());
        assertEquals(Optional.of(now), token.triedAt());
        assertEquals(Optional.of(now.plusSeconds(300)), token.expiresAt());
        assertEquals(List.of("compute.read"), token.requestedScope());
        assertEquals(List.of("compute.read"), token.grantedScope());
        assertEquals(List.of("https://ce.example.org"), token.requestedAudience());
        assertEquals(List.of("https://ce.example.org"), token.grantedAudience());
        assertEquals(Optional.empty(), token.failure());
        assertEquals(Optional.of(Fingerprint.of(site.onDisk("t").strip())), token.fingerprint());
        assertEquals(Optional.of(site.issuer.issuer()), site.state("acct").issuer());
        assertEquals(Optional.of("client-acct"), site.state("acct").clientId());
        assertEquals(Optional.of(Site.SUBJECT), site.state("acct").subject());
        assertEquals(Site.SCOPE, site.state("acct").scope());
        assertEquals(1, site.state("acct").rotations());

        force();
        assertEquals(2, site.state("acct").rotations());
    }

    @Test
    void theTokensOfAnAccountAreAChainInOneRequestEach() {
        site.authorize("acct");
        for (int i = 1; i <= 5; i++) {
            site.token("t" + i, "acct");
        }
        String first = site.refreshToken("acct");
        int before = site.issuer.connections();

        assertEquals("t1 renewed, t2 renewed, t3 renewed, t4 renewed, t5 renewed", words(renew()));

        List<String> sent = site.sent();
        assertEquals(5, sent.size());
        assertEquals(first, sent.get(0));
        assertEquals(5, new HashSet<>(sent).size());
        assertFalse(sent.contains(site.refreshToken("acct")), "RT6 is kept");
        assertEquals(0, site.issuer.reuses());
        assertEquals(5, site.state("acct").rotations());
        assertEquals(before + 1, site.issuer.connections());
    }

    @Test
    void outcomesComeInTheOrderOfTheConfigFile() {
        List<String> names = new ArrayList<>();
        for (String account : List.of("b", "a", "c")) {
            site.authorize(account);
        }
        for (int i = 0; i < 9; i++) {
            String account = List.of("c", "a", "b").get(i * 2 % 3);
            site.token("t" + (9 - i), account);
            names.add("t" + (9 - i) + " renewed");
        }

        assertEquals(String.join(", ", names), words(renew()));

        assertEquals(9, site.requests());
        assertEquals(0, site.issuer.reuses());
    }

    @Test
    void aBugInTheWorkOnOneAccountHidesNoOther() {
        for (String account : List.of("a", "b", "c")) {
            site.authorize(account);
            site.token("of " + account, account);
        }
        RenewalRun run = site.run().withProgress((account, done, due) -> {
            if (account.equals("b")) {
                throw new IllegalStateException("a bug");
            }
        });
        List<Outcome> outcomes = new ArrayList<>();

        run.run(site.config(), new RenewalRun.Selection(Set.of(), Set.of(), false), outcomes::add);

        remember(outcomes);
        renewed(outcomes.get(0));
        String why = failed(Kind.INTERNAL, outcomes.get(1)).failure().detail();
        assertTrue(why.contains("IllegalStateException: a bug at org.opensciencegrid"), why);
        renewed(outcomes.get(2));
    }

    /** Both requests must be at the issuer at the same time, otherwise the barrier breaks and both fail. */
    @Test
    void accountsAreRenewedAtTheSameTime() {
        CyclicBarrier both = new CyclicBarrier(2);
        site.authorize("a");
        site.authorize("b");
        site.token("t1", "a");
        site.token("t2", "b");
        site.issuer.fault(onRefresh().times(2).rewrite(body -> {
            try {
                both.await(10, TimeUnit.SECONDS);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            return body;
        }));

        assertEquals("t1 renewed, t2 renewed", words(renew()));
        assertFalse(both.isBroken());
    }

    /** The first two workers wait until all accounts have sent a request, which needs more workers. */
    @Test
    @Tag("slow")
    void anAccountThatWaitsHoldsUpNoOtherOfItsIssuer() {
        CountDownLatch all = new CountDownLatch(5);
        for (int i = 0; i < 5; i++) {
            site.authorize("a" + i);
            site.token("t" + i, "a" + i);
        }
        site.issuer.fault(onRefresh().always().rewrite(body -> {
            all.countDown();
            try {
                assertTrue(all.await(14, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return body;
        }));

        assertEquals("t0 renewed, t1 renewed, t2 renewed, t3 renewed, t4 renewed", words(renew()));
        assertEquals(5, site.requests());
    }

    @Test
    void noRenewalBeginsWhenTheRunHasToEnd() {
        site.authorize("a");
        site.authorize("b");
        site.token("t", "a");
        site.token("u", "b");
        assertEquals("t renewed, u renewed", words(site.force()));
        site.issuer.clearRecords();
        site.begin = Duration.ZERO;

        List<Outcome> outcomes = site.force();

        assertEquals("t OUT_OF_TIME unasked, u OUT_OF_TIME unasked", words(outcomes));
        assertEquals(0, site.requests());
        site.begin = Duration.ofDays(1);
        assertEquals("t renewed, u renewed", words(renew()), "the next run goes on");
    }

    /** Whatever the cause, the other accounts report their outcomes and the run ends. */
    @Test
    void aRenewalThatDoesNotEndIsNotWaitedForWithoutEnd() throws Exception {
        CountDownLatch end = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(2);
        site.authorize("a");
        site.authorize("b");
        site.token("t", "a");
        site.token("u", "b");
        site.runs = Duration.ZERO;
        List<Outcome> outcomes = new ArrayList<>();
        RenewalRun run = site.run().withProgress((account, done, due) -> {
            if (account.equals("a") && done == 0) {
                try {
                    end.await();
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            } else if (account.equals("a")) {
                ended.countDown();
            }
        });

        run.run(site.config(), new RenewalRun.Selection(Set.of(), Set.of(), false), outcomes::add);
        end.countDown();
        assertTrue(ended.await(60, TimeUnit.SECONDS));

        assertEquals(
                Kind.OUT_OF_TIME,
                failed(Kind.OUT_OF_TIME, outcomes.get(0)).failure().kind());
        renewed(outcomes.get(1));
    }

    /** A thousand such accounts at one silent issuer would exceed the time of the run. */
    @Test
    void whatAccountsFindOfAnIssuerCountsForThoseThatWereNeverRenewed() {
        for (String account : List.of("a", "b", "c")) {
            site.authorize(account);
            site.token("of " + account, account);
        }
        site.issuer.fault(onRefresh().always().respond(503, null, null));
        site.sleeper.haste = 200; // one account repeats its request for more than three minutes
        RenewalRun run = site.run();
        List<Outcome> outcomes = new ArrayList<>();

        for (String account : List.of("a", "b", "c")) {
            run.run(site.config(), new RenewalRun.Selection(Set.of(), Set.of(account), false), outcomes::add);
        }

        assertTrue(failed(Kind.ISSUER_TROUBLE, outcomes.get(1)).wasRequested());
        assertFalse(failed(Kind.ISSUER_TROUBLE, outcomes.get(2)).wasRequested());
    }

    @Test
    void anIssuerNeverSeesTwoRequestsOfOneAccountAtATime() {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        site.authorize("acct");
        for (int i = 0; i < 8; i++) {
            site.token("t" + i, "acct");
        }
        site.issuer.fault(onRefresh().always().rewrite(body -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            Thread.yield();
            now.decrementAndGet();
            return body;
        }));

        renew();

        assertEquals(1, most.get());
        assertEquals(0, site.issuer.reuses());
    }

    @Tag("slow")
    @Test
    void moreAccountsThanWorkersAreAllRenewed() {
        for (int i = 0; i < 20; i++) {
            site.authorize("a" + i);
            site.token("t" + i, "a" + i);
        }

        List<Outcome> outcomes = renew();

        assertEquals(20, outcomes.stream().filter(Renewed.class::isInstance).count(), words(outcomes));
    }

    // Which tokens

    @Tag("slow")
    @Test
    void aTokenCostsOneRequestAndConnectionsAreShared() {
        int accounts = 48;
        for (int i = 0; i < accounts; i++) {
            site.authorize("acct" + i);
            site.token("t" + i, "acct" + i).minLifetime(60);
        }
        site.issuer.fault(Fault.on("/token").always().delayBefore(Duration.ofMillis(50)));
        int before = site.issuer.connections();

        renew();

        assertEquals(accounts, site.issuer.count("/token"));
        assertEquals(accounts, site.issuer.requests().size(), "nothing else is asked");
        int connections = site.issuer.connections() - before;
        assertTrue(connections > 4, "a slow issuer is asked by many at once: " + connections);
        assertTrue(connections <= IssuerQueue.MAX_WORKERS, connections + " connections for " + accounts + " accounts");

        AtomicInteger opened = new AtomicInteger();
        site.whileOpening = opened::incrementAndGet;
        renew();

        assertEquals(accounts, site.issuer.requests().size(), "nothing is due");
        assertEquals(before + connections, site.issuer.connections());
        assertEquals(0, opened.get(), "no account was decrypted");
    }

    @Test
    void tokensAndAccountsCanBeSelected() {
        site.authorize("a");
        site.authorize("b");
        site.token("t1", "a");
        site.token("t2", "b");
        site.token("t3", "a");

        assertEquals("t3 renewed", words(renew(Set.of("t3"), Set.of(), false)));
        assertEquals("t2 renewed", words(renew(Set.of(), Set.of("b"), false)));
        assertEquals("t1 renewed, t3 renewed", words(renew(Set.of(), Set.of("a"), false)));
        assertEquals("", words(renew(Set.of("t1"), Set.of("b"), false)));
        assertEquals("t1 renewed, t2 renewed", words(renew(Set.of("t1", "t2"), Set.of("a", "b"), false)));
        assertEquals(6, site.requests());
    }

    @Test
    void theStateOfTokensThatAreNotSelectedStays() {
        site.authorize("acct");
        site.token("t1", "acct").minLifetime(100);
        site.token("t2", "acct").minLifetime(100);
        renew();
        String second = site.onDisk("t2");

        assertEquals("t1 renewed", words(renew(Set.of("t1"), Set.of(), true)));

        assertEquals(second, site.onDisk("t2"));
        assertEquals("t1 fresh, t2 fresh", words(renew()));
    }

    // Requested and granted rights

    @Test
    void scopeAndAudienceOfTheSectionAreAskedFor() {
        site.authorize("acct");
        site.token("t1", "acct").scope("compute.read", "storage.read:/").audience("https://a", "https://b");
        site.token("t2", "acct");

        List<Outcome> outcomes = renew();

        var first = site.issuer.requests("/token").get(0);
        assertEquals("compute.read storage.read:/", first.parameter("scope"));
        assertEquals("https://a https://b", first.parameter("audience"), "as setup did not name them");
        JwtClaims claims = JwtClaims.of(site.onDisk("t1").strip()).orElseThrow();
        assertEquals(Set.of("compute.read", "storage.read:/"), Set.copyOf(claims.scope()));
        assertEquals(List.of("https://a", "https://b"), claims.audience());
        assertEquals(AS_ASKED, renewed(outcomes.get(0)).granted());
        assertEquals(
                Set.copyOf(Site.SCOPE),
                Set.copyOf(JwtClaims.of(site.onDisk("t2").strip()).orElseThrow().scope()));
    }

    @Test
    void whatIsGrantedBesidesTheQuestionIsSaid() {
        site.authorize("acct");
        site.token("t", "acct")
                .scope("compute.read", "compute.unheard", "openid")
                .audience("https://a", "https://b");
        site.issuer.policy.dropsWiderScope = true;
        site.issuer.policy.audienceParameter = Policy.AudienceParameter.IGNORED;

        Granted lesser = renewed(renew().get(0)).granted();
        assertEquals(List.of("compute.unheard"), lesser.missingScope());
        assertEquals(List.of(), lesser.extraScope());
        assertEquals(List.of("https://a", "https://b"), lesser.missingAudience());

        site.issuer.policy.ignoresNarrowing = true;
        Granted wider = renewed(renew().get(0)).granted();
        assertEquals(List.of("compute.unheard"), wider.missingScope());
        assertEquals(List.of("storage.read:/", "compute.create"), wider.extraScope());
        assertEquals(Set.copyOf(Site.SCOPE), Set.copyOf(site.state("acct", "t").grantedScope()));
    }

    @Test
    void ofAnOpaqueTokenNothingIsClaimed() {
        site.authorize("acct");
        site.token("t", "acct").scope("compute.read").audience("https://a");
        site.issuer.policy.opaqueAccessTokens = true;
        site.issuer.policy.sendScopeInAnswer = false;

        Renewed outcome = renewed(renew().get(0));

        assertEquals(AS_ASKED, outcome.granted());
        assertEquals(Optional.of(site.now().plusSeconds(300)), outcome.expiresAt());
        assertEquals(List.of(), site.state("acct", "t").grantedScope());
    }

    @Test
    void anIssuerThatDoesNotRotateIsFine() {
        site.authorize("acct");
        site.token("t1", "acct");
        site.token("t2", "acct");
        site.issuer.policy.rotate = false;
        byte[] before = Site.bytes(site.accountFile("acct"));
        for (boolean repeat : List.of(true, false)) {
            site.issuer.policy.repeatUnrotated = repeat;

            assertEquals("t1 renewed, t2 renewed", words(renew()));

            assertTrue(Arrays.equals(before, Site.bytes(site.accountFile("acct"))), "not written");
            assertFalse(Files.exists(directory.resolve("accounts/acct.account.next")), "the space is given back");
        }
        assertEquals(0, site.state("acct").rotations());
    }

    @Test
    void onlyTheRefreshTokenOfAnAccountChanges() {
        site.authorize("acct");
        site.token("t", "acct");
        Account before = site.account("acct");

        renew();

        Account after = site.account("acct");
        assertEquals(before.client(), after.client());
        assertEquals(before.scope(), after.scope());
        assertEquals(before.identity(), after.identity());
        assertEquals(before.authorizedAt(), after.authorizedAt());
        assertNotEquals(before.refreshToken(), after.refreshToken());
    }

    @ParameterizedTest
    @ValueSource(strings = {"basic", "basic_raw", "post", "none"})
    void theSectionMayOverruleHowTheClientProvesItself(String word) {
        site.authorize("acct");
        site.token("t", "acct");
        site.section("acct", ClientAuth.of(word));
        site.issuer.addClient(
                "client-acct",
                word.equals("none") ? null : "plain-s3cret",
                word.equals("none") ? "none" : word.equals("post") ? "client_secret_post" : "client_secret_basic",
                List.of(Policy.REFRESH_TOKEN),
                Site.SCOPE);
        if (!word.equals("none")) {
            site.save("acct", withSecret(site.account("acct"), "plain-s3cret"));
        }

        assertEquals("t renewed", words(renew()));

        var request = site.issuer.requests("/token").get(0);
        assertEquals(word.startsWith("basic"), request.header("Authorization") != null);
        assertEquals(word.equals("post"), request.form().containsKey("client_secret"));
    }

    private static Account withSecret(Account account, String secret) {
        String json = new String(account.encode(), StandardCharsets.UTF_8);
        return Account.decode(json.replace(Site.CLIENT_SECRET, secret).getBytes(StandardCharsets.UTF_8));
    }

    // Who authorized

    @Test
    void aTokenOfSomebodyElseIsNotPublishedAndItsRefreshTokenIsKept() {
        site.authorize("acct");
        site.token("t1", "acct");
        site.token("t2", "acct");
        renew();
        String published = site.onDisk("t1");
        site.issuer.policy.idTokenSubject = "mallory";

        List<Outcome> outcomes = renew();

        assertEquals("t1 IDENTITY_CHANGED, t2 IDENTITY_CHANGED", words(outcomes));
        assertTrue(failed(Kind.IDENTITY_CHANGED, outcomes.get(0))
                .failure()
                .detail()
                .contains("mallory"));
        assertEquals(published, site.onDisk("t1"));
        assertEquals(3, site.requests(), "the second is not asked for");
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        assertEquals(Optional.of(Site.SUBJECT), site.state("acct").subject());
    }

    @Test
    void anotherIssuerInTheIdTokenIsSomebodyElseToo() {
        site.authorize("acct");
        site.token("t", "acct");
        site.issuer.policy.idTokenIssuer = "https://evil.example.org";

        assertEquals("t IDENTITY_CHANGED", words(renew()));
        assertFalse(site.isThere("t"));
    }

    @Test
    void withoutAnIdTokenNobodyIsAskedWhoItIs() {
        site.authorize("acct");
        site.token("t", "acct");
        site.issuer.policy.sendIdToken = false;

        assertEquals("t renewed", words(renew()));
    }

    // One failure does not stop the others

    @Test
    void aFailingAccountStopsNoOther() {
        site.authorize("a");
        site.authorize("b");
        site.token("t1", "a");
        site.token("t2", "b");
        site.token("t3", "a");
        site.issuer.removeClient("client-a");

        List<Outcome> outcomes = renew();

        assertEquals("t1 CLIENT_REFUSED, t2 renewed, t3 CLIENT_REFUSED", words(outcomes));
        assertEquals(2, site.requests(), "no second question for the account that was refused");
    }

    @Test
    void whatConcernsOneTokenStopsNoOther() {
        site.authorize("acct");
        site.token("t1", "acct").scope("compute.unheard");
        site.token("t2", "acct");
        site.token("t3", "acct").audience("https://a");
        site.token("t4", "acct");
        site.issuer.policy.audienceParameter = Policy.AudienceParameter.REFUSED;

        assertEquals("t1 SCOPE_REFUSED, t2 renewed, t3 AUDIENCE_REFUSED, t4 renewed", words(renew()));

        assertEquals(4, site.requests());
        assertEquals(Optional.empty(), site.state("acct").failure());
        assertEquals(
                Kind.SCOPE_REFUSED,
                site.state("acct", "t1").failure().orElseThrow().kind());
        assertEquals(Optional.empty(), site.state("acct", "t2").failure());
    }

    @Test
    void aTokenFileThatCannotBeWrittenStopsNoOther() throws Exception {
        site.authorize("acct");
        site.token("t1", "acct").path(directory.resolve("absent/t1"));
        site.token("t2", "acct").path(Files.createDirectory(directory.resolve("tokens/t2")));
        site.token("t3", "acct");

        List<Outcome> outcomes = renew();

        assertEquals("t1 TOKEN_DIRECTORY_MISSING, t2 TOKEN_PATH, t3 renewed", words(outcomes));
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        assertEquals(Optional.empty(), site.state("acct").failure());
        assertEquals(Optional.empty(), failed(Kind.TOKEN_PATH, outcomes.get(1)).nextTry());
    }

    @ParameterizedTest
    @EnumSource(Policy.AudienceParameter.class)
    void everyIssuersWayWithAudiencesEndsInAnOutcome(Policy.AudienceParameter way) {
        site.authorize("acct");
        site.token("t", "acct").audience("https://a");
        site.issuer.policy.audienceParameter = way;

        boolean refused = way == Policy.AudienceParameter.REFUSED;
        assertEquals(refused ? "t AUDIENCE_REFUSED" : "t renewed", words(renew()));
    }

    // Client credentials

    @Test
    void clientCredentialsNeedNoAccountFile() {
        client("cc");
        site.clientCredentials("cc", Optional.of(Secret.of(Site.CLIENT_SECRET)), Optional.empty());
        site.token("t1", "cc").minLifetime(100).scope("compute.read").audience("https://a");
        site.token("t2", "cc");

        assertEquals("t1 renewed, t2 renewed", words(renew()));
        assertEquals("t1 fresh, t2 renewed", words(renew()));

        assertEquals(3, site.issuer.count("/token", "client_credentials"));
        assertEquals("https://a", site.issuer.requests("/token").get(0).parameter("audience"));
        assertFalse(Files.exists(site.accountFile("cc")));
        assertEquals(Optional.of("client-cc"), site.state("cc").clientId());
        assertTrue(site.onDisk("t1").endsWith("\n"));
    }

    @Test
    void theSecretMayBeInAFile() {
        client("cc");
        Path file = directory.resolve("secret");
        Site.write(file, Site.CLIENT_SECRET + "\n");
        site.clientCredentials("cc", Optional.empty(), Optional.of(file));
        site.token("t", "cc");
        assertEquals("t renewed", words(renew()));

        Site.write(file, "");
        var outcome = failed(Kind.SECRET_FILE, renew().get(0));
        assertEquals(file.toString(), outcome.failure().where());
        assertEquals(1, site.requests());
    }

    @Test
    void aWrongSecretIsAskedOncePerHour() {
        client("cc");
        site.clientCredentials("cc", Optional.of(Secret.of("wr0ng-s3cret")), Optional.empty());
        site.token("t1", "cc");
        site.token("t2", "cc");

        assertEquals("t1 CREDENTIALS_REFUSED, t2 CREDENTIALS_REFUSED", words(renew()));
        assertEquals("t1 CREDENTIALS_REFUSED unasked, t2 CREDENTIALS_REFUSED unasked", words(renew()));
        assertEquals(1, site.requests());
        assertFalse((seen + site.stateText()).contains("wr0ng"));

        site.clientCredentials("cc", Optional.of(Secret.of(Site.CLIENT_SECRET)), Optional.empty());
        assertEquals("t1 renewed, t2 renewed", words(renew()), "a corrected section is tried at once");
    }

    @Test
    void clientCredentialsTakeTheLockToo() throws Exception {
        client("cc");
        site.clientCredentials("cc", Optional.of(Secret.of(Site.CLIENT_SECRET)), Optional.empty());
        site.token("t", "cc");
        site.lockWait = Duration.ofMillis(50);
        try (var held = site.hold("cc")) {
            assertEquals("t ACCOUNT_BUSY", words(renew()));
            assertFalse(held.exists());
        }
        assertEquals(0, site.requests());
        assertEquals("t renewed", words(renew()));
    }

    private void client(String name) {
        site.issuer.addClient(
                "client-" + name,
                Site.CLIENT_SECRET,
                "client_secret_basic",
                List.of(Policy.CLIENT_CREDENTIALS),
                List.of("compute.read", "compute.create"));
    }

    // Trust

    @Test
    void anIssuerOfAnUnknownCaIsNotTalkedTo() throws Exception {
        site.authorize("acct");
        site.token("t", "acct");
        Files.delete(site.caFile());

        assertEquals("t CA_FILE", words(renew()));

        new TestCa().writeCaPem(site.caFile());
        assertEquals("t CERTIFICATE_UNTRUSTED", words(renew()));
        assertEquals(0, site.requests());
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
    }
}
