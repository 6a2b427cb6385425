package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.failure.Failure.Kind;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse.Identity;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Sections with {@code exchange}: which requests they cost, what is kept between runs, and what refusals mean. */
class ExchangeTest extends SiteTest {
    @BeforeEach
    void anAccountWhoseClientMayExchange() {
        site.authorize("acct");
        permit("acct");
        site.issuer.policy.tokenExchange = true;
    }

    private void permit(String account) {
        site.issuer.addClient(
                "client-" + account,
                Site.CLIENT_SECRET,
                "client_secret_basic",
                List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN, Policy.CLIENT_CREDENTIALS, Policy.TOKEN_EXCHANGE),
                Site.SCOPE);
    }

    private static Fault onExchange() {
        return Fault.on("/token").grant(Policy.TOKEN_EXCHANGE);
    }

    private static Fault refusedExchange(int status, String code, String description) {
        return onExchange()
                .respond(
                        status,
                        "application/json",
                        "{\"error\":\"" + code + "\",\"error_description\":\"" + description + "\"}");
    }

    private int refreshes() {
        return site.issuer.count("/token", Policy.REFRESH_TOKEN);
    }

    private int exchanges() {
        return site.issuer.count("/token", Policy.TOKEN_EXCHANGE);
    }

    private void assertRequests(int refreshes, int exchanges) {
        assertEquals(refreshes + " and " + exchanges, refreshes() + " and " + exchanges());
    }

    private JwtClaims claims(String token) {
        return JwtClaims.of(site.onDisk(token).strip()).orElseThrow();
    }

    private void assertKept() {
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
    }

    // Requests

    @Test
    void threeSectionsCostOneRefreshAndLaterNone() {
        site.token("t", "acct").scope("compute.read").audience("ce1", "ce2").exchange();
        site.token("u", "acct").exchange("https://a.example.org/", "https://b.example.org/");
        site.token("v", "acct").scope("storage.read:/").exchange();
        assertEquals("t renewed, u renewed, v renewed", words(renew()));
        assertRequests(1, 3);
        assertEquals(List.of("ce1", "ce2"), claims("t").audience());
        assertEquals(List.of("compute.read"), claims("t").scope());
        assertEquals(
                List.of("https://a.example.org/", "https://b.example.org/"),
                claims("u").audience());
        assertEquals(List.of("storage.read:/"), claims("v").scope());
        assertKept();
        Seen refresh = site.issuer.requests("/token").get(0);
        assertEquals(
                Set.of("grant_type", "refresh_token", "client_id"),
                refresh.form().keySet());

        assertEquals("t renewed, u renewed, v renewed", words(renew()));
        assertRequests(1, 6);
        site.later(Duration.ofSeconds(151)); // of 300
        assertEquals("t renewed, u renewed, v renewed", words(renew()));
        assertRequests(2, 9);
        assertKept();
    }

    @Test
    void whatIsLeftOfTheCachedTokenSufficesForMinLifetime() {
        site.token("t", "acct").minLifetime(200).exchange();
        site.token("u", "acct").exchange();
        renew();
        assertRequests(1, 2);
        site.later(Duration.ofSeconds(99));
        assertEquals("t fresh, u renewed", words(renew()));
        site.later(Duration.ofSeconds(10));
        assertEquals("t renewed, u renewed", words(renew()));
        assertRequests(2, 5);
    }

    @Test
    void aShortTokenIsSharedWithinARun() {
        site.token("t", "acct").minLifetime(3600).exchange();
        site.token("u", "acct").minLifetime(3600).exchange();
        renew();
        renew();
        assertRequests(2, 4);
    }

    @Test
    void aTokenOfUnknownLifetimeIsSharedWithinARun() {
        site.issuer.policy.opaqueAccessTokens = true;
        site.issuer.fault(onRefresh().always().remove("expires_in"));
        site.token("t", "acct").exchange();
        site.token("u", "acct").exchange();
        renew();
        assertRequests(1, 2);
        assertEquals(Optional.empty(), site.account("acct").subjectToken());
        renew();
        assertRequests(2, 4);
    }

    @Test
    void anExchangeIsRepeatedWithoutAnotherRefresh() {
        site.token("t", "acct").exchange();
        site.issuer.fault(onExchange().times(2).loseAnswer());
        site.issuer.fault(onExchange().respond(503, "text/plain", ""));
        failed(Kind.ISSUER_TROUBLE, renew().get(0));
        assertRequests(1, 2);
        assertEquals(Optional.empty(), site.state("acct").inDoubtSince(), "an exchange rotates nothing");
        assertEquals("t renewed", words(renew()));
        assertRequests(1, 4);
    }

    @Test
    void clientCredentialsAreExchangedInMemory() {
        permit("cc");
        site.clientCredentials("cc", Optional.of(Secret.of(Site.CLIENT_SECRET)), Optional.empty());
        site.token("t", "cc").scope("compute.read").exchange();
        site.token("u", "cc").scope("storage.read:/").audience("a").exchange();
        for (int run = 1; run <= 2; run++) {
            assertEquals("t renewed, u renewed", words(renew()));
            assertEquals(run, site.issuer.count("/token", Policy.CLIENT_CREDENTIALS));
            assertEquals(2 * run, exchanges());
        }
        assertEquals(List.of("a"), claims("u").audience());
        Seen first = site.issuer.requests("/token").get(0);
        assertEquals(Set.of("grant_type", "client_id"), first.form().keySet());
        site.issuer.fault(refusedExchange(401, "invalid_client", "no"));
        assertEquals("t EXCHANGE_REFUSED, u renewed", words(renew()));
        site.issuer.changeSecret("client-cc", "another");
        site.later(Duration.ofHours(1));
        assertEquals("t CREDENTIALS_REFUSED, u CREDENTIALS_REFUSED", words(renew()));
    }

    // The refresh token

    @Test
    void bothTokensAreOnDiskBeforeTheExchange() {
        site.token("t", "acct").exchange();
        List<byte[]> files = new ArrayList<>();
        site.issuer.fault(onRefresh().rewrite(body -> {
            files.add(Site.bytes(site.accountFile("acct")));
            return body;
        }));
        site.issuer.fault(onExchange().rewrite(body -> {
            files.add(Site.bytes(site.accountFile("acct")));
            return body;
        }));
        renew();
        byte[] last = Site.bytes(site.accountFile("acct"));
        Site.restore(site.accountFile("acct"), files.get(0));
        assertEquals(site.sent().get(0), site.refreshToken("acct"));
        Site.restore(site.accountFile("acct"), files.get(1));
        assertKept();
        assertTrue(site.account("acct").subjectToken().isPresent());
        Site.restore(site.accountFile("acct"), last);
    }

    @Test
    void aRefreshTokenInTheAnswerOfAnExchangeIsNotTaken() {
        site.token("t", "acct").exchange();
        site.issuer.fault(onExchange().always().set("refresh_token", "n0t-0urs"));
        assertEquals("t renewed", words(renew()));
        assertKept();
        assertEquals("t renewed", words(renew()));
        assertKept();
    }

    /** Without rotation, only the exchanged token is saved. */
    @Test
    void withoutAPlaceForTheExchangedTokenItIsStillUsed() throws Exception {
        site.issuer.policy.rotate = false;
        site.issuer.policy.repeatUnrotated = false;
        site.token("t", "acct").exchange();
        Path accounts = directory.resolve("accounts");
        Path away = directory.resolve("away");
        site.issuer.fault(onRefresh().rewrite(body -> move(accounts, away, body)));
        assertEquals("t renewed", words(renew()));
        assertEquals(Optional.empty(), site.state("acct").failure());
        if (Files.exists(accounts)) {
            try (var files = Files.list(accounts)) {
                assertEquals(0, files.count());
            }
            Files.delete(accounts);
        }
        Files.move(away, accounts);
        assertEquals("t renewed", words(renew()));
    }

    /** The account is still as it was saved first: the message about the refresh token stands. */
    @Test
    void aRescuedRefreshTokenIsReported() throws Exception {
        site.token("t", "acct").exchange();
        Path accounts = directory.resolve("accounts");
        Path away = directory.resolve("away");
        site.issuer.fault(onRefresh().rewrite(body -> move(accounts, away, body)));
        failed(Kind.REFRESH_TOKEN_RESCUED, renew().get(0));
        assertTrue(site.isThere("t"), "the token is good");
        Files.move(away, accounts);
        assertEquals("t renewed", words(renew()));
        assertKept();
    }

    private static byte[] move(Path from, Path to, byte[] body) {
        try {
            Files.move(from, to);
            return body;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A killed run left a token and no state: the token is newer than the last rotation, as an exchange needs none. */
    @Test
    void aTokenOfARunWithoutRefreshDoesNotMeanAnOlderAccount() {
        site.issuer.policy.accessSeconds = 7200;
        site.token("t", "acct").exchange();
        renew();
        Path state = directory.resolve("state/acct.json");
        byte[] before = Site.bytes(state);
        site.later(Duration.ofMinutes(20));
        renew();
        assertRequests(1, 2);
        Site.restore(state, before);
        assertEquals("t renewed", words(renew()));
    }

    /** Like above, but the last attempt that is known was a refresh. */
    @Test
    void theFirstTokenByExchangeDoesNotMeanAnOlderAccount() {
        site.issuer.policy.accessSeconds = 7200;
        Site.Wish wish = site.token("t", "acct");
        site.token("u", "acct").exchange();
        renew();
        Path state = directory.resolve("state/acct.json");
        byte[] before = Site.bytes(state);
        site.later(Duration.ofMinutes(20));
        wish.exchange();
        renew();
        assertRequests(2, 3);
        Site.restore(state, before);
        assertEquals("t renewed, u renewed", words(renew()));
    }

    /** Some issuers repeat the refresh token of a lost answer only for a short time. */
    @Test
    void afterALostAnswerTheRefreshTokenIsUsedAtOnce() {
        site.token("t", "acct").exchange();
        site.token("u", "acct");
        renew();
        site.issuer.policy.graceForOldToken = Duration.ofHours(1);
        site.issuer.fault(onRefresh().times(2).loseAnswer());
        assertEquals("t renewed, u ISSUER_TROUBLE", words(renew()));
        int before = refreshes();
        renew(Set.of("t"), Set.of(), false);
        assertEquals(before + 1, refreshes());
    }

    /** Whether a copy may be used depends on whether the refresh token rotates, which only a refresh shows. */
    @Test
    void aCopyUsesItsRefreshTokenAtOnce() {
        site.token("t", "acct").exchange();
        renew();
        save(members().with("instance", "of another host").with("place", "0"));
        failed(Kind.ACCOUNT_COPIED, renew().get(0));
        assertRequests(1, 1);
        assertEquals("t renewed", words(force()));
        assertRequests(2, 2);
        assertEquals("t renewed", words(renew()));
        assertRequests(2, 3);
    }

    /** The account file shows that the refresh token rotates, also if the state was lost and no run refreshed since. */
    @Test
    void aCopyOfAnAccountThatRotatedIsFoundWithoutItsState() throws Exception {
        site.token("t", "acct").exchange();
        renew();
        Files.delete(directory.resolve("state/acct.json"));
        renew();
        assertRequests(1, 2);
        assertEquals(0, site.state("acct").rotations());
        save(members().with("instance", "of another host").with("place", "0"));
        assertEquals("t ACCOUNT_COPIED unasked", words(renew()));
        assertRequests(1, 2);
    }

    /** Only a save ends the doubt about a backup, and an exchange saves nothing. */
    @Test
    void aRestoredAccountUsesItsRefreshTokenOnceItIsForced() {
        site.issuer.policy.graceForOldToken = Duration.ofHours(1);
        site.token("t", "acct").exchange();
        renew();
        byte[] backup = Site.bytes(site.accountFile("acct"));
        Site.Wish other = site.token("u", "acct");
        renew();
        renew();
        site.wishes.remove(other);
        Site.restore(site.accountFile("acct"), backup);
        assertEquals("t ACCOUNT_OLDER unasked", words(renew()));
        assertRequests(3, 3);
        assertEquals("t renewed", words(force()));
        assertRequests(4, 4);
        assertEquals("t renewed", words(renew()));
        assertRequests(4, 5);
    }

    @Test
    void anotherUserInTheRefreshIsNotExchanged() {
        site.token("t", "acct").exchange();
        site.issuer.policy.idTokenSubject = "mallory";
        failed(Kind.IDENTITY_CHANGED, renew().get(0));
        assertRequests(1, 0);
        assertEquals(Optional.empty(), site.account("acct").subjectToken());
        assertKept();
    }

    /** An exchanged token that is opaque tells nothing. */
    @Test
    void anotherUserInTheAccessTokenIsThatOfTheExchangedOne() {
        site.save(
                "acct", site.account("acct").withTokenIdentity(Optional.of(new Identity(site.issuer.issuer(), "bob"))));
        Site.Wish wish = site.token("t", "acct").exchange();
        site.token("u", "acct").exchange();
        site.issuer.fault(onExchange().always().set("access_token", "0paque"));
        for (Outcome outcome : renew()) {
            assertEquals(Optional.of("sub was bob, is alice"), renewed(outcome).otherIdentity());
        }
        assertRequests(1, 2);
        assertEquals(Optional.empty(), site.account("acct").subjectToken());
        wish.strict = true;
        failed(Kind.IDENTITY_CHANGED, renew().get(0));
        assertRequests(2, 3);
        assertKept();
    }

    @Test
    void theUserIsNotLearnedFromAnExchangedToken() {
        site.token("t", "acct").exchange();
        renew();
        Optional<Identity> first = site.account("acct").tokenIdentity();
        site.save("acct", site.account("acct").withTokenIdentity(Optional.empty()));
        renew();
        assertRequests(1, 2);
        assertEquals(Optional.empty(), site.account("acct").tokenIdentity());
        site.later(Duration.ofSeconds(151));
        renew();
        assertEquals(first, site.account("acct").tokenIdentity());
    }

    // Time

    private byte[] slowly(byte[] body) {
        site.sleeper.pass(Duration.ofMinutes(2));
        return body;
    }

    @Test
    void aSlowRefusalLeavesNoTimeForARefresh() {
        site.begin = Duration.ofMinutes(1);
        site.token("t", "acct").exchange();
        site.token("u", "acct").exchange();
        assertEquals("t renewed, u renewed", words(renew()));
        site.issuer.revokeAccessTokens();
        site.issuer.fault(onExchange().rewrite(this::slowly));
        assertEquals("t OUT_OF_TIME, u OUT_OF_TIME unasked", words(renew()));
        assertRequests(1, 3);
        assertEquals(Optional.empty(), site.state("acct").inDoubtSince());
        assertEquals("t renewed, u renewed", words(renew()));
        assertRequests(2, 6);
    }

    @Test
    void aSlowRefreshLeavesNoTimeForAnExchange() {
        site.begin = Duration.ofMinutes(1);
        site.issuer.policy.accessSeconds = 7200;
        site.token("t", "acct").exchange();
        site.token("u", "acct");
        site.issuer.fault(onRefresh().rewrite(this::slowly));
        assertEquals("t OUT_OF_TIME, u OUT_OF_TIME unasked", words(renew()));
        assertRequests(1, 0);
        assertKept();
        assertEquals("t renewed, u renewed", words(renew()));
        assertRequests(2, 1);
    }

    @Test
    void aSlowGrantLeavesNoTimeForAnExchange() {
        site.begin = Duration.ofMinutes(1);
        permit("cc");
        site.clientCredentials("cc", Optional.of(Secret.of(Site.CLIENT_SECRET)), Optional.empty());
        site.token("t", "cc").exchange();
        site.issuer.fault(Fault.on("/token").grant(Policy.CLIENT_CREDENTIALS).rewrite(this::slowly));
        assertEquals("t OUT_OF_TIME", words(renew()));
        assertRequests(0, 0);
        assertEquals("t renewed", words(renew()));
    }

    // Refusals

    @Test
    void aRefusedCachedTokenIsReplacedOnce() {
        site.token("t", "acct").exchange();
        site.token("u", "acct").exchange();
        renew();
        site.issuer.revokeAccessTokens();
        assertEquals("t renewed, u renewed", words(renew()));
        assertRequests(2, 5);

        site.issuer.fault(
                refusedExchange(400, "invalid_grant", "subject token expired").always());
        assertEquals("t EXCHANGE_REFUSED, u EXCHANGE_REFUSED", words(renew()));
        assertRequests(3, 8);
        assertKept();
    }

    @Test
    void aRefusalOfTheRequestCostsNoRefresh() {
        site.token("t", "acct").exchange();
        renew();
        site.token("u", "acct").scope("no.such.scope").exchange();
        site.token("v", "acct").audience("nowhere").exchange();
        site.token("w", "acct");
        site.issuer.policy.exchangeAudiences = Set.of("somewhere");
        assertEquals("t renewed, u EXCHANGE_SCOPE_REFUSED, v EXCHANGE_AUDIENCE_REFUSED, w renewed", words(renew()));
        assertRequests(2, 4);
        assertEquals(
                "t renewed, u EXCHANGE_SCOPE_REFUSED unasked, v EXCHANGE_AUDIENCE_REFUSED unasked, w renewed",
                words(renew()));
    }

    @ParameterizedTest
    @CsvSource({"unauthorized_client, 400", "unsupported_grant_type, 400", "access_denied, 403"})
    void aClientThatMayNotExchange(String code, int status) {
        site.token("t", "acct").exchange();
        site.token("u", "acct");
        renew();
        site.issuer.fault(refusedExchange(status, code, "no").always());
        List<Outcome> outcomes = renew();
        assertEquals("t EXCHANGE_REFUSED, u renewed", words(outcomes));
        assertEquals("t client-acct", ((Failed) outcomes.get(0)).failure().where());
        assertRequests(3, 2);
        assertEquals("t EXCHANGE_REFUSED unasked, u renewed", words(renew()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"token_type=N_A", "issued_token_type=urn:ietf:params:oauth:token-type:refresh_token"})
    void aTokenOfAnotherTypeIsOneFailure(String member) {
        site.token("t", "acct").exchange();
        String[] parts = member.split("=");
        site.issuer.fault(onExchange().always().set(parts[0], parts[1]));
        Failed failed = failed(Kind.EXCHANGE_REFUSED, renew().get(0));
        assertTrue(failed.failure().detail().contains(" answered 200 with a token of the type '" + parts[1]));
        assertRequests(1, 1);
        assertFalse(site.isThere("t"));
    }

    /** What the issuer accepted for a refresh a moment ago is right. */
    @ParameterizedTest
    @ValueSource(strings = {"", "{\"error\":\"invalid_client\",\"error_description\":\"not for you\"}"})
    void aClientThatOnlyAnExchangeRefusesIsNotReplaced(String body) {
        site.token("t", "acct").exchange();
        site.token("u", "acct");
        renew();
        site.issuer.fault(onExchange().always().respond(401, "application/json", body));
        assertEquals("t EXCHANGE_REFUSED, u renewed", words(renew()));
        assertRequests(4, 3);
        assertEquals("t EXCHANGE_REFUSED unasked, u renewed", words(renew()));
        assertKept();
    }

    @Test
    void aWrongSecretIsOfTheAccount() {
        site.token("t", "acct").exchange();
        site.token("u", "acct").exchange();
        renew();
        site.issuer.changeSecret("client-acct", "another");
        assertEquals("t CLIENT_REFUSED, u CLIENT_REFUSED", words(renew()));
        assertRequests(2, 3);
    }

    // Scope

    /** The refresh token is as wide as before, whatever an exchange requested. */
    @Test
    void theScopeOfAnExchangeNarrowsNothing() {
        site.token("t", "acct").scope("compute.read").exchange();
        site.token("u", "acct").scope("storage.read:/");
        site.token("v", "acct").exchange();
        renew();
        assertEquals(Optional.empty(), site.state("acct").narrows(), "nor does it show that nothing is narrowed");
        site.issuer.fault(refusal(400, "invalid_scope").always());
        failed(Kind.SCOPE_REFUSED, renew(Set.of("u"), Set.of(), false).get(0));
        assertEquals(Optional.empty(), site.state("acct").narrows());
    }

    @Test
    void atAnIssuerThatNarrowsAnExchangeStillNamesItsScope() {
        site.issuer.policy.narrowingSticks = true;
        site.token("t", "acct").scope("compute.read");
        site.token("u", "acct").scope("storage.read:/");
        renew();
        site.wishes.clear();
        site.authorize("acct");
        permit("acct");
        assertEquals(Optional.of(true), site.state("acct").narrows());
        Site.Wish wish = site.token("v", "acct").scope("storage.read:/").exchange();
        wish.strict = true;
        assertEquals("v renewed", words(renew()));
        assertEquals(List.of("storage.read:/"), claims("v").scope());

        site.wishes.clear();
        site.issuer.policy.opaqueAccessTokens = true;
        site.issuer.fault(onExchange().set("scope", "compute.read"));
        site.token("w", "acct").exchange();
        Renewed renewed = (Renewed) renew().get(0);
        assertEquals(List.of(), renewed.granted().missingScope(), "it named no scope");
    }

    @Test
    void strictIsAboutTheExchangedToken() {
        site.issuer.policy.opaqueAccessTokens = true;
        Site.Wish wish = site.token("t", "acct").scope("compute.read").exchange();
        wish.strict = true;
        assertEquals("t renewed", words(renew()), "the token of the account has more scopes");
        site.issuer.fault(onExchange().set("scope", "compute.read compute.create"));
        Failed failed = failed(Kind.TOO_MUCH_GRANTED, renew().get(0));
        assertEquals("compute.create", failed.failure().detail());
    }

    // What changes

    @Test
    void anotherKindOfRequestIsDueAtOnce() {
        Site.Wish wish = site.token("t", "acct").minLifetime(60);
        assertEquals("t renewed", words(renew()));
        assertEquals("t fresh", words(renew()));
        wish.exchange();
        assertEquals("t renewed", words(renew()));
        assertEquals("t fresh", words(renew()));
        wish.exchange("https://a.example.org/");
        assertEquals("t renewed", words(renew()));
        wish.exchange = Optional.empty();
        assertEquals("t renewed", words(renew()));
        assertEquals("t fresh", words(renew()));
    }

    @Test
    void anotherKindOfRequestEndsABackOff() {
        Site.Wish wish = site.token("t", "acct").exchange();
        site.issuer.fault(refusedExchange(400, "unauthorized_client", "no"));
        assertEquals("t EXCHANGE_REFUSED", words(renew()));
        wish.exchange("https://a.example.org/");
        assertEquals("t renewed", words(renew()));
    }

    @Test
    void anAudienceIsRepeatedOrJoined() {
        site.token("t", "acct").audience("a", "b").exchange();
        renew();
        assertEquals(List.of("a", "b"), lastAudience());
        save(members().with("audience_parameter", "audience"));
        site.issuer.policy.audienceParameter = Policy.AudienceParameter.AUDIENCE;
        assertEquals(List.of(), ((Renewed) renew().get(0)).granted().missingAudience());
        assertEquals(List.of("a b"), lastAudience());
    }

    private JsonObject members() {
        return JsonObject.parse(new String(site.account("acct").encode(), StandardCharsets.UTF_8))
                .orElseThrow();
    }

    private void save(JsonObject members) {
        site.save("acct", Account.decode(members.toJson().getBytes(StandardCharsets.UTF_8)));
    }

    private List<String> lastAudience() {
        List<Seen> all = site.issuer.requests("/token");
        return all.get(all.size() - 1).form().get("audience");
    }

    @Test
    void aTokenEndpointThatMovedIsFoundByAnExchange() {
        site.token("t", "acct").exchange();
        renew();
        site.issuer.policy.tokenPath = "/new/token";
        assertEquals("t renewed", words(renew()));
        assertEquals(0, site.issuer.count("/new/token", Policy.REFRESH_TOKEN));
        assertEquals(
                site.issuer.base() + "/new/token",
                site.account("acct").tokenEndpoint().toString());
    }
}
