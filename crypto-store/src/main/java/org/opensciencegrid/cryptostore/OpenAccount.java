package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The content of an account, and the way to replace it without ever losing it. Not for use by several threads at once.
 *
 * <p>Order of use: {@link #reserve}, ask the issuer, {@link #save}; any number of times. A crash at any instant leaves
 * the content before the save or that of the save, and after save has returned always the latter.
 *
 * <p>An interrupt that comes before or during a save does not stop it (the flag is set again afterwards); at worst the
 * bytes go to a rescue copy. Other operations may fail with UNWRITABLE or UNREADABLE if the thread is interrupted.
 */
public final class OpenAccount implements AutoCloseable {
    /** Where the content came from when the account was opened. */
    public enum RecoveredFrom {
        /** The account file; also a new account. Nothing had to be recovered. */
        CURRENT,
        /** A generation that was complete and is published now. Nothing is lost. */
        NEXT,
        /** A rescue copy, brought home now. Nothing is lost. */
        RESCUE,
        /** The generation before, because the account file is damaged or missing. Its refresh token may be spent. */
        PREVIOUS
    }

    private static final int MIN_RESERVATION_BYTES = 64 * 1024;

    private final AccountFiles files;
    private final AccountStore.Tools tools;
    private final RecoveredFrom recoveredFrom;
    /** Rescue copies on disk, with their generations. */
    private final Map<Path, Long> rescues;

    private DerivedKey key;
    private byte[] plaintext;
    private long generation;
    /** Whether the account file is worth being kept as the previous generation. */
    private boolean currentIsGood;
    /** Whether .next holds something that is of no use. */
    private boolean nextIsJunk;
    /** A generation that is durable, but not yet published; null if there is none. */
    private @Nullable Waiting waiting;
    /** .next, open and with its space taken; null if there is no reservation. */
    private Disk.@Nullable OpenFile reservation;
    /** Whether a write into the reservation was begun: it is no longer just zeros. */
    private boolean begun;
    /** Whether step 7 succeeded in the present save. */
    private boolean durable;

    private boolean closed;

    private record Waiting(byte[] sealed, Path place, long generation) {}

    /** An account that was decrypted. */
    OpenAccount(
            AccountFiles files,
            AccountStore.Tools tools,
            Survey survey,
            DerivedKey key,
            byte[] plaintext,
            FormatOne.Sealed chosen,
            RecoveredFrom recoveredFrom) {
        this.files = files;
        this.tools = tools;
        this.rescues = new HashMap<>(survey.rescueGenerations());
        this.currentIsGood = survey.current().readable();
        this.key = key;
        this.plaintext = plaintext;
        this.generation = chosen.generation();
        this.recoveredFrom = recoveredFrom;
        if (recoveredFrom == RecoveredFrom.NEXT || recoveredFrom == RecoveredFrom.RESCUE) {
            waiting = new Waiting(chosen.bytes(), chosen.file(), chosen.generation());
        } else {
            nextIsJunk = !survey.next().is(StoreException.Kind.MISSING);
        }
    }

    /** A new account. */
    OpenAccount(AccountFiles files, AccountStore.Tools tools, Survey survey, Password password) {
        this.files = files;
        this.tools = tools;
        this.rescues = new HashMap<>(survey.rescueGenerations());
        this.currentIsGood = survey.current().readable();
        this.recoveredFrom = RecoveredFrom.CURRENT;
        this.plaintext = new byte[0];
        this.generation = survey.highestGeneration();
        // The older account's last generation is published before .next is used for the new one: until the first save
        // of the new account the older one must stay openable.
        survey.successor().ifPresent(next -> waiting = new Waiting(next.bytes(), next.file(), next.generation()));
        rekey(password);
    }

    /** A copy of the content; empty for a new account that was not saved yet. The caller wipes it. */
    public byte[] plaintext() {
        requireOpen();
        return plaintext.clone();
    }

    /** The generation of the content. For a new account: the highest one of the older account, or 0. */
    public long generation() {
        return generation;
    }

    /** Where the content came from. */
    public RecoveredFrom recoveredFrom() {
        return recoveredFrom;
    }

    /** The cost of the key in use. Weaker than what the caller wants? Then {@link #rekey} before the next save. */
    public KdfParameters parameters() {
        return key.parameters();
    }

    /** A new salt, and so a new key, for all saves from now on: a new password, or a higher cost. Nothing is written. */
    public void rekey(Password password) {
        requireOpen();
        tools.keys().forget(files.name());
        byte[] salt = new byte[FormatOne.SALT_BYTES];
        tools.random().get().nextBytes(salt);
        DerivedKey fresh = new DerivedKey(tools.derivation(), password, salt, tools.parametersForNew());
        if (key != null) {
            key.wipe();
        }
        key = fresh;
    }

    /**
     * Takes the space for the next generation (step 3), so that a full or read-only disk shows before the issuer is
     * asked for a new token. Does nothing if the space is already taken.
     *
     * @throws StoreException UNWRITABLE, with nothing half made left behind; LIMITS if all generations are used up
     */
    public void reserve() throws StoreException {
        requireOpen();
        requireNextGeneration();
        takeSpace();
        if (plaintext.length > 0 && !tools.rehearsed().get()) {
            // What a new JVM loads and links here, it need not with the only copy of a token in hand.
            // Once is enough if it went well; where it cannot be done, no account may ask.
            seal(plaintext);
            tools.rehearsed().set(true);
        }
    }

    private void takeSpace() throws StoreException {
        recover();
        try {
            claim();
        } catch (IOException e) {
            throw StoreException.unwritable(files.next(), e);
        }
    }

    /** Step 5. */
    private byte[] seal(byte[] content) {
        byte[] nonce = new byte[FormatOne.NONCE_BYTES];
        tools.random().get().nextBytes(nonce);
        return FormatOne.seal(files.name(), generation + 1, key, nonce, content);
    }

    /**
     * Makes the bytes the content of the account (steps 5 to 10), reserving first if need be. They are durable when this
     * returns. Should the account file fail, they go to a rescue copy, and the result says so.
     *
     * @param newPlaintext at least one byte, at most about 190 KiB
     * @throws StoreException UNWRITABLE if the bytes could be kept nowhere; the account is as before, and calling this
     *     again is fine
     */
    public Saved save(byte[] newPlaintext) throws StoreException {
        requireOpen();
        requireNextGeneration();
        long next = generation + 1;
        byte[] sealed = seal(newPlaintext);
        // FileChannel closes itself when its thread is interrupted: with an unsaved token in hand that can wait.
        boolean interrupted = Thread.interrupted();
        Saved saved;
        try {
            durable = false;
            takeSpace();
            store(sealed);
            String problem = publish(next);
            saved = new Saved(next, files.account(), false, problem);
        } catch (IOException failure) {
            interrupted |= Thread.interrupted();
            saved = rescue(sealed, next, failure);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        Arrays.fill(plaintext, (byte) 0);
        plaintext = newPlaintext.clone();
        generation = next;
        return saved;
    }

    /** Gives an unused reservation back and wipes key and content. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        key.wipe();
        Arrays.fill(plaintext, (byte) 0);
        if (reservation != null) {
            closeReservation(!begun); // one that was begun may be all there is of a new token: recovery judges it
        }
    }

    /**
     * Publishes a generation that is waiting, and clears junk away.
     *
     * @throws StoreException UNWRITABLE; then it is still waiting
     */
    void recover() throws StoreException {
        try {
            if (waiting != null) {
                if (waiting.place().equals(files.next())) {
                    try (Disk.OpenFile next = tools.disk().open(files.next())) {
                        cut(next, waiting.sealed().length);
                    }
                } else {
                    claim();
                    store(waiting.sealed());
                }
                publish(waiting.generation());
            } else if (nextIsJunk) {
                tools.disk().delete(files.next());
            }
            nextIsJunk = false;
        } catch (IOException e) {
            throw StoreException.unwritable(files.account(), e);
        }
        waiting = null;
    }

    /** Step 3. */
    private void claim() throws IOException {
        if (reservation != null) {
            return;
        }
        tools.disk().delete(files.next());
        Disk.OpenFile file = tools.disk().create(files.next());
        reservation = file;
        begun = false;
        try {
            // Zeros are written, not just a length: only then does the file system take the blocks; and only fsync
            // makes
            // it say that it has none (delayed allocation).
            file.write(new byte[reservationBytes()]);
            file.force(true);
            tools.disk().forceDirectory(files.directory());
        } catch (IOException e) {
            closeReservation(true);
            throw e;
        }
    }

    /** Room for twice the present content (base64 takes 4/3 of it). */
    private int reservationBytes() {
        return Math.max(MIN_RESERVATION_BYTES, Math.min(FormatOne.MAX_FILE_BYTES, 3 * plaintext.length));
    }

    private void store(byte[] sealed) throws IOException {
        Disk.OpenFile room = Objects.requireNonNull(reservation);
        begun = true;
        room.write(sealed); // step 6
        room.force(false); // step 7: durable from here; what follows only publishes it
        durable = true;
        cut(room, sealed.length);
    }

    /** Step 8: without the rest of the reserved zeros. Before the rename, or a crash could publish them. */
    private static void cut(Disk.OpenFile file, int length) throws IOException {
        file.truncate(length);
        file.force(true);
    }

    /** Steps 9 and 10. Returns what went wrong with the copy of the previous generation; empty if nothing did. */
    private String publish(long published) throws IOException {
        Disk disk = tools.disk();
        if (reservation != null) {
            reservation.close();
            reservation = null;
        }
        String problem = "";
        if (currentIsGood) { // a damaged account file must not take the place of a good previous generation
            try {
                // Step 9. A link, so that the account file never lacks its name.
                disk.delete(files.old());
                disk.link(files.account(), files.old());
                disk.rename(files.old(), files.previous());
            } catch (IOException e) {
                // No hard links here, perhaps. The new generation is worth more than a copy of the old one.
                problem = "the previous generation was not kept: " + StoreException.reason(e);
            }
        }
        disk.rename(files.next(), files.account()); // step 10
        disk.forceDirectory(files.directory());
        currentIsGood = true;
        removeRescues(published);
        return problem;
    }

    /** Steps 6 to 10 failed with a new generation in hand: it must go somewhere. */
    private Saved rescue(byte[] sealed, long next, IOException failure) throws StoreException {
        String problem = failure instanceof StoreException known && known.getCause() instanceof IOException cause
                ? StoreException.reason(cause)
                : StoreException.reason(failure);
        for (Path copy : files.rescues()) {
            try {
                writeRescue(copy, sealed);
                rescues.put(copy, next);
                waiting = new Waiting(sealed, copy, next);
                closeReservation(true);
                return new Saved(next, copy, true, problem);
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
        if (durable) {
            for (Path place : List.of(files.account(), files.next())) {
                if (holds(place, sealed)) {
                    waiting = place.equals(files.next()) ? new Waiting(sealed, place, next) : null;
                    return new Saved(next, place, true, problem);
                }
            }
        }
        throw StoreException.unwritable(files.account(), failure);
    }

    private void writeRescue(Path copy, byte[] sealed) throws IOException {
        Disk disk = tools.disk();
        Path part = AccountFiles.incomplete(copy);
        Path directory = Objects.requireNonNull(copy.getParent());
        if (!directory.equals(files.directory())) {
            disk.makeDirectory(directory);
        }
        disk.delete(part);
        try (Disk.OpenFile file = disk.create(part)) {
            file.write(sealed);
            file.force(true);
        }
        disk.rename(part, copy);
        disk.forceDirectory(directory);
    }

    private boolean holds(Path place, byte[] sealed) {
        try {
            byte[] bytes = tools.disk().read(place, FormatOne.MAX_FILE_BYTES);
            return Arrays.equals(FormatOne.withoutReservedSpace(bytes), sealed);
        } catch (IOException e) {
            return false;
        }
    }

    /** Rescue copies that are no newer than what is published. If one stays, its generation tells that it is old. */
    private void removeRescues(long published) {
        rescues.entrySet().removeIf(rescue -> rescue.getValue() <= published && deleteQuietly(rescue.getKey()));
    }

    private void closeReservation(boolean delete) {
        try {
            if (reservation != null) {
                reservation.close();
            }
        } catch (IOException e) {
            // What matters was forced.
        }
        reservation = null;
        if (delete) {
            deleteQuietly(files.next());
        }
    }

    private boolean deleteQuietly(Path file) {
        try {
            tools.disk().delete(file);
            return true;
        } catch (IOException e) {
            return false; // a left-over .next or rescue copy is recognised as such
        }
    }

    private void requireNextGeneration() throws StoreException {
        if (generation >= FormatOne.MAX_GENERATION) {
            throw new StoreException(
                    StoreException.Kind.LIMITS,
                    files.account(),
                    "no generation is left; delete it and set it up again");
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the account is closed");
        }
    }
}
