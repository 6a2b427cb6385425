package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** {@code client-key --send} if the account, the answer of the issuer or the file is not as it should be. */
class KeySendTest extends WithProgram {
    private static final String CLIENT = "/register/*";
    private static final String SCOPE = "--scope=openid offline_access";

    @BeforeEach
    void anAccountWithAKey() {
        program.issuer.policy.clientAuthMethods = List.of("client_secret_basic", "private_key_jwt");
        program.config(
                "[account acct]\npassword_file = DIR/acct.pw\nca_file = DIR/ca.pem\nclient_key_file = DIR/client.key\n"
                        + "assertion_audience = token_endpoint\n" + Program.ONE);
        Result setup = program.setup("--client-key-file=" + key(), SCOPE);
        assertEquals(0, setup.status(), setup.said());
        assertEquals(0, program.run("renew").status());
        program.issuer.clearRecords();
    }

    @AfterEach
    void theIssuerHasNothingToComplainOf() {
        assertEquals(List.of(), program.issuer.violations());
    }

    private Path key() {
        return program.file("client.key");
    }

    private Path account() {
        return program.file("state/accounts/acct.account");
    }

    private Result send(int status) {
        Result sent = program.run("client-key", "--send=acct", key().toString());
        assertEquals(status, sent.status(), sent.said());
        return sent;
    }

    private int asked() {
        return (int) program.issuer.requests().stream()
                .filter(request -> request.path().startsWith("/register/"))
                .count();
    }

    // The account

    private void assertRefused(String why) throws IOException {
        byte[] before = Files.readAllBytes(account());
        Result sent = send(1);
        assertTrue(sent.err().replaceAll("\\s+", " ").contains(why), sent.err());
        assertEquals(0, asked());
        assertArrayEquals(before, Files.readAllBytes(account()));
    }

    /** A save would replace the previous generation, which has a newer refresh token, and what shows that. */
    @Test
    void anAccountThatWasRestoredFromABackupIsNotChanged() throws Exception {
        byte[] backup = Files.readAllBytes(account());
        assertEquals(0, program.run("renew", "--force").status());
        assertEquals(0, program.run("renew", "--force").status());
        Files.write(account(), backup);
        byte[] previous = Files.readAllBytes(program.file("state/accounts/acct.account.prev"));
        assertRefused("the account file is older than the one that this host used last");
        assertArrayEquals(previous, Files.readAllBytes(program.file("state/accounts/acct.account.prev")));
        assertTrue(program.run("renew", "--force", "--dry-run").said().length() > 0);
        assertTrue(program.run("renew").said().contains("older than")
                || program.run("check").said().contains("older"));
    }

    @Test
    void anAccountThatWasMovedIsNotChanged() throws Exception {
        try (Password password = Password.of(Program.PASSWORD.getBytes(StandardCharsets.US_ASCII));
                LockedAccount locked = program.store().lock("acct", Duration.ofSeconds(30));
                OpenAccount open = locked.open(password)) {
            open.save(Account.decode(open.plaintext())
                    .withMovedTo(Optional.of("kubernetes ns"))
                    .encode());
        }
        assertRefused("the account was moved to kubernetes ns");
    }

    @Test
    void aCopyIsNotChanged() throws Exception {
        program.forge("acct", "place", "1");
        assertRefused("the account file was saved in another place");
    }

    /** The lost answer may have had a newer refresh token. The renewal that comes first has to know. */
    @Test
    void anAccountInDoubtIsNotChangedAndStaysInDoubt() throws Exception {
        Files.write(program.file("state/accounts/acct.account.next"), new byte[64 * 1024]);
        assertRefused("a run was interrupted while it asked the issuer");
        assertTrue(program.run("status", "--json").out().contains("\"in_doubt_since\":\""));
        assertEquals(0, program.run("renew", "--force").status());
        send(0);
    }

