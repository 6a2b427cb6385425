package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Why a password cannot be taken from a file or stream. The message is one line and holds no secret. */
public final class PasswordFileException extends IOException {
    private static final long serialVersionUID = 1;

    /** What is wrong. */
    public enum Kind {
        /** There is no such file. */
        MISSING,
        /** The operating system refused to read it. */
        UNREADABLE,
        /** A symbolic link, directory, FIFO, socket or device. */
        NOT_A_FILE,
        /** The first line is empty. */
        EMPTY,
        /** There is a NUL byte in the first line. */
        BINARY,
        /** The first line has more than 1024 bytes, or the whole more than 64 KiB. */
        TOO_LONG,
        /** The group or everybody may change it. */
        WRITABLE_BY_OTHERS,
        /** It belongs neither to root nor to the current user. */
        FOREIGN_OWNER
    }

    private final Kind kind;
    private final transient @Nullable Path file;

    PasswordFileException(Kind kind, @Nullable Path file, String reason, @Nullable IOException cause) {
        super((file == null ? "password from a stream" : "password file " + file) + ": " + reason, cause);
        this.kind = kind;
        this.file = file;
    }

    /** What is wrong. */
    public Kind kind() {
        return kind;
    }

    /** The file; empty for a stream. */
    public Optional<Path> file() {
        return Optional.ofNullable(file);
    }
}
