package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.FileAccountStore.Tools;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/**
 * An account in a {@link FileAccountStore}.
 *
 * <p>An interrupt before or during a save does not stop it (the flag is set again afterwards). At worst the bytes go to
 * a rescue copy. Other operations may fail with UNWRITABLE or UNREADABLE if the thread is interrupted.
 */
final class FileOpenAccount extends AbstractOpenAccount {
    private static final String ANOTHER_RUN =
            "another run works on this account, as the lock has no effect on this file system";
    static final int MIN_RESERVATION_BYTES = 64 * 1024;

    private final AccountFiles files;
    /** What was on disk when the account was opened; null for a new account. */
    private final @Nullable GenerationScan found;
    /** Rescue copies on disk, with their generations. */
    private final Map<Path, Long> rescues;

    /** Whether to keep the account file as the previous generation. */
    private boolean currentIsGood;
    /** The generation of the account file, as this run knows it; 0 if it was not readable. */
    private long onDisk;
    /** Whether .next has unusable content. */
    private boolean nextIsUnusable;
    /** A durable generation that is not published yet; null if there is none. */
    private @Nullable Unpublished unpublished;
    /** The open .next with its reserved space; null if there is no reservation. */
    private Disk.@Nullable OpenFile reservation;

    private @Nullable Object reservationId;
    /** Whether a write into the reservation has begun. Then it no longer contains only zeros. */
    private boolean writeStarted;
    /** Whether step 7 succeeded in the current save. */
    private boolean durable;

    private record Unpublished(byte[] sealed, Path file, long generation) {}

    /** Opens a decrypted account. */
    FileOpenAccount(
            AccountFiles files,
            Tools tools,
            GenerationScan scan,
            Tools.Opened opened,
            FormatOne.Sealed chosen,
            RecoveredFrom recoveredFrom) {
        super(
                files.name(),
                tools,
                opened,
                chosen.generation(),
                recoveredFrom,
                isUnusable(scan, recoveredFrom) ? modified(files.next()) : Optional.empty());
        this.files = files;
        this.rescues = new HashMap<>(scan.rescueGenerations());
        this.currentIsGood = scan.current().readable();
        this.onDisk = scan.current().generation();
        this.nextIsUnusable = isUnusable(scan, recoveredFrom);
        if (isWaiting(recoveredFrom)) {
            unpublished = new Unpublished(chosen.bytes(), chosen.file(), chosen.generation());
        }
        this.found = scan;
    }

    /** Starts a new account. */
    FileOpenAccount(AccountFiles files, Tools tools, GenerationScan scan, Password password) {
        super(files.name(), tools, password, scan.highestGeneration());
        this.files = files;
        this.rescues = new HashMap<>(scan.rescueGenerations());
        this.currentIsGood = scan.current().readable();
        this.onDisk = scan.current().generation();
        this.found = null;
        // Publish the existing account's last generation before .next is used for the new account: the existing account
        // must stay usable until the first save of the new one.
        scan.successor().ifPresent(next -> unpublished = new Unpublished(next.bytes(), next.file(), next.generation()));
    }

    /** Whether the content is that of a complete generation that is not in its place yet. */
    private static boolean isWaiting(RecoveredFrom from) {
        return from == RecoveredFrom.NEXT || from == RecoveredFrom.RESCUE;
    }

    private static boolean isUnusable(GenerationScan scan, RecoveredFrom from) {
        return !isWaiting(from) && !scan.next().is(Kind.MISSING);
    }

    @Override
    Path place() {
        return files.account();
    }

    @Override
    public Optional<Generation> newerGeneration() {
        if (found == null || recoveredFrom() != RecoveredFrom.CURRENT) {
            return Optional.empty();
        }
        Generation previous = new Generation(found.previousGeneration(), files.previous());
        Generation newest = tools.hostRecords().newest(files.name(), previous);
        return newest.number() > generation() ? Optional.of(newest) : Optional.empty();
    }

