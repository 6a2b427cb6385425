package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Changes the password of an account, shows its status and removes it. */
@Tag("slow")
class ChangePasswordAndRemoveTest extends WithProgram {
    private static final String PASSWORD = Program.PASSWORD;

    @BeforeEach
    void anAccountWithAToken() {
        program.accountWith(Program.ONE);
        assertEquals(
                0, program.setup("--scope=openid offline_access compute.read").status());
        assertEquals(0, program.run("renew").status());
    }

    @AfterEach
    void theIssuerHasNothingToComplainOf() {
        assertEquals(List.of(), program.issuer.violations());
    }

    @Test
    void aNewPasswordNeedsTheOldOneAndNoIssuer() throws IOException {
        int asked = program.issuer.requests().size();
        program.secret("old.pw", PASSWORD);
        program.secret("acct.pw", "a new password");
        Result renew = program.run("renew");
        assertEquals(1, renew.status());
        assertTrue(renew.err().contains("change-password acct --old-pw-file=FILE"), renew.err());
        Result changed = program.run("change-password", "acct", "--old-pw-file=" + program.file("old.pw"));
        assertEquals(0, changed.status(), changed.err());
        Result again = program.run("change-password", "acct", "--old-pw-file=" + program.file("old.pw"));
        assertEquals(0, again.status(), again.err());
        assertTrue(again.out().contains("already had"), again.out());
        assertEquals(asked, program.issuer.requests().size());
        assertEquals(0, program.run("renew").status());
    }

    @Test
    void theOldPasswordOpensNothingAnyMore() throws IOException {
        program.secret("acct.pw", "a new password");
        assertEquals(
                0, program.answer(PASSWORD + "\n", "change-password", "acct").status());
        program.secret("acct.pw", PASSWORD);
        assertTrue(program.run("renew").err().contains("does not hold the password"));
        Files.delete(program.file("state/accounts/acct.account")); // the previous generation stays
        assertTrue(program.run("renew").err().contains("does not hold the password"));
    }

    /** The previous generation has a newer refresh token. Two saves would replace it, and what shows that. */
    @Test
    void anAccountThatWasRestoredFromABackupKeepsWhatShowsThat() throws IOException {
        Path account = program.file("state/accounts/acct.account");
        Path previous = program.file("state/accounts/acct.account.prev");
        byte[] backup = Files.readAllBytes(account);
        assertEquals(0, program.run("renew", "--force").status());
        assertEquals(0, program.run("renew", "--force").status());
        Files.write(account, backup);
        byte[] newer = Files.readAllBytes(previous);
        program.secret("old.pw", PASSWORD);
        program.secret("acct.pw", "a new password");
        for (int i = 0; i < 2; i++) {
            Result changed = program.run("change-password", "acct", "--old-pw-file=" + program.file("old.pw"));
            assertEquals(1, changed.status(), changed.said());
            assertTrue(changed.err().contains("the account file is older than"), changed.err());
            assertArrayEquals(backup, Files.readAllBytes(account));
            assertArrayEquals(newer, Files.readAllBytes(previous));
            program.secret("acct.pw", PASSWORD); // and if it opens with the new one
        }
    }

    @Test
    void anAccountThatIsDamagedIsNotReplacedByThePreviousOne() throws IOException {
        program.write("state/accounts/acct.account", "damaged");
        Result changed = program.run("change-password", "acct");
        assertEquals(1, changed.status(), changed.said());
        assertTrue(changed.err().replaceAll("\\s+", " ").contains("To fix: renew first"), changed.err());
        assertEquals("damaged", program.read("state/accounts/acct.account"));
    }

    @Test
    void aWrongOldPasswordChangesNothing() throws IOException {
        byte[] before = Files.readAllBytes(program.file("state/accounts/acct.account"));
        program.secret("acct.pw", "a new password");
        Result wrong = program.answer("not the old one\n", "change-password", "acct");
        assertEquals(1, wrong.status());
        assertTrue(wrong.err().contains("neither the new nor the old password"), wrong.err());
        assertEquals(2, program.run("change-password", "acct").status(), "nobody answers");
        assertEquals(1, program.run("change-password", "none").status());
        assertArrayEquals(before, Files.readAllBytes(program.file("state/accounts/acct.account")));
    }

