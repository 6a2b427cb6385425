package org.opensciencegrid.cryptostore;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * An open directory. Its {@link #path} leads to the same directory until it is closed, even if the directory is renamed
 * or replaced.
 */
public final class HeldDirectory implements AutoCloseable {
    private static final Path DESCRIPTORS = Path.of("/proc/self/fd");
    private static final Path POSITIONS = Path.of("/proc/self/fdinfo");
    private static final String REPLACED = "it is replaced while it is opened";
    private static final Object READ_LOCK = new Object();

    private final Path path;
    private final @Nullable SecureDirectoryStream<Path> stream;

    private HeldDirectory(Path path, @Nullable SecureDirectoryStream<Path> stream) {
        this.path = path;
        this.stream = stream;
    }

    /** A directory whose name no other user can change. */
    static HeldDirectory stable(Path directory) {
        return new HeldDirectory(directory, null);
    }

    /**
     * Opens the last of the directories step by step, like openat(2).
     *
     * @param directories each one is in the one before it; no other user can change the path to the parent of the first
     *     one
     */
    @SuppressWarnings("StreamResourceLeak") // secure() returns the stream or closes it
    static HeldDirectory open(List<Inode> directories) throws IOException {
        Path root = Path.of("/");
        try (SecureDirectoryStream<Path> start = secure(Files.newDirectoryStream(root), root)) {
            SecureDirectoryStream<Path> in = start;
            try {
                for (int i = 0; ; i++) {
                    Inode next = directories.get(i);
                    Path name = i == 0
                            ? root.relativize(next.path())
                            : Objects.requireNonNull(next.path().getFileName());
                    if (i == directories.size() - 1) {
                        return findDescriptor(in, name, next);
                    }
                    SecureDirectoryStream<Path> opened = child(in, name, next);
                    if (i > 0) {
                        in.close();
                    }
                    in = opened;
                }
            } finally {
                if (in != start) {
                    in.close();
                }
            }
        }
    }

    /**
     * Finds the descriptor number of the stream: a descriptor of this directory at position 0 that has another position
     * after the stream was read. This works because only this method and {@link #list} read the directory of a token,
     * one at a time. Other threads may open and close other files.
     */
    private static HeldDirectory findDescriptor(SecureDirectoryStream<Path> in, Path name, Inode inode)
            throws IOException {
        SecureDirectoryStream<Path> stream = child(in, name, inode);
        try {
            synchronized (READ_LOCK) {
                List<String> unread = new ArrayList<>();
                for (String number : descriptors()) {
                    if (isSame(DESCRIPTORS.resolve(number), inode) && isAtStart(number)) {
                        unread.add(number);
                    }
                }
                var unused = stream.iterator().hasNext(); // reads the directory
                for (String number : unread) {
                    Path descriptor = DESCRIPTORS.resolve(number);
                    if (isSame(descriptor, inode) && !isAtStart(number)) {
                        return new HeldDirectory(descriptor, stream);
                    }
                }
            }
            throw new FileSystemException(inode.path().toString(), null, "no descriptor of it in " + DESCRIPTORS);
        } catch (DirectoryIteratorException e) {
            stream.close();
            throw e.getCause();
        } catch (IOException | RuntimeException e) {
            stream.close();
            throw e;
        }
    }

    private static boolean isSame(Path descriptor, Inode inode) {
        try {
            return inode.key().equals(Files.getAttribute(descriptor, "unix:fileKey"));
        } catch (IOException e) {
            return false; // another thread closed it
        }
    }

    private static boolean isAtStart(String number) {
        try {
            return Files.readAllLines(POSITIONS.resolve(number)).contains("pos:\t0");
        } catch (IOException e) {
            return true; // another thread closed it
        }
    }

    private static List<String> descriptors() throws IOException {
        String[] numbers = new File(DESCRIPTORS.toString()).list();
        if (numbers == null) {
            throw new FileSystemException(DESCRIPTORS.toString(), null, "cannot be listed");
        }
        return List.of(numbers);
    }

    /**
     * Opens NAME/. so that a FIFO or device that replaced the directory is not opened. If a symbolic link replaced it,
     * the key of the link's target differs.
     */
    private static SecureDirectoryStream<Path> child(SecureDirectoryStream<Path> in, Path name, Inode inode)
            throws IOException {
        SecureDirectoryStream<Path> child;
        try {
            child = in.newDirectoryStream(name.resolve("."), LinkOption.NOFOLLOW_LINKS);
        } catch (NotDirectoryException e) {
            throw new FileSystemException(inode.path().toString(), null, REPLACED);
        }
        Object key = child.getFileAttributeView(BasicFileAttributeView.class)
                .readAttributes()
                .fileKey();
        if (!inode.key().equals(key)) {
            child.close();
            throw new FileSystemException(inode.path().toString(), null, REPLACED);
        }
        return child;
    }

    private static SecureDirectoryStream<Path> secure(DirectoryStream<Path> stream, Path path) throws IOException {
        if (stream instanceof SecureDirectoryStream<Path> secure) {
            return secure;
        }
        stream.close();
        throw new FileSystemException(path.toString(), null, "this Java cannot hold a directory");
    }

    /** A path that always leads to this directory. */
    public Path path() {
        return path;
    }

    /** Makes renames in the directory durable. */
    public void force() throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** The files of the directory whose names match the pattern. */
    public List<Path> list(String pattern) throws IOException {
        synchronized (READ_LOCK) {
            List<Path> all = new ArrayList<>();
            try (DirectoryStream<Path> files = Files.newDirectoryStream(path, pattern)) {
                for (Path file : files) {
                    all.add(file);
                }
            } catch (DirectoryIteratorException e) {
                throw e.getCause();
            }
            return all;
        }
    }

    @Override
    public void close() throws IOException {
        if (stream != null) {
            stream.close();
        }
    }
}
