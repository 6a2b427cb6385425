package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.Failure.Kind;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.TokenState;

/** Tests rejections and lost responses: what we request again and when, and the state in between. */
class BackOffTest extends SiteTest {
    private static final Duration HOUR = Duration.ofHours(1);

    @BeforeEach
    void anAccountWithOneToken() {
        site.authorize("acct");
        site.token("t", "acct");
    }

    // Needs a person

    @Test
    void aDeadAuthorizationIsAskedOncePerHour() {
        site.issuer.revokeAll();

        Failed first = failed(Kind.AUTHORIZATION_DEAD, renew().get(0));
        assertTrue(first.wasRequested());
        assertEquals(Optional.of(site.now().plus(HOUR)), first.nextTry());
        assertEquals(1, site.requests(), "a definitive refusal is not repeated");

        for (int minutes = 10; minutes < 60; minutes += 10) {
            site.later(Duration.ofMinutes(10));
            Failed standing = failed(Kind.AUTHORIZATION_DEAD, renew().get(0));
            assertFalse(standing.wasRequested());
            assertEquals(first.nextTry().map(next -> next.truncatedTo(ChronoUnit.SECONDS)), standing.nextTry());
            assertEquals(first.failure(), standing.failure());
        }
        assertEquals(1, site.requests());

        site.later(Duration.ofMinutes(10));
        assertTrue(failed(Kind.AUTHORIZATION_DEAD, renew().get(0)).wasRequested());
        assertEquals(2, site.requests());
    }

    @ParameterizedTest
    @CsvSource({
        "400, invalid_grant, AUTHORIZATION_DEAD",
        "401, invalid_token, AUTHORIZATION_DEAD",
        "401, invalid_client, CLIENT_REFUSED",
        "400, unauthorized_client, CLIENT_REFUSED",
        "400, invalid_request, REQUEST_REFUSED",
        "400, invalid_scope, SCOPE_REFUSED",
        "400, invalid_target, AUDIENCE_REFUSED"
    })
    void everyDefinitiveRefusalBacksOff(int status, String error, Kind kind) {
        site.issuer.fault(refusal(status, error));

        failed(kind, renew().get(0));
        assertFalse(failed(kind, renew().get(0)).wasRequested());
        site.later(HOUR);
        assertEquals("t renewed", words(renew()));
        assertEquals(2, site.requests());
        assertEquals(Optional.empty(), site.state("acct").failure());
        assertEquals(Optional.empty(), site.state("acct").nextTry());
        assertEquals(Optional.empty(), site.state("acct", "t").failure());
        assertEquals(Optional.empty(), site.state("acct", "t").nextTry());
    }

    @Test
    void theStateOfAnAccountThatNeedsAPersonSaysSo() {
        site.issuer.revokeAll();
        renew();
        var now = site.now().truncatedTo(ChronoUnit.SECONDS);

        AccountState state = site.state("acct");
        assertEquals(Kind.AUTHORIZATION_DEAD, state.failure().orElseThrow().kind());
        assertEquals(Optional.of(now.plus(HOUR)), state.nextTry());
        assertEquals(Optional.of("client-acct"), state.clientId());
        TokenState token = state.token("t");
        assertEquals(Kind.AUTHORIZATION_DEAD, token.failure().orElseThrow().kind());
        assertEquals(Optional.of(now), token.failingSince());
        assertEquals(Optional.of(now), token.triedAt());
        assertEquals(Optional.empty(), token.nextTry());

        site.later(HOUR);
        renew();
        assertEquals(Optional.of(now), site.state("acct", "t").failingSince());
        assertEquals(Optional.of(now.plus(HOUR)), site.state("acct", "t").triedAt());
    }

    @Test
    void forceLiftsIt() {
        site.issuer.fault(refusal(400, "invalid_grant"));
        renew();

        assertEquals("t renewed", words(force()));
        assertEquals("t renewed", words(renew()));
    }

    @Test
    void aTokenWhoseSectionWasCorrectedIsAskedForAtOnce() {
        Site.Wish wish = site.token("u", "acct").scope("compute.unheard");
        assertEquals("t renewed, u SCOPE_REFUSED", words(renew()));
        assertEquals("t renewed, u SCOPE_REFUSED unasked", words(renew()));

        wish.scope("compute.read");
        assertEquals("t renewed, u renewed", words(renew()));

        wish.scope("compute.unheard");
        assertEquals("t renewed, u SCOPE_REFUSED", words(renew()));
        wish.audience("https://a");
        assertEquals("t renewed, u SCOPE_REFUSED", words(renew()), "asked, as the audience is another");
        assertEquals("t renewed, u SCOPE_REFUSED unasked", words(renew()));
    }

