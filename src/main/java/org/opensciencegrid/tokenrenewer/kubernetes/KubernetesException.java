package org.opensciencegrid.tokenrenewer.kubernetes;

import java.util.Optional;

/** A request to the API server failed. The message is one printable line without secrets. */
public final class KubernetesException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What happened, grouped by what can be done about it. */
    public enum Kind {
        /** The program does not run in a pod, or the files of the service account cannot be read. */
        NOT_IN_CLUSTER,
        /** No connection, or TLS failed: the request was not sent. */
        UNREACHABLE,
        /** The request was sent, but no answer came: the API server may or may not have processed it. */
        NO_ANSWER,
        /** 429 or 5xx, also after repetitions: the API server cannot answer at the moment. */
        TEMPORARY,
        /** 401: the token of the service account is not valid. */
        UNAUTHORIZED,
        /** 403: the service account lacks a right. */
        FORBIDDEN,
        /** 404 for a change: the object, or the namespace for a new object, does not exist. */
        NOT_FOUND,
        /** 409: another client changed the object since it was read, or created it. Read it again. */
        CONFLICT,
        /** The object is larger than a Secret can be, or than we read. */
        TOO_LARGE,
        /** 422 and other permanent errors: the API server does not accept the object. */
        REJECTED,
        /** The answer is not what the API of Kubernetes sends. */
        UNUSABLE_ANSWER
    }

    private final Kind kind;
    private final String verb;
    private final transient Optional<ObjectName> object;

    KubernetesException(Kind kind, String verb, Optional<ObjectName> object, String message) {
        super(message);
        this.kind = kind;
        this.verb = verb;
        this.object = object;
    }

    /** For an object whose version is not the one that the caller knows. */
    public static KubernetesException conflict(ObjectName object) {
        return new KubernetesException(
                Kind.CONFLICT, "update", Optional.of(object), object + " was changed by another run");
    }

    public Kind kind() {
        return kind;
    }

    /** The verb in RBAC rules: get, create, update or delete; empty if no request was made. */
    public String verb() {
        return verb;
    }

    /** The object of the request; empty if no request was made. */
    public Optional<ObjectName> object() {
        return object;
    }

    /** Whether the API server cannot answer at the moment. */
    public boolean isOutage() {
        return switch (kind) {
            case UNREACHABLE, NO_ANSWER, TEMPORARY -> true;
            default -> false;
        };
    }

    /** Whether a change may have been made although this exception was thrown. */
    public boolean leavesDoubt() {
        return switch (kind) {
            case NO_ANSWER, TEMPORARY, UNUSABLE_ANSWER -> true;
            default -> false;
        };
    }
}
