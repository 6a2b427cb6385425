package org.opensciencegrid.tokenrenewer.net;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * A request to an issuer failed. The kind shows what the caller may do. The message is one printable line without
 * secrets.
 */
public final class IssuerException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What happened, grouped by what can be done about it. */
    public enum Kind {
        /** No connection: the request was not sent. */
        UNREACHABLE,
        /** The TLS handshake failed: the request was not sent. */
        TLS,
        /** The proxy rejected the request, so it was not sent. The same will happen until the configuration changes. */
        PROXY,
        /**
         * The request was sent, but no complete response was received. The issuer may or may not have processed it. The
         * connection is closed, so the response can no longer arrive.
         */
        NO_ANSWER,
        /** 408, 429 or 5xx: the issuer, or a gateway in front of it, cannot answer at the moment. */
        TEMPORARY,
        /** A web page instead of an OAuth response: from a gateway or login page in front of the issuer. Temporary. */
        WEB_PAGE,
        /** A success status with a body that does not follow the RFC. */
        UNUSABLE_ANSWER,
        /** The refresh token or device code is invalid: invalid_grant, or what other issuers call it. */
        GRANT_REFUSED,
        /**
         * The issuer rejects the request because of the user: the account is disabled, or terms of use must be
         * accepted. The refresh token may become valid again after that. Only for requests with a refresh token.
         */
        PERSON_REFUSED,
        /** The client is unknown, or its secret is wrong. */
        CLIENT_REFUSED,
        SCOPE_REFUSED,
        AUDIENCE_REFUSED,
        /** The issuer does not exchange tokens for this client, or not for an access token. Only for an exchange. */
        EXCHANGE_REFUSED,
        /** Any other permanent error. */
        REFUSED,
        /** The metadata is that of another issuer, or lacks a required endpoint. */
        WRONG_ISSUER,
        /** The URL is not https (or http to a loopback host). */
        INSECURE,
        /** The user denied the request (RFC 8628 access_denied). */
        DENIED,
        /** The user did not approve in time (RFC 8628 expired_token). */
        EXPIRED
    }

    /** Why TLS failed, grouped by who can fix it. */
    public enum Tls {
        /** Any other reason. The server may not support TLS at all. */
        OTHER,
        CERTIFICATE_EXPIRED,
        CERTIFICATE_NOT_YET_VALID,
        /** No CA that is trusted here signed it. */
        CERTIFICATE_UNTRUSTED,
        /**
         * Like UNTRUSTED, but the server also omitted the CA certificate that signed its own, so it cannot be verified.
         */
        CA_NOT_SENT,
        CERTIFICATE_OF_OTHER_HOST,
        /** Its CA revoked it. */
        CERTIFICATE_REVOKED,
        /** It has a short key or a signature that can be forged. */
        CERTIFICATE_WEAK,
        /** The crypto policy of this machine forbids what the server offers. */
        CRYPTO_POLICY,
        /** The CA file or directory of the account cannot be used. */
        CA_FILE,
        /** The system's bundle contains no CA. */
        NO_SYSTEM_CAS
    }

    private final Kind kind;
    private final Tls tls;
    private final int status;
    private final String code;
    private final transient Optional<Duration> retryAfter;
    private final boolean afterDoubt;
    private final boolean tokenReceived;

    public IssuerException(Kind kind, String message) {
        this(kind, message, 0, "", Optional.empty());
    }

    public IssuerException(Tls tls, String message) {
        this(Kind.TLS, tls, message, 0, "", Optional.empty(), false, false);
    }

    public IssuerException(Kind kind, String message, int status, String code, Optional<Duration> retryAfter) {
        this(kind, Tls.OTHER, message, status, code, retryAfter, false, false);
    }

    private IssuerException(
            Kind kind,
            Tls tls,
            String message,
            int status,
            String code,
            Optional<Duration> retryAfter,
            boolean afterDoubt,
            boolean tokenReceived) {
        super(message);
        this.tls = tls;
        this.afterDoubt = afterDoubt;
        this.tokenReceived = tokenReceived;
        this.kind = kind;
        this.status = status;
        this.code = code;
        this.retryAfter = retryAfter;
    }

    public Kind kind() {
        return kind;
    }

    /** Why TLS failed, for {@link Kind#TLS}. */
    public Tls tls() {
        return tls;
    }

    /** The HTTP status; 0 if there was no response. */
    public int status() {
        return status;
    }

    /** The OAuth error code, printable; empty if the response had none. */
    public String code() {
        return code;
    }

    /** How long the issuer asked to wait, if it did. */
    public Optional<Duration> retryAfter() {
        return retryAfter;
    }

    /** The same error, after an earlier attempt at the same request that the issuer may have processed. */
    public IssuerException afterDoubt(boolean doubt) {
        return doubt
                ? new IssuerException(kind, tls, getMessage(), status, code, retryAfter, true, tokenReceived)
                : this;
    }

    /** The same error, if the response contained the new refresh token: then nothing is lost. */
    public IssuerException withTokenReceived() {
        return new IssuerException(kind, tls, getMessage(), status, code, retryAfter, afterDoubt, true);
    }

    /** The same error, with the requested scope in the message. */
    public IssuerException withScope(List<String> scope) {
        String message = getMessage() + " (asked for: " + Printable.of(String.join(" ", scope)) + ")";
        return new IssuerException(kind, tls, message, status, code, retryAfter, afterDoubt, tokenReceived);
    }

    /** Whether the error may be a consequence of an earlier attempt whose response was lost. */
    public boolean isAfterDoubt() {
        return afterDoubt;
    }

    /**
     * Whether to send the same request again: the issuer never saw it, or its response is lost and there is nothing
     * better to do (RFC 9700 section 4.14.2).
     */
    public boolean isRetryable() {
        return switch (kind) {
            case UNREACHABLE, NO_ANSWER, TEMPORARY, UNUSABLE_ANSWER -> true;
            default -> false;
        };
    }

    /** Whether the endpoint seems to have moved: no server, no such page, or a redirect. */
    public boolean isEndpointGone() {
        return kind == Kind.UNREACHABLE
                || (kind == Kind.TEMPORARY || kind == Kind.WEB_PAGE)
                        && (status == 404 || status == 405 || status == 410 || status / 100 == 3);
    }

    /**
     * Whether the client may be registered but not yet approved by an administrator, as at OA4MP. Keycloak's 401 is a
     * wrong secret instead.
     */
    public boolean isClientUnapproved() {
        return status == 400 && code.equals("unauthorized_client");
    }

    /** Whether the issuer rejected the request permanently, so that repeating it is useless. */
    public boolean isDefinitive() {
        return switch (kind) {
            case GRANT_REFUSED,
                    PERSON_REFUSED,
                    CLIENT_REFUSED,
                    SCOPE_REFUSED,
                    AUDIENCE_REFUSED,
                    EXCHANGE_REFUSED,
                    REFUSED -> true;
            default -> false;
        };
    }

    /** Whether the issuer may have processed the request although its response is lost. */
    public boolean leavesDoubt() {
        return !tokenReceived
                && switch (kind) {
                    case NO_ANSWER, UNUSABLE_ANSWER -> true;
                    case TEMPORARY -> status != 429; // a rate limiter rejects a request before it is processed
                    default -> false;
                };
    }
}