    @Test
    void removalEndsTheAuthorizationAndTheClientAndNamesWhatIsLeft() throws IOException {
        Result dry = program.run("remove", "acct", "--revoke", "--delete-client", "--dry-run");
        assertEquals(0, dry.status(), dry.err());
        assertTrue(dry.out().contains("would be deleted"), dry.out());
        assertEquals(0, program.issuer.count("/revoke"));
        assertEquals(1, program.issuer.registeredClients().size());

        Result removed = program.run("remove", "acct", "--revoke", "--delete-client");
        Result status = program.run("status");
        assertEquals(1, status.status());
        assertTrue(
                status.out().lines().anyMatch(line -> line.startsWith("ACTION  ")),
                "good still, and the last: " + status);
        assertEquals(0, removed.status(), removed.err());
        assertTrue(removed.out().contains("[account acct]") && removed.out().contains("[token one]"), removed.out());
        assertEquals(0, program.issuer.registeredClients().size());
        assertEquals(1, program.issuer.count("/revoke"));
        try (Stream<Path> files = Files.walk(program.file("state"))) {
            assertEquals(
                    List.of(
                            "acct.account.lock",
                            "acct.account.lock"), // the locks of the account and of its registration
                    files.filter(Files::isRegularFile)
                            .map(file -> file.getFileName().toString())
                            .filter(name -> !name.equals(".last-run")) // belongs to the service, not to the account
                            .toList());
        }
        assertEquals(1, program.run("remove", "acct").status());
    }

    /** Its section names its files, and so setup and remove use them. */
    @Test
    void anAccountWithoutATokenIsSetUpAndRemovedWithTheFilesOfItsSection() throws IOException {
        assertEquals(0, program.run("remove", "acct").status());
        Files.move(program.file("acct.pw"), program.file("lone.pw"));
        program.config("[account lone]\npassword_file = DIR/lone.pw\nca_file = DIR/ca.pem\n");
        Result setup = program.run(
                "setup", "--issuer=" + program.issuer.issuer(), "--scope=openid offline_access compute.read", "lone");
        assertEquals(0, setup.status(), setup.toString());
        Result check = program.run("check");
        assertEquals(0, check.status(), check.toString());
        assertTrue(check.out().contains("no [token] section uses [account lone]"), check.out());
        assertEquals(2, program.run("renew", "--account=lone").status());

        Files.move(program.file("lone.pw"), program.file("elsewhere.pw"));
        Result broken = program.run("check");
        assertEquals(1, broken.status(), "its password is gone: " + broken);
        program.config("[account lone]\npassword_file = DIR/elsewhere.pw\nca_file = DIR/ca.pem\n");
        Result removed = program.run("remove", "--revoke", "--delete-client", "lone");
        assertEquals(0, removed.status(), removed.toString());
        assertTrue(removed.out().contains("    [account lone]"), removed.out());
    }

    /** The command that check prints must succeed, whatever happens to the client. */
    @Test
    void aClientWithoutAKeyStaysAndIsNoFailure() {
        program.issuer.policy.registrationWithoutManagement = true;
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        Result result = program.run("remove", "--revoke", "--delete-client", "acct");
        assertEquals(0, result.status(), result.err());
        assertTrue(result.out().contains("stays at the issuer, which issued no token to manage it"), result.out());
        assertTrue(result.out().contains(": revoked"), result.out());
    }

    /** INDIGO IAM redirects a public client to its start page. */
    @Test
    void aRevocationThatIsAnsweredByARedirectMayHaveWorked() {
        program.issuer.fault(Fault.on("/revoke").redirect(302, "/"));
        Result result = program.run("remove", "--revoke", "acct");
        assertEquals(1, result.status());
        assertTrue(result.err().contains("it may have been revoked"), result.err());
        assertEquals(0, program.run("remove", "acct").status());
    }

    @Test
    void anAccountThatIsNotThereIsNotToBeSetUpToBeRemoved() {
        Result result = program.run("remove", "another");
        assertEquals(1, result.status());
        assertTrue(result.err().contains("there is no such account"), result.err());
        assertFalse(result.err().contains("setup"), result.err());
    }

