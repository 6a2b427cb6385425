package org.opensciencegrid.tokenrenewer.oidc;

import java.time.Duration;
import java.util.Optional;

/**
 * A request to an issuer that did not give what was asked. The kind says what the caller may do; the message is one
 * printable line that holds no secret.
 */
public final class OidcException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What happened, sorted by what can be done about it. */
    public enum Kind {
        /** No connection: the request was not sent. */
        UNREACHABLE,
        /** The TLS handshake failed: the request was not sent. */
        TLS,
        /** Sent, and no complete answer came back: the issuer may or may not have acted. */
        NO_ANSWER,
        /** 408, 429 or 5xx: the issuer, or a gateway before it, cannot answer now. */
        TEMPORARY,
        /** A success status with a body that is not what the RFC says. */
        UNUSABLE_ANSWER,
        /** The refresh token or device code is dead: invalid_grant, or INDIGO IAM's invalid_token. */
        GRANT_REFUSED,
        /** The client is not known, or its secret is wrong. */
        CLIENT_REFUSED,
        SCOPE_REFUSED,
        AUDIENCE_REFUSED,
        /** Any other definitive refusal. */
        REFUSED,
        /** Discovery answered for another issuer, or offers no endpoint that is needed. */
        WRONG_ISSUER,
        /** The URL is not https (nor http to a loopback host). */
        INSECURE,
        /** The person said no (RFC 8628 access_denied). */
        DENIED,
        /** Nobody approved in time (RFC 8628 expired_token). */
        EXPIRED
    }

    private final Kind kind;
    private final int status;
    private final String code;
    private final transient Optional<Duration> retryAfter;
    private final boolean afterDoubt;

    OidcException(Kind kind, String message) {
        this(kind, message, 0, "", Optional.empty());
    }

    OidcException(Kind kind, String message, int status, String code, Optional<Duration> retryAfter) {
        this(kind, message, status, code, retryAfter, false);
    }

    private OidcException(
            Kind kind, String message, int status, String code, Optional<Duration> retryAfter, boolean afterDoubt) {
        super(message);
        this.afterDoubt = afterDoubt;
        this.kind = kind;
        this.status = status;
        this.code = code;
        this.retryAfter = retryAfter;
    }

    public Kind kind() {
        return kind;
    }

    /** The HTTP status, 0 when there was no answer. */
    public int status() {
        return status;
    }

    /** The OAuth error code, printable; empty when the answer had none. */
    public String code() {
        return code;
    }

    /** How long the issuer asked us to wait, if it did. */
    public Optional<Duration> retryAfter() {
        return retryAfter;
    }

    /** The same, after an earlier try of the same request that may or may not have been acted on. */
    OidcException afterDoubt(boolean doubt) {
        return doubt ? new OidcException(kind, getMessage(), status, code, retryAfter, true) : this;
    }

    /** Whether the refusal may be the late echo of our own earlier try, whose answer was lost. */
    public boolean isAfterDoubt() {
        return afterDoubt;
    }

    /**
     * Whether the same request may be sent again: the issuer never saw it, or its answer is lost anyway (RFC 9700 section
     * 4.14.2 leaves nothing better to do).
     */
    public boolean mayBeRepeated() {
        return switch (kind) {
            case UNREACHABLE, NO_ANSWER, TEMPORARY, UNUSABLE_ANSWER -> true;
            default -> false;
        };
    }

    /** Whether the endpoint seems not to be there (any more): no server, no such page, or a redirect away. */
    public boolean isOfThePlace() {
        return kind == Kind.UNREACHABLE
                || kind == Kind.TEMPORARY && (status == 404 || status == 405 || status == 410 || status / 100 == 3);
    }

    /** Whether a client may be registered and not yet be approved by a person: OA4MP. Keycloak's 401 is a wrong secret. */
    public boolean isOfUnapprovedClient() {
        return status == 400 && code.equals("unauthorized_client");
    }

    /** Whether the issuer said no to what was asked, so that asking the same again is of no use. */
    public boolean isDefinitive() {
        return switch (kind) {
            case GRANT_REFUSED, CLIENT_REFUSED, SCOPE_REFUSED, AUDIENCE_REFUSED, REFUSED -> true;
            default -> false;
        };
    }

    /** Whether the issuer may have acted on the request although we hold no answer to it. */
    public boolean leavesDoubt() {
        return switch (kind) {
            case NO_ANSWER, UNUSABLE_ANSWER -> true;
            case TEMPORARY -> status != 429; // a rate limiter stands before the work
            default -> false;
        };
    }
}
