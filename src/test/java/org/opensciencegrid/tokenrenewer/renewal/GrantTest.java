package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.failure.Failure.Kind;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;

/** Compares granted with requested rights, and tests endpoints that move. */
class GrantTest extends SiteTest {
    @BeforeEach
    void anAccount() {
        site.authorize("acct");
    }

    @Test
    void moreScopeThanAskedIsAWarning() {
        site.issuer.policy.ignoresNarrowing = true;
        site.token("t", "acct").scope("compute.read");
        Renewed renewed = (Renewed) renew().get(0);
        assertTrue(renewed.granted().extraScope().contains("compute.create"), renewed::toString);
    }

    /**
     * Keycloak drops a scope that was never granted. Its token then shows an empty scope, which differs from no scope
     * at all.
     */
    @Test
    void aScopeDroppedInSilenceIsMissed() {
        site.issuer.policy.dropsWiderScope = true;
        site.token("t", "acct").scope("no.such.scope");
        Renewed renewed = (Renewed) renew().get(0);
        assertEquals(List.of("no.such.scope"), renewed.granted().missingScope());
    }

    /** oidc-provider has invalidated the refresh token when it rejects a request. */
    @Test
    void whatWasNotNamedAtSetupIsNotAskedOfAnIssuerThatHeedsResource() {
        byte[] known = site.account("acct").encode();
        JsonObject named = JsonObject.parse(new String(known, StandardCharsets.UTF_8))
                .orElseThrow()
                .with("audience", "https://a")
                .with("audience_parameter", "resource");
        site.save("acct", Account.decode(named.toJson().getBytes(StandardCharsets.UTF_8)));
        site.issuer.policy.requireResourceAtDeviceTime = true;
        site.token("t", "acct").audience("https://b");
        site.token("u", "acct");
        int asked = site.requests();
        failed(Kind.AUDIENCE_REFUSED, renew().get(0));
        assertEquals(asked + 1, site.requests(), "for the other token only");
        assertEquals(0, site.issuer.reuses());
    }

    /** If we do not know which parameter the issuer supports, we use the one that costs no refresh token. */
    @Test
    void anAudienceThatWasNotApprovedGoesAsAudience() {
        site.issuer.policy.requireResourceAtDeviceTime = true;
        site.issuer.policy.audienceParameter = Policy.AudienceParameter.RESOURCE;
        site.token("t", "acct").audience("https://b");
        site.token("u", "acct");
        Renewed renewed = (Renewed) renew().get(0);
        assertEquals(List.of("https://b"), renewed.granted().missingAudience());
        assertEquals("t renewed, u renewed", words(renew()));
    }

    /** oidc-provider: 14 days after the login, whatever the age of the refresh token. */
    @Test
    void anAuthorizationThatEndsWhateverIsRenewed() {
        site.token("t", "acct");
        site.issuer.policy.grantLife = Duration.ofDays(14);
        for (int day = 0; day < 13; day++) {
            site.clock.advance(Duration.ofDays(1));
            assertEquals("t renewed", words(renew()));
        }
        site.clock.advance(Duration.ofDays(1));
        failed(Kind.AUTHORIZATION_DEAD, renew().get(0));
    }

    @Test
    void strictRefusesMoreScopeThanAskedAndKeepsTheOldToken() throws Exception {
        Site.Wish wish = site.token("t", "acct").scope("compute.read");
        wish.strict = true;
        assertEquals("t renewed", words(renew()));
        String before = Files.readString(wish.path);

        site.issuer.policy.ignoresNarrowing = true;
        var failed = failed(Kind.TOO_MUCH_GRANTED, renew().get(0));
        assertTrue(failed.failure().detail().contains("compute.create"), failed::toString);
        assertEquals(before, Files.readString(wish.path));
        int asked = site.requests();
        failed(Kind.TOO_MUCH_GRANTED, renew().get(0));
        assertEquals(asked, site.requests(), "asked again only after the back-off");
        assertEquals(0, site.issuer.reuses(), "the rotated refresh token was kept");
    }

