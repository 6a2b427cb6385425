package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Path;
import org.opensciencegrid.tokenrenewer.state.Failure;

/**
 * The sentence for every failure and the command that repairs it. The only home of these texts: the journal, setup and
 * status all say the same.
 */
final class Messages {
    private final Commands commands;

    Messages(Commands commands) {
        this.commands = commands;
    }

    /** What happened, and where; one line without a full stop. */
    String what(Failure failure) {
        String where = failure.where();
        String detail = failure.detail();
        return switch (failure.kind()) {
            case PASSWORD_FILE, PASSWORD_MISSING -> detail;
            case SECRET_FILE -> "client_secret_file: " + detail;
            case ACCOUNT_MISSING -> "the account is not set up";
            case WRONG_PASSWORD -> "the password file does not hold the password of " + where;
            case ACCOUNT_DAMAGED -> "the account file is damaged: " + detail;
            case ACCOUNT_UNREADABLE -> "the account file cannot be read: " + detail;
            case ACCOUNT_TAMPERED -> "the account file " + where + " was changed by something else than this program";
            case ACCOUNT_FOREIGN -> "the account file is that of another account: " + detail;
            case ACCOUNT_NEWER -> "the account file " + where + " was written by a newer version of this program";
            case ACCOUNT_BUSY -> "another run or command holds the account";
            case STORE_UNWRITABLE -> "nothing was asked of the issuer, as the account could not be saved: " + detail;
            case REFRESH_TOKEN_RESCUED ->
                "the new refresh token could not be saved in its place (" + where + "); it was saved to " + detail;
            case REFRESH_TOKEN_LOST -> "the new refresh token could not be saved anywhere: " + detail;
            case ISSUER_UNREACHABLE,
                    ISSUER_TLS,
                    ISSUER_TROUBLE,
                    ISSUER_WRONG,
                    INSECURE_URL,
                    REQUEST_REFUSED,
                    NO_DEVICE_FLOW -> detail;
            case ISSUER_ANSWER -> detail + ", which is not a token";
            case AUTHORIZATION_DEAD -> "the authorization has ended: " + detail;
            case AUTHORIZATION_LOST ->
                "the authorization has ended, probably because the issuer's last answer was lost on its way: " + detail;
            case CLIENT_REFUSED, CREDENTIALS_REFUSED -> "the issuer refuses this client: " + detail;
            case SCOPE_REFUSED -> "the issuer refuses the scope: " + detail;
            case AUDIENCE_REFUSED -> "the issuer refuses the audience: " + detail;
            case TOO_MUCH_GRANTED -> "the issuer gave more than was asked, and the section says strict: " + detail;
            case IDENTITY_CHANGED -> "the issuer answered for another person: " + detail;
            case TOKEN_DIRECTORY_MISSING -> "cannot write " + where + ": " + detail;
            case TOKEN_NOT_PERMITTED -> "cannot write " + where + ": " + detail;
            case TOKEN_READ_ONLY, TOKEN_DISK_FULL, TOKEN_PATH -> "cannot write " + where + ": " + detail;
            case TOKEN_NAME_UNKNOWN ->
                "cannot write " + where + ": this machine knows no user or group called '" + detail + "'";
            case TOKEN_GROUP_CLOSED ->
                "cannot write " + where + ": this user may not give a file to the group '" + detail + "'";
            case TOKEN_OWNER_CLOSED ->
                "cannot write " + where + ": this user may not give a file to the user '" + detail + "'";
            case HOOK_NOT_STARTED -> "post_renewal " + where + " cannot be started: " + detail;
            case HOOK_FAILED -> "post_renewal " + where + " failed: " + detail;
            case HOOK_TIMEOUT -> "post_renewal " + where + " was ended after " + detail;
            case STATE_UNWRITABLE -> "the token was renewed, but not its state for status: " + detail;
            case REGISTRATION_REFUSED -> "the issuer does not register a client for us: " + detail;
            case CLIENT_NOT_APPROVED -> "the issuer does not let the client do this (yet): " + detail;
            case NO_REFRESH_TOKEN -> "the issuer granted no refresh token (" + detail + ")";
            case DENIED -> "the request was denied";
            case EXPIRED -> "nobody approved the request in time";
            case NOT_CONFIRMED -> "the authorization was not confirmed, and nothing was stored";
            case APPROVAL_LOST ->
                "the approval was used up by an answer of the issuer that was lost on its way: " + detail;
            case ACCOUNT_EXISTS -> "there is an account of that name already";
            case AGENT_FILE_MISSING -> "oidc-agent has no such account: " + detail;
            case AGENT_FILE_EMPTY ->
                where + " is empty: oidc-agent was interrupted while it wrote, and the refresh token is gone";
            case AGENT_FILE_PGP -> where + " is encrypted by gpg and not by a password";
            case AGENT_FILE_DAMAGED -> "oidc-agent's file is damaged: " + (detail.isEmpty() ? where : detail);
            case AGENT_FILE_UNREADABLE -> detail;
            case AGENT_WRONG_PASSWORD -> "the password file does not open oidc-agent's account: " + detail;
            case AGENT_MYTOKEN -> where + " is renewed by a mytoken server and holds no refresh token";
            case AGENT_PASSWORD_GRANT -> where + " is renewed with a person's password and holds no refresh token";
            case AGENT_NO_REFRESH_TOKEN -> where + " holds no refresh token";
            case EXPORT_UNWRITABLE -> detail;
            case INTERNAL -> "a bug in osg-token-renewer: " + detail;
        };
    }