    @Test
    void theStateOfARefusedTokenSaysSoAndItsAccountIsWell() {
        site.token("u", "acct").scope("compute.unheard");
        renew();

        assertEquals(Optional.empty(), site.state("acct").failure());
        TokenState token = site.state("acct", "u");
        assertEquals(Kind.SCOPE_REFUSED, token.failure().orElseThrow().kind());
        assertEquals(Optional.of(site.now().plus(HOUR).truncatedTo(ChronoUnit.SECONDS)), token.nextTry());
        assertEquals(List.of("compute.unheard"), token.requestedScope());
    }

    @Test
    void aClockThatWasPutBackDoesNotProlongIt() {
        site.issuer.fault(refusal(400, "invalid_grant"));
        renew();
        site.later(Duration.ofDays(-1));
        assertEquals("t renewed", words(renew()));

        site.token("u", "acct").scope("compute.unheard");
        renew();
        site.later(Duration.ofDays(-1));
        assertTrue(failed(Kind.SCOPE_REFUSED, renew().get(1)).wasRequested());
    }

    @Test
    void anAccountThatStandsStillWaitsAlsoForATokenThatIsNew() {
        site.issuer.revokeAll();
        renew();
        site.token("new", "acct");

        assertEquals("t AUTHORIZATION_DEAD unasked, new AUTHORIZATION_DEAD unasked", words(renew()));
        assertEquals(1, site.requests());
    }

    @Test
    void aTokenThatIsFreshStaysFreshThoughItsAccountIsDead() {
        site.token("fresh", "acct").minLifetime(100);
        renew();
        site.issuer.revokeAll();

        assertEquals("t AUTHORIZATION_DEAD, fresh fresh", words(renew()));
        assertEquals("t AUTHORIZATION_DEAD unasked, fresh fresh", words(renew()));
    }

    /** Keycloak sends invalid_grant "User disabled", and accepts the same refresh token again later. */
    @Test
    void whatHealsByItselfIsFoundOutByTheNextTry() {
        String token = site.refreshToken("acct");
        site.issuer.disableUser(Site.SUBJECT, true);
        assertEquals("t PERSON_REFUSED", words(renew()));
        assertEquals(token, site.refreshToken("acct"));
        site.issuer.disableUser(Site.SUBJECT, false);

        assertEquals("t renewed", words(renew()));
        assertEquals(token, site.sent().get(1));
    }

    @Test
    void aNewAuthorizationThatClearsTheStateIsUsedAtOnce() throws Exception {
        site.issuer.revokeAll();
        renew();
        site.authorize("acct");
        site.states.write("acct", site.state("acct").withOutcome(Optional.empty(), Optional.empty(), ""));

        assertEquals("t renewed", words(renew()));
    }

    @Test
    void theRefusalThatRepeatsTheTokenDoesNotShowIt() {
        site.issuer.policy.iamErrors = true;
        site.issuer.revokeAll();

        Failed outcome = failed(Kind.AUTHORIZATION_DEAD, renew().get(0));

        assertTrue(outcome.failure().detail().contains("***"), outcome.toString());
    }

