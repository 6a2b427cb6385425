package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** An account cannot be read or written. The message is one line that contains the path and no secret. */
public final class StoreException extends IOException {
    private static final long serialVersionUID = 1;

    /** What is wrong; {@code docs/reference/account-file.md} has the table of causes and remedies. */
    public enum Kind {
        /** The checksum or the format is wrong: damaged, truncated or edited. Found without a password. */
        CORRUPT,
        /** The file is intact but the password is wrong. */
        WRONG_PASSWORD,
        /**
         * The password is right but the content is not authentic. Nothing is overwritten, and no older copy is used.
         */
        TAMPERED,
        /** The file was made for another account name. */
        WRONG_ACCOUNT,
        /** A number is outside the limits of the format. */
        LIMITS,
        /** A newer program wrote it. Never overwritten. */
        UNSUPPORTED,
        /** There is no such account. */
        MISSING,
        /** Another process or thread holds the lock. */
        BUSY,
        /**
         * Another run was interrupted, and the answer of the issuer may be in a rescue copy of its machine. A save that
         * is no answer itself could make that copy useless.
         */
        INTERRUPTED,
        /** The operating system did not permit writing: full, read-only, permission... The cause is its exception. */
        UNWRITABLE,
        /**
         * The operating system did not permit reading: permission, I/O error, not a regular file. The cause is its
         * exception.
         */
        UNREADABLE
    }

    private final Kind kind;
    private final transient Path file;

    StoreException(Kind kind, Path file, String reason) {
        this(kind, file, reason, null);
    }

    private StoreException(Kind kind, Path file, String reason, @Nullable IOException cause) {
        super(file + ": " + reason, cause);
        this.kind = kind;
        this.file = file;
    }

    static StoreException unwritable(Path file, IOException cause) {
        return cause instanceof StoreException known
                ? known
                : new StoreException(Kind.UNWRITABLE, file, "cannot be written: " + reason(cause), cause);
    }

    static StoreException unreadable(Path file, IOException cause) {
        return new StoreException(Kind.UNREADABLE, file, "cannot be read: " + reason(cause), cause);
    }

    /** The error message of the operating system. Java has an exception class without a message for some errors. */
    public static String reason(IOException cause) {
        if (cause instanceof AccessDeniedException) {
            return "Permission denied";
        } else if (cause instanceof NoSuchFileException) {
            return "No such file or directory";
        } else if (cause instanceof FileAlreadyExistsException) {
            return "File exists";
        } else if (cause instanceof DirectoryNotEmptyException) {
            return "Directory not empty";
        } else if (cause instanceof FileSystemException named && named.getReason() != null) {
            return named.getReason();
        }
        return cause.getMessage() != null
                ? cause.getMessage()
                : cause.getClass().getSimpleName();
    }

    public Kind kind() {
        return kind;
    }

    /** The file; null only after serialization. */
    public Path file() {
        return file;
    }
}