    private static Optional<Instant> modified(Path file) {
        try {
            return Optional.of(
                    Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Step 3. */
    @Override
    public void reserve() throws StoreException {
        requireNextGeneration();
        recoverAndReserve();
        rehearse();
    }

    private void recoverAndReserve() throws StoreException {
        recover();
        try {
            reserveSpace();
        } catch (IOException e) {
            throw StoreException.unwritable(files.next(), e);
        }
    }

    /** Steps 5 to 10. */
    @Override
    public SaveResult save(byte[] newPlaintext) throws StoreException {
        requireNextGeneration();
        long next = generation() + 1;
        byte[] sealed = seal(newPlaintext, next); // step 5
        // FileChannel closes itself if its thread is interrupted. Delay the interrupt while a token is not saved.
        boolean interrupted = Thread.interrupted();
        SaveResult result;
        try {
            durable = false;
            recoverAndReserve();
            store(sealed);
            String problem = publish(next);
            result = new SaveResult(next, files.account(), false, problem);
        } catch (IOException failure) {
            interrupted |= Thread.interrupted();
            long published = GenerationScan.generation(files.account(), files.name(), tools.disk());
            if (published > onDisk && published >= next) {
                // Another run was faster, so its answer is probably older than ours. Recovery must prefer ours.
                next = published + 1;
                sealed = seal(newPlaintext, next);
            }
            result = rescue(sealed, next, failure);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        replace(newPlaintext, next);
        return result;
    }

    @Override
    void release() {
        if (reservation != null) {
            // A reservation with a started write may hold the only copy of a new token: recovery decides.
            closeReservation(!writeStarted);
        }
    }

    /**
     * Publishes a waiting generation, and deletes unusable files.
     *
     * @throws StoreException UNWRITABLE; then the generation is still waiting
     */
    void recover() throws StoreException {
        try {
            if (unpublished != null) {
                if (unpublished.file().equals(files.next())) {
                    try (Disk.OpenFile next = tools.disk().open(files.next())) {
                        truncate(next, unpublished.sealed().length);
                    }
                } else {
                    reserveSpace();
                    store(unpublished.sealed());
                }
                publish(unpublished.generation());
            } else if (nextIsUnusable) {
                tools.disk().delete(files.next());
                for (Path rescue : files.rescues()) {
                    tools.disk().deleteQuietly(AccountFiles.incomplete(rescue)); // from the same run, perhaps
                }
            }
            nextIsUnusable = false;
        } catch (IOException e) {
            throw StoreException.unwritable(files.account(), e);
        }
        unpublished = null;
    }

    /** Step 3. */
    private void reserveSpace() throws IOException {
        if (reservation != null) {
            return;
        }
        requireUnchanged();
        tools.disk().delete(files.next());
        Disk.OpenFile file = tools.disk().create(files.next());
        reservation = file;
        reservationId = tools.disk().identity(files.next());
        writeStarted = false;
        try {
            // Write zeros instead of only setting the length: only then does the file system allocate the blocks. And
            // only fsync reports that there are none (delayed allocation).
            file.write(new byte[reservationBytes()]);
            file.force(true);
            tools.disk().forceDirectory(files.directory());
        } catch (IOException e) {
            closeReservation(true);
            throw e;
        }
    }

    /** Enough for twice the current content (Base64 takes 4/3 of it). */
    private int reservationBytes() {
        return Math.max(MIN_RESERVATION_BYTES, Math.min(FormatOne.MAX_FILE_BYTES, 3 * length()));
    }

    private void store(byte[] sealed) throws IOException {
        Disk.OpenFile file = Objects.requireNonNull(reservation);
        writeStarted = true;
        file.write(sealed); // step 6
        file.force(false); // step 7: durable from here; the rest only publishes it
        durable = true;
        truncate(file, sealed.length);
    }

    /** Step 8: removes the remaining zeros. Done before the rename, because otherwise a crash could publish them. */
    private static void truncate(Disk.OpenFile file, int length) throws IOException {
        file.truncate(length);
        file.force(true);
    }

    /** Steps 9 and 10. Returns the error of copying the previous generation; empty if there was none. */
    private String publish(long published) throws IOException {
        Disk disk = tools.disk();
        if (reservation != null) {
            requireOwnReservation();
            requireUnchanged();
            reservation.close();
            reservation = null;
        }
        String problem = "";
        if (currentIsGood) { // a damaged account file must not replace a good previous generation
            try {
                // Step 9. Uses a link, so that the account file always exists.
                disk.delete(files.old());
                disk.link(files.account(), files.old());
                disk.rename(files.old(), files.previous());
            } catch (IOException e) {
                // The file system may not support hard links. The new generation is more important than a copy of the
                // old one.
                problem = "the previous generation was not kept: " + StoreException.reason(e);
            }
        }
        disk.rename(files.next(), files.account()); // step 10
        onDisk = published;
        disk.forceDirectory(files.directory());
        currentIsGood = true;
        tools.hostRecords().published(files.name(), published);
        removeRescues(published);
        return problem;
    }

    /**
     * If locks have no effect on this file system, another run may have put its own reservation there. Its zeros must
     * not be published.
     */
    private void requireOwnReservation() throws IOException {
        if (!tools.disk().identity(files.next()).equals(reservationId)) {
            throw new IOException(ANOTHER_RUN);
        }
    }

    /** Or it may have published a generation since this one was read. */
    private void requireUnchanged() throws IOException {
        long now = GenerationScan.generation(files.account(), files.name(), tools.disk());
        if (now != 0 && onDisk != 0 && now != onDisk) {
            throw new IOException(ANOTHER_RUN);
        }
    }

    private boolean isReserved() {
        try {
            return tools.disk().identity(files.next()).equals(reservationId);
        } catch (IOException e) {
            return false;
        }
    }

    /** Steps 6 to 10 failed, and the new generation must be stored somewhere else. */
    private SaveResult rescue(byte[] sealed, long next, IOException failure) throws StoreException {
        String problem = failure instanceof StoreException known && known.getCause() instanceof IOException cause
                ? StoreException.reason(cause)
                : StoreException.reason(failure);
        for (Path rescue : files.rescues()) {
            try {
                writeRescue(rescue, sealed);
                rescues.put(rescue, next);
                unpublished = new Unpublished(sealed, rescue, next);
                closeReservation(true);
                return new SaveResult(next, rescue, true, problem);
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
        if (durable) {
            for (Path file : List.of(files.account(), files.next())) {
                if (contains(file, sealed)) {
                    unpublished = file.equals(files.next()) ? new Unpublished(sealed, file, next) : null;
                    return new SaveResult(next, file, true, problem);
                }
            }
        }
        throw StoreException.unwritable(files.account(), failure);
    }

    private void writeRescue(Path rescue, byte[] sealed) throws IOException {
        if (files.directory().equals(rescue.getParent())) {
            replace(tools.disk(), rescue, sealed);
        } else {
            writeRescue(tools.disk(), rescue, sealed);
        }
    }

    /** Also makes its directory. */
    static void writeRescue(Disk disk, Path rescue, byte[] sealed) throws IOException {
        disk.makeDirectory(Objects.requireNonNull(rescue.getParent()));
        replace(disk, rescue, sealed);
    }

    private static void replace(Disk disk, Path rescue, byte[] sealed) throws IOException {
        Path part = AccountFiles.incomplete(rescue);
        disk.delete(part);
        try {
            try (Disk.OpenFile file = disk.create(part)) {
                file.write(sealed);
                file.force(true);
            }
            disk.rename(part, rescue);
        } catch (IOException e) {
            disk.deleteQuietly(part);
            throw e;
        }
        disk.forceDirectory(Objects.requireNonNull(rescue.getParent()));
    }

    private boolean contains(Path file, byte[] sealed) {
        try {
            byte[] bytes = tools.disk().read(file, FormatOne.MAX_FILE_BYTES);
            return Arrays.equals(FormatOne.withoutReservedSpace(bytes), sealed);
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Deletes rescue copies that are not newer than the published generation. If one remains, its generation shows that
     * it is old.
     */
    private void removeRescues(long published) {
        for (Map.Entry<Path, Long> rescue : List.copyOf(rescues.entrySet())) {
            if (rescue.getValue() <= published && tools.disk().deleteQuietly(rescue.getKey())) {
                rescues.remove(rescue.getKey());
            }
        }
    }

    private void closeReservation(boolean delete) {
        try {
            if (reservation != null) {
                reservation.close();
            }
        } catch (IOException e) {
            // The important data is already durable.
        }
        reservation = null;
        if (delete && isReserved()) {
            tools.disk().deleteQuietly(files.next()); // a leftover .next is recognized later
        }
    }
}
