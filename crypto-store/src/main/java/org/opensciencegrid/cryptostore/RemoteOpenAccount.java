package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountRecords.ConflictException;
import org.opensciencegrid.cryptostore.AccountRecords.Entry;
import org.opensciencegrid.cryptostore.AccountRecords.Intent;
import org.opensciencegrid.cryptostore.AccountRecords.Stored;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/**
 * An account in a {@link RemoteAccountStore}. {@link #reserve} writes the intent to ask the issuer, and {@link #save}
 * the next generation. Nobody writes between the two but a machine that took the account over because this process had
 * stopped for longer than its lease. Then the answer to the later request counts.
 */
final class RemoteOpenAccount extends AbstractOpenAccount {
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    /** To write an intent. */
    private static final int TRIES = 3;

    private static final Duration REPORTS = Duration.ofMinutes(1);

    private final RemoteLockedAccount locked;
    /** Whether the content is a new authorization, which replaces every other one. */
    private final boolean isNew;

    /** Empty if there is no record. */
    private Optional<String> version;

    private Entry entry;
    /** The number of our intent; 0 if there is none. */
    private long intent;
    /** The intent of a run that ended before it could save. It stays until a save ends the doubt. */
    private Optional<Intent> doubt;
    /** Whether the record may have an intent of ours. */
    private boolean mayHaveIntent;
    /** Whether another machine took the account over. */
    private boolean isLost;

    private boolean isSuperseded;

    /**
     * Opens a decrypted account.
     *
     * @param rescued the intent that the content answers, which is not in the record yet; 0 if it is the content of the
     *     record
     */
    RemoteOpenAccount(
            RemoteLockedAccount locked,
            Stored<Entry> stored,
            long generation,
            FileAccountStore.Tools.Opened opened,
            long rescued) {
        super(
                locked.name,
                locked.tools,
                opened,
                generation,
                rescued != 0 ? RecoveredFrom.RESCUE : RecoveredFrom.CURRENT,
                stored.content()
                        .intent()
                        .filter(left ->
                                rescued == 0 || rescued != stored.content().asked())
                        .map(Intent::at));
        this.locked = locked;
        this.version = Optional.of(stored.version());
        this.entry = stored.content();
        this.intent = rescued;
        this.doubt = entry.intent();
        this.isNew = false;
    }

    /** Starts a new account. */
    RemoteOpenAccount(RemoteLockedAccount locked, Optional<Stored<Entry>> stored, long generation, Password password) {
        super(locked.name, locked.tools, password, generation);
        this.locked = locked;
        this.version = stored.map(Stored::version);
        this.entry = stored.map(Stored::content).orElse(Entry.EMPTY);
        this.doubt = entry.intent();
        this.isNew = true;
    }

    @Override
    Path place() {
        return locked.place();
    }

    /** Of the record as this has read or written it. */
    Optional<String> version() {
        return version;
    }

    @Override
    public Optional<Generation> newerGeneration() {
        return Optional.empty();
    }

    /** Each request has an intent of its own, also if the first answer was saved and the request is repeated. */
    @Override
    public boolean mayAsk() {
        try {
            reserve();
            return isHeld(); // writing takes time
        } catch (StoreException e) {
            return false;
        }
    }

    private boolean isHeld() {
        return !isLost && locked.lease.mayAsk();
    }

    /** Writes the intent. If that fails, the issuer must not be asked. */
    @Override
    public void reserve() throws StoreException {
        requireNextGeneration();
        if (!isHeld() || !locked.lease.beginUse()) {
            throw AccountLease.busy(locked.records, locked.name);
        }
        if (intent == 0) {
            mayHaveIntent = true;
            write(new Entry(
                    entry.sealed(),
                    entry.asked() + 1,
                    entry.answered(),
                    Optional.of(new Intent(locked.lease.holder(), Instant.now()))));
            intent = entry.asked();
        }
        rehearse();
    }

