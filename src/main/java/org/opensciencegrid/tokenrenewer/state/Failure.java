package org.opensciencegrid.tokenrenewer.state;

import java.util.Locale;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.text.Members;

/**
 * Why something did not happen. The sentence for each kind and the command that repairs it are written in one place, by
 * the cli.
 *
 * @param where the file or server that it is about; printable
 * @param detail what the file system or the issuer said; printable, without secrets; may be empty
 */
public record Failure(Kind kind, String where, String detail) {
    /** Sorted by what repairs them. */
    public enum Kind {
        PASSWORD_FILE,
        /** There is none. */
        PASSWORD_MISSING,
        SECRET_FILE,
        ACCOUNT_MISSING,
        WRONG_PASSWORD,
        ACCOUNT_DAMAGED,
        ACCOUNT_TAMPERED,
        ACCOUNT_FOREIGN,
        ACCOUNT_NEWER,
        ACCOUNT_UNREADABLE,
        ACCOUNT_BUSY,
        /** Nothing was asked of the issuer. */
        STORE_UNWRITABLE,
        /** The rotated refresh token was kept, but not in its place. */
        REFRESH_TOKEN_RESCUED,
        /** The rotated refresh token could be kept nowhere. */
        REFRESH_TOKEN_LOST,
        ISSUER_UNREACHABLE,
        ISSUER_TLS,
        ISSUER_TROUBLE,
        ISSUER_ANSWER,
        ISSUER_WRONG,
        INSECURE_URL,
        AUTHORIZATION_DEAD,
        /** Dead after an answer of the issuer was lost: it probably rotated. */
        AUTHORIZATION_LOST,
        CLIENT_REFUSED,
        /** As CLIENT_REFUSED, for a client whose id and secret stand in the config file. */
        CREDENTIALS_REFUSED,
        SCOPE_REFUSED,
        AUDIENCE_REFUSED,
        REQUEST_REFUSED,
        /** The token is good for more than was asked, and its section is strict. */
        TOO_MUCH_GRANTED,
        IDENTITY_CHANGED,
        TOKEN_DIRECTORY_MISSING,
        TOKEN_NOT_PERMITTED,
        TOKEN_READ_ONLY,
        TOKEN_DISK_FULL,
        TOKEN_PATH,
        /** No user or group is called as token_owner or token_group has it. */
        TOKEN_NAME_UNKNOWN,
        TOKEN_GROUP_CLOSED,
        TOKEN_OWNER_CLOSED,
        /** The token is good, and in its place; only its post_renewal could not be started. */
        HOOK_NOT_STARTED,
        HOOK_FAILED,
        HOOK_TIMEOUT,
        /** The token is good; what status knows of it is old. */
        STATE_UNWRITABLE,
        /** Where: the page that tells people how to get a client, if the issuer names one. */
        REGISTRATION_REFUSED,
        /** Registered, and the issuer does not let the client do anything yet. */
        CLIENT_NOT_APPROVED,
        NO_REFRESH_TOKEN,
        NO_DEVICE_FLOW,
        DENIED,
        EXPIRED,
        /** Somebody approved, who is not who was meant. */
        NOT_CONFIRMED,
        /** The person approved, and the one answer that carried the tokens was lost on its way. */
        APPROVAL_LOST,
        /** An account of that name is here already. */
        ACCOUNT_EXISTS,
        AGENT_FILE_MISSING,
        /** Its last write was interrupted: the refresh token is gone. */
        AGENT_FILE_EMPTY,
        AGENT_FILE_PGP,
        AGENT_FILE_DAMAGED,
        AGENT_FILE_UNREADABLE,
        AGENT_WRONG_PASSWORD,
        /** Renewed by a mytoken server, so there is no refresh token. */
        AGENT_MYTOKEN,
        /** Renewed with a person's password, which this program never uses. */
        AGENT_PASSWORD_GRANT,
        AGENT_NO_REFRESH_TOKEN,
        EXPORT_UNWRITABLE,
        INTERNAL;

        /** The word in state files and in JSON output. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Optional<Kind> of(String word) {
            for (Kind kind : values()) {
                if (kind.word().equals(word)) {
                    return Optional.of(kind);
                }
            }
            return Optional.empty();
        }

        /** Whether only a person can end it, so that asking the issuer at every run would be noise. */
        public boolean needsPerson() {
            return switch (this) {
                case AUTHORIZATION_DEAD,
                        AUTHORIZATION_LOST,
                        CLIENT_REFUSED,
                        CREDENTIALS_REFUSED,
                        SCOPE_REFUSED,
                        AUDIENCE_REFUSED,
                        REQUEST_REFUSED,
                        TOO_MUCH_GRANTED,
                        IDENTITY_CHANGED -> true;
                default -> false;
            };
        }

        /** Whether the next run may well succeed without anybody doing anything. */
        public boolean passesByItself() {
            return this == ACCOUNT_BUSY || isOfIssuerInTrouble();
        }

        /** Whether the issuer was waited for, more than once, and gave nothing of use: it may be so for all its accounts. */
        public boolean isOfIssuerInTrouble() {
            return this == ISSUER_UNREACHABLE || this == ISSUER_TROUBLE || this == ISSUER_ANSWER;
        }

        /** Whether it is about files that can be looked at again at any time: what a run said of them may be over. */
        public boolean isOfAccountFiles() {
            return switch (this) {
                case PASSWORD_FILE,
                        PASSWORD_MISSING,
                        SECRET_FILE,
                        ACCOUNT_MISSING,
                        WRONG_PASSWORD,
                        ACCOUNT_DAMAGED,
                        ACCOUNT_TAMPERED,
                        ACCOUNT_FOREIGN,
                        ACCOUNT_NEWER,
                        ACCOUNT_UNREADABLE,
                        ACCOUNT_BUSY -> true;
                default -> false;
            };
        }

        /** Whether the token was granted and only its file could not be written. */
        public boolean isOfTokenFile() {
            return switch (this) {
                case TOKEN_DIRECTORY_MISSING,
                        TOKEN_NOT_PERMITTED,
                        TOKEN_READ_ONLY,
                        TOKEN_DISK_FULL,
                        TOKEN_PATH,
                        TOKEN_NAME_UNKNOWN,
                        TOKEN_GROUP_CLOSED,
                        TOKEN_OWNER_CLOSED -> true;
                default -> false;
            };
        }

        /** Whether the new token is in its place, and only its post_renewal went wrong. */
        public boolean isOfHook() {
            return this == HOOK_NOT_STARTED || this == HOOK_FAILED || this == HOOK_TIMEOUT;
        }

        /** Whether it concerns one token's request, and its account can still serve others. */
        public boolean isOfOneToken() {
            return this == SCOPE_REFUSED
                    || this == AUDIENCE_REFUSED
                    || this == REQUEST_REFUSED
                    || this == TOO_MUCH_GRANTED;
        }
    }

    Members toMembers() {
        return Members.NONE.with("kind", kind.word()).with("where", where).with("detail", detail);
    }

    static Optional<Failure> of(Members members) {
        return members.string("kind")
                .map(word -> new Failure(
                        Kind.of(word).orElse(Kind.INTERNAL), // written by a newer program, which knew more kinds
                        members.string("where").orElse(""),
                        members.string("detail").orElse(word)));
    }
}
