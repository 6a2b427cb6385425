package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.state.Places;

/** The state directory: whose it is, who sees it, and whether there is room for a rotation. */
final class StateCheck {
    /** A rotation takes a few blocks at most; so near the end, something else fills the disk. */
    static final long LEAST_ROOM = 4L << 20;

    private static final Set<PosixFilePermission> OTHERS = EnumSet.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);

    private final Places places;

    StateCheck(Places places) {
        this.places = places;
    }

    List<Finding> run() {
        List<Finding> findings = new ArrayList<>();
        Path directory =
                Objects.requireNonNull(places.accounts().toAbsolutePath().getParent());
        try {
            if (Files.getPosixFilePermissions(directory).stream().anyMatch(OTHERS::contains)) {
                findings.add(Finding.of(Kind.STATE_OPEN, directory, ""));
            }
            foreign(directory).ifPresent(file -> findings.add(Finding.of(Kind.STATE_OWNER, file, owner(directory))));
            long room = Files.getFileStore(directory).getUsableSpace();
            if (room < LEAST_ROOM) {
                findings.add(Finding.of(Kind.STATE_NEARLY_FULL, directory, room / 1024 + " KiB"));
            }
        } catch (IOException | UncheckedIOException | UnsupportedOperationException e) {
            // Not there, or not for us: each account says so itself.
        }
        return findings;
    }

    /** One file that root or somebody else left there: the user that renews cannot replace it. */
    private static Optional<Path> foreign(Path directory) throws IOException {
        Object uid = Files.getAttribute(directory, "unix:uid");
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> !uid(file).equals(uid)).sorted().findFirst();
        }
    }

    private static Object uid(Path file) {
        try {
            return Files.getAttribute(file, "unix:uid", LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String owner(Path file) {
        try {
            return Files.getOwner(file).getName();
        } catch (IOException e) {
            return "";
        }
    }
}
