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
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/**
 * Finds all generations of an account on disk, and decides which of them to use. These are the recovery rules, without
 * a password.
 */
final class GenerationScan {
    private final GenerationFile current;
    private final GenerationFile next;
    private final Disk disk;
    private final AccountFiles files;
    private @Nullable GenerationFile previous;
    private final List<GenerationFile> rescues;

    /** A file that is readable (sealed) or not (problem). */
    record GenerationFile(
            Path file,
            FormatOne.@Nullable Sealed sealed,
            @Nullable StoreException problem) {
        boolean readable() {
            return sealed != null;
        }

        boolean is(Kind kind) {
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

    GenerationScan(AccountFiles files, Disk disk) {
        this.disk = disk;
        this.files = files;
        current = readFile(disk, files.account(), files.name(), false);
        next = readFile(disk, files.next(), files.name(), true);
        rescues = new ArrayList<>();
        for (Path file : files.rescues()) {
            rescues.add(readFile(disk, file, files.name(), false));
        }
    }

    /** Read only when needed, which is rare. */
    private GenerationFile previous() {
        if (previous == null) {
            previous = readFile(disk, files.previous(), files.name(), false);
        }
        return previous;
    }

    /** The generation of a published file of the account as it is now; 0 if it is missing or damaged. */
    static long generation(Path file, String name, Disk disk) {
        return readFile(disk, file, name, false).generation();
    }

    static GenerationFile readFile(Disk disk, Path file, String name, boolean mayHaveReservedSpace) {
        try {
            byte[] bytes = disk.read(file, FormatOne.MAX_FILE_BYTES);
            byte[] content = mayHaveReservedSpace ? FormatOne.withoutReservedSpace(bytes) : bytes;
            return new GenerationFile(file, FormatOne.decode(file, content, name), null);
        } catch (StoreException e) {
            return new GenerationFile(file, null, e);
        } catch (NoSuchFileException e) {
            return new GenerationFile(file, null, new StoreException(Kind.MISSING, file, "there is no such account"));
        } catch (IOException e) {
            return new GenerationFile(file, null, StoreException.unreadable(file, e));
        }
    }

    GenerationFile current() {
        return current;
    }

    GenerationFile next() {
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
        if (rescues.isEmpty()) {
            return List.of(); // nearly always
        }
        long atLeast = successor().map(FormatOne.Sealed::generation).orElse(newestPublished() + 1);
        List<FormatOne.Sealed> copies = new ArrayList<>();
        for (GenerationFile rescue : rescues) {
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
        for (GenerationFile rescue : rescues) {
            if (rescue.readable() || rescue.is(Kind.CORRUPT)) {
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
        return !current.is(Kind.MISSING)
                || !previous().is(Kind.MISSING)
                || successor().isPresent()
                || !rescueCopies().isEmpty();
    }

    long highestGeneration() {
        long published = Math.max(current.generation(), previous().generation());
        long waiting =
                rescues.stream().mapToLong(GenerationFile::generation).max().orElse(0);
        return Math.max(Math.max(published, next.generation()), waiting);
    }

    /**
     * Throws unless each unusable file is damaged or missing. A file that cannot be read may contain the newest
     * generation, and an older one would waste its refresh token.
     */
    void requireRecoverable() throws StoreException {
        for (GenerationFile file : List.of(current, next)) {
            if (!file.readable() && !file.is(Kind.CORRUPT) && !file.is(Kind.MISSING)) {
                throw file.problem();
            }
        }
        List<GenerationFile> others = new ArrayList<>(rescues);
        if (!current.readable()) {
            others.add(previous());
        }
        for (GenerationFile file : others) {
            if (file.is(Kind.UNREADABLE)) {
                throw file.problem();
            }
        }
    }

    /**
     * Throws if there is a file that a new account must not replace: the file of a newer program, or something that is
     * not a file.
     */
    void requireReplaceable() throws StoreException {
        for (GenerationFile file : List.of(current, next, previous())) {
            if (file.is(Kind.UNSUPPORTED) || file.is(Kind.UNREADABLE)) {
                throw file.problem();
            }
        }
    }

    /** The reason why there is nothing to open. */
    StoreException missingReason() {
        GenerationFile file = current.is(Kind.MISSING) && !previous().is(Kind.MISSING) ? previous() : current;
        return Objects.requireNonNull(file.problem());
    }

    private long newestPublished() {
        return current.readable() ? current.generation() : previous().generation();
    }
}