    @Test
    void strictRefusesATokenThatIsGoodForAnyAudience() {
        Site.Wish wish = site.token("t", "acct").audience("https://ce.example.org");
        wish.strict = true;
        site.issuer.policy.audienceParameter = Policy.AudienceParameter.IGNORED;
        var failed = failed(Kind.TOO_MUCH_GRANTED, renew().get(0));
        assertEquals("aud https://wlcg.cern.ch/jwt/v1/any", failed.failure().detail());
    }

    /** The issuer answers 404 at the token endpoint from setup, and its metadata names another one now. */
    @Test
    void aTokenEndpointThatMovedIsFoundAgainAndRemembered() {
        site.authorize("early", "/oauth/token");
        site.issuer.fault(Fault.on("/oauth/token").always().respond(404, "text/html", "<h1>gone</h1>"));
        site.token("t", "early");
        assertEquals("t renewed", words(renew()));
        int asked = site.issuer.count("/.well-known/openid-configuration");
        assertEquals("t renewed", words(renew()));
        assertEquals(asked, site.issuer.count("/.well-known/openid-configuration"), "it is looked for once");
    }

    @Test
    void anEndpointThatFailsWhereItIsStaysTheFailure() {
        site.token("t", "acct");
        site.issuer.fault(Fault.on("/token").always().respond(404, "text/html", "<h1>gone</h1>"));
        failed(Kind.ISSUER_TROUBLE, renew().get(0));
    }

    // Issuers that limit all later requests to the scope of one request

    private void narrowingIssuer() {
        site.issuer.policy.narrowingSticks = true;
        site.token("narrow", "acct").scope("compute.read");
    }

    private List<String> scopesAsked() {
        List<String> scopes = site.issuer.requests("/token").stream()
                .map(seen -> String.join(" ", seen.form().getOrDefault("scope", List.of())))
                .toList();
        site.issuer.clearRecords();
        return scopes;
    }

    @Test
    void aTokenThatLostScopeToItsSiblingIsNoticedAndFromThenOnTheWholeScopeIsAskedFor() {
        narrowingIssuer();
        site.token("whole", "acct");
        Renewed whole = (Renewed) renew().get(1);
        assertTrue(whole.granted().isNarrowed(), whole::toString);
        assertEquals(
                List.of("storage.read:/", "compute.create"), whole.granted().missingScope());
        assertEquals(List.of("compute.read", ""), scopesAsked());

        whole = (Renewed) renew().get(1);
        assertTrue(whole.granted().isNarrowed(), "until a person authorizes again");
        assertEquals(List.of("", ""), scopesAsked());

        site.authorize("acct");
        for (int run = 0; run < 2; run++) {
            for (Outcome outcome : renew()) {
                Renewed renewed = (Renewed) outcome;
                assertFalse(renewed.granted().isNarrowed(), renewed::toString);
                assertEquals(List.of(), renewed.granted().missingScope());
                assertEquals(List.of(), renewed.granted().extraScope(), "nobody wonders at what we asked for");
            }
        }
    }

    @Test
    void aScopeThatIsRefusedAfterItsSiblingWasRenewedNeedsANewAuthorization() {
        narrowingIssuer();
        site.token("other", "acct").scope("compute.create");
        failed(Kind.GRANT_NARROWED, renew().get(1));
        assertEquals(Optional.of(true), site.state("acct").narrows());

        site.authorize("acct");
        assertEquals("narrow renewed, other renewed", words(force()));
        assertEquals(List.of("", ""), scopesAsked());
    }

