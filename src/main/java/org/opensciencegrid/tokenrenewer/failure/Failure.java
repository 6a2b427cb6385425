package org.opensciencegrid.tokenrenewer.failure;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * Why something failed. The message and the command that fixes each kind are in the cli.
 *
 * @param where the file or server that failed; printable
 * @param detail what the file system or the issuer said; printable, without secrets; may be empty
 */
public record Failure(Kind kind, String where, String detail) {
    /** Sorted by what fixes them. */
    public enum Kind {
        /** The section of the token or of its account has a mistake. */
        CONFIG_ERROR,
        PASSWORD_FILE(Trait.ACCOUNT_FILES, Trait.SEEN_WITHOUT_OPENING),
        /** There is no password file. */
        PASSWORD_MISSING(Trait.ACCOUNT_FILES, Trait.SEEN_WITHOUT_OPENING),
        SECRET_FILE(Trait.ACCOUNT_FILES, Trait.SEEN_WITHOUT_OPENING),
        /** The private key of the client is missing or not usable. */
        CLIENT_KEY(Trait.ACCOUNT_FILES, Trait.SEEN_WITHOUT_OPENING),
        /** A new private key cannot be written to its file. */
        CLIENT_KEY_UNWRITABLE,
        /** The certificate of the client, or its private key, is missing, expired or not usable. */
        CLIENT_CERTIFICATE(Trait.ACCOUNT_FILES, Trait.SEEN_WITHOUT_OPENING),
        /** The assertion that another program keeps fresh is missing, expired or not a JWT. */
        CLIENT_ASSERTION(Trait.ACCOUNT_FILES, Trait.SEEN_WITHOUT_OPENING),
        /** Others can change the password or client secret, or read a key, or the service cannot read it. */
        FILE_ACCESS(Trait.ACCOUNT_FILES, Trait.SEEN_WITHOUT_OPENING),
        /** The path to a password, client secret or key contains a link that neither root nor the service made. */
        FILE_LINK(Trait.ACCOUNT_FILES, Trait.SEEN_WITHOUT_OPENING),
        ACCOUNT_MISSING(Trait.ACCOUNT_FILES, Trait.SEEN_WITHOUT_OPENING),
        WRONG_PASSWORD(Trait.ACCOUNT_FILES),
        ACCOUNT_DAMAGED(Trait.ACCOUNT_FILES),
        ACCOUNT_TAMPERED(Trait.ACCOUNT_FILES),
        ACCOUNT_FOREIGN(Trait.ACCOUNT_FILES),
        ACCOUNT_NEWER(Trait.ACCOUNT_FILES),
        ACCOUNT_UNREADABLE(Trait.ACCOUNT_FILES),
        /** The account file was restored from a backup or copied from another host. We sent no request. */
        ACCOUNT_OLDER,
        /** Another host saved the account; the detail is that host's name, if known. We sent no request. */
        ACCOUNT_COPIED(Trait.ACCOUNT_FILES),
        ACCOUNT_BUSY(Trait.TRANSIENT, Trait.ACCOUNT_FILES),
        /**
         * An interrupted run may have left the newest refresh token on another machine, or the account file is damaged.
         * We changed nothing.
         */
        ACCOUNT_INTERRUPTED(Trait.ACCOUNT_FILES),
        /** We sent no request. Used if none of the next three kinds applies. */
        STORE_UNWRITABLE(Trait.ACCOUNT_FILES),
        STORE_READ_ONLY(Trait.ACCOUNT_FILES),
        STORE_FULL(Trait.ACCOUNT_FILES),
        /** There are free blocks, but no free inodes. */
        STORE_NO_INODES(Trait.ACCOUNT_FILES),
        /** The service account lacks a right; {@code where} is its verb, resource and object. */
        CLUSTER_FORBIDDEN(Trait.ACCOUNT_FILES),
        /** The API server refuses to store an account for another reason. */
        CLUSTER_REFUSED(Trait.ACCOUNT_FILES),
        /** The account was moved, or is being moved, to another store; {@code detail} is that store. */
        ACCOUNT_MOVED(Trait.ACCOUNT_FILES),
        /** The rotated refresh token was saved, but in another place. */
        REFRESH_TOKEN_RESCUED,
        /** The rotated refresh token could not be saved anywhere. */
        REFRESH_TOKEN_LOST,
        ISSUER_UNREACHABLE(Trait.TRANSIENT, Trait.ISSUER_IN_TROUBLE),
        /** TLS failed for a reason that has no kind of its own. */
        ISSUER_TLS,
        /** The proxy requires a password, or does not allow connections to the issuer. */
        PROXY_REFUSED,
        CERTIFICATE_EXPIRED,
        CERTIFICATE_NOT_YET_VALID,
        CERTIFICATE_UNTRUSTED,
        /** The server did not send the certificate of the CA that signed its own. */
        CERTIFICATE_CA_NOT_SENT,
        CERTIFICATE_OF_OTHER_HOST,
        CERTIFICATE_REVOKED,
        CERTIFICATE_WEAK,
        /** The machine's crypto policy for Java forbids what the server offers. */
        CRYPTO_POLICY,
        CA_FILE,
        NO_SYSTEM_CAS,
        ISSUER_TROUBLE(Trait.TRANSIENT, Trait.ISSUER_IN_TROUBLE),
        ISSUER_ANSWER(Trait.TRANSIENT, Trait.ISSUER_IN_TROUBLE),
        /** The run had to end. */
        OUT_OF_TIME(Trait.TRANSIENT),
        ISSUER_WRONG,
        INSECURE_URL,
        AUTHORIZATION_DEAD(Trait.NEEDS_PERSON),
        /** Rejected after a response of the issuer was lost: the issuer probably rotated the refresh token. */
        AUTHORIZATION_LOST(Trait.NEEDS_PERSON),
        /** The issuer rejects the person. The refresh token may work again later. */
        PERSON_REFUSED,
        CLIENT_REFUSED(Trait.NEEDS_PERSON),
        /** Like CLIENT_REFUSED, for a client whose id and secret are in the config file. */
        CREDENTIALS_REFUSED(Trait.NEEDS_PERSON),
        SCOPE_REFUSED(Trait.NEEDS_PERSON, Trait.ONE_TOKEN),
        /** Rejected because the issuer narrowed the refresh token to the scope of another token. */
        GRANT_NARROWED(Trait.NEEDS_PERSON, Trait.ONE_TOKEN),
        /** The section is strict, but the issuer grants only the account's whole scope. */
        ACCOUNT_SHARED(Trait.ONE_TOKEN),
        AUDIENCE_REFUSED(Trait.NEEDS_PERSON, Trait.ONE_TOKEN),
        REQUEST_REFUSED(Trait.NEEDS_PERSON, Trait.ONE_TOKEN),
        /** The issuer does not exchange the account's token; {@code where} is the section's name and the client id. */
        EXCHANGE_REFUSED(Trait.NEEDS_PERSON, Trait.ONE_TOKEN),
        /** Like EXCHANGE_REFUSED, because of the requested scope. */
        EXCHANGE_SCOPE_REFUSED(Trait.NEEDS_PERSON, Trait.ONE_TOKEN),
        /** Like EXCHANGE_REFUSED, because of the requested audience or resource. */
        EXCHANGE_AUDIENCE_REFUSED(Trait.NEEDS_PERSON, Trait.ONE_TOKEN),
        /** The token has more rights than requested, and its section is strict. */
        TOO_MUCH_GRANTED(Trait.NEEDS_PERSON, Trait.ONE_TOKEN),
        IDENTITY_CHANGED(Trait.NEEDS_PERSON),
        /**
         * The new token is expired or not valid yet: one of the clocks is wrong, or the response comes from a cache.
         */
        TOKEN_NOT_VALID(Trait.ONE_TOKEN),
        TOKEN_DIRECTORY_MISSING(Trait.TOKEN_FILE),
        TOKEN_NOT_PERMITTED(Trait.TOKEN_FILE),
        TOKEN_READ_ONLY(Trait.TOKEN_FILE),
        TOKEN_DISK_FULL(Trait.TOKEN_FILE),
        TOKEN_PATH(Trait.TOKEN_FILE),
        /** The path to the token contains a link that neither root nor the service made. */
        TOKEN_LINK(Trait.TOKEN_FILE),
        /** The path to the token contains a directory in which another user could replace the next one. */
        TOKEN_DIRECTORY_FOREIGN(Trait.TOKEN_FILE),
        TOKEN_FILE_SYSTEM(Trait.TOKEN_FILE),
        /** No user or group has the name in token_owner or token_group. */
        TOKEN_NAME_UNKNOWN(Trait.TOKEN_FILE),
        TOKEN_GROUP_CLOSED(Trait.TOKEN_FILE),
        TOKEN_OWNER_CLOSED(Trait.TOKEN_FILE),
        /** The token is valid and at its path, but its post_renewal could not be started. */
        HOOK_NOT_STARTED(Trait.HOOK),
        HOOK_FAILED(Trait.HOOK),
        HOOK_TIMEOUT(Trait.HOOK),
        /** The token is valid and at its path, but could not be written to its Kubernetes Secret: no cluster is known. */
        NOT_IN_CLUSTER,
        /** The API server of the cluster does not answer. */
        CLUSTER_UNREACHABLE(Trait.TRANSIENT),
        /** The token of the service account is not valid. */
        CLUSTER_UNAUTHORIZED,
        /** The service account lacks a right. */
        SECRET_FORBIDDEN,
        /** The Secret cannot have this content, or its namespace does not exist. */
        SECRET_UNUSABLE,
        /** The token is valid, but status has old information about it. */
        STATE_UNWRITABLE,
        /** {@code where} is the page that explains how to get a client, if the issuer names one. */
        REGISTRATION_REFUSED,
        /** Registered, but the issuer does not allow the client anything yet. */
        CLIENT_NOT_APPROVED,
        NO_REFRESH_TOKEN,
        NO_DEVICE_FLOW,
        DENIED,
        EXPIRED,
        /** An unexpected person approved. */
        NOT_CONFIRMED,
        /** The person approved, but the only response with the tokens was lost. */
        APPROVAL_LOST,
        /** An account of that name exists already. */
        ACCOUNT_EXISTS,
        AGENT_FILE_MISSING,
        /** Its last write was interrupted: the refresh token is lost. */
        AGENT_FILE_EMPTY,
        AGENT_FILE_PGP,
        AGENT_FILE_DAMAGED,
        AGENT_FILE_UNREADABLE,
        AGENT_WRONG_PASSWORD,
        /** A mytoken server renews it, so there is no refresh token. */
        AGENT_MYTOKEN,
        /** Renewed with a person's password, which this program never uses. */
        AGENT_PASSWORD_GRANT,
        AGENT_NO_REFRESH_TOKEN,
        EXPORT_UNWRITABLE,
        INTERNAL;

