package org.opensciencegrid.tokenrenewer.token;

import java.nio.file.Path;

/** A token file cannot be replaced. The old content is still there. */
public final class TokenFileException extends Exception {
    private static final long serialVersionUID = 1L;

    /** The reason, grouped by what fixes it. */
    public enum Kind {
        DIRECTORY_MISSING,
        NOT_PERMITTED,
        READ_ONLY,
        /** The disk or the quota is full. */
        FULL,
        /** A directory, device or pipe. */
        NOT_A_FILE,
        /** A symbolic link that was created neither by root nor by the service user. */
        FOREIGN_LINK,
        /** A directory of the path in which another user could replace the next component. */
        FOREIGN_DIRECTORY,
        /** The file system fails or does not support what is needed. */
        FILE_SYSTEM,
        /** No such user or group; the message is its name. */
        NO_SUCH_NAME,
        /** The file cannot be given to that group; the message is its name. */
        GROUP_NOT_OURS,
        /** The file cannot be given to that user; the message is its name. */
        OWNER_NOT_US,
        OTHER
    }

    private final Kind kind;
    private final transient Path path;

    TokenFileException(Kind kind, Path path, String reason) {
        super(reason);
        this.kind = kind;
        this.path = path;
    }

    public Kind kind() {
        return kind;
    }

    /** The path to write, with symbolic links resolved; or the component of it that is not trusted. */
    public Path path() {
        return path;
    }
}
