package org.opensciencegrid.cryptostore;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/**
 * The system calls of the rotation protocol and no others. Tests use a disk that fails or loses power at any of them.
 */
public interface Disk {
    /**
     * Reads a regular file, without following a symbolic link.
     *
     * @param limit in bytes; at most one byte more is returned
     * @throws java.nio.file.NoSuchFileException if there is none
     */
    byte[] read(Path file, int limit) throws IOException;

    /** Creates a file with mode 0600 (O_EXCL). */
    OpenFile create(Path file) throws IOException;

    /** Opens an existing file for writing. */
    OpenFile open(Path file) throws IOException;

    void link(Path existing, Path name) throws IOException;

    /** Atomic; replaces the target. */
    void rename(Path from, Path to) throws IOException;

    /** Does nothing if the file is missing. */
    void delete(Path file) throws IOException;

    /** Returns whether the file is gone, instead of an exception. */
    default boolean deleteQuietly(Path file) {
        try {
            delete(file);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Creates a durable directory with mode 0700. Does nothing if it exists. */
    void makeDirectory(Path directory) throws IOException;

    /** Makes the names in a directory durable. */
    void forceDirectory(Path directory) throws IOException;

    /** Equal for two names of one file, and for one name that still refers to the same file. */
    Object identity(Path file) throws IOException;

    /** A file open for writing. */
    interface OpenFile extends Closeable {
        /** Writes from the start of the file. */
        void write(byte[] bytes) throws IOException;

        void truncate(int length) throws IOException;

        /** fsync, or fdatasync if {@code metadata} is false. */
        void force(boolean metadata) throws IOException;
    }
}