    /**
     * What repairs it: a command where one does.
     *
     * @param account the account that it befell
     */
    String repair(Failure failure, String account) {
        String detail = failure.detail();
        Path where = Path.of(failure.where().isEmpty() ? "/" : failure.where());
        return switch (failure.kind()) {
            case PASSWORD_FILE ->
                "put the account's encryption password into one line of that file, then " + commands.protect(where);
            case PASSWORD_MISSING ->
                "restore it from a backup, as a new password does not open the account; where there is none, start anew"
                        + " with a new one: " + commands.makePassword(where) + " && " + commands.setup(account);
            case SECRET_FILE -> "put the client secret into one line of that file, then " + commands.protect(where);
            case ACCOUNT_MISSING -> commands.setup(account);
            case WRONG_PASSWORD ->
                "restore the password that was there at setup; or if it was to be changed: "
                        + commands.changePassword(account) + "; or start anew: " + commands.setup(account);
            case ACCOUNT_DAMAGED, ACCOUNT_FOREIGN ->
                "restore the file from a backup, or start anew: " + commands.setup(account);
            case ACCOUNT_TAMPERED -> "find out who changed it, then start anew: " + commands.setup(account);
            case ACCOUNT_NEWER -> "install that version again: dnf upgrade osg-token-renewer";
            case ACCOUNT_UNREADABLE -> "run as the account's owner, or: chown -R osg-token-svc: " + directory(where);
            case ACCOUNT_BUSY -> "wait for it to end; if it hangs: systemctl stop osg-token-renewer.service";
            case STORE_UNWRITABLE ->
                "make room or permission, see: df -h " + directory(where) + "; ls -ld " + directory(where);
            case REFRESH_TOKEN_RESCUED ->
                "make room in " + directory(where) + " before the next reboot; the next run puts it back by itself";
            case REFRESH_TOKEN_LOST, AUTHORIZATION_DEAD, AUTHORIZATION_LOST, IDENTITY_CHANGED ->
                commands.reauthenticate(account);
            case ISSUER_UNREACHABLE, ISSUER_TROUBLE, ISSUER_ANSWER -> "the next run tries again";
            case ISSUER_TLS ->
                "if the issuer has a CA of its own, name its PEM file as ca_file in [account " + account + "] of "
                        + commands.config();
            case ISSUER_WRONG, INSECURE_URL -> "check the issuer's URL";
            case CLIENT_REFUSED ->
                "ask the issuer's administrator about this client, or register a new one: " + commands.setup(account);
            case CREDENTIALS_REFUSED ->
                "correct client_id or client_secret of [account " + account + "] in " + commands.config()
                        + "; if they are right, add client_auth = basic_raw";
            case SCOPE_REFUSED ->
                "correct scope in " + commands.config() + ", or authorize the account with more scopes: "
                        + commands.setup(account);
            case AUDIENCE_REFUSED ->
                "correct audience in " + commands.config() + ", or name it at setup: " + commands.setup(account)
                        + " --audience=AUDIENCE";
            case REQUEST_REFUSED -> "ask the issuer's administrator, or set up again: " + commands.setup(account);
            case TOKEN_DIRECTORY_MISSING -> commands.makeTokenDirectory(directory(where));
            case TOKEN_NOT_PERMITTED ->
                "osg-token-svc must be able to write in " + directory(where) + ", or that file itself";
            case TOKEN_READ_ONLY -> commands.allowWriting(directory(where));
            case TOKEN_DISK_FULL -> "make room, see: df -h " + directory(where);
            case TOKEN_PATH -> "correct token_path in " + commands.config() + ", or remove what is there";
            case TOKEN_NAME_UNKNOWN ->
                "correct token_owner or token_group in " + commands.config() + ", or make it: groupadd -r " + detail;
            case TOKEN_GROUP_CLOSED ->
                commands.joinGroup(detail) + "; or take token_group out and, when there is a token: setfacl -m g:"
                        + detail + ":r " + where;
            case TOKEN_OWNER_CLOSED ->
                "only root may; take token_owner out and, when there is a token: setfacl -m u:" + detail + ":r "
                        + where;
            case HOOK_NOT_STARTED -> "correct post_renewal in " + commands.config() + ", or: chmod a+rx " + where;
            case HOOK_FAILED -> "the token is good; find out why, and the next run tells it again: " + commands.renew();
            case HOOK_TIMEOUT ->
                "the token is good; let it leave long work to others, or raise post_renewal_timeout; the next run tells it"
                        + " again: " + commands.renew();
            case STATE_UNWRITABLE -> "make room or permission in the state directory";
            case REGISTRATION_REFUSED ->
                "give its initial access token with --registration-token-file=FILE, or register a client on its web"
                        + " pages, see " + failure.where() + ", and use it: " + commands.setup("--manual " + account);
            case CLIENT_NOT_APPROVED ->
                "ask the issuer's administrator to approve it for the device flow, then run the same setup again";
            case TOO_MUCH_GRANTED ->
                "ask for that in scope and audience of " + commands.config() + ", or remove strict";
            case NO_REFRESH_TOKEN ->
                "ask for the scope offline_access, and for a client that may use the" + " refresh_token grant";
            case NO_DEVICE_FLOW -> "this issuer cannot be used with a person's approval; see --client-credentials";
            case DENIED, EXPIRED, NOT_CONFIRMED, APPROVAL_LOST -> "run setup again";
            case ACCOUNT_EXISTS ->
                "if oidc-agent's is the one to keep, remove this one without revoking what may be the authorization of"
                        + " both: " + commands.forget(account) + ", then import again";
            case AGENT_FILE_MISSING -> "see oidc-add -l, or name its directory with --from=DIR";
            case AGENT_FILE_EMPTY, AGENT_MYTOKEN, AGENT_PASSWORD_GRANT, AGENT_NO_REFRESH_TOKEN ->
                "authorize it anew: " + commands.setup(account);
            case AGENT_FILE_PGP ->
                "give it a password with oidc-gen -u --pw-file=FILE " + account + ", or authorize it anew: "
                        + commands.setup(account);
            case AGENT_FILE_DAMAGED -> "restore it from a backup, or authorize anew: " + commands.setup(account);
            case AGENT_FILE_UNREADABLE -> "run this as its owner, or: chown osg-token-svc: " + where;
            case AGENT_WRONG_PASSWORD ->
                "put the password it was made with into password_file, or authorize anew: " + commands.setup(account);
            case EXPORT_UNWRITABLE -> "name a file that does not exist, in a directory that this user may write";
            case INTERNAL -> "report it with this line";
        };
    }

    /** Where there is no unit. */
    static final String NO_TIMER = "nothing renews, as no osg-token-renewer.timer is known here";

    /** Warning for an account that another machine had saved. */
    static String onTwoHosts() {
        return "this account was saved on another host before: if that one renews it too, each may spoil the other's"
                + " refresh token; stop the service there, or set the account up anew on one of them";
    }

    static String inDoubt(String since) {
        return "in doubt since " + since
                + ": an answer of the issuer was lost, so it may have given a refresh token that" + " never arrived";
    }

    static String endsBetweenRuns(String life) {
        return "such a token lives " + life + ", and can end between two runs";
    }

    /** Warning for a token that some programs will not take. */
    static String tooLong(int bytes) {
        return "it has " + bytes + " bytes, and HTCondor and other readers take 16384 at most: ask for less scope and"
                + " fewer audiences";
    }

    /** Both, on one line. */
    String line(Failure failure, String account) {
        return what(failure) + "; " + repair(failure, account);
    }

    private static Path directory(Path file) {
        return file.getParent() == null ? file : file.getParent();
    }
}