    @Test
    void whereTheIssuerNarrowsAStrictSectionWithLessScopeIsRefused() {
        narrowingIssuer();
        site.token("whole", "acct");
        site.token("strict", "acct").scope("compute.create").strict = true;
        assertEquals("narrow renewed, whole renewed, strict ACCOUNT_SHARED", words(renew()));
        assertEquals(2, scopesAsked().size());
        assertEquals("narrow renewed, whole renewed, strict ACCOUNT_SHARED", words(renew()));
        assertFalse(site.isThere("strict"));
    }

    /** If a person lost a right, that is not narrowing by the issuer. */
    @Test
    void anIssuerThatGaveTheWholeScopeAfterALesserOneDoesNotNarrow() {
        site.token("narrow", "acct").scope("compute.read");
        site.token("whole", "acct");
        renew();
        assertEquals(Optional.of(false), site.state("acct").narrows());
        site.issuer.fault(Fault.on("/token")
                .grant("refresh_token")
                .always()
                .set("access_token", jwt("{\"scope\":\"compute.read\"}")));
        Renewed whole = (Renewed) renew().get(1);
        assertFalse(whole.granted().isNarrowed(), whole::toString);
        assertEquals(Optional.of(false), site.state("acct").narrows());
    }

    /** OA4MP sends an opaque token and no scope in the response. */
    @ParameterizedTest
    @CsvSource({"true, false, 'scope audience'", "true, true, audience", "false, false, ''"})
    void whatStrictCannotSeeIsSaid(boolean isOpaque, boolean isScopeInAnswer, String unseen) {
        site.issuer.policy.opaqueAccessTokens = isOpaque;
        site.issuer.policy.sendScopeInAnswer = isScopeInAnswer;
        site.token("t", "acct").scope("compute.read").audience("https://ce.example.org").strict = true;
        Renewed renewed = (Renewed) renew().get(0);
        assertEquals(unseen, String.join(" ", renewed.granted().unverifiable()));
    }

    // A token that no service accepts

    private static String jwt(String claims) {
        Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
        return encoder.encodeToString("{\"alg\":\"none\"}".getBytes(StandardCharsets.UTF_8)) + "."
                + encoder.encodeToString(claims.getBytes(StandardCharsets.UTF_8)) + ".c2ln";
    }

    private void answerWith(String claims) {
        site.issuer.fault(Fault.on("/token").grant("refresh_token").set("access_token", jwt(claims)));
    }

    /** Keeps the valid token on disk, and stores the refresh token that came with the invalid one. */
    @ParameterizedTest
    @CsvSource({
        "exp, -1000000, false",
        "exp, -60, false",
        "exp, 0, false",
        "exp, 60, true",
        "nbf, 301, false",
        "nbf, 1000000000, false",
        "nbf, 60, true",
        "nbf, -60, true",
    })
    void aTokenThatIsNotValidNowReplacesNone(String claim, long seconds, boolean isTaken) {
        site.token("t", "acct");
        renew();
        String good = site.onDisk("t");
        answerWith("{\"sub\":\"" + Site.SUBJECT + "\",\"" + claim + "\":"
                + site.clock.instant().plusSeconds(seconds).getEpochSecond() + "}");

        List<Outcome> outcomes = renew();

        assertEquals(isTaken ? "t renewed" : "t TOKEN_NOT_VALID", words(outcomes));
        assertEquals(isTaken, !good.equals(site.onDisk("t")));
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        assertEquals("t renewed", words(renew()), "it is asked again at once");
    }

