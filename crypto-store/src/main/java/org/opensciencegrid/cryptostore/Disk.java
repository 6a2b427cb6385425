package org.opensciencegrid.cryptostore;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;

/** The system calls of the rotation protocol, no more: tests put a disk in that fails or loses power at any of them. */
interface Disk {
    /**
     * Reads a regular file, without following a symbolic link.
     *
     * @param limit in bytes; at most one byte more is returned
     * @throws java.nio.file.NoSuchFileException if there is none
     */
    byte[] read(Path file, int limit) throws IOException;

    /** A new file of mode 0600 (O_EXCL). */
    OpenFile create(Path file) throws IOException;

    /** An existing file for writing. */
    OpenFile open(Path file) throws IOException;

    void link(Path existing, Path name) throws IOException;

    /** Atomic; replaces the target. */
    void rename(Path from, Path to) throws IOException;

    /** A missing file is fine. */
    void delete(Path file) throws IOException;

    /** A new directory of mode 0700, durable. An existing one is fine. */
    void makeDirectory(Path directory) throws IOException;

    /** Makes the names in a directory durable. */
    void forceDirectory(Path directory) throws IOException;

    /** A file open for writing. */
    interface OpenFile extends Closeable {
        /** Writes from the start of the file. */
        void write(byte[] bytes) throws IOException;

        void truncate(int length) throws IOException;

        /** fsync, or fdatasync without {@code metadata}. */
        void force(boolean metadata) throws IOException;
    }
}
