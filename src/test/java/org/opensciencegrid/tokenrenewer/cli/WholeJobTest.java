package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.FileAccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Runs setup, renew and status as an admin would. */
class WholeJobTest extends WithProgram {
    private static final String ONE = """
            [token one]
            account = acct
            token_path = DIR/one.token
            """;

    @AfterEach
    void theIssuerHasNothingToComplainOf() {
        assertEquals(List.of(), program.issuer.violations());
    }

    @Test
    void registersAuthorizesRenewsAndTells() {
        Result setup = program.setup("--scope=openid offline_access compute.read");
        assertEquals(0, setup.status(), setup.err());
        assertTrue(setup.out().contains("[account acct]\n\npassword_file = " + program.file("acct.pw") + "\n"));

        program.accountWith(ONE);
        Result renew = program.run("renew");
        assertEquals(0, renew.status(), renew.err());
        String first = program.read("one.token");
        assertTrue(first.endsWith("\n") && first.split("\\.").length == 3);
        assertEquals(0, program.run("renew").status());
        assertNotEquals(first, program.read("one.token"));
        assertEquals(0, program.issuer.reuses());

        Result status = program.run("status", "--long");
        assertEquals(0, status.status());
        assertTrue(status.out().contains("by alice"), status.out());
        assertEquals(2, program.issuer.count("/token", Policy.REFRESH_TOKEN));
    }

    /** Keycloak: a registration must not name openid, but a request for it shows who approved. */
    @Test
    void whoApprovedIsAskedForThoughNobodyMayRegisterForIt() {
        program.issuer.policy.registrationRefusesOpenid = true;
        Result setup = program.setup("--scope=openid offline_access compute.read");
        assertEquals(0, setup.status(), setup.err());
        assertTrue(setup.out().contains("Authorized by alice at "), setup.out());
        assertFalse(setup.out().contains("does not let"), setup.out());
    }

    @Test
    void anIssuerThatKnowsNoOpenidIsAskedWithoutIt() {
        program.issuer.policy.scopes = Set.of("offline_access", "compute.read");
        program.issuer.policy.omitScopesSupported = true;
        Result setup = program.setup("--scope=offline_access compute.read");
        assertEquals(0, setup.status(), setup.err());
        assertTrue(setup.out().contains("Authorized"), setup.out());
        assertEquals(2, program.issuer.count("/device_authorization"));
    }

    /**
     * OA4MP: an administrator of the issuer approves each client, which may take days; a second client would need
     * another approval.
     */
    @Test
    void aClientThatWaitsForItsApprovalIsUsedByTheNextSetup() {
        program.issuer.policy.unapprovedClient = true;
        Result first = program.setup("--scope=openid offline_access compute.read");
        assertEquals(1, first.status());
        assertTrue(first.err().contains("ask the issuer's administrator to approve it"), first.err());
        assertTrue(first.out().contains("stays registered"), first.out());
        assertEquals(
                1, program.setup("--scope=openid offline_access compute.read").status());

        program.issuer.policy.unapprovedClient = false;
        Result last = program.setup("--scope=openid offline_access compute.read");
        assertEquals(0, last.status(), last.err());
        assertEquals(1, program.issuer.registeredClients().size());
        assertEquals(1, program.issuer.count("/register"));
        assertTrue(last.out().contains("which an earlier setup registered"), last.out());
        assertFalse(program.file("state/registrations/acct.account").toFile().exists());
    }

    /** The issuer deleted the client: the next setup must not try it again forever. */
    @Test
    void aKeptClientThatIsGoneIsReplaced() {
        program.issuer.policy.unapprovedClient = true;
        program.setup("--scope=openid offline_access compute.read");
        program.issuer.policy.unapprovedClient = false;
        program.issuer.removeClient(program.issuer.registeredClients().get(0));
        assertEquals(
                1, program.setup("--scope=openid offline_access compute.read").status());
        assertEquals(
                0, program.setup("--scope=openid offline_access compute.read").status());
    }

    /** The next step for a person, and the page for it. */
    @Test
    void aRefusedRegistrationNamesTheIssuersPage() {
        program.issuer.policy.openRegistration = false;
        program.issuer.policy.registrationToken = "initial-access-token";
        Result setup = program.setup("--scope=openid");
        assertEquals(1, setup.status());
        assertTrue(setup.err().contains("see " + program.issuer.issuer() + ", and use it: "), setup.err());
        program.issuer.policy.documentation = "https://docs.example.org/clients#new";
        assertTrue(program.setup("--scope=openid").err().contains("see https://docs.example.org/clients#new, and use"));
    }

