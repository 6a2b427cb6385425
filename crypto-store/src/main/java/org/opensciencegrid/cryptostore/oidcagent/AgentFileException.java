package org.opensciencegrid.cryptostore.oidcagent;

import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** An account file of oidc-agent cannot be read or written. The message is one line and contains no secret. */
public final class AgentFileException extends IOException {
    private static final long serialVersionUID = 1;

    /** What is wrong. */
    public enum Kind {
        /** There is no such file. */
        MISSING,
        /** The file has no content: oidc-agent was interrupted during a write, or its disk was full. */
        EMPTY,
        /** Encrypted with gpg instead of a password. */
        PGP,
        /** The format is wrong, or the password is right but the content is not authentic. */
        DAMAGED,
        /** It requires more memory or time than any oidc-agent does. */
        LIMITS,
        /** The file is intact but the password is wrong (or the salt is damaged). */
        WRONG_PASSWORD,
        /** The password is wrong or the file is damaged: files from before oidc-agent 2.1.0 do not show which. */
        WRONG_PASSWORD_OR_DAMAGED,
        /** The operating system did not permit reading. */
        UNREADABLE,
        /** The operating system did not permit writing, or the file already exists. */
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

    public Kind kind() {
        return kind;
    }

    /** Whether another password might open it. */
    public boolean isAboutPassword() {
        return kind == Kind.WRONG_PASSWORD || kind == Kind.WRONG_PASSWORD_OR_DAMAGED;
    }
}
