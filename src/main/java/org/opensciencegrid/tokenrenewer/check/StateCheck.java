package org.opensciencegrid.tokenrenewer.check;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileStore;
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
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.FileAccountStore;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.state.StateLayout;

/** Checks the state directory: its owner, its permissions, and whether there is space for a rotation. */
record StateCheck(StateLayout layout, AccountStore store) {
    /** A rotation needs only a few blocks. With less than this, the disk will be full soon. */
    static final long LEAST_ROOM = 4L << 20;

    private static final Set<PosixFilePermission> OTHERS = EnumSet.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE);

    List<Finding> run() {
        List<Finding> findings = new ArrayList<>();
        boolean isWritable = true;
        try {
            store.requireWritable();
        } catch (StoreException e) {
            isWritable = false;
            findings.add(Finding.of(FailureMapper.of(e), ""));
        }
        if (!(store instanceof FileAccountStore)) {
            return findings; // the accounts are in no directory
        }
        Path directory =
                Objects.requireNonNull(layout.accounts().toAbsolutePath().getParent());
        try {
            if (Files.getPosixFilePermissions(directory).stream().anyMatch(OTHERS::contains)) {
                findings.add(Finding.of(Kind.STATE_OPEN, directory, ""));
            }
            foreign(directory).ifPresent(file -> findings.add(Finding.of(Kind.STATE_OWNER, file, owner(directory))));
            FileStore disk = Files.getFileStore(directory);
            long room = disk.getUsableSpace();
            // Some file systems report a size of 0: then their free space is unknown.
            if (room < LEAST_ROOM && disk.getTotalSpace() > 0 && isWritable) {
                findings.add(Finding.of(Kind.STATE_NEARLY_FULL, directory, room / 1024 + " KiB"));
            }
        } catch (IOException | UncheckedIOException | UnsupportedOperationException e) {
            // Missing or not readable: the checks of the accounts report it.
        }
        return findings;
    }

    /**
     * A file of the program that belongs to another user than the directory: the user that renews cannot replace it. The
     * directory may also have files of others.
     */
    private Optional<Path> foreign(Path directory) throws IOException {
        Object uid = Files.getAttribute(directory, "unix:uid");
        for (Path own : List.of(layout.accounts(), layout.registrations(), layout.state(), layout.rescue())) {
            if (own.startsWith(directory) && Files.exists(own)) {
                try (Stream<Path> files = Files.walk(own)) {
                    Optional<Path> foreign = files.filter(file -> !uid(file).equals(uid))
                            .sorted()
                            .findFirst();
                    if (foreign.isPresent()) {
                        return foreign;
                    }
                }
            }
        }
        return Optional.empty();
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