    @Test
    void anIssuerThatFailsLeavesTheWholeAccount() {
        program.issuer.fault(Fault.on("/revoke").status(503));
        Result failed = program.run("remove", "acct", "--revoke");
        assertEquals(1, failed.status());
        assertTrue(failed.err().contains("account acct: NOT removed"), failed.err());
        // The issuer did revoke; we changed only its response. The account must still work.
        assertEquals(0, program.run("setup", "--reauthenticate", "acct").status());
        assertEquals(0, program.run("renew").status());
        assertEquals(0, program.run("remove", "acct", "--revoke").status());
    }

    @Test
    void whatARemovalBeganBeforeACrashIsEndedByTheNext() throws IOException {
        byte[] account = Files.readAllBytes(program.file("state/accounts/acct.account"));
        assertEquals(
                0, program.run("remove", "acct", "--revoke", "--delete-client").status());
        Files.write(program.file("state/accounts/acct.account"), account);
        Result again = program.run("remove", "acct", "--revoke", "--delete-client");
        assertEquals(0, again.status(), again.err());
        assertTrue(again.out().contains("was already deleted"), again.out());
        assertFalse(Files.exists(program.file("state/accounts/acct.account")));
        program.issuer.clearRecords();
    }

    @Test
    void withoutTheStepsAtTheIssuerNoPasswordIsNeeded() throws IOException {
        Files.delete(program.file("acct.pw"));
        assertEquals(1, program.run("remove", "acct", "--revoke").status());
        assertEquals(0, program.run("remove", "acct").status());
    }

    @Test
    void theStoryOfAnAccountNeedsNoNetworkAndShowsNoSecret() throws IOException {
        int asked = program.issuer.requests().size();
        Result details = program.run("status", "--account=acct");
        assertEquals(0, details.status(), details.err());
        for (String fact : List.of("by alice", "compute.read", "/token", "/revoke", "[token one]", "rotations")) {
            assertTrue(details.out().replaceAll(" +", " ").contains(fact), fact + " in " + details.out());
        }
        program.issuer.secrets().forEach(secret -> assertFalse(details.out().contains(secret)));
        Files.delete(program.file("acct.pw"));
        Result locked = program.run("status", "--account=acct");
        assertTrue(locked.out().contains("not opened"), locked.out());
        assertTrue(locked.out().contains("alice"), locked.out());
        assertEquals(1, program.run("status", "--account=none").status());
        assertEquals(2, program.run("status", "--account=../none").status());
        assertEquals(asked, program.issuer.requests().size());
    }

    /** The account file was deleted by hand. Accounts with client credentials have none. */
    @Test
    void anAccountOfWhichOnlyTheStateIsLeft() throws IOException {
        program.config("");
        for (String file : List.of("acct.account", "acct.account.prev")) {
            Files.delete(program.file("state/accounts/" + file));
        }
        assertEquals(1, program.run("status").status(), "renewals stopped, and nobody has removed the account");
        assertEquals(0, program.run("remove", "--dry-run", "acct").status());
        assertEquals(1, program.run("remove", "--revoke", "acct").status());
        assertEquals(1, program.run("status").status());
        Result removed = program.run("remove", "acct");
        assertEquals(0, removed.status(), removed.err());
        assertEquals(0, program.run("status").status());
        assertEquals(1, program.run("remove", "acct").status(), "nothing is left");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aCopyOnAnotherHostIsWarnedOfAndGoesOn(boolean rotates) throws IOException {
        program.issuer.policy.rotate = rotates;
        assumeTrue(Files.exists(Path.of("/etc/machine-id")), "this machine has no id");
        program.forge("acct", "host", "0123456789abcdef");
        assertTrue(program.run("status", "--account=acct").out().contains("saved on another host"));
        program.clock.advance(Duration.ofSeconds(10));
        Result renew = program.run("renew");
        assertEquals(0, renew.status());
        assertTrue(renew.err().contains("warning: account acct: this account was saved on another host"), renew.err());
        program.clock.advance(Duration.ofSeconds(10));
        assertEquals("", program.run("renew").err(), "from now on this is its host");
        assertTrue(program.run("status").out().contains("saved on another"));
        program.clock.advance(Duration.ofDays(8));
        assertFalse(program.run("status").out().contains("saved on another"));
    }
}