    /** For what is not the only copy of an answer: fails on any conflict, and soon if the database does not answer. */
    private void write(Entry next) throws StoreException {
        for (int failures = 1; ; failures++) {
            try {
                version = Optional.of(locked.records.write(locked.name, version, next));
                entry = next;
                return;
            } catch (ConflictException e) {
                isLost = true;
                throw AccountLease.busy(locked.records, locked.name);
            } catch (IOException e) {
                if (isWritten(next, e)) {
                    entry = next;
                    return;
                } else if (failures == TRIES || pause(FIRST_PAUSE)) {
                    throw StoreException.unwritable(locked.place(), e);
                }
            }
        }
    }

    /** Whether only the answer to a write was lost. */
    private boolean isWritten(Entry written, IOException failure) {
        try {
            Optional<Stored<Entry>> now = locked.records.read(locked.name);
            if (now.isPresent() && isSame(now.get().content(), written)) {
                version = Optional.of(now.get().version());
                return true;
            }
        } catch (IOException e) {
            failure.addSuppressed(e);
        }
        return false;
    }

    private static boolean isSame(Entry one, Entry other) {
        return Arrays.equals(one.sealed(), other.sealed())
                && one.asked() == other.asked()
                && one.answered() == other.answered()
                && one.intent().equals(other.intent());
    }

    /** @return whether the thread was interrupted */
    private static boolean pause(Duration time) {
        try {
            Thread.sleep(time.toMillis());
            return false;
        } catch (InterruptedException e) {
            return true;
        }
    }

    private boolean isOurs(Entry other) {
        return other.intent()
                .filter(found -> found.holder().equals(locked.lease.holder()))
                .isPresent();
    }

