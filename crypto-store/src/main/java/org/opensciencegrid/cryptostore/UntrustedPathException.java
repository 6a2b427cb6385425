package org.opensciencegrid.cryptostore;

import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** A component of a path that could lead to another place than root intended. The reason contains the user or group. */
public final class UntrustedPathException extends FileSystemException {
    private static final long serialVersionUID = 1;

    /** What is wrong with it. */
    public enum Kind {
        /** A symbolic link that was created neither by root nor by the service. */
        LINK,
        /** A directory of one user in the directory of another. */
        OWNER,
        /** A directory in which everyone or a group can replace the next component. */
        SHARED
    }

    private final Kind kind;

    UntrustedPathException(Kind kind, Path component, String reason) {
        super(component.toString(), null, reason);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
