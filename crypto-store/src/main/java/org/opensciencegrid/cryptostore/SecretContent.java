package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.opensciencegrid.cryptostore.PasswordFileException.Kind;

/** Files whose whole content is a secret: private keys, and tokens that another program keeps fresh. */
public final class SecretContent {
    private SecretContent() {}

    /**
     * Reads the file under the rules of {@link PasswordFile#read}. It is also rejected if everyone can read it: the
     * options that name such a file are new, so no existing site depends on it.
     *
     * @throws PasswordFileException if the file is rejected; only its {@code reason} fits, as the file is no password
     */
    public static byte[] read(Path file) throws PasswordFileException {
        RegularFile.Content content = PasswordFile.load(file);
        if (content.inode().isWorldReadable()) {
            throw new PasswordFileException(Kind.READABLE_BY_OTHERS, file, "everyone can read it", null);
        } else if (content.bytes().length > PasswordFile.MAX_FILE_BYTES) {
            throw new PasswordFileException(Kind.TOO_LONG, file, "more than 64 KiB", null);
        }
        return content.bytes();
    }

    /** A lock on a file that is about to be read, changed and written. */
    public interface Lock extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Locks the file against other processes that use this method, with {@code .NAME.lock} next to it, which stays.
     *
     * @throws StoreException BUSY or UNWRITABLE
     */
    public static Lock lock(Path file, Duration wait) throws StoreException {
        try {
            Path target = TrustedPath.follow(file, Owners.CURRENT).path();
            return ProcessLock.acquire(target.resolveSibling("." + target.getFileName() + ".lock"), wait)::close;
        } catch (IOException e) {
            throw StoreException.unwritable(file, e);
        }
    }

    /**
     * Writes the file with mode 0600, durably. A reader sees the old content or the new.
     *
     * @param mayReplace whether a file of that name is replaced; otherwise it is an error
     */
    public static void write(Path file, byte[] content, boolean mayReplace) throws IOException {
        Disk disk = new RealDisk();
        Path target = TrustedPath.follow(file, Owners.CURRENT).path(); // a link stays, and its target is replaced
        Path part = target.resolveSibling("." + target.getFileName() + ".part");
        disk.delete(part);
        try {
            try (Disk.OpenFile open = disk.create(part)) {
                open.write(content);
                open.force(true);
            }
            if (mayReplace) {
                disk.rename(part, target);
            } else {
                disk.link(part, target); // fails if the name exists
            }
            disk.forceDirectory(Objects.requireNonNull(target.getParent()));
        } finally {
            disk.deleteQuietly(part);
        }
    }
}