    /** Our clock is this many seconds ahead of the issuer's; exp and nbf are relative to the issuer's clock. */
    @ParameterizedTest
    @CsvSource({
        "3600, exp, 3600, true, true",
        "3600, exp, 300, true, true",
        "3600, exp, 7200, true, false",
        "3600, exp, -60, false, false",
        "3600, nbf, 3600, false, false",
        "-3600, nbf, 0, true, true",
        "-3600, exp, -60, false, false",
        "-3600, exp, 300, true, false",
    })
    void theIssuersClockDecidesWhatIsValid(long ahead, String claim, long seconds, boolean isTaken, boolean isWarned) {
        site.token("t", "acct").strict = true;
        renew();
        String good = site.onDisk("t");
        Instant issuers = site.clock.instant();
        String claims = "{\"iss\":\"" + site.issuer.issuer() + "\",\"sub\":\"" + Site.SUBJECT + "\",\"" + claim + "\":"
                + issuers.plusSeconds(seconds).getEpochSecond() + "}";
        site.issuer.fault(Fault.on("/token")
                .grant("refresh_token")
                .set("access_token", jwt(claims))
                .header("Date", DateTimeFormatter.RFC_1123_DATE_TIME.format(issuers.atOffset(ZoneOffset.UTC))));
        site.clock.advanceSeconds(ahead);

        Outcome outcome = renew().get(0);

        assertEquals(isTaken, !good.equals(site.onDisk("t")));
        if (isTaken) {
            Renewed renewed = (Renewed) outcome;
            assertEquals(
                    isWarned ? Optional.of(ahead) : Optional.empty(),
                    renewed.clockAhead().map(off -> (off.toSeconds() + (ahead < 0 ? -30 : 30)) / 60 * 60));
        } else {
            failed(Kind.TOKEN_NOT_VALID, outcome);
        }
    }

    /** Some issuers send 0 if they do not know. */
    @ParameterizedTest
    @CsvSource({"0, true, true", "-1, false, false", "-3600, false, false", "60, true, false"})
    void anOpaqueTokenThatIsSaidToLiveForLessThanNoTimeReplacesNone(int expiresIn, boolean isTaken, boolean isWarned) {
        site.token("t", "acct");
        renew();
        String good = site.onDisk("t");
        site.issuer.policy.opaqueAccessTokens = true;
        site.issuer.fault(Fault.on("/token").grant("refresh_token").set("expires_in", expiresIn));
        Outcome outcome = renew().get(0);
        assertEquals(isTaken, !good.equals(site.onDisk("t")));
        assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        if (isTaken) {
            assertEquals(isWarned, ((Renewed) outcome).isLifetimeZero());
        } else {
            failed(Kind.TOKEN_NOT_VALID, outcome);
        }
    }

    // The person in the token, if there is no id_token

    @ParameterizedTest
    @CsvSource({
        "false, alice, SAME, ''",
        "false, mallory, SAME, 'sub was alice, is mallory'",
        "false, alice, https://evil.example, iss",
        "true, mallory, SAME, strict",
        "true, alice, https://evil.example, strict",
        "true, alice, SLASH, ''",
    })
    void withoutAnIdTokenTheAccessTokenTellsWhoseItIs(boolean isStrict, String sub, String iss, String words) {
        assertEquals("alice", Site.SUBJECT);
        site.token("t", "acct").strict = isStrict;
        site.issuer.policy.sendIdToken = false;
        renew();
        String before = site.onDisk("t");
        String of = switch (iss) {
            case "SAME" -> site.issuer.issuer();
            case "SLASH" -> site.issuer.issuer() + "/";
            default -> iss;
        };
        answerWith("{\"iss\":\"" + of + "\",\"sub\":\"" + sub + "\",\"exp\":"
                + site.clock.instant().plusSeconds(600).getEpochSecond() + "}");

        Outcome outcome = renew().get(0);

        if (words.equals("strict")) {
            assertTrue(outcome instanceof Outcome.Failed, outcome::toString);
            assertEquals(
                    Kind.IDENTITY_CHANGED, ((Outcome.Failed) outcome).failure().kind());
            assertEquals(before, site.onDisk("t"));
        } else {
            String other = ((Outcome.Renewed) outcome).otherIdentity().orElse("");
            assertTrue(words.isEmpty() ? other.isEmpty() : other.startsWith(words), other);
        }
    }

