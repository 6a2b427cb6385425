package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Fresh;

/** Tests when a token is due. Tokens live for 300 seconds here. */
class DueTest extends SiteTest {
    private Site.Wish wish;

    @BeforeEach
    void renewOnce() {
        site.authorize("acct");
        wish = site.token("t", "acct").minLifetime(100);
        assertEquals("t renewed", words(renew()));
    }

    @Test
    void whereNothingIsDueNothingIsTouched() throws Exception {
        byte[] account = Site.bytes(site.accountFile("acct"));
        byte[] state = Site.bytes(directory.resolve("state/acct.json"));
        Files.delete(site.passwordFile("acct"));
        site.lockWait = Duration.ofMillis(50);
        try (var held = site.hold("acct")) {
            Fresh fresh = assertInstanceOf(Fresh.class, site.renewOne());

            assertEquals(300, fresh.left().toSeconds(), 1);
            assertEquals(true, held.exists());
        }
        assertEquals(1, site.requests());
        assertArrayEquals(account, Site.bytes(site.accountFile("acct")));
        assertArrayEquals(state, Site.bytes(directory.resolve("state/acct.json")));
        assertFalse(Files.exists(directory.resolve("accounts/acct.account.next")));
    }

    @ParameterizedTest
    @CsvSource({
        "0, fresh",
        "199, fresh",
        "200, renewed",
        "201, renewed",
        "300, renewed",
        "301, renewed",
        "100000, renewed"
    })
    void itIsDueWhenNoMoreThanMinLifetimeIsLeft(long seconds, String what) {
        wholeSecond();
        site.later(Duration.ofSeconds(seconds));

        assertEquals("t " + what, words(renew()));
    }

    /** exp has whole seconds. */
    private void wholeSecond() {
        site.later(Duration.ofNanos(1_000_000_000L - site.now().getNano()));
        force();
    }

    @Test
    void withoutMinLifetimeItIsAlwaysDue() {
        wish.minLifetime = OptionalLong.empty();

        assertEquals("t renewed", words(renew()));
        assertEquals("t renewed", words(renew()));
    }

    @Test
    void minLifetimeZeroMeansUntilTheEnd() {
        wholeSecond();
        wish.minLifetime(0);
        site.later(Duration.ofSeconds(299));
        assertEquals("t fresh", words(renew()));
        site.later(Duration.ofSeconds(1));
        assertEquals("t renewed", words(renew()));
    }

    @Test
    void aHugeMinLifetimeIsAlwaysDue() {
        wish.minLifetime(Long.MAX_VALUE);

        assertEquals("t renewed", words(renew()));
    }

    @Test
    void forceMakesItDue() {
        assertEquals("t renewed", words(force()));
        assertEquals("t fresh", words(renew()));
    }

    @Test
    void ofAnOpaqueTokenTheIssuersWordCounts() {
        site.issuer.policy.opaqueAccessTokens = true;
        force();
        wholeSecond();
        site.later(Duration.ofSeconds(199));
        assertEquals("t fresh", words(renew()));
        site.later(Duration.ofSeconds(1));
        assertEquals("t renewed", words(renew()));
    }

    @Test
    void anOpaqueTokenOfUnknownLifeIsAlwaysDue() {
        site.issuer.policy.opaqueAccessTokens = true;
        site.issuer.fault(onRefresh().remove("expires_in"));
        force();

        assertEquals("t renewed", words(renew()));
    }