    @ParameterizedTest
    @CsvSource({
        "RESOURCE, resource, 0",
        "AUDIENCE, audience, 1",
        "BOTH, resource, 0",
        "IGNORED, , 1",
    })
    void setupFindsOutHowTheIssuerTakesAudiences(Policy.AudienceParameter way, String found, int requests) {
        program.issuer.policy.audienceParameter = way;
        Result setup = program.setup("--scope=openid offline_access compute.read", "--audience=https://a");
        assertEquals(0, setup.status(), setup.err());
        String words = found == null
                ? "does not contain the requested audience"
                : "The issuer accepts audiences in the parameter " + found + ".";
        assertTrue(setup.out().contains(words), setup.out());
        assertEquals(requests, program.issuer.count("/token", Policy.REFRESH_TOKEN));
        program.accountWith(ONE + "audience = https://a\n");
        Result renew = program.run("renew");
        assertEquals(0, renew.status(), renew.err());
        assertEquals(found == null, renew.err().contains("audience"), renew.err());
        assertEquals(0, program.issuer.reuses());
    }

    /**
     * Setup uses the audience of the account's tokens from an existing config file. With --audience-parameter it does
     * not test the issuer.
     */
    @Test
    void setupNamesTheAudienceOfTheTokens() {
        program.accountWith(ONE + "audience = https://a https://b\n");
        program.issuer.policy.requireResourceAtDeviceTime = true;
        Result setup = program.setup("--scope=openid offline_access compute.read", "--audience-parameter=resource");
        assertEquals(0, setup.status(), setup.err());
        assertFalse(setup.out().contains("accepts audiences in"), setup.out());
        Result renew = program.run("renew");
        assertEquals(0, renew.status(), renew.err());
        assertEquals("", renew.err());
    }

    /** An exchange requests it of the issuer later. */
    @Test
    void setupNamesNoAudienceOfAnExchange() {
        program.accountWith(ONE + "audience = https://a\nexchange = yes\n");
        assertEquals(
                0, program.setup("--scope=openid offline_access compute.read").status());
        assertEquals(
                List.of(),
                program.issuer.requests("/device_authorization").stream()
                        .filter(seen -> seen.form().containsKey("resource")
                                || seen.form().containsKey("audience"))
                        .toList());
    }

    @Test
    void anIssuerThatClearsAccessTokensIsTold() {
        program.issuer.policy.registrationClearsAccessTokens = true;
        Result setup = program.setup("--scope=openid offline_access compute.read");
        assertEquals(0, setup.status(), setup.err());
        assertTrue(setup.out().contains("Such services need one account for each token."), setup.out());
    }

    @Test
    void theOfflineAccessThatWasAddedIsForgone() {
        program.issuer.policy.deviceRefusesScope = "offline_access";
        program.issuer.policy.giveRefreshTokenOnlyForOfflineAccess = false;
        Result setup = program.setup("--scope=openid compute.read");
        assertEquals(0, setup.status(), setup.err());
        assertTrue(setup.out().contains("rejects the scope offline_access"), setup.out());
        assertTrue(setup.out().contains("Authorized by alice"), "only that was left out: " + setup.out());
    }

    @Test
    void aScopeThatThePersonNamedIsNotForgone() {
        program.issuer.policy.deviceRefusesScope = "compute.read";
        Result setup = program.setup("--scope=openid compute.read");
        assertEquals(1, setup.status());
        assertTrue(setup.err().contains("(asked for: openid compute.read offline_access)"), setup.err());
        assertEquals(List.of(), program.issuer.registeredClients());
    }

    /** Without a terminal, no person can accept fewer scopes. */
    @Test
    void aScopeThatTheIssuerDropsIsNotDroppedInSilence() {
        program.issuer.policy.registrationRefusesUnknownScope = false;
        Result setup = program.setup("--scope=openid compute.read no.such");
        assertEquals(1, setup.status());
        assertTrue(setup.err().contains("the client may not ask for no.such"), setup.err());
        assertEquals(List.of(), program.issuer.registeredClients());
    }

    @Test
    void aResourceThatIsRefusedInOtherWordsIsAskedForAsAnAudience() {
        program.issuer.policy.resourceIsInvalidRequest = true;
        Result setup = program.setup("--scope=openid offline_access compute.read", "--audience=https://a");
        assertEquals(0, setup.status(), setup.err());
        assertTrue(setup.out().contains("in the parameter audience."), setup.out());
    }

    @Test
    void aKeptClientWithLessScopeIsReplaced() {
        program.issuer.policy.unapprovedClient = true;
        assertEquals(1, program.setup("--scope=openid offline_access").status());
        program.issuer.policy.unapprovedClient = false;
        Result setup = program.setup("--scope=openid offline_access compute.read");
        assertEquals(0, setup.status(), setup.err());
        assertTrue(setup.out().contains("has other scopes than the ones requested now"), setup.out());
        assertEquals(1, program.issuer.registeredClients().size());
    }

