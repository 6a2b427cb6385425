package org.opensciencegrid.tokenrenewer.token;

import java.nio.file.Path;

/** A token file that cannot be replaced. What was there before is still there. */
public final class TokenFileException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why, sorted by what repairs it. */
    public enum Kind {
        DIRECTORY_MISSING,
        NOT_PERMITTED,
        READ_ONLY,
        /** Disk or quota full. */
        FULL,
        /** A directory, device or pipe. */
        NOT_A_FILE,
        /** A symbolic link that neither root nor we made. */
        FOREIGN_LINK,
        /** No such user or group; its name is the message. */
        NO_SUCH_NAME,
        /** The file may not be given to that group; its name is the message. */
        GROUP_NOT_OURS,
        /** The file may not be given to that user; its name is the message. */
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

    /** The path that was to be written, after links. */
    public Path path() {
        return path;
    }
}
