package org.opensciencegrid.cryptostore;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Why an account file of oidc-agent cannot be read or written. The message is one line and holds no secret. */
public final class AgentFileException extends IOException {
    private static final long serialVersionUID = 1;

    /** What is wrong. */
    public enum Kind {
        /** There is no such file. */
        MISSING,
        /** Not a byte in it: oidc-agent was interrupted while it wrote, or its disk was full. */
        EMPTY,
        /** Encrypted by gpg, not by a password. */
        PGP,
        /** The form is wrong, or the password is right and the content is not authentic. */
        DAMAGED,
        /** It asks for more memory or time than any oidc-agent does. */
        LIMITS,
        /** The file is whole, and the password is not the one it was made with (or its salt is damaged). */
        WRONG_PASSWORD,
        /** Another password, or damage: files from before oidc-agent 2.1.0 have nothing that could tell. */
        WRONG_PASSWORD_OR_DAMAGED,
        /** The operating system refused to read. */
        UNREADABLE,
        /** The operating system refused to write, or there is a file already. */
        UNWRITABLE
    }

    private final Kind kind;

    AgentFileException(Kind kind, Path file, String reason) {
        this(kind, file, reason, null);
    }

    AgentFileException(Kind kind, Path file, String reason, @Nullable IOException cause) {
        super(file + ": " + reason, cause);
        this.kind = kind;
    }

    /** What is wrong. */
    public Kind kind() {
        return kind;
    }

    /** Whether another password might open it. */
    public boolean isAboutPassword() {
        return kind == Kind.WRONG_PASSWORD || kind == Kind.WRONG_PASSWORD_OR_DAMAGED;
    }
}