    /** The printed commands that fix an account name no issuer, scope or client. */
    @Test
    void setupOfAnAccountThatExistsKeepsWhatItHas() {
        program.issuer.addClient(
                "predefined",
                "its secret",
                "client_secret_basic",
                List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN),
                List.of("openid", "offline_access", "compute.read"));
        program.secret("secret", "its secret");
        Result first = program.setup(
                "--manual",
                "--client-id=predefined",
                "--client-secret-file=" + program.file("secret"),
                "--scope=openid offline_access compute.read");
        assertEquals(0, first.status(), first.err());
        Result again = program.run("setup", "--pw-file=" + program.file("acct.pw"), "--audience=https://a", "acct");
        assertEquals(0, again.status(), again.err());
        assertEquals(0, program.issuer.count("/register"));
        assertTrue(again.out().contains("Using client predefined, which the account has."), again.out());
        program.accountWith(ONE + "audience = https://a\n");
        assertEquals(0, program.run("renew").status());
    }

    @Test
    void reauthenticationHonorsOrRefusesEachOption() {
        program.setup("--scope=openid offline_access compute.read");
        Result more = program.setup("--reauthenticate", "--audience=https://a");
        assertEquals(0, more.status(), more.err());
        List<Seen> asked = program.issuer.requests("/device_authorization");
        assertEquals("https://a", asked.get(asked.size() - 1).parameter("resource"));
        Result less = program.setup("--reauthenticate", "--scope=openid offline_access");
        assertEquals(0, less.status(), less.err());
        asked = program.issuer.requests("/device_authorization");
        assertEquals("openid offline_access", asked.get(asked.size() - 1).parameter("scope"));
        Result client = program.setup("--reauthenticate", "--client-id=other");
        assertEquals(2, client.status());
        assertTrue(client.err().contains("--client-id cannot be combined with --reauthenticate"), client.err());
        Result issuer = program.run(
                "setup",
                "--reauthenticate",
                "--issuer=https://x.example",
                "--pw-file=" + program.file("acct.pw"),
                "acct");
        assertEquals(1, issuer.status());
        assertTrue(issuer.err().contains("the account is of the issuer"), issuer.err());
    }

    @Test
    void twoSetupsOfOneAccountAtOnce() throws Exception {
        Path directory = Files.createDirectories(program.file("state/registrations"));
        AccountStore registrations = new FileAccountStore(directory, directory, Program.CHEAP);
        try (LockedAccount other = registrations.lock("acct", Duration.ZERO)) {
            assertFalse(other.exists());
            Result setup = program.setup("--scope=openid offline_access");
            assertEquals(1, setup.status());
            assertTrue(setup.err().contains("another setup may be running"), setup.err());
            assertEquals(0, program.issuer.count("/register"));
        }
        assertEquals(0, program.setup("--scope=openid offline_access").status());
    }

    @Test
    void aServiceIsToldHowTheIssuerTakesAudiences() {
        program.issuer.addClient(
                "service", "its secret", "client_secret_basic", List.of(Policy.CLIENT_CREDENTIALS), List.of());
        program.secret("secret", "its secret");
        program.issuer.policy.audienceParameter = Policy.AudienceParameter.RESOURCE;
        Result setup = program.run(
                "setup",
                "--client-credentials",
                "--issuer=" + program.issuer.issuer(),
                "--client-id=service",
                "--client-secret-file=" + program.file("secret"),
                "--audience=https://a",
                "--ca-file=" + program.file("ca.pem"),
                "acct");
        assertEquals(0, setup.status(), setup.err());
        assertTrue(setup.out().contains("\naudience_parameter = resource\n"), setup.out());
    }

    @Test
    void everyPromptCanBeAnsweredAtTheTerminal() {
        program.issuer.addClient(
                "predefined",
                "its secret",
                "client_secret_basic",
                List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN),
                List.of("openid", "offline_access", "compute.read"));
        Result setup = program.answer(
                program.issuer.issuer() + "\npredefined\nits secret\nopenid offline_access compute.read\n",
                "setup",
                "--manual",
                "--ca-file=" + program.file("ca.pem"),
                "--pw-file=" + program.file("acct.pw"),
                "acct");
        // oidc-agent's order is issuer, id, secret, scopes; ours asks for scopes after it has the issuer's list.
        assertEquals(2, setup.status(), "answers in another order than the questions must not pass silently");
        setup = program.answer(
                program.issuer.issuer() + "\nopenid offline_access compute.read\npredefined\nits secret\n",
                "setup",
                "--manual",
                "--ca-file=" + program.file("ca.pem"),
                "--pw-file=" + program.file("acct.pw"),
                "acct");
        assertEquals(0, setup.status(), setup.err());
        assertTrue(setup.out().contains("compute.read"), "the issuer's scopes are shown to choose from");
        assertFalse(setup.out().contains("its secret"));
    }

    @Test
    void theConfigSectionThatSetupPrintsIsReadBackAsItIs() {
        program.issuer.addClient(
                "host:demo",
                "100%secret%%s",
                "client_secret_basic",
                List.of(Policy.CLIENT_CREDENTIALS),
                List.of("compute.read"));
        program.secret("secret", "100%secret%%s");
        Result setup = program.answer(
                "100%secret%%s\n",
                "setup",
                "--client-credentials",
                "--issuer=" + program.issuer.issuer(),
                "--client-id=host:demo",
                "--client-secret-file=-",
                "--ca-file=" + program.file("ca.pem"),
                "acct");
        assertEquals(0, setup.status(), setup.err());
        String sections = setup.out()
                .substring(setup.out().indexOf("[account"), setup.out().indexOf("To get the token now"));
        program.config(sections.replace("/etc/osg/tokens/acct.token", "DIR/first.token"));
        Result renew = program.run("renew");
        assertEquals(0, renew.status(), renew.err());
        assertEquals(3, program.read("first.token").split("\\.").length);
    }

    @Test
    void aFreshTokenIsLeftAloneUnlessForced() {
        program.setup("--scope=openid offline_access");
        program.accountWith(ONE + "min_lifetime = 100\n");
        program.run("renew");
        String first = program.read("one.token");
        Result again = program.run("renew");
        assertTrue(again.out().matches("(299|300) seconds remaining in 'one', not renewing\n"), again.out());
        assertEquals(first, program.read("one.token"));
        assertEquals(0, program.run("renew", "--force").status());
        assertNotEquals(first, program.read("one.token"));
    }

    @Test
    void reauthenticationHealsADeadAuthorizationWithTheSameClient() {
        program.setup("--scope=openid offline_access");
        program.accountWith(ONE);
        program.issuer.revokeAll();
        Result dead = program.run("renew");
        assertEquals(1, dead.status());
        assertTrue(dead.err().contains("setup --reauthenticate acct"), dead.err());
        assertEquals(1, program.run("status").status());

        assertEquals(0, program.run("setup", "--reauthenticate", "acct").status());
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("status").status());
        assertEquals(1, program.issuer.registeredClients().size());
    }

    @Test
    void aFailedSetupLeavesNoAccountAndNoClient() {
        program.issuer.approveAutomatically(null);
        program.issuer.policy.deviceLife = java.time.Duration.ofSeconds(30);
        Result setup = program.setup("--scope=openid offline_access");
        assertEquals(1, setup.status());
        assertTrue(setup.err().contains("the request was not approved"), setup.err());
        assertTrue(setup.out().contains("was deleted"), setup.out());
        assertEquals(0, program.issuer.registeredClients().size());
        assertFalse(Files.exists(program.file("state/accounts/acct.account")));
        assertFalse(Files.exists(program.file("state/state/acct.json")));
    }

    @Test
    void aSecondSetupKeepsTheOldAccountUntilItHasSucceeded() throws Exception {
        program.setup("--scope=openid offline_access");
        byte[] before = Files.readAllBytes(program.file("state/accounts/acct.account"));
        program.issuer.approveAutomatically(null);
        program.issuer.policy.deviceLife = java.time.Duration.ofSeconds(30);
        assertEquals(1, program.setup("--scope=openid offline_access").status());
        assertEquals(
                java.util.Arrays.toString(before),
                java.util.Arrays.toString(Files.readAllBytes(program.file("state/accounts/acct.account"))));
        program.issuer.approveAutomatically("alice");
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.accountWith(ONE);
        assertEquals(0, program.run("renew").status());
    }

    @Test
    void noSecretIsPrintedByAnyCommand() {
        StringBuilder everything = new StringBuilder();
        everything.append(program.setup("--verbose", "--scope=openid offline_access"));
        program.accountWith(ONE);
        program.issuer.policy.iamErrors = true;
        everything.append(program.run("renew")).append(program.run("status")).append(program.run("status", "--json"));
        program.issuer.revokeAll();
        everything.append(program.run("renew")).append(program.run("status", "--json"));
        for (String secret : program.issuer.secrets()) {
            assertFalse(everything.toString().contains(secret));
        }
    }
}