    /** A damaged state file must not stop renewals. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"next_try\":\"NEXT\"}",
                "{\"next_try\":\"NEXT\",\"failure\":{}}",
                "{\"tokens\":{\"t\":{\"next_try\":\"NEXT\"}}}",
                "{\"tokens\":7,\"failure\":[],\"in_doubt_since\":\"x\",\"rotations\":\"y\"}"
            })
    void anOddStateStopsNothing(String state) {
        renew();
        Site.write(
                directory.resolve("state/acct.json"),
                state.replace("NEXT", site.now().plusSeconds(600).toString()));

        assertEquals("t renewed", words(renew()));
    }

    // Ends without action

    @Test
    void anAmbiguousAnswerIsRepeatedWithTheSameToken() {
        String token = site.refreshToken("acct");
        site.issuer.policy.graceForOldToken = Duration.ofHours(1);
        site.issuer.fault(onRefresh().loseAnswer());
        site.issuer.fault(onRefresh().respond(503, null, null));
        site.issuer.fault(onRefresh().respond(503, null, null));

        assertEquals("t renewed", words(renew()));

        assertEquals(List.of(token, token, token, token), site.sent());
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        assertEquals(Optional.empty(), site.state("acct").inDoubtSince());
    }

    @Test
    void troubleIsAskedAgainByEveryRun() {
        site.issuer.fault(onRefresh().always().respond(503, "text/html", "<h1>down</h1>"));

        Failed outcome = failed(Kind.ISSUER_TROUBLE, renew().get(0));
        assertEquals(Optional.empty(), outcome.nextTry());
        assertEquals(4, site.requests());
        assertEquals(Optional.empty(), site.state("acct").nextTry());

        site.issuer.clearFaults();
        assertEquals("t renewed", words(renew()));
    }

    @Test
    void anIssuerThatIsAwayIsAskedAgainByEveryRun() {
        String token = site.refreshToken("acct");
        site.issuer.close();

        Failed outcome = failed(Kind.ISSUER_UNREACHABLE, renew().get(0));
        assertEquals(Optional.empty(), outcome.nextTry());
        assertEquals(Optional.empty(), site.state("acct").inDoubtSince(), "nothing was sent");
        assertTrue(failed(Kind.ISSUER_UNREACHABLE, renew().get(0)).wasRequested());
        assertEquals(token, site.refreshToken("acct"));
    }

    @Test
    void anIssuerInTroubleIsNotAskedForTheOtherTokens() {
        site.token("u", "acct");
        site.issuer.fault(onRefresh().always().respond(503, null, null));

        assertEquals("t ISSUER_TROUBLE, u ISSUER_TROUBLE", words(renew()));
        assertEquals(4, site.requests());
    }

    /** If a thousand accounts waited one after the other, systemd would end the run before it has tried all. */
    @Tag("slow")
    @ParameterizedTest
    @CsvSource({"503, busy, ISSUER_TROUBLE", "200, in repair, ISSUER_ANSWER"})
    void anIssuerThatIsDownForMinutesIsNotAskedForTheOthers(int status, String body, Kind kind) throws Exception {
        int accounts = 4 * IssuerQueue.MAX_WORKERS + 20;
        for (int i = 0; i < accounts; i++) {
            site.authorize("many" + i);
            site.token("u" + i, "many" + i);
        }
        renew();
        String inDoubt = "many" + (accounts - 1);
        site.states.write(inDoubt, site.state(inDoubt).withDoubt(Optional.of(site.now())));
        String refused = "many" + (accounts - 2);
        String token = "u" + (accounts - 2);
        Failure refusal = new Failure(Kind.SCOPE_REFUSED, site.issuer.issuer(), "");
        Optional<Instant> next = Optional.of(site.now().plus(HOUR).truncatedTo(ChronoUnit.SECONDS));
        site.states.write(
                refused,
                site.state(refused).withToken(token, site.state(refused, token).failed(site.now(), refusal, next)));
        site.issuer.clearRecords();
        site.issuer.fault(onRefresh().always().respond(status, "text/plain", body));
        Optional<Instant> before = site.state(refused, token).triedAt();
        site.sleeper.haste = 10;

        List<Outcome> outcomes = renew();

        Set<String> asked = Set.copyOf(site.sent());
        assertTrue(asked.size() <= accounts - IssuerQueue.MAX_WORKERS / 2, asked.size() + " asked");
        assertTrue(asked.contains(site.refreshToken(inDoubt)), "whose answer was lost is asked for all the same");
        int unasked = 0;
        for (Outcome outcome : outcomes) {
            if (outcome.token().equals(token)) {
                assertEquals(next, failed(Kind.SCOPE_REFUSED, outcome).nextTry(), "what stood goes on to stand");
            } else if (!failed(kind, outcome).wasRequested()) {
                unasked++;
            }
        }
        assertEquals(accounts - asked.size(), unasked); // 1 + accounts in total, minus the one that was rejected before
        assertEquals(before, site.state(refused, token).triedAt());

        site.issuer.clearFaults();
        site.sleeper.haste = 1;
        for (Outcome outcome : renew()) {
            if (!outcome.token().equals(token)) {
                renewed(outcome);
            }
        }
    }

    // Doubt

    @Test
    void aLostAnswerIsRememberedUntilASuccess() {
        site.issuer.policy.graceForOldToken = Duration.ofDays(1);
        site.issuer.fault(onRefresh().times(2).loseAnswer());

        assertEquals("t ISSUER_TROUBLE", words(renew()));
        var since = site.state("acct").inDoubtSince();
        assertEquals(Optional.of(site.now().truncatedTo(ChronoUnit.SECONDS)), since);

        site.later(Duration.ofMinutes(10));
        site.issuer.fault(onRefresh().times(4).respond(429, null, null));
        assertEquals("t ISSUER_TROUBLE", words(renew()));
        assertEquals(since, site.state("acct").inDoubtSince(), "since the first");

        assertEquals("t renewed", words(renew()));
        assertEquals(Optional.empty(), site.state("acct").inDoubtSince());
    }

    @Test
    void aRateLimitLeavesNoDoubt() {
        site.issuer.fault(onRefresh().times(4).respond(429, null, null));

        renew();

        assertEquals(Optional.empty(), site.state("acct").inDoubtSince());
    }