        private final Set<Trait> traits;

        Kind(Trait... traits) {
            this.traits = Set.of(traits);
        }

        /** The word in state files and in JSON output. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }

        public static Optional<Kind> of(String word) {
            return Stream.of(values()).filter(kind -> kind.word().equals(word)).findFirst();
        }

        /** Whether only a person can fix it, so that a request in every run would be useless. */
        public boolean needsPerson() {
            return traits.contains(Trait.NEEDS_PERSON);
        }

        /** Whether the next run may succeed although nothing was changed. */
        public boolean passesByItself() {
            return traits.contains(Trait.TRANSIENT);
        }

        /** Whether the issuer failed after several attempts: this may affect all its accounts. */
        public boolean isIssuerInTrouble() {
            return traits.contains(Trait.ISSUER_IN_TROUBLE);
        }

        /** Whether it is about files that we can check at any time: the failure of the last run may be over. */
        public boolean isAccountFileFailure() {
            return traits.contains(Trait.ACCOUNT_FILES);
        }

        /** Whether a check of the password, secret and account file, without opening the account, shows that it is over. */
        public boolean isSeenWithoutOpening() {
            return traits.contains(Trait.SEEN_WITHOUT_OPENING);
        }

        /** Whether it is only about writing the token's file. */
        public boolean isTokenFileFailure() {
            return traits.contains(Trait.TOKEN_FILE);
        }

        /** Whether the new token is at its path and only its post_renewal failed. */
        public boolean isHookFailure() {
            return traits.contains(Trait.HOOK);
        }

        /** Whether it is about one token's request, so that the account can still serve other tokens. */
        public boolean isSingleTokenFailure() {
            return traits.contains(Trait.ONE_TOKEN);
        }
    }

    /** What a kind means for other code; the methods of {@link Kind} explain it. */
    private enum Trait {
        NEEDS_PERSON,
        TRANSIENT,
        ISSUER_IN_TROUBLE,
        ACCOUNT_FILES,
        SEEN_WITHOUT_OPENING,
        TOKEN_FILE,
        HOOK,
        ONE_TOKEN
    }

    public JsonObject toJson() {
        return JsonObject.NONE.with("kind", kind.word()).with("where", where).with("detail", detail);
    }

    public static Optional<Failure> of(JsonObject members) {
        Optional<String> word = members.string("kind");
        if (word.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Failure(
                Kind.of(word.get()).orElse(Kind.INTERNAL), // written by a newer version, which has more kinds
                members.string("where").orElse(""),
                members.string("detail").orElse(word.get())));
    }
}
