package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * What this host stores about its accounts outside of their directory: a name of the host, and the last generation of
 * each account. An account that is restored from a backup, or copied to another host, does not include it. Specified in
 * {@code docs/reference/account-file.md}.
 *
 * <p>It is optional: it ignores everything that is missing, foreign or damaged, and never fails.
 */
final class HostRecords {
    static final HostRecords NONE = new HostRecords(List.of(), Optional.empty());

    /** Compiled when first used, because a run with nothing due reads no record. */
    private static final class Patterns {
        static final Pattern INSTANCE = Pattern.compile("[0-9a-f]{32}\n");
    }

    private static final int ID_BYTES = 16;
    private static final int MAX_DIGITS = 19;

    private final List<Path> directories;
    private final Optional<Path> durable;
    private final RealDisk disk = new RealDisk();

    /**
     * @param directories for the generations
     * @param durable the one of them that is kept across boots
     */
    HostRecords(List<Path> directories, Optional<Path> durable) {
        this.directories = directories;
        this.durable = durable;
    }

    HostRecords with(Path directory) {
        return new HostRecords(List.of(directory), durable);
    }

    HostRecords withDurable(Path directory) {
        List<Path> all = directories.isEmpty() ? List.of(directory) : List.of(directories.get(0), directory);
        return new HostRecords(all, Optional.of(directory));
    }

    /** The newest of a known generation and those of the account that were published on this host. */
    Generation newest(String account, Generation known) {
        Generation newest = known;
        for (Path directory : directories) {
            Path file = file(directory, account);
            long number = Owners.isOwnDirectory(directory) ? read(file) : 0;
            newest = number > newest.number() ? new Generation(number, file) : newest;
        }
        return newest;
    }

    private static long read(Path file) {
        try {
            return Long.parseLong(new String(RegularFile.read(file, MAX_DIGITS).bytes(), StandardCharsets.US_ASCII));
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }

    /** Stores the published generation. */
    void published(String account, long generation) {
        for (Path directory : directories) {
            if (Owners.isOwnDirectory(directory)) {
                disk.replaceQuietly(
                        file(directory, account), Long.toString(generation).getBytes(StandardCharsets.US_ASCII));
            }
        }
    }

    /** The account was deleted or replaced by a new one. */
    void forget(String account) {
        for (Path directory : directories) {
            // If one remains, its number is too high. This is reported as a restored backup, together with this file.
            disk.deleteQuietly(file(directory, account));
        }
    }

    /**
     * A random name of this host together with the inode of its file, so that a copy of the file names another host.
     * Created on first use; empty if it cannot be stored.
     */
    Optional<String> instance(Supplier<SecureRandom> random) {
        if (durable.isEmpty() || !Owners.isOwnDirectory(durable.get())) {
            return Optional.empty();
        }
        Path file = durable.get().resolve("instance");
        Optional<String> known = instance(file);
        if (known.isPresent()) {
            return known;
        }
        byte[] id = new byte[ID_BYTES];
        random.get().nextBytes(id);
        create(file, HexFormat.of().formatHex(id));
        return instance(file);
    }

    /** Several runs may do this at once: the first one wins. */
    private void create(Path file, String id) {
        Path part = file.resolveSibling("instance." + id + ".part");
        try {
            try (Disk.OpenFile open = disk.create(part)) {
                open.write((id + "\n").getBytes(StandardCharsets.US_ASCII));
            }
            try {
                disk.link(part, file);
            } catch (FileAlreadyExistsException e) {
                if (instance(file).isEmpty()) {
                    disk.rename(part, file); // replaces a damaged file
                }
            }
            disk.delete(part);
        } catch (IOException e) {
            // The next run tries again.
        }
    }

    private static Optional<String> instance(Path file) {
        try {
            String text = new String(RegularFile.read(file, 2 * ID_BYTES + 1).bytes(), StandardCharsets.US_ASCII);
            return Patterns.INSTANCE.matcher(text).matches()
                    ? Optional.of(text.strip() + "." + Files.getAttribute(file, "unix:ino", LinkOption.NOFOLLOW_LINKS))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static Path file(Path directory, String account) {
        return directory.resolve(account + ".generation");
    }
}
