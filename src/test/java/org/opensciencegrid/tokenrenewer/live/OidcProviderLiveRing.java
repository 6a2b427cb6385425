package org.opensciencegrid.tokenrenewer.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.dist.Installed.Ended;

/** npm oidc-provider: the common cases, and what only it offers. .ci/run installs it. */
class OidcProviderLiveRing extends LiveCases {
    private static final String CE = "https://ce.example.org:9619";

    @BeforeAll
    void start() throws Exception {
        issuer = new OidcProvider(servers, "{}");
    }

    private void secret(String text) throws Exception {
        site.write("secret", text + "\n");
        Files.setPosixFilePermissions(
                site.file("secret"), java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void predefinedClient() throws Exception {
        secret("manual-secret-0123456789abcdef");
        Ended setup = setup(
                true, SCOPE, "--manual", "--client-id=manual-client", "--client-secret-file=" + site.file("secret"));
        configure(sectionOf(setup), "");
        assertRenews();
    }

    @Test
    void publicClient() throws Exception {
        Ended setup = setup(true, SCOPE, "--public", "--client-id=public-client");
        configure(sectionOf(setup), "");
        assertRenews();
        assertRenews();
    }

    @Test
    void wrongClientSecret() throws Exception {
        secret("not-the-secret-of-that-client");
        Ended setup = setup(
                true, SCOPE, "--manual", "--client-id=manual-client", "--client-secret-file=" + site.file("secret"));
        assertEquals(1, setup.status());
        assertTrue(setup.err().contains("invalid_client"), setup.err());
        assertFalse(Files.exists(site.file("state/accounts/acct.account")));
    }

    @Test
    void clientCredentials() throws Exception {
        secret("cc-secret-%41-0123456789abcdef");
        Ended setup = run(
                "setup",
                "--client-credentials",
                "--issuer=" + issuer.issuer(),
                "--ca-file=" + issuer.caFile(),
                "--client-id=cc-client",
                "--client-secret-file=" + site.file("secret"),
                "acct");
        configure(sectionOf(setup), "scope = compute.read\nmin_lifetime = 60\n");
        assertRenews();
        assertEquals(List.of("compute.read"), claims().scope());
        assertTrue(run("renew").out().contains("not renewing"));
    }

    @Test
    void narrowingByScopeAndByAudience() throws Exception {
        Ended setup = setup(true, "--scope=openid offline_access compute.read storage.read:/", "--audience=" + CE);
        configure(sectionOf(setup), "scope = compute.read\naudience = " + CE + "\n");
        assertRenews();
        assertEquals(List.of("compute.read"), claims().scope());
        assertEquals(List.of(CE), claims().audience());
        configure(section(), "");
        assertRenews();
        assertTrue(claims().scope().contains("storage.read:/"), "narrowing does not stick");
    }

    @Test
    void anAudienceThatTheIssuerRefusesBurnsNoSecondRefreshToken() throws Exception {
        configure(sectionOf(setup(true, SCOPE)), "audience = https://forbidden.example.org\n");
        Ended refused = run("renew");
        assertEquals(1, refused.status());
        assertTrue(refused.err().contains("refuses the audience"), refused.err());
        assertTrue(run("renew").err().contains("not asked again before"));
    }

    @Test
    void denied() throws Exception {
        Ended setup = setup(false, SCOPE);
        assertEquals(1, setup.status());
        assertTrue(setup.err().contains("the request was denied"), setup.err());
        assertTrue(setup.out().contains("was deleted again"), setup.out());
        assertFalse(Files.exists(site.file("state/accounts/acct.account")));
    }

    @Test
    void noRefreshTokenGranted() throws Exception {
        secret("nr-secret-0123456789abcdef");
        Ended setup =
                setup(true, SCOPE, "--manual", "--client-id=no-refresh", "--client-secret-file=" + site.file("secret"));
        assertEquals(1, setup.status());
        assertTrue(setup.err().contains("no refresh token"), setup.err());
        assertFalse(Files.exists(site.file("state/accounts/acct.account")));
    }

    @Test
    void expiredCode() throws Exception {
        try (LiveIssuer hasty = new OidcProvider(servers, "{\"deviceSeconds\":8}")) {
            Ended setup = startSetupAt(hasty, SCOPE).await();
            assertEquals(1, setup.status());
            assertTrue(setup.err().contains("nobody approved the request in time"), setup.err());
        }
    }

    @Test
    void closedRegistration() throws Exception {
        try (LiveIssuer closed = new OidcProvider(servers, "{\"registration\":\"initial-access-token-1\"}")) {
            Ended without = startSetupAt(closed, SCOPE).await();
            assertEquals(1, without.status());
            assertTrue(without.err().contains("--registration-token-file"), without.err());
            secret("initial-access-token-1");
            LiveIssuer open = issuer;
            issuer = closed;
            try {
                Ended setup = setup(true, SCOPE, "--registration-token-file=" + site.file("secret"));
                configure(sectionOf(setup), "");
                assertRenews();
            } finally {
                issuer = open;
            }
        }
    }

    @Test
    void noRegistrationAtAll() throws Exception {
        try (LiveIssuer closed = new OidcProvider(servers, "{\"registration\":\"off\"}")) {
            Ended setup = startSetupAt(closed, SCOPE).await();
            assertEquals(1, setup.status());
            assertTrue(setup.err().contains("--manual"), setup.err());
        }
    }

    private org.opensciencegrid.tokenrenewer.dist.Installed.Running startSetupAt(LiveIssuer other, String... options) {
        LiveIssuer usual = issuer;
        issuer = other;
        try {
            return startSetup(other.issuer(), options);
        } finally {
            issuer = usual;
        }
    }
}