    @Test
    void anOpaqueTokenThatIsNotOursIsDue() {
        site.issuer.policy.opaqueAccessTokens = true;
        force();
        Site.write(directory.resolve("tokens/t"), "somebody-elses\n");

        assertEquals("t renewed", words(renew()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\n", "garbage", "a.b.c", "eyJ.eyJ.eyJ", "two words", "\u0000"})
    void whatIsNoTokenIsDue(String content) {
        Site.write(directory.resolve("tokens/t"), content);

        assertEquals("t renewed", words(renew()));
    }

    /** Like the original program: uses the exp of any JWT in the file. */
    @ParameterizedTest
    @CsvSource({"3600, fresh", "99, renewed", "-5, renewed"})
    void anotherJwtCountsByItsOwnTimes(long seconds, String what) {
        long now = site.now().getEpochSecond();
        Site.write(directory.resolve("tokens/t"), jwt("{\"iat\":" + (now - 10) + ",\"exp\":" + (now + seconds) + "}"));

        assertEquals("t " + what, words(renew()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"exp\":\"soon\"}", "{\"exp\":null}", "{\"exp\":-1}", "{\"exp\":1e300}", "[]"})
    void aJwtWithoutAnEndIsDue(String claims) {
        Site.write(directory.resolve("tokens/t"), jwt(claims));

        assertEquals("t renewed", words(renew()));
    }

    @Test
    void aJwtWithAMultilineTailIsDue() {
        Site.write(directory.resolve("tokens/t"), site.onDisk("t") + "more\n");

        assertEquals("t renewed", words(renew()));
    }

    private static String jwt(String claims) {
        Base64.Encoder encoder = Base64.getUrlEncoder().withoutPadding();
        return encoder.encodeToString("{\"alg\":\"none\"}".getBytes(StandardCharsets.UTF_8)) + "."
                + encoder.encodeToString(claims.getBytes(StandardCharsets.UTF_8)) + ".c2ln\n";
    }

    @Test
    void anAbsentFileIsDue() throws Exception {
        Files.delete(directory.resolve("tokens/t"));

        assertEquals("t renewed", words(renew()));
    }

    @Test
    void anotherScopeAudienceOrPathIsDueOnce() {
        wish.scope("compute.read", "compute.create");
        assertEquals("t renewed", words(renew()));
        assertEquals("t fresh", words(renew()));
        wish.scope("compute.create", "compute.read");
        assertEquals("t fresh", words(renew()), "the order says nothing");
        wish.scope("compute.read");
        assertEquals("t renewed", words(renew()));
        wish.audience("https://a");
        assertEquals("t renewed", words(renew()));
        assertEquals("t fresh", words(renew()));
        wish.audience();
        assertEquals("t renewed", words(renew()));
        wish.path(directory.resolve("tokens/other"));
        assertEquals("t renewed", words(renew()));
        assertEquals("t fresh", words(renew()));
        wish.scope();
        assertEquals("t renewed", words(renew()));
    }

    @Test
    void aPathThatHeldAnotherTokenBeforeIsDue() {
        site.token("u", "acct").minLifetime(100).path(wish.path);

        assertEquals("t fresh, u renewed", words(renew()));
    }

    @Test
    void aFailedTokenIsDueThoughItsFileIsFresh() {
        site.issuer.fault(Fault.on("/token").always().respond(503, null, null));
        assertEquals("t ISSUER_TROUBLE", words(force()));
        site.issuer.clearFaults();

        assertEquals("t renewed", words(renew()));
        assertEquals("t fresh", words(renew()));
    }

    @Test
    void withoutItsStateEverythingIsDue() throws Exception {
        Path state = directory.resolve("state/acct.json");
        for (String content : List.of("", "{\"tokens\":", "{}", "[]")) {
            Site.write(state, content);
            assertEquals("t renewed", words(renew()));
            assertEquals("t fresh", words(renew()));
        }
        Files.delete(state);
        assertEquals("t renewed", words(renew()));
    }

    // Clocks

    @Test
    void aTokenFromTheFutureIsDue() {
        long now = site.now().getEpochSecond();
        Site.write(directory.resolve("tokens/t"), jwt("{\"iat\":" + (now + 301) + ",\"exp\":" + (now + 90_000) + "}"));
        assertEquals("t renewed", words(renew()));

        Site.write(directory.resolve("tokens/t"), jwt("{\"iat\":" + (now + 299) + ",\"exp\":" + (now + 90_000) + "}"));
        assertEquals("t fresh", words(renew()), "clocks differ by some minutes");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aClockThatJumpsByADayNeitherStopsRenewalNorLosesAToken(boolean opaque) {
        site.issuer.policy.opaqueAccessTokens = opaque;
        force();
        for (int days : List.of(1, -1, -1, 1)) {
            site.later(Duration.ofDays(days));

            assertEquals("t renewed", words(renew()), "after a jump of " + days);
            assertEquals("t fresh", words(renew()));
            assertEquals(site.issuer.currentRefreshTokens(), List.of(site.refreshToken("acct")));
        }
    }

    @Test
    void onlyWhatIsDueIsAskedFor() {
        site.token("u", "acct");
        site.token("v", "acct").minLifetime(100);

        assertEquals("t fresh, u renewed, v renewed", words(renew()));
        assertEquals("t fresh, u renewed, v fresh", words(renew()));
        assertEquals(4, site.requests());
    }

    /** The other run renewed the token while this one waited for the lock. */
    @Test
    void whatAnotherRunHasDoneMeanwhileIsNotAskedForAgain() throws Exception {
        site.later(Duration.ofSeconds(250));
        List<Outcome> outcomes = Overlap.twoRunsThatBothFindItDue(site);

        assertEquals(2, site.requests(), "one at the beginning, one now");
        assertEquals(
                1, remember(outcomes).stream().filter(Fresh.class::isInstance).count(), words(outcomes));
    }
}