    /**
     * Saves an answer of the issuer, or a new authorization: tries until the bytes are in the record, whatever happens,
     * because this process has the only copy. Other content must not replace an answer: see {@link #saveChange}.
     */
    @Override
    public SaveResult save(byte[] newPlaintext) throws StoreException {
        requireNextGeneration();
        if (isLost && !isNew) {
            throw AccountLease.busy(locked.records, locked.name);
        }
        locked.lease.beginUse(); // what only this process has is saved even if the process ends
        boolean interrupted = Thread.interrupted(); // an interrupt would end the request that saves
        Retries retries = new Retries();
        try {
            if (intent == 0 && !isNew) {
                return saveChange(newPlaintext);
            }
            if (intent == 0) {
                tryReserve();
            }
            byte[] sealed = seal(newPlaintext, generation() + 1);
            boolean mustRead = false;
            while (true) {
                try {
                    if (mustRead) {
                        Optional<Stored<Entry>> now = locked.records.read(locked.name);
                        version = now.map(Stored::version);
                        entry = now.map(Stored::content).orElse(Entry.EMPTY);
                        if (Arrays.equals(entry.sealed(), sealed)) {
                            return saved(newPlaintext);
                        }
                        long stored = storedGeneration();
                        if (entry.answered() >= intent && !isNew) {
                            return superseded(stored);
                        }
                        if (stored != generation()) {
                            setGeneration(Math.max(generation(), stored));
                            sealed = seal(newPlaintext, generation() + 1);
                        }
                        mustRead = false;
                    }
                    Entry next = answer(sealed);
                    version = Optional.of(locked.records.write(locked.name, version, next));
                    entry = next;
                    return saved(newPlaintext);
                } catch (ConflictException e) {
                    mustRead = true;
                } catch (IOException e) {
                    mustRead = true;
                    interrupted |= retries.waitAfter(e, sealed);
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** So that a rescue copy of a new authorization counts. Without it, only this process can save. */
    private void tryReserve() {
        try {
            reserve();
        } catch (StoreException e) {
            // The save tries until it succeeds, and a new authorization replaces whatever is there.
        }
    }

    /** A new authorization also counts as the answer to all requests before it. */
    private Entry answer(byte[] sealed) {
        long asked = Math.max(entry.asked(), intent);
        return isNew || asked == intent
                ? new Entry(sealed, asked, asked, Optional.empty())
                : new Entry(sealed, asked, intent, entry.intent());
    }

    /**
     * Keeps our intent, although the issuer has answered: if this were the answer and were stored unnoticed, the next
     * answer would count as one to the same request, and be dropped.
     */
    @Override
    public SaveResult saveOptional(byte[] newPlaintext) throws StoreException {
        if (isNew) {
            return save(newPlaintext);
        }
        requireNextGeneration();
        if (isLost) {
            throw AccountLease.busy(locked.records, locked.name);
        }
        writeChange(newPlaintext);
        replace(newPlaintext, generation() + 1);
        return new SaveResult(generation(), locked.place(), false, "");
    }

    /** Saves what is no answer, such as a new password: only if nobody has changed or may be changing the account. */
    private SaveResult saveChange(byte[] newPlaintext) throws StoreException {
        writeChange(newPlaintext);
        return saved(newPlaintext);
    }

    private void writeChange(byte[] newPlaintext) throws StoreException {
        if (doubt.isPresent()) {
            throw new StoreException(
                    Kind.INTERRUPTED, locked.place(), "a run was interrupted while it asked the issuer");
        }
        write(new Entry(seal(newPlaintext, generation() + 1), entry.asked(), entry.answered(), entry.intent()));
    }

    private SaveResult saved(byte[] newPlaintext) {
        replace(newPlaintext, generation() + 1);
        intent = 0;
        doubt = entry.intent();
        mayHaveIntent = false;
        locked.lease.endUse();
        locked.rescueCopy.deleteQuietly();
        return new SaveResult(generation(), locked.place(), false, "");
    }

    /** Another machine asked after us and saved its answer: ours is the older one. */
    private SaveResult superseded(long stored) {
        isLost = true;
        isSuperseded = true;
        mayHaveIntent = false;
        locked.lease.endUse();
        locked.rescueCopy.deleteQuietly();
        return new SaveResult(stored, locked.place(), false, "another run saved the answer to a later request");
    }

    @Override
    public boolean isSuperseded() {
        return isSuperseded;
    }

    private long storedGeneration() throws StoreException {
        if (!entry.hasAccount()) {
            return generation(); // somebody deleted it
        }
        try {
            return FormatOne.decode(locked.place(), entry.sealed(), locked.name).generation();
        } catch (StoreException e) {
            if (e.kind() == Kind.UNSUPPORTED) {
                throw e;
            }
            return generation(); // damaged, and replaced now
        }
    }

    /** The pauses of a save that fails. The first one stores a rescue copy. */
    private final class Retries {
        private Duration pause = FIRST_PAUSE;
        private long reportedAt;
        private boolean isRescued;

        /** @return whether the thread was interrupted */
        boolean waitAfter(IOException failure, byte[] sealed) {
            if (!isRescued) {
                try {
                    locked.rescueCopy.write(intent != 0 ? intent : entry.asked() + 1, sealed);
                    isRescued = true;
                } catch (IOException e) {
                    failure.addSuppressed(e); // this process still has it
                }
            }
            long now = System.nanoTime();
            if (reportedAt == 0 || now - reportedAt > REPORTS.toNanos()) {
                locked.onRetry.accept(StoreException.unwritable(locked.place(), failure));
                reportedAt = now;
            }
            boolean isInterrupted = RemoteOpenAccount.pause(pause);
            Duration longer = pause.multipliedBy(2);
            pause = longer.compareTo(LONGEST_PAUSE) < 0 ? longer : LONGEST_PAUSE;
            return isInterrupted;
        }
    }

    /** Removes an intent that was not answered, with its number: the record is as before, and the next run not in doubt. */
    @Override
    void release() {
        if (mayHaveIntent) {
            try {
                Optional<Stored<Entry>> now = locked.records.read(locked.name);
                if (now.isPresent() && isOurs(now.get().content())) {
                    Entry ours = now.get().content();
                    version = Optional.of(locked.records.write(
                            locked.name,
                            Optional.of(now.get().version()),
                            new Entry(ours.sealed(), ours.asked() - 1, ours.answered(), doubt)));
                }
            } catch (IOException e) {
                // The next run is in doubt, and asks the issuer.
            }
        }
        locked.lease.endUse();
    }
}
