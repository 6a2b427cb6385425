package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/** Reading a regular file: no symbolic link is followed, no FIFO or device is ever opened. */
final class RegularFile {
    private RegularFile() {}

    /** What was read, and from which file. */
    record Content(byte[] bytes, Status status) {}

    /** One stat(2). No write leaves the inode's change time as it was. */
    record Status(Object fileKey, Set<?> permissions, int owner, FileTime changed, long size) {
        /** Not equals: what a record brings is made when it is first used, which takes longer than the rest of a read. */
        boolean isThatOf(Status other) {
            return fileKey.equals(other.fileKey) && permissions.equals(other.permissions) && owner == other.owner;
        }

        boolean isSameContentAs(Status other) {
            return fileKey.equals(other.fileKey) && changed.equals(other.changed) && size == other.size;
        }

        /** Which file that is, and which content it has. */
        String mark() {
            return fileKey + " " + changed + " " + size;
        }
    }

    /** Thrown for a symbolic link, directory, FIFO, socket or device. */
    static final class NotRegularException extends FileSystemException {
        private static final long serialVersionUID = 1;

        NotRegularException(Path file, String reason) {
            super(file.toString(), null, reason);
        }
    }

    /** At most {@code limit + 1} bytes. */
    static Content read(Path file, int limit) throws IOException {
        return read(file, limit, status(file));
    }

    /** @param status looked at before the open, which would wait for a writer on a FIFO and act on a device */
    static Content read(Path file, int limit, Status status) throws IOException {
        try (InputStream in = Channels.newInputStream(
                Files.newByteChannel(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            // Java cannot stat an open channel: the name must mean the same file before and after the open.
            if (!status.isThatOf(status(file))) {
                throw new NotRegularException(file, "one that is replaced while it is opened");
            }
            return new Content(in.readNBytes(limit + 1), status);
        }
    }

    static Status status(Path file) throws IOException {
        Map<String, Object> attributes = Files.readAttributes(
                file,
                "unix:isSymbolicLink,isDirectory,isRegularFile,fileKey,permissions,uid,ctime,size",
                LinkOption.NOFOLLOW_LINKS);
        if (Boolean.TRUE.equals(attributes.get("isSymbolicLink"))) {
            throw new NotRegularException(file, "a symbolic link");
        } else if (Boolean.TRUE.equals(attributes.get("isDirectory"))) {
            throw new NotRegularException(file, "a directory");
        } else if (!Boolean.TRUE.equals(attributes.get("isRegularFile"))) {
            throw new NotRegularException(file, "a FIFO, socket or device");
        }
        return new Status(
                Objects.requireNonNull(attributes.get("fileKey")),
                (Set<?>) Objects.requireNonNull(attributes.get("permissions")),
                (int) Objects.requireNonNull(attributes.get("uid")),
                (FileTime) Objects.requireNonNull(attributes.get("ctime")),
                (long) Objects.requireNonNull(attributes.get("size")));
    }
}
