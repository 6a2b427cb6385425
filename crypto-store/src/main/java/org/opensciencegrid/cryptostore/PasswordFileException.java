package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A file or stream has no usable password. The message is one line and contains no secret. */
public final class PasswordFileException extends IOException {
    private static final long serialVersionUID = 1;

    /** What is wrong. */
    public enum Kind {
        /** There is no such file. */
        MISSING,
        /** The operating system did not permit reading. */
        UNREADABLE,
        /** A directory, FIFO, socket or device. */
        NOT_A_FILE,
        /** The path has a symbolic link that was created neither by root nor by the current user. */
        FOREIGN_LINK,
        /** The first line is empty. */
        EMPTY,
        /** The first line contains a NUL byte. */
        BINARY,
        /** The first line has more than 1024 bytes, or the file more than 64 KiB. */
        TOO_LONG,
        /** The group or everyone can change it. */
        WRITABLE_BY_OTHERS,
        /** Everyone can read it. Only for files whose content is more than one line, see {@link SecretContent}. */
        READABLE_BY_OTHERS,
        /** It belongs neither to root nor to the current user. */
        FOREIGN_OWNER
    }

    private final Kind kind;
    private final transient @Nullable Path file;
    private final String reason;

    PasswordFileException(Kind kind, @Nullable Path file, String reason, @Nullable IOException cause) {
        super((file == null ? "password from a stream" : "password file " + file) + ": " + reason, cause);
        this.kind = kind;
        this.file = file;
        this.reason = reason;
    }

    public Kind kind() {
        return kind;
    }

    /** The message without the path. */
    public String reason() {
        return reason;
    }

    /** The untrusted link. */
    public Optional<String> link() {
        return getCause() instanceof UntrustedPathException untrusted
                ? Optional.of(untrusted.getFile())
                : Optional.empty();
    }

    /** The file; empty for a stream. */
    public Optional<Path> file() {
        return Optional.ofNullable(file);
    }
}
