package org.opensciencegrid.tokenrenewer.renewal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.issuer.Fault;
import org.opensciencegrid.tokenrenewer.issuer.Policy;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;
import org.opensciencegrid.tokenrenewer.state.Failure.Kind;

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