    @Test
    void deathAfterALostAnswerIsCalledSo() {
        site.issuer.fault(onRefresh().loseAnswer());

        assertEquals("t AUTHORIZATION_LOST", words(renew()), "the repeat told");
        assertTrue(site.state("acct").inDoubtSince().isPresent());
        assertEquals("t AUTHORIZATION_LOST unasked", words(renew()));
        site.later(HOUR);
        assertEquals("t AUTHORIZATION_LOST", words(renew()));
    }

    @Test
    void deathInALaterRunAfterALostAnswerIsCalledSoToo() {
        site.issuer.fault(onRefresh().loseAnswer());
        site.issuer.fault(onRefresh().times(3).respond(503, null, null));

        assertEquals("t ISSUER_TROUBLE", words(renew()));
        assertEquals("t AUTHORIZATION_LOST", words(renew()));
    }

    /** A kill during the request leaves this state. */
    @Test
    void deathAfterARunThatWasKilledIsCalledSoToo() throws Exception {
        Files.write(site.directory.resolve("accounts/acct.account.next"), new byte[64 * 1024]);
        site.issuer.revokeAll();

        assertEquals("t AUTHORIZATION_LOST", words(renew()));
    }

    // Restored from a backup

    @Test
    void anAccountThatWasPutBackIsNotUsedUnlessForced() throws Exception {
        byte[] backup = Files.readAllBytes(site.accountFile("acct"));
        assertEquals("t renewed", words(renew()));
        assertEquals("t renewed", words(renew()));
        Files.write(site.accountFile("acct"), backup);
        site.issuer.clearRecords();

        assertEquals("t ACCOUNT_OLDER unasked", words(renew()));
        assertEquals("t ACCOUNT_OLDER unasked", words(renew()));

        assertEquals(0, site.requests());
        assertEquals(0, site.issuer.reuses());
        site.force();
        assertEquals(1, site.requests());
    }

    /** Restored with the whole state directory: only the token on disk shows it. */
    @Test
    void noneThatIsOlderThanTheTokenThatIsThere() throws Exception {
        assertEquals("t renewed", words(renew()));
        byte[] account = Files.readAllBytes(site.accountFile("acct"));
        AccountState state = site.state("acct");
        site.later(Duration.ofMinutes(10));
        assertEquals("t renewed", words(renew()));
        Files.write(site.accountFile("acct"), account);
        Files.delete(site.directory.resolve("accounts/acct.account.prev"));
        site.states.write("acct", state);
        site.issuer.clearRecords();
        site.later(Duration.ofMinutes(10));

        assertEquals("t ACCOUNT_OLDER unasked", words(renew()));
        assertEquals(0, site.requests());
    }

    /** If a run ends after it wrote a token's file and before it wrote the state, the state is older than the token. */
    @Test
    void aRunThatWasEndedBeforeItsStateWasWrittenIsNoBackup() throws Exception {
        assertEquals("t renewed", words(renew()));
        AccountState state = site.state("acct");
        site.later(Duration.ofMinutes(10));
        assertEquals("t renewed", words(renew()));
        site.states.write("acct", state);
        site.later(Duration.ofMinutes(10));

        assertEquals("t renewed", words(renew()));
    }

    @Test
    void deathWithoutALostAnswerIsPlainDeath() {
        assertEquals("t renewed", words(renew()));
        site.issuer.revokeAll();

        assertEquals("t AUTHORIZATION_DEAD", words(renew()));
    }

    // Combinations

    @Test
    void aSuccessForOneTokenEndsTheAccountsFailure() {
        site.token("u", "acct");
        site.issuer.fault(refusal(400, "invalid_grant"));
        renew();

        assertEquals("u renewed", words(renew(Set.of("u"), Set.of(), true)));

        assertEquals(Optional.empty(), site.state("acct").failure());
        assertTrue(site.state("acct", "t").failure().isPresent(), "not asked yet");
        assertEquals("t renewed, u renewed", words(renew()));
    }

    @Test
    void anUnwritableStateIsSaidAndTheTokenIsThere() {
        Site.write(directory.resolve("state"), "a file where the directory should be");

        Failed outcome = failed(Kind.STATE_UNWRITABLE, remember(site.renew()).get(0));

        assertTrue(outcome.wasRequested());
        assertTrue(site.isThere("t"));
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        try {
            Files.delete(directory.resolve("state"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aRedirectIsNotFollowed() {
        String token = site.refreshToken("acct");
        site.issuer.fault(Fault.on("/token").always().redirect(307, site.issuer.base() + "/elsewhere"));

        Failed outcome = failed(Kind.ISSUER_TROUBLE, renew().get(0));

        assertTrue(outcome.failure().detail().contains("redirect"), outcome.toString());
        assertEquals(0, site.issuer.count("/elsewhere"));
        assertEquals(token, site.refreshToken("acct"));
    }
}