    /**
     * Whether there is an id_token of the right person; claims of the first access token and of the next one; the
     * difference.
     */
    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "false, alice, -, https://evil.example, 'sub was alice, is absent; iss was ISSUER, is https://evil.example'",
                "false, alice, -, ISSUER, 'sub was alice, is absent'",
                "false, alice, -, -, 'sub was alice, is absent; iss was ISSUER, is absent'",
                "false, -, -, https://evil.example, 'iss was ISSUER, is https://evil.example'",
                "false, -, mallory, https://evil.example, 'iss was ISSUER, is https://evil.example'",
                "false, -, -, ISSUER, ''",
                "false, -, alice, ISSUER, ''",
                "true, alice, mallory, ISSUER, 'sub was alice, is mallory'",
                "true, alice, -, https://evil.example, 'sub was alice, is absent; iss was ISSUER, is https://evil.example'",
                "true, pairwise, pairwise, ISSUER, ''",
                "true, alice, alice, ISSUER, ''",
            })
    void anAccessTokenOfSomebodyElseIsNoticed(
            boolean isWithIdToken, String firstSub, String sub, String iss, String difference) throws Exception {
        String issuer = site.issuer.issuer();
        site.save(
                "acct",
                site.account("acct")
                        .withTokenIdentity(Optional.of(new TokenResponse.Identity(
                                issuer, Optional.ofNullable(firstSub).orElse("")))));
        Site.Wish wish = site.token("t", "acct");
        site.issuer.policy.sendIdToken = isWithIdToken;
        String claims = "{" + (iss == null ? "" : "\"iss\":\"" + iss.replace("ISSUER", issuer) + "\",")
                + (sub == null ? "" : "\"sub\":\"" + sub + "\",") + "\"scope\":\"\"}";
        answerWith(claims);
        Renewed renewed = (Renewed) renew().get(0);
        assertEquals(difference, renewed.otherIdentity().orElse("").replace(issuer, "ISSUER"));

        wish.strict = true;
        answerWith(claims);
        String before = site.onDisk("t");
        Outcome outcome = renew().get(0);
        if (difference.isEmpty()) {
            assertTrue(outcome instanceof Renewed, outcome::toString);
        } else {
            failed(Kind.IDENTITY_CHANGED, outcome);
            assertEquals(before, site.onDisk("t"));
            assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        }
    }

    /** A claim that the first token did not have is learned from a later token. */
    @Test
    void aSubThatComesLaterIsLearned() {
        site.save(
                "acct",
                site.account("acct")
                        .withTokenIdentity(Optional.of(new TokenResponse.Identity(site.issuer.issuer(), ""))));
        site.token("t", "acct");
        assertEquals("t renewed", words(renew()));
        answerWith("{\"iss\":\"" + site.issuer.issuer() + "\",\"sub\":\"mallory\"}");
        assertEquals(Optional.of("sub was alice, is mallory"), ((Outcome.Renewed) renew().get(0)).otherIdentity());
    }

    /** oidc-agent does not store the person of its tokens: the first renewal learns it. */
    @Test
    void anAccountThatDoesNotKnowLearnsIt() throws Exception {
        site.save("acct", site.account("acct").withTokenIdentity(Optional.empty()));
        site.token("t", "acct");
        site.issuer.policy.sendIdToken = false;
        assertEquals("t renewed", words(renew()));
        answerWith("{\"iss\":\"" + site.issuer.issuer() + "\",\"sub\":\"mallory\"}");
        Outcome.Renewed renewed = (Outcome.Renewed) renew().get(0);
        assertEquals(Optional.of("sub was alice, is mallory"), renewed.otherIdentity());
    }

    @Test
    void aTokenThatLivesLessThanItsMinLifetimeIsToldOf() {
        site.token("t", "acct").minLifetime(300);
        Outcome.Renewed renewed = (Outcome.Renewed) renew().get(0);
        assertTrue(renewed.isShorterThanMinLifetime());
        site.token("u", "acct").minLifetime(290);
        assertFalse(((Outcome.Renewed) renew().get(1)).isShorterThanMinLifetime());
    }
}
