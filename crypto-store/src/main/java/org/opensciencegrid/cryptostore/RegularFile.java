package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Opens regular files only. Symbolic links are not followed. If a FIFO or device replaces a file while it is opened, or
 * the file's owner delays the open with a lease, waits at most one second.
 */
public final class RegularFile {
    private static final long OPEN_TIMEOUT_MILLIS = 900;

    private static final long CHECK_INTERVAL_NANOS = 1_000_000_000;
    private static final Map<Path, DirectoryCheck> CHECKS = new ConcurrentHashMap<>();

    /** Whether other users could change where a path leads, and when this was checked. */
    private record DirectoryCheck(boolean isReplaceable, long nanos) {}

    private RegularFile() {}

    /** The content, and the file it was read from. */
    public record Content(Path file, byte[] bytes, Inode inode) {}

    /** Thrown for a symbolic link, directory, FIFO, socket or device. */
    public static final class NotRegularException extends FileSystemException {
        private static final long serialVersionUID = 1;

        NotRegularException(Path file, String reason) {
            super(file.toString(), null, reason);
        }
    }

    /**
     * Reads at most {@code limit + 1} bytes. Returns within about a second, whatever the path leads to.
     *
     * @throws IOException also if the path does not lead to a regular file
     */
    public static byte[] bytes(Path file, int limit) throws IOException {
        return read(file, limit).bytes();
    }

    /** Reads at most {@code limit + 1} bytes. */
    public static Content read(Path file, int limit) throws IOException {
        return read(file, limit, inode(file));
    }

    /** @param inode read before the open, which would wait for a writer on a FIFO and could trigger a device */
    public static Content read(Path file, int limit, Inode inode) throws IOException {
        try (InputStream in = Channels.newInputStream(open(file, StandardOpenOption.READ, inode.user()))) {
            // Java cannot stat an open channel, so the name must refer to the same file before and after the open.
            if (!inode.isSameFileAs(inode(file))) {
                throw new NotRegularException(file, "one that is replaced while it is opened");
            }
            return new Content(file, in.readNBytes(limit + 1), inode);
        }
    }

    /**
     * Opens a file after checking that it is a regular file.
     *
     * @throws IOException also if it no longer is
     */
    public static FileChannel open(Path file, OpenOption option) throws IOException {
        return open(file, option, inode(file).user());
    }

    /** @param owner can delay each open of the file with a lease */
    private static FileChannel open(Path file, OpenOption option, int owner) throws IOException {
        boolean mayBlock = !Owners.CURRENT.users().contains(owner) || mayBeReplaced(file);
        FileChannel channel =
                mayBlock ? openWithTimeout(file, option) : FileChannel.open(file, option, LinkOption.NOFOLLOW_LINKS);
        try {
            channel.position(); // fails for a FIFO
            return channel;
        } catch (IOException e) {
            channel.close();
            throw new NotRegularException(file, "a FIFO, socket or device");
        }
    }

    /**
     * Whether a user other than root and the current user can replace the file with a FIFO. A run may open thousands of
     * files in one directory, so each directory is checked at most once a second.
     */
    private static boolean mayBeReplaced(Path file) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null) {
            return true;
        } else if (directory.startsWith("/proc")) {
            // The same descriptor number may refer to another directory a moment later.
            return isReplaceable(directory);
        }
        long now = System.nanoTime();
        DirectoryCheck last = CHECKS.get(directory);
        if (last == null || now - last.nanos() > CHECK_INTERVAL_NANOS) {
            last = new DirectoryCheck(isReplaceable(directory), now);
            CHECKS.put(directory, last);
        }
        return last.isReplaceable();
    }

    private static boolean isReplaceable(Path directory) throws IOException {
        boolean isChildTrusted = false; // a file must be in a directory in which only trusted users can write
        for (Path path = directory; path != null; path = path.getParent()) {
            Inode inode = Inode.of(path.resolve("."));
            boolean isSticky = isChildTrusted && inode.isSticky() && Owners.CURRENT.own(inode);
            if (!isSticky && !Owners.CURRENT.areOnlyWritersOf(inode)) {
                return true;
            }
            isChildTrusted = Owners.CURRENT.own(inode);
        }
        return false;
    }

    /**
     * open(2) waits for the writer of a FIFO or the end of a lease, and Java has no O_NONBLOCK. So another thread opens
     * the file.
     */
    private static FileChannel openWithTimeout(Path file, OpenOption option) throws IOException {
        FutureTask<FileChannel> task =
                new FutureTask<>(() -> FileChannel.open(file, option, LinkOption.NOFOLLOW_LINKS));
        Thread thread = new Thread(task, "opens a file");
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(OPEN_TIMEOUT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new NotRegularException(file, "one that cannot be opened within a second");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NotRegularException(file, "one that was still being opened when the program had to end");
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException cause ? cause : new IOException(e.getCause());
        }
    }

    /** @throws NotRegularException also for a symbolic link */
    static Inode inode(Path file) throws IOException {
        Inode inode = Inode.of(file);
        if (inode.isRegularFile()) {
            return inode;
        }
        String type = inode.isDirectory() ? "a directory" : "a FIFO, socket or device";
        throw new NotRegularException(file, inode.isLink() ? "a symbolic link" : type);
    }
}
