package org.opensciencegrid.tokenrenewer.check;

import java.util.Locale;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.state.Failure;

/**
 * One thing that is not as it should be.
 *
 * @param where the file, unit or server that it is about; printable
 * @param detail a number, name or sentence for the text; printable; may be empty
 * @param account the account that it befalls; empty where none or all do
 * @param failure for {@link Kind#RENEWAL}: what a renewal would meet
 */
public record Finding(Kind kind, String where, String detail, String account, Optional<Failure> failure) {
    /** In the order in which they are told. */
    public enum Kind {
        CONFIG_ERROR(true),
        CONFIG_WARNING(false),
        /** Somebody else than root and the service may write the config file. */
        CONFIG_WRITABLE(true),
        /** Everybody may read a client secret in it. */
        CONFIG_SHOWS_SECRET(true),
        NO_TOKENS(false),
        UNUSED_ACCOUNT(false),
        /** What the next renewal would fail with, or the last one did. */
        RENEWAL(true),
        /** A file that the service needs, and that its user cannot read. */
        UNREADABLE_FOR_SERVICE(true),
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
        TOKEN_PATH_RELATIVE(true),
        TOKEN_DIRECTORY_OPEN(true),
        TOKEN_DIRECTORY_CLOSED(true),
        TOKEN_OUTSIDE_SANDBOX(true),
        TOKEN_WORLD_READABLE(false),
        TOKEN_LONG(false),
        /** Everybody may change the program that a token's post_renewal names. */
        HOOK_OPEN(true),
        TIMER_OFF(true),
        /** The machine has no unit of that name, so that something else renews or nothing. */
        TIMER_UNKNOWN(false),
        TIMER_TOO_SLOW(true),
        MIN_LIFETIME_TOO_SHORT(false),
        CLOCK_BEHIND(true),
        CLOCK_DIFFERS(true),
        NO_REAUTHENTICATION(false),
        /** Only the account file says which CA its issuer is believed by, and it does not open. */
        ISSUER_NOT_ASKED(false),
        NO_CLASS_ARCHIVE(false);

        private final boolean isProblem;

        Kind(boolean isProblem) {
            this.isProblem = isProblem;
        }

        /** The word in JSON output. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Whether tokens are missing or in danger until a person acts; otherwise it is as well to know. */
    public boolean isProblem() {
        return failure.map(why -> !why.kind().passesByItself()).orElse(kind.isProblem);
    }

    static Finding of(Kind kind, Object where, String detail) {
        return new Finding(kind, where.toString(), detail, "", Optional.empty());
    }

    static Finding of(Kind kind, Object where, String detail, String account) {
        return new Finding(kind, where.toString(), detail, account, Optional.empty());
    }

    static Finding of(Failure failure, String account) {
        return new Finding(Kind.RENEWAL, failure.where(), failure.detail(), account, Optional.of(failure));
    }
}