    @Test
    void anAccountThatIsDamagedIsNotReplacedByThePreviousOne() throws Exception {
        Files.writeString(account(), "damaged");
        assertRefused("or the account file is damaged, so a newer refresh token may exist");
    }

    // The answers

    @ParameterizedTest
    @CsvSource({
        "401, '{\"error\":\"invalid_token\"}', 401 invalid_token",
        "401, '', 401 without a body",
        "403, '', 403 without a body",
        "404, '', 404 without a body",
        "405, '', 405 without a body",
        "200, 'all is well', 200 with 11 characters",
    })
    void aRefusalIsAboutTheClientAndNotAboutTheAuthorization(int status, String body, String detail) {
        program.issuer.fault(
                Fault.on(CLIENT).respond(status, "application/json", body).always());
        String said = send(1).err().replaceAll("\\s+", " ");
        assertTrue(said.contains("its issuer did not confirm the change of the client: "), said);
        assertTrue(said.contains(detail), said);
        assertTrue(said.contains("give these keys to the issuer's administrators"), said);
        assertFalse(said.contains("authorization") || said.contains("not a token"), said);
        assertEquals(0, program.run("renew", "--force").status(), "the account is as before");
    }

    @Test
    void anIssuerInTroubleIsNoRefusal() {
        program.issuer.fault(
                Fault.on(CLIENT).respond(503, "text/plain", "later").always());
        String said = send(1).err();
        assertTrue(said.contains("503"), said);
        assertFalse(said.contains("did not confirm"), said);
    }

    /** An issuer need not show the keys in each answer. */
    @Test
    void anAnswerWithoutKeysIsFollowedByAnotherLook() {
        program.issuer.fault(Fault.on(CLIENT).after(1).remove("jwks"));
        send(0);
        assertEquals(3, asked());
    }

    @Test
    void keysThatTheIssuerNeverShowsAreNotConfirmed() {
        program.issuer.fault(Fault.on(CLIENT).remove("jwks").always());
        String said = send(1).err().replaceAll("\\s+", " ");
        assertTrue(said.contains("did not show which keys it has now; before --remove-old, make sure"), said);
        assertEquals(3, asked());
    }

    /** RFC 7592: the issuer may replace the secret of the client in each answer. */
    @Test
    void aNewSecretReplacesTheOldOne() {
        program.accountWith(Program.ONE);
        assertEquals(0, program.setup(SCOPE).status());
        program.issuer.fault(Fault.on(CLIENT)
                .after(1)
                .set("client_secret", "another")
                .set("client_secret_expires_at", 4_000_000_000L));
        send(0);
        program.issuer.clearRecords();
        assertEquals(1, program.run("renew", "--force").status(), "this issuer has the old one");
        Seen request = program.issuer.requests("/token").get(0);
        String credentials = new String(
                Base64.getDecoder().decode(request.header("Authorization").substring("Basic ".length())),
                StandardCharsets.UTF_8);
        assertTrue(credentials.endsWith(":another"), credentials);
        assertTrue(program.run("status", "--json").out().contains("2096-10-02"));
    }

    @Test
    void theAnswerToTheChangeHasRoomToo() {
        AtomicBoolean hasRoom = new AtomicBoolean();
        program.issuer.fault(Fault.on(CLIENT).set("registration_access_token", "another"));
        program.issuer.fault(Fault.on(CLIENT).rewrite(body -> {
            hasRoom.set(Files.exists(program.file("state/accounts/acct.account.next")));
            return body;
        }));
        send(1);
        assertTrue(hasRoom.get(), "before the answer to the second request");
    }

    // The file

    @Test
    void onlyTheKeysOfTheAccountAreSent() {
        Path other = program.file("other.key");
        Result sent = program.run("client-key", "--add", "--send=acct", other.toString());
        assertEquals(2, sent.status(), sent.said());
        assertTrue(sent.err().contains("names client_key_file = " + key()), sent.err());
        assertFalse(Files.exists(other));
        assertEquals(0, asked());
    }
}
