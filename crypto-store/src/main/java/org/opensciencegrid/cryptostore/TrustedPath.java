package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Resolves a path and checks each component. Follows only symbolic links of root and the service. A path is
 * trusted if only root, the service and at most one other user can change where it leads. From one component on, that
 * other user may own the directories.
 */
public final class TrustedPath {
    private static final int MAX_LINKS = 40;
    private static final long STABLE_MILLIS = 50;

    private final Owners owners;
    private final Path path;
    private final List<Inode> directories;
    private final Optional<UntrustedPathException> violation;

    private TrustedPath(Owners owners, Path path, List<Inode> directories, Optional<UntrustedPathException> violation) {
        this.owners = owners;
        this.path = path;
        this.directories = List.copyOf(directories);
        this.violation = violation;
    }

    /**
     * Follows the path to its end, which need not exist.
     *
     * @throws UntrustedPathException a symbolic link was created neither by root nor by the service
     * @throws NoSuchFileException a directory of the path is missing
     */
    public static TrustedPath follow(Path path, Owners owners) throws IOException {
        return new Walk(owners).along(path.toAbsolutePath());
    }

    /** The path of the same file without symbolic links. */
    public Path path() {
        return path;
    }

    /** Whether every user can create files in the directory, as in /tmp. */
    public boolean isShared() {
        return directory().isWorldWritable();
    }

    /** @throws UntrustedPathException has the path of the first directory that breaks the rule */
    public void requireTrusted() throws UntrustedPathException {
        if (violation.isPresent()) {
            throw violation.get();
        }
    }

    /**
     * Opens the directory of the file, so that it stays the one that was checked.
     *
     * @throws IOException the directory was replaced
     */
    public HeldDirectory hold() throws IOException {
        for (int i = 1; i < directories.size(); i++) {
            if (!owners.own(directories.get(i - 1))) {
                return HeldDirectory.open(directories.subList(i, directories.size()));
            }
        }
        return HeldDirectory.stable(directory().path());
    }

    private Inode directory() {
        return directories.get(directories.size() - 1);
    }

    private static final class Walk {
        private final Owners owners;
        private final List<Inode> directories = new ArrayList<>();
        private final Deque<Path> remaining = new ArrayDeque<>();
        private Optional<UntrustedPathException> violation = Optional.empty();
        /** Its owner can move everything in it, including links. */
        private Optional<Inode> foreignDirectory = Optional.empty();

        private int links;

        Walk(Owners owners) {
            this.owners = owners;
        }

        TrustedPath along(Path path) throws IOException {
            push(path);
            while (true) {
                Path name = remaining.poll();
                if (name == null) { // the path ends in . or ..
                    Inode last =
                            directories.size() == 1 ? directories.get(0) : directories.remove(directories.size() - 1);
                    return end(last.path());
                } else if (name.toString().equals("..")) {
                    if (directories.size() > 1) {
                        directories.remove(directories.size() - 1);
                    }
                } else if (!name.toString().equals(".")) {
                    Path next = directory().path().resolve(name);
                    if (step(next)) {
                        return end(next);
                    }
                }
            }
        }

        private TrustedPath end(Path path) {
            return new TrustedPath(owners, path, directories, violation);
        }

        private Inode directory() {
            return directories.get(directories.size() - 1);
        }

        private void push(Path path) throws IOException {
            if (path.isAbsolute()) {
                directories.clear();
                directories.add(Inode.of(Objects.requireNonNull(path.getRoot())));
            }
            for (int i = path.getNameCount() - 1; i >= 0; i--) {
                remaining.push(path.getName(i));
            }
        }

        /** Returns whether this is the end of the path. */
        private boolean step(Path next) throws IOException {
            Inode inode;
            try {
                inode = Inode.of(next);
            } catch (NoSuchFileException e) {
                if (remaining.isEmpty()) {
                    return true;
                }
                throw e;
            }
            if (inode.isLink()) {
                if (!owners.own(inode)) {
                    throw new UntrustedPathException(
                            UntrustedPathException.Kind.LINK, next, "it is a symbolic link made by " + owner(next));
                } else if (++links > MAX_LINKS) {
                    throw new FileSystemException(next.toString(), null, "too many symbolic links");
                }
                checkReplaceable(inode);
                push(owners.areOnlyWritersOf(directory()) ? Files.readSymbolicLink(next) : readStableLink(inode));
                return false;
            } else if (remaining.isEmpty()) {
                return true;
            } else if (!inode.isDirectory()) {
                throw new NotDirectoryException(next.toString());
            }
            checkReplaceable(inode);
            directories.add(inode);
            return false;
        }

        /** Checks a link or directory: who else can replace it, and by what? */
        private void checkReplaceable(Inode inode) throws IOException {
            Inode parent = directory();
            if (violation.isPresent()) {
                return;
            } else if (foreignDirectory.isEmpty() && !owners.own(parent)) {
                foreignDirectory = Optional.of(parent);
            }
            if (owners.own(parent) && !owners.areOnlyWritersOf(parent) && !(parent.isSticky() && owners.own(inode))) {
                String writers = parent.isWorldWritable() ? "everybody" : "its group " + group(parent.path());
                violation = Optional.of(new UntrustedPathException(
                        UntrustedPathException.Kind.SHARED,
                        parent.path(),
                        writers + " may replace "
                                + Objects.requireNonNull(inode.path().getFileName()) + " in it"));
            } else if (foreignDirectory.isPresent()
                    && inode.user() != foreignDirectory.get().user()
                    && !owners.own(inode)) {
                violation = Optional.of(new UntrustedPathException(
                        UntrustedPathException.Kind.OWNER,
                        inode.path(),
                        "it belongs to " + owner(inode.path()) + ", and "
                                + foreignDirectory.get().path() + " to "
                                + owner(foreignDirectory.get().path())));
            }
        }

        /**
         * Reads a link that the directory's owner can move away and back. Each move sets its ctime, in steps of at most
         * 10 ms. If the link was not moved for longer than that, and its ctime is the same after the read, it was there
         * during the read.
         */
        private static Path readStableLink(Inode link) throws IOException {
            Inode before = link;
            for (int i = 0; i < 20; i++) {
                long age = Instant.now().toEpochMilli() - before.changed().toMillis();
                if (age < STABLE_MILLIS) {
                    pause();
                } else {
                    Path target = Files.readSymbolicLink(link.path());
                    if (before.equals(Inode.of(link.path()))) {
                        return target;
                    }
                }
                before = Inode.of(link.path());
                if (!before.key().equals(link.key())) {
                    break;
                }
            }
            throw new FileSystemException(link.path().toString(), null, "it is replaced again and again");
        }

        private static void pause() throws FileSystemException {
            try {
                Thread.sleep(STABLE_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new FileSystemException("interrupted");
            }
        }

        private static String owner(Path path) throws IOException {
            return Files.getOwner(path, LinkOption.NOFOLLOW_LINKS).getName();
        }

        private static @Nullable String group(Path path) throws IOException {
            return Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                    .group()
                    .getName();
        }
    }
}
