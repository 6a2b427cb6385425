package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.issuer.Fault;
import org.opensciencegrid.tokenrenewer.issuer.Policy;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;
import org.opensciencegrid.tokenrenewer.state.Failure.Kind;
import org.opensciencegrid.tokenrenewer.text.Members;

/** What was granted against what was asked, and endpoints that move. */
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

    /** Keycloak drops what was never granted; its token says that nothing is left, which is not the same as no word. */
    @Test
    void aScopeDroppedInSilenceIsMissed() {
        site.issuer.policy.dropsWiderScope = true;
        site.token("t", "acct").scope("no.such.scope");
        Renewed renewed = (Renewed) renew().get(0);
        assertEquals(List.of("no.such.scope"), renewed.granted().missingScope());
    }

    /** oidc-provider has used the refresh token up when it says no. */
    @Test
    void whatWasNotNamedAtSetupIsNotAskedOfAnIssuerThatHeedsResource() {
        byte[] known = site.account("acct").encode();
        Members named = Members.parse(new String(known, StandardCharsets.UTF_8))
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

    /** Where nobody knows the issuer's way, the parameter that none of them punishes. */
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

    /** oidc-provider: 14 days after the login, however young the refresh token is. */
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

    /** The issuer answers 404 where its token endpoint was at setup, and names another place now. */
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
}
