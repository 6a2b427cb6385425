package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/** The rotation protocol of {@link RemoteAccountStore}, with faults at each of its requests. */
class RemoteAccountStoreTest {
    private static final LeaseTerms TERMS =
            new LeaseTerms(Duration.ofMinutes(3), Duration.ofSeconds(150), Duration.ofSeconds(10));
    private static final Duration WAIT = Duration.ofSeconds(5);

    @TempDir
    private Path temporary;

    private final MemoryRecords records = new MemoryRecords();
    private final List<StoreException> retries = new ArrayList<>();
    private Issuer issuer;

    /** The process ends here: nothing of it runs afterwards. */
    private static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }

    /** Accepts only its newest refresh token. A reused one ends the authorization. */
    private static final class Issuer {
        private int number = 1;
        private boolean isRevoked;

        String current() {
            return "token " + number;
        }

        Optional<String> refresh(String refreshToken) {
            isRevoked |= !refreshToken.equals(current());
            number++;
            return isRevoked ? Optional.empty() : Optional.of(current());
        }
    }

    @BeforeEach
    void account() throws StoreException {
        issuer = new Issuer();
        Given.create(store(records.client("setup")), Given.NAME, issuer.current());
    }

    private RemoteAccountStore store(AccountRecords client) {
        return store(client, temporary.resolve(client.holder()), TERMS, retries::add);
    }

    private static RemoteAccountStore store(
            AccountRecords client, Path rescue, LeaseTerms terms, Consumer<StoreException> onRetry) {
        return new RemoteAccountStore(
                client,
                rescue,
                terms,
                onRetry,
                new FileAccountStore.Tools(new RealDisk(), Given.HASH, Given.CHEAP, () -> Given.RANDOM));
    }

    /** One rotation. Not try-with-resources: a killed process closes nothing. */
    private boolean rotate(RemoteAccountStore store) throws StoreException {
        LockedAccount locked = store.lock(Given.NAME, WAIT);
        try {
            OpenAccount open = locked.open(Given.password());
            open.reserve();
            if (!open.mayAsk()) {
                return false;
            }
            Optional<String> next = issuer.refresh(Given.text(open.plaintext()));
            if (next.isPresent()) {
                open.save(Given.bytes(next.get()));
            }
            locked.close();
            return next.isPresent();
        } catch (StoreException e) {
            locked.close();
            throw e;
        }
    }

    @Test
    void aProcessThatEndsReleasesItsLeases() throws IOException {
        RemoteAccountStore ending = store(records.client("ending"));
        LockedAccount locked = ending.lock(Given.NAME, WAIT);
        ending.releaseAll();
        assertTrue(rotate(store(records.client("next"))), "it need not wait");
        locked.close();
        assertEquals(
                Kind.BUSY,
                assertThrows(StoreException.class, () -> ending.lock(Given.NAME, WAIT))
                        .kind());
    }

    @Test
    void aProcessThatEndsKeepsTheLeaseOfAnAccountWhoseAnswerIsNotSaved() throws IOException {
        RemoteAccountStore ending = store(records.client("ending"));
        LockedAccount locked = ending.lock(Given.NAME, WAIT);
        OpenAccount open = locked.open(Given.password());
        open.reserve();
        String next = issuer.refresh(Given.text(open.plaintext())).orElseThrow();
        ending.releaseAll();
        RemoteAccountStore other = store(records.client("next"));
        assertEquals(
                Kind.BUSY,
                assertThrows(StoreException.class, () -> other.lock(Given.NAME, Duration.ZERO))
                        .kind());
        open.save(Given.bytes(next));
        ending.releaseAll();
        assertFalse(open.mayAsk());
        assertTrue(rotate(other));
        locked.close();
    }

    @Test
    void aProcessThatEndsKeepsTheLeaseOfASaveThatIsNotFinished() throws IOException {
        MemoryRecords.Client client = records.client("ending");
        RemoteAccountStore ending = store(client);
        LockedAccount locked = ending.lock(Given.NAME, WAIT);
        OpenAccount open = locked.create(Given.password());
        AtomicInteger leaseWrites = new AtomicInteger();
        client.fault = (request, isExecuted) -> {
            if (request.equals("write") && !isExecuted) {
                ending.releaseAll();
            }
            if (request.equals("writeLease")) {
                leaseWrites.incrementAndGet();
            }
        };
        open.save(Given.bytes("approved"));
        assertEquals(0, leaseWrites.get());
        client.fault = (request, isExecuted) -> {};
        locked.close();
        assertEquals("approved", content());
    }

    @Test
    void aReleaseThatWasLostIsRepeated() throws IOException {
        MemoryRecords.Client client = records.client("unlucky");
        RemoteAccountStore store = store(client);
        for (boolean afterwards : new boolean[] {false, true}) {
            LockedAccount locked = store.lock(Given.NAME, WAIT);
            client.fault = atRequest(1, afterwards, false, new AtomicInteger());
            locked.close();
            assertTrue(rotate(store(records.client("next"))), "it need not wait");
        }
    }

    /** Lets the n-th request fail, and all later ones if the process is dead then. */
    private static MemoryRecords.Fault atRequest(int number, boolean afterwards, boolean dies, AtomicInteger requests) {
        AtomicBoolean isDead = new AtomicBoolean();
        return (request, isExecuted) -> {
            if (isDead.get()) {
                throw new IOException("dead");
            }
            if (!isExecuted) {
                requests.incrementAndGet();
            }
            if (requests.get() == number && isExecuted == afterwards) {
                requests.incrementAndGet();
                if (dies) {
                    isDead.set(true);
                    throw new Killed();
                }
                throw new IOException(request + " failed");
            }
        };
    }

    private int requestsOfARotation() throws StoreException {
        MemoryRecords.Client client = records.client("counted");
        AtomicInteger requests = new AtomicInteger();
        client.fault = atRequest(-1, false, false, requests);
        assertTrue(rotate(store(client)));
        return requests.get();
    }

    @Test
    void aKillAtAnyRequestLosesTheTokenOnlyBeforeItsFirstSave() throws IOException {
        int requests = requestsOfARotation();
        assertEquals(6, requests, "read and write the lease, read, intent, save, release the lease");
        List<String> lost = new ArrayList<>();
        for (int number = 1; number <= requests; number++) {
            for (boolean afterwards : new boolean[] {false, true}) {
                MemoryRecords.Client client = records.client("killed");
                client.fault = atRequest(number, afterwards, true, new AtomicInteger());
                assertThrows(Killed.class, () -> rotate(store(client)));
                records.endLease(Given.NAME);
                if (!rotate(store(records.client("next")))) {
                    lost.add(number + (afterwards ? " after" : " before"));
                    account();
                }
                assertTrue(rotate(store(records.client("next"))));
            }
        }
        assertEquals(List.of("5 before"), lost);
    }

    @Test
    void aFailureOrALostAnswerAtAnyRequestLosesNothing() throws IOException {
        int requests = requestsOfARotation();
        for (int number = 1; number <= requests; number++) {
            for (boolean afterwards : new boolean[] {false, true}) {
                MemoryRecords.Client client = records.client("unlucky");
                client.fault = atRequest(number, afterwards, false, new AtomicInteger());
                int before = issuer.number;
                long generation = generation();
                try {
                    assertTrue(rotate(store(client)));
                    assertEquals(generation + 1, generation());
                } catch (StoreException e) {
                    assertEquals(before, issuer.number, "the issuer was asked, and the answer was not saved");
                    assertEquals(generation, generation());
                }
                records.endLease(Given.NAME);
                assertTrue(rotate(store(records.client("next"))));
                assertEquals(issuer.current(), content());
            }
        }
    }

    private long generation() throws StoreException {
        return store(records.client("reader")).peek(Given.NAME).generation();
    }

    private String content() throws StoreException {
        return Given.text(store(records.client("reader")).view(Given.NAME, Given.password()));
    }

    @Test
    void anIssuerIsNotAskedIfTheIntentIsNotWritten() throws IOException {
        MemoryRecords.Client client = records.client("a");
        client.fault = (request, isExecuted) -> {
            if (request.equals("write")) {
                throw new IOException("no answer");
            }
        };
        StoreException e = assertThrows(StoreException.class, () -> rotate(store(client)));
        assertEquals(Kind.UNWRITABLE, e.kind());
        assertEquals("token 1", issuer.current());
    }

    @Test
    @Tag("slow")
    void aSaveIsRetriedUntilTheDatabaseIsBack() throws IOException {
        MemoryRecords.Client client = records.client("a");
        AtomicInteger failures = new AtomicInteger();
        Path rescued = temporary.resolve("a").resolve(Given.NAME + ".cluster.rescue");
        client.fault = (request, isExecuted) -> {
            if (!issuer.current().equals("token 1") && request.matches("read|write") && failures.get() < 5) {
                if (failures.getAndIncrement() > 0) {
                    assertTrue(Files.exists(rescued), "the next process on this machine finds a copy");
                }
                throw new IOException("no answer");
            }
        };
        assertTrue(rotate(store(client)));
        assertEquals(5, failures.get());
        assertEquals("token 2", content());
        assertFalse(Files.exists(rescued));
        assertEquals(List.of("record/" + Given.NAME + ": cannot be written: no answer"), messages());
        assertTrue(rotate(store(records.client("b"))));
    }

    private List<String> messages() {
        return retries.stream().map(Throwable::getMessage).toList();
    }

    /** The process ends while the database is down, in the answer of the issuer and after its copy. */
    private Path killAfterTheRescueCopy() {
        MemoryRecords.Client client = records.client("a");
        client.fault = (request, isExecuted) -> {
            if (!issuer.current().equals("token 1")) {
                throw new IOException("no answer");
            }
        };
        Path rescue = temporary.resolve("rescue");
        RemoteAccountStore store = store(client, rescue, TERMS, failure -> {
            throw new Killed();
        });
        assertThrows(Killed.class, () -> rotate(store));
        records.endLease(Given.NAME);
        return rescue;
    }

    @Test
    void theNextProcessOfTheSameMachineTakesARescueCopy() throws IOException {
        Path rescue = killAfterTheRescueCopy();
        RemoteAccountStore next = store(records.client("a2"), rescue, TERMS, retries::add);
        assertEquals(1, next.peek(Given.NAME).unpublished().size());
        assertEquals(new Given.Content("token 2", 2, OpenAccount.RecoveredFrom.RESCUE), Given.open(next, Given.NAME));
        assertEquals(List.of(), next.peek(Given.NAME).unpublished());
        assertTrue(rotate(next));
    }

    /** The process ends while the database is down, right after the user has approved. */
    @Test
    void theNextProcessOfTheSameMachineTakesANewAuthorization() throws IOException {
        Path rescue = temporary.resolve("rescue");
        for (String name : List.of(Given.NAME, "fresh")) {
            MemoryRecords.Client client = records.client("a");
            AtomicInteger writes = new AtomicInteger();
            client.fault = (request, isExecuted) -> {
                if (request.equals("write") && !isExecuted && writes.incrementAndGet() > 1) {
                    throw new IOException("no answer");
                }
            };
            RemoteAccountStore setup = store(client, rescue, TERMS, failure -> {
                throw new Killed();
            });
            OpenAccount open = setup.lock(name, WAIT).create(Given.password());
            assertThrows(Killed.class, () -> open.save(Given.bytes("approved")));
            records.endLease(name);
            RemoteAccountStore next = store(records.client("a2"), rescue, TERMS, retries::add);
            assertEquals("approved", Given.open(next, name).text(), name);
            assertEquals("approved", Given.text(store(records.client("b")).view(name, Given.password())));
        }
    }

    @Test
    void aRescueCopyIsOfNoUseAfterALaterAnswer() throws IOException {
        Path rescue = killAfterTheRescueCopy();
        issuer.number = 1; // with grace, another machine gets an answer too
        assertTrue(rotate(store(records.client("b"))));
        RemoteAccountStore next = store(records.client("a2"), rescue, TERMS, retries::add);
        assertEquals("token 2", Given.open(next, Given.NAME).text());
        assertEquals(
                OpenAccount.RecoveredFrom.CURRENT, Given.open(next, Given.NAME).from());
        assertTrue(rotate(next));
    }

    @Test
    void aRescueCopyOfARemovedAccountIsNotPutIntoItsSuccessor() throws IOException {
        Path rescue = killAfterTheRescueCopy();
        RemoteAccountStore other = store(records.client("b"));
        try (LockedAccount locked = other.lock(Given.NAME, WAIT)) {
            locked.delete();
            assertFalse(locked.exists());
        }
        assertEquals(
                Kind.MISSING,
                assertThrows(StoreException.class, () -> other.peek(Given.NAME)).kind());
        Given.create(other, Given.NAME, "set up again");
        RemoteAccountStore next = store(records.client("a2"), rescue, TERMS, retries::add);
        assertEquals("set up again", Given.open(next, Given.NAME).text());
    }

    @Test
    void anIntentThatWasLeftShowsWhenARunWasInterrupted() throws IOException {
        MemoryRecords.Client client = records.client("a");
        OpenAccount open = store(client).lock(Given.NAME, WAIT).open(Given.password());
        open.reserve();
        client.fault = (request, isExecuted) -> {
            throw new IOException("dead");
        };
        records.endLease(Given.NAME);
        RemoteAccountStore next = store(records.client("b"));
        try (LockedAccount locked = next.lock(Given.NAME, WAIT)) {
            OpenAccount account = locked.open(Given.password());
            assertTrue(account.interruptedAt().isPresent());
            account.reserve();
        }
        try (LockedAccount locked = next.lock(Given.NAME, WAIT)) {
            OpenAccount account = locked.open(Given.password());
            assertTrue(account.interruptedAt().isPresent(), "a request that failed does not end the doubt");
            account.reserve();
            account.save(Given.bytes("saved"));
        }
        try (LockedAccount locked = next.lock(Given.NAME, WAIT)) {
            assertEquals(Optional.empty(), locked.open(Given.password()).interruptedAt());
            locked.open(Given.password()).reserve();
        }
        assertEquals(Optional.empty(), records.entry(Given.NAME).intent(), "an intent that was not used is removed");
    }

    /** A holder that stopped for longer than its lease, between the request and the save. */
    @Test
    void ofTwoAnswersTheOneToTheLaterRequestIsKept() throws IOException {
        OpenAccount stopped = store(records.client("a")).lock(Given.NAME, WAIT).open(Given.password());
        stopped.reserve();
        records.endLease(Given.NAME);
        OpenAccount next = store(records.client("b")).lock(Given.NAME, WAIT).open(Given.password());
        assertTrue(next.interruptedAt().isPresent());
        next.reserve();
        next.save(Given.bytes("later"));
        SaveResult late = stopped.save(Given.bytes("earlier"));
        assertEquals(2, late.generation());
        assertFalse(late.rescued());
        assertTrue(stopped.isSuperseded());
        assertFalse(next.isSuperseded());
        assertEquals("later", content());
        assertEquals(2, generation());
        assertFalse(stopped.mayAsk());
        assertEquals(
                Kind.BUSY, assertThrows(StoreException.class, stopped::reserve).kind());
        next.reserve();
        next.save(Given.bytes("latest"));
        assertEquals(3, generation());
    }

    @Test
    void anEarlierAnswerIsKeptUntilTheLaterOneArrives() throws IOException {
        OpenAccount stopped = store(records.client("a")).lock(Given.NAME, WAIT).open(Given.password());
        stopped.reserve();
        records.endLease(Given.NAME);
        OpenAccount next = store(records.client("b")).lock(Given.NAME, WAIT).open(Given.password());
        next.reserve();
        assertEquals(2, stopped.save(Given.bytes("earlier")).generation());
        assertEquals("earlier", content());
        assertTrue(records.entry(Given.NAME).intent().isPresent(), "the other request is still out");
        assertEquals(3, next.save(Given.bytes("later")).generation());
        assertEquals("later", content());
        assertEquals(Optional.empty(), records.entry(Given.NAME).intent());
    }

    @Test
    void aHolderThatStoppedBeforeItsIntentDoesNotAsk() throws IOException {
        OpenAccount stopped = store(records.client("a")).lock(Given.NAME, WAIT).open(Given.password());
        records.endLease(Given.NAME);
        assertTrue(rotate(store(records.client("b"))));
        assertEquals(
                Kind.BUSY, assertThrows(StoreException.class, stopped::reserve).kind());
    }

    @Test
    @Tag("slow")
    void aLeaseThatCannotBeRenewedEndsTheRightToAsk() throws Exception {
        MemoryRecords.Client client = records.client("a");
        LeaseTerms terms = new LeaseTerms(Duration.ofMillis(900), Duration.ofMillis(500), Duration.ofMillis(50));
        RemoteAccountStore store = store(client, temporary.resolve("a"), terms, retries::add);
        OpenAccount open = store.lock(Given.NAME, WAIT).open(Given.password());
        Thread.sleep(1200);
        assertTrue(open.mayAsk(), "it is renewed");
        open.reserve();
        client.fault = (request, isExecuted) -> {
            throw new IOException("no answer");
        };
        Thread.sleep(500);
        assertFalse(open.mayAsk());
        assertEquals(
                Kind.BUSY, assertThrows(StoreException.class, open::reserve).kind());
        client.fault = (request, isExecuted) -> {};
        Thread.sleep(700);
        assertTrue(open.mayAsk(), "nobody took it, so it is renewed again");
    }

    @Test
    @Tag("slow")
    void othersWaitForTheWholeDurationFromWhenTheySawTheLease() throws Exception {
        LeaseTerms terms = new LeaseTerms(Duration.ofMillis(900), Duration.ofMillis(500), Duration.ofSeconds(10));
        MemoryRecords.Client client = records.client("a");
        store(client, temporary.resolve("a"), terms, retries::add).lock(Given.NAME, WAIT);
        client.fault = (request, isExecuted) -> {
            throw new IOException("dead");
        };
        Thread.sleep(1000); // it has ended, but nobody may trust the clock of another machine
        RemoteAccountStore other = store(records.client("b"));
        StoreException e = assertThrows(StoreException.class, () -> other.lock(Given.NAME, Duration.ofMillis(100)));
        assertEquals(Kind.BUSY, e.kind());
        Thread.sleep(900);
        other.lock(Given.NAME, Duration.ZERO).close();
    }

    /** An answer that was cut short had a new refresh token, with which the request is repeated. */
    @Test
    void aSecondRequestNeedsAnotherIntentAndItsRescueCopyIsUsed() throws IOException {
        MemoryRecords.Client client = records.client("a");
        Path rescue = temporary.resolve("rescue");
        RemoteAccountStore store = store(client, rescue, TERMS, failure -> {
            throw new Killed();
        });
        OpenAccount open = store.lock(Given.NAME, WAIT).open(Given.password());
        open.reserve();
        open.save(Given.bytes("token 2"));
        assertTrue(open.mayAsk());
        assertTrue(records.entry(Given.NAME).intent().isPresent());
        client.fault = (request, isExecuted) -> {
            throw new IOException("no answer");
        };
        assertThrows(Killed.class, () -> open.save(Given.bytes("token 3")));
        records.endLease(Given.NAME);
        RemoteAccountStore next = store(records.client("a2"), rescue, TERMS, retries::add);
        assertEquals(new Given.Content("token 3", 3, OpenAccount.RecoveredFrom.RESCUE), Given.open(next, Given.NAME));
        assertEquals(Optional.empty(), records.entry(Given.NAME).intent());
    }

    @Test
    void aSecondRequestDoesNotLeaveIfItsIntentIsNotWritten() throws IOException {
        MemoryRecords.Client client = records.client("a");
        OpenAccount open = store(client).lock(Given.NAME, WAIT).open(Given.password());
        open.reserve();
        open.save(Given.bytes("token 2"));
        client.fault = (request, isExecuted) -> {
            throw new IOException("no answer");
        };
        assertFalse(open.mayAsk());
    }

    /** A holder that stopped for longer than its lease, with a save that is no answer of the issuer. */
    @Test
    void aSaveWithoutARequestDoesNotReplaceTheAnswerToOne() throws IOException {
        OpenAccount stopped = store(records.client("a")).lock(Given.NAME, WAIT).open(Given.password());
        records.endLease(Given.NAME);
        OpenAccount asking = store(records.client("b")).lock(Given.NAME, WAIT).open(Given.password());
        asking.reserve();
        assertEquals(
                Kind.BUSY,
                assertThrows(StoreException.class, () -> stopped.save(Given.bytes("of stopped")))
                        .kind());
        assertTrue(records.entry(Given.NAME).intent().isPresent());
        asking.save(Given.bytes("answer"));
        assertEquals("answer", content());
        assertThrows(StoreException.class, () -> stopped.save(Given.bytes("of stopped")));
        assertEquals("answer", content());
    }

    @Test
    void aSaveWithoutARequestDoesNotUseUpANumber() throws IOException {
        long asked = records.entry(Given.NAME).asked();
        long answered = records.entry(Given.NAME).answered();
        try (LockedAccount locked = store(records.client("a")).lock(Given.NAME, WAIT)) {
            OpenAccount open = locked.open(Given.password());
            assertEquals(2, open.save(Given.bytes("changed")).generation());
            assertEquals(3, open.save(Given.bytes("changed again")).generation());
        }
        assertEquals("changed again", content());
        assertEquals(asked, records.entry(Given.NAME).asked());
        assertEquals(answered, records.entry(Given.NAME).answered());
    }

    @Test
    void aSaveWithoutARequestEndsWhenTheDatabaseDoesNotAnswer() throws IOException {
        MemoryRecords.Client client = records.client("a");
        OpenAccount open = store(client).lock(Given.NAME, WAIT).open(Given.password());
        client.fault = (request, isExecuted) -> {
            if (request.equals("write") && isExecuted) {
                throw new IOException("the answer is lost");
            }
        };
        assertEquals(2, open.save(Given.bytes("changed")).generation());
        assertEquals("changed", content());
        client.fault = (request, isExecuted) -> {
            throw new IOException("no answer");
        };
        assertEquals(
                Kind.UNWRITABLE,
                assertThrows(StoreException.class, () -> open.save(Given.bytes("x")))
                        .kind());
    }

    private static void assertOptionalSaveFails(Kind kind, OpenAccount open) {
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> assertEquals(
                        kind,
                        assertThrows(StoreException.class, () -> open.saveOptional(Given.bytes("optional")))
                                .kind()));
    }

    /** The issuer was asked, and its answer has nothing that must be saved. */
    @Test
    void anOptionalSaveEndsWhenTheDatabaseDoesNotAnswer() throws IOException {
        MemoryRecords.Client client = records.client("a");
        try (LockedAccount locked = store(client).lock(Given.NAME, WAIT)) {
            OpenAccount open = locked.open(Given.password());
            open.reserve();
            client.fault = (request, isExecuted) -> {
                throw new IOException("no answer");
            };
            assertOptionalSaveFails(Kind.UNWRITABLE, open);
            client.fault = (request, isExecuted) -> {};
            assertTrue(open.mayAsk());
            assertEquals(2, open.save(Given.bytes("answer")).generation());
        }
        assertEquals("answer", content());
        assertEquals(Optional.empty(), records.entry(Given.NAME).intent());
    }

    /** The only copy of an answer must not count as older than what was saved before it without notice. */
    @Test
    void anOptionalSaveThatSucceedsWithoutAnAnswerReplacesNoAnswer() throws IOException {
        MemoryRecords.Client client = records.client("a");
        AtomicInteger writes = new AtomicInteger();
        try (LockedAccount locked = store(client).lock(Given.NAME, WAIT)) {
            OpenAccount open = locked.open(Given.password());
            open.reserve();
            client.fault = (request, isExecuted) -> {
                if (!request.equals("write") || isExecuted || writes.incrementAndGet() < 3) {
                    throw new IOException("no answer");
                }
            };
            assertOptionalSaveFails(Kind.UNWRITABLE, open);
            client.fault = (request, isExecuted) -> {};
            assertEquals("optional", content());
            open.reserve();
            assertTrue(open.mayAsk());
            assertEquals(3, open.save(Given.bytes("answer")).generation());
            assertFalse(open.isSuperseded());
        }
        assertEquals("answer", content());
        assertEquals(Optional.empty(), records.entry(Given.NAME).intent());
    }

    @Test
    void anOptionalSaveIsNotForAHolderThatStopped() throws IOException {
        OpenAccount stopped = store(records.client("a")).lock(Given.NAME, WAIT).open(Given.password());
        stopped.reserve();
        records.endLease(Given.NAME);
        assertTrue(rotate(store(records.client("b"))));
        assertOptionalSaveFails(Kind.BUSY, stopped);
        assertFalse(stopped.mayAsk());
        assertEquals(issuer.current(), content());
    }

    @Test
    void anOptionalSaveLeavesTheDoubtOfAnInterruptedRun() throws IOException {
        store(records.client("killed"))
                .lock(Given.NAME, WAIT)
                .open(Given.password())
                .reserve();
        records.endLease(Given.NAME);
        try (LockedAccount locked = store(records.client("a")).lock(Given.NAME, WAIT)) {
            OpenAccount open = locked.open(Given.password());
            open.reserve();
            assertOptionalSaveFails(Kind.INTERRUPTED, open);
        }
        assertTrue(records.entry(Given.NAME).intent().orElseThrow().holder().startsWith("killed"));
    }

    @Test
    void aNewerAccountIsNotDeleted() throws IOException {
        LockedAccount stopped = store(records.client("a")).lock(Given.NAME, WAIT);
        stopped.open(Given.password());
        records.endLease(Given.NAME);
        assertTrue(rotate(store(records.client("b"))));
        assertEquals(
                Kind.BUSY, assertThrows(StoreException.class, stopped::delete).kind());
        assertEquals("token 2", content());
    }

    @Test
    void nothingIsDeletedAfterTheLeaseHasEnded() throws Exception {
        LeaseTerms terms = new LeaseTerms(Duration.ofMillis(200), Duration.ofMillis(100), Duration.ofSeconds(10));
        LockedAccount stopped = store(records.client("a"), temporary.resolve("a"), terms, retries::add)
                .lock(Given.NAME, WAIT);
        Thread.sleep(250);
        assertEquals(
                Kind.BUSY, assertThrows(StoreException.class, stopped::delete).kind());
        assertEquals("token 1", content());
    }

    @Test
    void nothingIsSavedWithoutARequestWhileAnAnswerMayBeLost() throws IOException {
        Path rescue = killAfterTheRescueCopy();
        try (LockedAccount locked = store(records.client("b")).lock(Given.NAME, WAIT)) {
            OpenAccount open = locked.open(Given.password());
            open.rekey(Given.password());
            assertEquals(
                    Kind.INTERRUPTED,
                    assertThrows(StoreException.class, () -> open.save(open.plaintext()))
                            .kind());
        }
        RemoteAccountStore next = store(records.client("a2"), rescue, TERMS, retries::add);
        assertEquals("token 2", Given.open(next, Given.NAME).text());
        try (LockedAccount locked = next.lock(Given.NAME, WAIT)) {
            locked.open(Given.password()).save(Given.bytes("changed"));
        }
        assertEquals("changed", content());
    }

    @Test
    void aRescueCopyIsKeptUntilItIsSaved() throws IOException {
        Path rescue = killAfterTheRescueCopy();
        try (LockedAccount locked = store(records.client("b")).lock(Given.NAME, WAIT)) {
            locked.open(Given.password()).reserve(); // another run, which fails
        }
        RemoteAccountStore next = store(records.client("a2"), rescue, TERMS, retries::add);
        assertEquals("token 2", Given.open(next, Given.NAME).text());
        assertTrue(rotate(next));
        assertFalse(Files.exists(rescue.resolve(Given.NAME + ".cluster.rescue")));
    }

    @Test
    void aRescueCopyOfTheFilesIsLeftAlone() throws IOException {
        Path rescue = Files.createDirectories(temporary.resolve("a"));
        Path other = Files.writeString(rescue.resolve(Given.NAME + ".account.rescue"), "of the files");
        assertTrue(rotate(store(records.client("a"))));
        assertEquals("of the files", Files.readString(other));
    }

    @Test
    void anAnswerToARequestBeforeANewAuthorizationIsDropped() throws IOException {
        OpenAccount stopped = store(records.client("a")).lock(Given.NAME, WAIT).open(Given.password());
        stopped.reserve();
        records.endLease(Given.NAME);
        Given.create(store(records.client("b")), Given.NAME, "set up again");
        stopped.save(Given.bytes("token 2"));
        assertEquals("set up again", content());
        assertEquals(Optional.empty(), records.entry(Given.NAME).intent());
    }

    @Test
    void aHeldLeaseEndsTheWaitAlsoAfterAFailedRequest() throws IOException {
        store(records.client("a")).lock(Given.NAME, WAIT);
        MemoryRecords.Client client = records.client("b");
        AtomicInteger requests = new AtomicInteger();
        client.fault = (request, isExecuted) -> {
            if (requests.getAndIncrement() == 0) {
                throw new IOException("no answer");
            }
        };
        assertTimeoutPreemptively(
                Duration.ofSeconds(10),
                () -> assertEquals(
                        Kind.BUSY,
                        assertThrows(StoreException.class, () -> store(client).lock(Given.NAME, Duration.ofMillis(100)))
                                .kind()));
    }

    @Test
    void aReleasedLeaseIsFreeAtOnce() throws IOException {
        store(records.client("a")).lock(Given.NAME, WAIT).close();
        try (LockedAccount held = store(records.client("b")).lock(Given.NAME, Duration.ZERO)) {
            assertTrue(held.exists());
            assertEquals(
                    Kind.BUSY,
                    assertThrows(
                                    StoreException.class,
                                    () -> store(records.client("c")).lock(Given.NAME, Duration.ZERO))
                            .kind());
        }
    }
}
