package org.opensciencegrid.tokenrenewer.account;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.FileAccountStore;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.FileStateStore;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Between two places that are both files here; an interrupted move is one whose later steps are missing. */
class AccountMoveTest {
    private static final String NAME = "acct";

    @TempDir
    private Path directory;

    private AccountMove.Place files;
    private AccountMove.Place cluster;

    @BeforeEach
    void account() throws Exception {
        files = place("files");
        cluster = place("kubernetes");
        save(files, "first", Optional.empty());
        files.states().write(NAME, AccountState.UNKNOWN.withClient("https://issuer.example", "id"));
    }

    private AccountMove.Place place(String name) {
        Path place = directory.resolve(name);
        place.toFile().mkdir();
        return new AccountMove.Place(
                name,
                new FileAccountStore(place.resolve("accounts"), place.resolve("rescue"), new KdfParameters(8, 1, 1)),
                new FileStateStore(place.resolve("state"), place.resolve("spare")));
    }

    private static Password password() {
        return Password.of("a password of tests".getBytes(StandardCharsets.US_ASCII));
    }

    private static void save(AccountMove.Place place, String refreshToken, Optional<String> movedTo) throws Exception {
        byte[] json = ("{\"v\":1,\"issuer\":\"https://issuer.example\",\"client_id\":\"id\",\"token_endpoint\":"
                        + "\"https://issuer.example/token\",\"refresh_token\":\"x\"}")
                .getBytes(StandardCharsets.US_ASCII);
        try (LockedAccount locked = place.store().lock(NAME, Duration.ZERO)) {
            locked.create(password())
                    .save(Account.decode(json)
                            .withRefreshToken(Secret.of(refreshToken))
                            .withMovedTo(movedTo)
                            .encode());
        }
    }

    /** The refresh token, and after a blank the place that it was moved to; nothing if there is no account. */
    private static String content(AccountStore store) throws Exception {
        try (LockedAccount locked = store.lock(NAME, Duration.ZERO)) {
            if (!locked.exists()) {
                return "";
            }
            Account account = Account.decode(locked.open(password()).plaintext());
            return account.refreshToken().reveal()
                    + account.movedTo().map(place -> " " + place).orElse("");
        }
    }

    private void assertContents(String inFiles, String inCluster) throws Exception {
        assertEquals(inFiles, content(files.store()));
        assertEquals(inCluster, content(cluster.store()));
    }

    private boolean toCluster() throws FailureException {
        return new AccountMove(files, cluster, Duration.ZERO).run(NAME, password());
    }

    private boolean toFiles() throws FailureException {
        return new AccountMove(cluster, files, Duration.ZERO).run(NAME, password());
    }

    private static Failure.Kind kind(AccountMove move) {
        return assertThrows(FailureException.class, () -> move.run(NAME, password()))
                .failure()
                .kind();
    }

    @Test
    void itGoesThereAndBackWithItsState() throws Exception {
        assertTrue(toCluster());
        assertContents("", "first");
        assertEquals(Optional.of("id"), cluster.states().read(NAME).clientId());
        assertEquals(Optional.empty(), files.states().read(NAME).clientId());
        assertFalse(toCluster(), "it is there already");
        assertTrue(toFiles());
        assertContents("first", "");
    }

    @Test
    void aMoveThatEndedAfterItClosedTheSourceIsCompletedOrTakenBack() throws Exception {
        save(files, "first", Optional.of("kubernetes"));
        assertTrue(toCluster());
        assertContents("", "first");
        save(cluster, "first", Optional.of("files"));
        assertFalse(toCluster(), "the opposite move");
        assertContents("", "first");
    }

    @Test
    void aMoveThatEndedBeforeItDeletedTheSourceKeepsTheNewerToken() throws Exception {
        save(files, "first", Optional.of("kubernetes"));
        save(cluster, "second", Optional.empty()); // renewed since
        assertTrue(toCluster());
        assertContents("", "second");
        save(files, "first", Optional.of("kubernetes"));
        assertTrue(toFiles());
        assertContents("second", "");
    }

    @Test
    void anotherAccountOfThatNameIsNotReplaced() throws Exception {
        save(cluster, "other", Optional.empty());
        assertEquals(Failure.Kind.ACCOUNT_EXISTS, kind(new AccountMove(files, cluster, Duration.ZERO)));
        assertContents("first", "other");
    }

    @Test
    void anAccountThatWasMovedToAThirdPlaceIsNotUsed() throws Exception {
        AccountMove.Place third = place("kubernetes third");
        save(files, "first", Optional.of("kubernetes third"));
        assertEquals(Failure.Kind.ACCOUNT_MOVED, kind(new AccountMove(files, cluster, Duration.ZERO)));
        assertEquals(Failure.Kind.ACCOUNT_MOVED, kind(new AccountMove(cluster, files, Duration.ZERO)));
        save(cluster, "second", Optional.empty());
        assertEquals(Failure.Kind.ACCOUNT_MOVED, kind(new AccountMove(cluster, files, Duration.ZERO)));
        assertContents("first kubernetes third", "second");
        assertTrue(new AccountMove(files, third, Duration.ZERO).run(NAME, password()));
        assertContents("", "second");
    }

    @Test
    void anAccountThatWasRestoredFromABackupIsNotMoved() throws Exception {
        Path hostRecords = Files.createDirectories(directory.resolve("host"));
        AccountMove.Place withRecords = new AccountMove.Place(
                "files", ((FileAccountStore) files.store()).withHostRecords(hostRecords), files.states());
        Path file = directory.resolve("files/accounts/acct.account");
        byte[] backup = Files.readAllBytes(file);
        save(withRecords, "second", Optional.empty());
        Files.write(file, backup);
        Files.deleteIfExists(directory.resolve("files/accounts/acct.account.prev"));
        assertEquals(Failure.Kind.ACCOUNT_OLDER, kind(new AccountMove(withRecords, cluster, Duration.ZERO)));
        assertContents("first", "");
    }

    @Test
    void aDestinationThatCannotBeWrittenLosesNothing() throws Exception {
        Path accounts = directory.resolve("kubernetes/accounts");
        try (LockedAccount made = cluster.store().lock(NAME, Duration.ZERO)) {
            assertFalse(made.exists());
        }
        Files.createDirectories(accounts.resolve("acct.account.next/with/content"));
        assertThrows(FailureException.class, this::toCluster);
        assertEquals("first kubernetes", content(files.store()), "closed, with its token");
        Files.delete(accounts.resolve("acct.account.next/with/content"));
        Files.delete(accounts.resolve("acct.account.next/with"));
        Files.delete(accounts.resolve("acct.account.next"));
        assertTrue(toCluster());
        assertContents("", "first");
    }

    @Test
    void noAccount() throws Exception {
        try (LockedAccount locked = files.store().lock(NAME, Duration.ZERO)) {
            locked.delete();
        }
        assertEquals(Failure.Kind.ACCOUNT_MISSING, kind(new AccountMove(files, cluster, Duration.ZERO)));
    }
}
