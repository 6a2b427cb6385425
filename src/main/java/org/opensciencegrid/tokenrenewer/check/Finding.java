package org.opensciencegrid.tokenrenewer.check;

import java.util.Locale;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.NotifyTarget;
import org.opensciencegrid.tokenrenewer.failure.Failure;

/**
 * One fault.
 *
 * @param where the file, unit or server that it is about; printable
 * @param detail a number, name or sentence for the text; printable; may be empty
 * @param account the affected account; empty if it is none or all
 * @param failure for {@link Kind#RENEWAL}: the failure that a renewal would have
 */
public record Finding(Kind kind, String where, String detail, String account, Optional<Failure> failure) {
    /** In the order of the report. */
    public enum Kind {
        CONFIG_ERROR(true),
        CONFIG_WARNING(false),
        /** A user other than root and the service can write the config file. */
        CONFIG_WRITABLE(true),
        /** Every user can read a client secret in the config file. */
        CONFIG_SHOWS_SECRET(true),
        NO_TOKENS(false),
        /** An account that was renewed until recently. */
        ACCOUNT_FORGOTTEN(true),
        /** A token that was renewed until recently, of an account that still has other tokens. */
        TOKEN_FORGOTTEN(false),
        UNUSED_ACCOUNT(false),
        /** The failure that the next renewal would have, or the last one had. */
        RENEWAL(true),
        /** A file that the service needs, and that its user cannot read. */
        UNREADABLE_FOR_SERVICE(true),
        /** A directory above such a file, which that user cannot search. */
        DIRECTORY_CLOSED(true),
        PASSWORD_WORLD_READABLE(false),
        PASSWORD_CARRIAGE_RETURN(false),
        PASSWORD_BYTE_ORDER_MARK(false),
        PASSWORD_OUTER_BLANKS(false),
        PASSWORD_SHORT(false),
        PASSWORD_MORE_LINES(false),
        STATE_OPEN(true),
        /** A file in the state directory that belongs to another user than the directory. */
        STATE_OWNER(true),
        STATE_NEARLY_FULL(true),
        ACCOUNT_NOT_IN_CONFIG(false),
        REFRESH_TOKEN_WAITING(false),
        TWO_HOSTS(false),
        IN_DOUBT(false),
        SECRET_ENDS(false),
        AUTHORIZATION_ENDS(false),
        TOKEN_DIRECTORY_OPEN(true),
        TOKEN_DIRECTORY_CLOSED(true),
        TOKEN_OUTSIDE_SANDBOX(true),
        TOKEN_WORLD_READABLE(false),
        TOKEN_LONG(false),
        /** HTCondor's tools refuse it. */
        TOKEN_IS_LINK(false),
        /** Every user can change a program that the service starts. */
        HOOK_OPEN(true),
        /** A shipped program in a token's post_renewal needs a command that is not installed. */
        HOOK_COMMAND_MISSING(true),
        /** A variable of post_renewal_environment that the service's unit does not set. */
        HOOK_VARIABLE_UNSET(false),
        /** Messages to the owner of an account cannot be delivered to one of its targets. */
        NOTIFY_UNUSABLE(false),
        TIMER_MASKED(true),
        TIMER_STATE_LINK(true),
        TIMER_NO_FIRST_RUN(true),
        TIMER_NO_SECOND_RUN(true),
        TIMER_OFF(true),
        TIMER_NOT_STARTED(true),
        TIMER_BROKEN_RUN(true),
        TIMER_NOT_RELOADED(false),
        TIMER_NOT_ENABLED(true),
        /** The machine has no unit of that name: something else starts renewals, or nothing does. */
        TIMER_UNKNOWN(false),
        TIMER_TOO_SLOW(true),
        MIN_LIFETIME_TOO_SHORT(false),
        /** The issuer's tokens never live longer than min_lifetime. */
        LIFE_TOO_SHORT(false),
        CLOCK_BEHIND(true),
        CLOCK_DIFFERS(true),
        /** A directory of CAs has no certificate revocation list (CRL) that a CA of the issuer signed. */
        CRL_MISSING(false),
        CRL_EXPIRED(false),
        /** One address of an issuer or a proxy does not answer, but another one does. */
        ADDRESS_SILENT(false),
        /** The proxy does not answer, so no issuer can be reached. */
        PROXY_UNREACHABLE(true),
        /** The service and this process reach the issuer through different proxies. */
        PROXY_DIFFERS(false),
        /** The issuer has another token endpoint than the config file. */
        TOKEN_ENDPOINT_MOVED(false),
        /** The config file writes the issuer's name, which the client signs, in another way than the issuer. */
        ISSUER_NAME_DIFFERS(false),
        NO_REAUTHENTICATION(false),
        /** Only the account file names the CA of its issuer, and it does not open. */
        ISSUER_NOT_ASKED(false),
        NO_CLASS_ARCHIVE(false);

        private final boolean isProblem;

        Kind(boolean isProblem) {
            this.isProblem = isProblem;
        }

        /** Whether it is about an unused account, so that it can be left out if the account has a worse finding. */
        boolean isOfUnusedAccount() {
            return this == UNUSED_ACCOUNT || this == ACCOUNT_NOT_IN_CONFIG;
        }

        /** Whether it can be wrong if a part of the config file cannot be read. */
        boolean isOfMissingSection() {
            return isOfUnusedAccount() || this == NO_TOKENS || this == ACCOUNT_FORGOTTEN || this == TOKEN_FORGOTTEN;
        }

        /** The word in JSON output. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Whether tokens are or will be missing until an admin acts; otherwise it is only a warning. */
    public boolean isProblem() {
        return failure.map(why -> !why.kind().passesByItself()).orElse(kind.isProblem);
    }

    static Finding of(Kind kind, Object where, String detail) {
        return new Finding(kind, where.toString(), detail, "", Optional.empty());
    }

    static Finding of(Kind kind, Object where, String detail, String account) {
        return new Finding(kind, where.toString(), detail, account, Optional.empty());
    }

    /** A target of {@code notify} that does not work. */
    public static Finding ofTarget(NotifyTarget target, String reason, String account) {
        return of(Kind.NOTIFY_UNUSABLE, target, reason, account);
    }

    static Finding of(Failure failure, String account) {
        return new Finding(Kind.RENEWAL, failure.where(), failure.detail(), account, Optional.of(failure));
    }
}
