package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds all generations of an account on disk, and decides which of them to use. These are the recovery rules, without
 * a password.
 */
final class Survey {
    private final Found current;
    private final Found next;
    private final Supplier<Found> lookAtPrevious;
    private @Nullable Found previous;
    private final List<Found> rescues;

    /** A file that is readable (sealed) or not (problem). */
    record Found(
            Path file,
            FormatOne.@Nullable Sealed sealed,
            @Nullable StoreException problem) {
        boolean readable() {
            return sealed != null;
        }

        boolean is(StoreException.Kind kind) {
            return problem != null && problem.kind() == kind;
        }

        FormatOne.Sealed orThrow() throws StoreException {
            if (problem != null) {
                throw problem;
            }
            return Objects.requireNonNull(sealed);
        }

        long generation() {
            return sealed != null ? sealed.generation() : 0;
        }
    }

    Survey(AccountFiles files, Disk disk) {
        current = look(disk, files.account(), files.name(), false);
        next = look(disk, files.next(), files.name(), true);
        lookAtPrevious = () -> look(disk, files.previous(), files.name(), false);
        rescues = new ArrayList<>();
        for (Path file : files.rescues()) {
            rescues.add(look(disk, file, files.name(), false));
        }
    }

    /** Read only when needed, which is rare. */
    private Found previous() {
        if (previous == null) {
            previous = lookAtPrevious.get();
        }
        return previous;
    }

    /** The generation of a published file of the account as it is now; 0 if it is missing or damaged. */
    static long generation(Path file, String name, Disk disk) {
        return look(disk, file, name, false).generation();
    }

    private static Found look(Disk disk, Path file, String name, boolean mayHaveReservedSpace) {
        try {
            byte[] bytes = disk.read(file, FormatOne.MAX_FILE_BYTES);
            byte[] content = mayHaveReservedSpace ? FormatOne.withoutReservedSpace(bytes) : bytes;
            return new Found(file, FormatOne.decode(file, content, name), null);
        } catch (StoreException e) {
            return new Found(file, null, e);
        } catch (NoSuchFileException e) {
            return new Found(
                    file, null, new StoreException(StoreException.Kind.MISSING, file, "there is no such account"));
        } catch (IOException e) {
            return new Found(file, null, StoreException.unreadable(file, e));
        }
    }

    Found current() {
        return current;
    }

    Found next() {
        return next;
    }

    /** A complete new generation that was not published because of a crash. */
    Optional<FormatOne.Sealed> successor() {
        boolean follows = current.readable()
                ? next.generation() == current.generation() + 1
                : next.generation() > newestPublished();
        return follows ? Optional.ofNullable(next.sealed()) : Optional.empty();
    }

    /**
     * Rescue copies that are newer than the published generation, newest first.
     *
     * <p>A copy with the same generation as .next takes precedence. It exists because .next could not be written or
     * flushed, and after a failed fsync Linux may show content that never reached the disk.
     */
    List<FormatOne.Sealed> rescueCopies() {
        long atLeast = successor().map(FormatOne.Sealed::generation).orElse(newestPublished() + 1);
        List<FormatOne.Sealed> copies = new ArrayList<>();
        for (Found rescue : rescues) {
            if (rescue.sealed() != null && rescue.generation() >= atLeast) {
                copies.add(rescue.sealed());
            }
        }
        copies.sort((one, other) -> Long.compare(other.generation(), one.generation()));
        return copies;
    }

    /** The generation of each rescue copy; 0 for a damaged copy. Copies in an unknown format are not included. */
    Map<Path, Long> rescueGenerations() {
        Map<Path, Long> generations = new HashMap<>();
        for (Found rescue : rescues) {
            if (rescue.readable() || rescue.is(StoreException.Kind.CORRUPT)) {
                generations.put(rescue.file(), rescue.generation());
            }
        }
        return generations;
    }

    /** The previous generation; present only if the account file is damaged or missing. */
    Optional<FormatOne.Sealed> fallback() {
        return current.readable()
                ? Optional.empty()
                : Optional.ofNullable(previous().sealed());
    }

    /** The number of the previous generation; 0 if it is missing or damaged. */
    long previousGeneration() {
        return previous().generation();
    }

    boolean exists() {
        return !current.is(StoreException.Kind.MISSING)
                || !previous().is(StoreException.Kind.MISSING)
                || successor().isPresent()
                || !rescueCopies().isEmpty();
    }

    long highestGeneration() {
        long published = Math.max(current.generation(), previous().generation());
        long waiting = rescues.stream().mapToLong(Found::generation).max().orElse(0);
        return Math.max(Math.max(published, next.generation()), waiting);
    }

    /**
     * Throws unless each unusable file is damaged or missing. A file that cannot be read may contain the newest
     * generation, and an older one would waste its refresh token.
     */
    void requireRecoverable() throws StoreException {
        for (Found found : List.of(current, next)) {
            if (!found.readable() && !found.is(StoreException.Kind.CORRUPT) && !found.is(StoreException.Kind.MISSING)) {
                throw found.problem();
            }
        }
        List<Found> others = new ArrayList<>(rescues);
        if (!current.readable()) {
            others.add(previous());
        }
        for (Found found : others) {
            if (found.is(StoreException.Kind.UNREADABLE)) {
                throw found.problem();
            }
        }
    }

    /**
     * Throws if there is a file that a new account must not replace: the file of a newer program, or something that is
     * not a file.
     */
    void requireReplaceable() throws StoreException {
        for (Found found : List.of(current, next, previous())) {
            if (found.is(StoreException.Kind.UNSUPPORTED) || found.is(StoreException.Kind.UNREADABLE)) {
                throw found.problem();
            }
        }
    }

    /** The reason why there is nothing to open. */
    StoreException nothing() {
        Found found = current.is(StoreException.Kind.MISSING) && !previous().is(StoreException.Kind.MISSING)
                ? previous()
                : current;
        return Objects.requireNonNull(found.problem());
    }

    private long newestPublished() {
        return current.readable() ? current.generation() : previous().generation();
    }
}
