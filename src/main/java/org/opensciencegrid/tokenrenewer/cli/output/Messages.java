package org.opensciencegrid.tokenrenewer.cli.output;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.notify.Event;
import org.opensciencegrid.tokenrenewer.state.Expiry;
import org.opensciencegrid.tokenrenewer.state.UnusedAccount;
import org.opensciencegrid.tokenrenewer.state.UnusedToken;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * The message for every failure and the command that fixes it. No other class has these texts, so that the journal,
 * setup and status print the same.
 */
public record Messages(RepairCommands commands) {
    private static final int STICKY = 01000;

    /** What happened, and where; one line without a period. */
    public String what(Failure failure) {
        String where = failure.where();
        String detail = failure.detail();
        return switch (failure.kind()) {
            case CONFIG_ERROR,
                    PASSWORD_FILE,
                    PASSWORD_MISSING,
                    SECRET_FILE,
                    CLIENT_KEY,
                    CLIENT_KEY_UNWRITABLE,
                    CLIENT_CERTIFICATE,
                    CLIENT_ASSERTION,
                    FILE_ACCESS,
                    FILE_LINK -> detail;
            case ACCOUNT_MISSING -> "the account is not set up";
            case WRONG_PASSWORD -> "the password file does not hold the password of " + where;
            case ACCOUNT_DAMAGED -> "the account file is damaged: " + detail;
            case ACCOUNT_UNREADABLE -> "the account file cannot be read: " + detail;
            case ACCOUNT_TAMPERED -> "the account file " + where + " was changed by something other than this program";
            case ACCOUNT_FOREIGN -> "the account file belongs to another account: " + detail;
            case ACCOUNT_NEWER -> "the account file " + where + " was written by a newer version of this program";
            case ACCOUNT_OLDER ->
                "the account file is older than the one that this host used last; restored from a backup or a copy of"
                        + " another host? " + detail;
            case ACCOUNT_COPIED ->
                "the account file was saved in another place" + (detail.isEmpty() ? "" : ", on " + detail)
                        + "; restored from a backup or a copy of another host?";
            case OUT_OF_TIME -> "the run ended before this renewal: " + detail;
            case ACCOUNT_BUSY -> "another run or command holds the account";
            case ACCOUNT_INTERRUPTED ->
                "a run was interrupted while it asked the issuer, or the account file is damaged, so a newer refresh token"
                        + " may exist";
            case STORE_UNWRITABLE, STORE_READ_ONLY, STORE_FULL, STORE_NO_INODES ->
                "the issuer is not contacted, because no account can be saved: " + detail;
            case CLUSTER_FORBIDDEN, CLUSTER_REFUSED -> "the account in the cluster cannot be used: " + detail;
            case ACCOUNT_MOVED -> "the account was moved to " + detail + ", or its move is not complete";
            case REFRESH_TOKEN_RESCUED ->
                "the new refresh token could not be saved in its place (" + where + "); it was saved to " + detail;
            case REFRESH_TOKEN_LOST -> "the new refresh token could not be saved anywhere: " + detail;
            case ISSUER_UNREACHABLE,
                    ISSUER_TLS,
                    PROXY_REFUSED,
                    CERTIFICATE_EXPIRED,
                    CERTIFICATE_NOT_YET_VALID,
                    CERTIFICATE_UNTRUSTED,
                    CERTIFICATE_CA_NOT_SENT,
                    CERTIFICATE_OF_OTHER_HOST,
                    CERTIFICATE_REVOKED,
                    CERTIFICATE_WEAK,
                    CRYPTO_POLICY,
                    CA_FILE,
                    NO_SYSTEM_CAS,
                    ISSUER_TROUBLE,
                    ISSUER_WRONG,
                    INSECURE_URL,
                    REQUEST_REFUSED,
                    NO_DEVICE_FLOW -> detail;
            case ISSUER_ANSWER -> detail + ", which is not a token";
            case AUTHORIZATION_DEAD -> "the authorization has ended: " + detail;
            case AUTHORIZATION_LOST ->
                "the authorization has ended, probably because the issuer's last answer was lost on its way: " + detail;
            case PERSON_REFUSED -> "the issuer refuses this user, or this authorization: " + detail;
            case CLIENT_REFUSED, CREDENTIALS_REFUSED -> "the issuer refuses this client: " + detail;
            case SCOPE_REFUSED -> "the issuer refuses the scope: " + detail;
            case GRANT_NARROWED ->
                "the issuer refuses the scope, because it narrowed the authorization to the scope of another token: "
                        + detail;
            case ACCOUNT_SHARED ->
                "the issuer narrows the authorization to the scope of one token, so only the whole scope of account "
                        + detail + " can be requested, and the section says strict";
            case AUDIENCE_REFUSED -> "the issuer refuses the audience: " + detail;
            case EXCHANGE_REFUSED -> "the issuer refuses to exchange the account's token: " + detail;
            case EXCHANGE_SCOPE_REFUSED -> "the issuer refuses the scope of the exchange: " + detail;
            case EXCHANGE_AUDIENCE_REFUSED -> "the issuer refuses the audience of the exchange: " + detail;
            case TOO_MUCH_GRANTED ->
                "the issuer granted more than was requested, and the section says strict: " + detail;
            case IDENTITY_CHANGED -> "the issuer answered for another user: " + detail;
            case TOKEN_NOT_VALID -> where + " gave a token that is not valid now, so it was not stored: " + detail;
            case TOKEN_DIRECTORY_MISSING -> "cannot write " + where + ": " + detail;
            case TOKEN_NOT_PERMITTED -> "cannot write " + where + ": " + detail;
            case TOKEN_READ_ONLY, TOKEN_DISK_FULL, TOKEN_PATH, TOKEN_FILE_SYSTEM ->
                "cannot write " + where + ": " + detail;
            case TOKEN_LINK, TOKEN_DIRECTORY_FOREIGN -> "token_path goes through " + where + ": " + detail;
            case TOKEN_NAME_UNKNOWN ->
                "cannot write " + where + ": this machine has no user or group called '" + detail + "'";
            case TOKEN_GROUP_CLOSED ->
                "cannot write " + where + ": this user cannot change the group of a file to '" + detail + "'";
            case TOKEN_OWNER_CLOSED ->
                "cannot write " + where + ": this user cannot change the owner of a file to '" + detail + "'";
            case HOOK_NOT_STARTED -> "post_renewal " + where + " cannot be started: " + detail;
            case HOOK_FAILED -> "post_renewal " + where + " failed: " + detail;
            case HOOK_TIMEOUT -> "post_renewal " + where + " was killed after " + detail;
            case NOT_IN_CLUSTER, CLUSTER_UNREACHABLE, CLUSTER_UNAUTHORIZED, SECRET_FORBIDDEN, SECRET_UNUSABLE -> detail;
            case STATE_UNWRITABLE -> "the token was renewed, but the state for status could not be written: " + detail;
            case REGISTRATION_REFUSED -> "the issuer does not register a client for us: " + detail;
            case CLIENT_NOT_APPROVED -> "the issuer does not allow the client to do this (yet): " + detail;
            case NO_REFRESH_TOKEN -> "the issuer granted no refresh token (" + detail + ")";
            case DENIED -> "the request was denied";
            case EXPIRED -> "the request was not approved in time";
            case NOT_CONFIRMED -> "the authorization was not confirmed, and nothing was stored";
            case APPROVAL_LOST -> "the approval was used, but the answer of the issuer was lost: " + detail;
            case ACCOUNT_EXISTS -> "an account with that name already exists";
            case AGENT_FILE_MISSING -> "oidc-agent has no such account: " + detail;
            case AGENT_FILE_EMPTY ->
                where + " is empty: oidc-agent was interrupted while it wrote the file, and the refresh token is lost";
            case AGENT_FILE_PGP -> where + " is encrypted with gpg, not with a password";
            case AGENT_FILE_DAMAGED -> "oidc-agent's file is damaged: " + (detail.isEmpty() ? where : detail);
            case AGENT_FILE_UNREADABLE -> detail;
            case AGENT_WRONG_PASSWORD -> "the password file does not open oidc-agent's account: " + detail;
            case AGENT_MYTOKEN -> where + " is renewed by a mytoken server and contains no refresh token";
            case AGENT_PASSWORD_GRANT -> where + " is renewed with a user's password and contains no refresh token";
            case AGENT_NO_REFRESH_TOKEN -> where + " contains no refresh token";
            case EXPORT_UNWRITABLE -> detail;
            case INTERNAL -> "a bug in osg-token-renewer: " + detail;
        };
    }

    /** Message and command, for every JSON output. */
    JsonObject members(Failure failure, String account) {
        return repair(failure, account)
                .addTo(JsonObject.NONE.with("kind", failure.kind().word()).with("message", what(failure)));
    }

    /**
     * What fixes it. Depends on which files exist now.
     *
     * @param account the affected account
     */
    public Repair repair(Failure failure, String account) {
        String detail = failure.detail();
        Path where = Path.of(failure.where().isEmpty() ? "/" : failure.where());
        Path store = where.endsWith("accounts") ? where : directory(where);
        Path directory = directory(where);
        String section = "[account " + account + "] of " + commands.config();
        return switch (failure.kind()) {
            case CONFIG_ERROR -> new Repair("correct it there, then check again", commands.check());
            case PASSWORD_FILE ->
                Repair.advice("write the password that the account had at setup to the first line of a regular file,"
                        + " and name it as password_file in " + section);
            case PASSWORD_MISSING ->
                Files.exists(where, LinkOption.NOFOLLOW_LINKS) // the file exists again
                        ? Repair.NOTHING
                        : missingPassword(where, account);
            case SECRET_FILE ->
                Repair.advice("write the client secret to the first line of a regular file, and name it as"
                        + " client_secret_file in " + section);
            case CLIENT_KEY -> clientKey(failure.where(), account, section);
            case CLIENT_KEY_UNWRITABLE ->
                Files.exists(where, LinkOption.NOFOLLOW_LINKS) || Files.isDirectory(directory)
                        ? allowTokenWrite(where, directory, "")
                        : Repair.advice("name a file in a directory that exists");
            case CLIENT_CERTIFICATE ->
                Repair.advice(
                        "renew the certificate and its key, in PEM and without a password, or correct tls_cert_file and"
                                + " tls_key_file in " + section);
            case CLIENT_ASSERTION ->
                Repair.advice(
                        "find out why the program that writes this file did not put a new JWT into it; the next run"
                                + " reads it again");
            case FILE_ACCESS ->
                failure.detail().startsWith("tls_key_file ")
                        ? Repair.advice("close the file to others, and pass it to the service with LoadCredential="
                                + account + ".key:" + failure.where()
                                + " in a drop-in of osg-token-renewer.service")
                        : fileAccess(where);
            case FILE_LINK ->
                new Repair(
                        "replace the link with the file itself; if the link points to the right file, give the link to root",
                        RepairCommands.giveLinkToRoot(where));
            case ACCOUNT_MISSING -> new Repair("set it up", commands.setup(account));
            case WRONG_PASSWORD ->
                new Repair(
                        "restore the password that was there at setup; to use a new one: change-password " + account
                                + " --old-pw-file=FILE; if the old one is lost, authorize again",
                        commands.setup(account));
            case ACCOUNT_DAMAGED, ACCOUNT_FOREIGN ->
                new Repair("restore the file from a backup, or authorize again", commands.setup(account));
            case ACCOUNT_TAMPERED ->
                new Repair("find out who changed it, then authorize again", commands.setup(account));
            case ACCOUNT_NEWER -> commands.upgrade("install that version again");
            case ACCOUNT_UNREADABLE ->
                Files.exists(where, LinkOption.NOFOLLOW_LINKS) && !Files.isRegularFile(where, LinkOption.NOFOLLOW_LINKS)
                        ? Repair.advice("replace it with the account file itself")
                        : new Repair("give the state to the user that runs the renewals", commands.ownState());
            case ACCOUNT_OLDER ->
                new Repair(
                        "authorize again, because its refresh token is probably used up (renew --force uses it anyway)",
                        commands.reauthenticate(account));
            case ACCOUNT_COPIED ->
                new Repair(
                        "if you moved it here and no other host has used it since, run renew --force once; otherwise authorize"
                                + " this host separately",
                        commands.reauthenticate(account));
            case ACCOUNT_BUSY -> commands.waitForRun();
            case ACCOUNT_INTERRUPTED ->
                new Repair(
                        "renew first, in a cluster in the pod of that run if it still exists; then repeat this command",
                        commands.renewNow(account));
            case STORE_UNWRITABLE -> makeWritable(store, detail);
            case STORE_READ_ONLY ->
                new Repair(
                        "if the kernel log says that the kernel made it read-only, repair the disk first; then mount it writable",
                        RepairCommands.mountWritable(store));
            case STORE_FULL ->
                new Repair("free some space; this shows how much is left", RepairCommands.showRoom(store));
            case STORE_NO_INODES ->
                new Repair(
                        "the disk has free blocks but no free inodes: delete small files there; this shows how many are used",
                        RepairCommands.showInodes(store));
            case CLUSTER_FORBIDDEN -> RepairCommands.addRight(failure.where(), detail);
            case CLUSTER_REFUSED ->
                Repair.advice("create the namespace, or compare the Secret with the page 'accounts in a cluster' of the"
                        + " documentation");
            case ACCOUNT_MOVED ->
                new Repair("complete the move; it is safe to repeat it", commands.move(account, detail));
            case REFRESH_TOKEN_RESCUED ->
                new Repair(
                        "free some space before the next reboot, and the next run saves it in its place; this shows the space",
                        RepairCommands.showRoom(directory));
            case REFRESH_TOKEN_LOST, AUTHORIZATION_DEAD, AUTHORIZATION_LOST, GRANT_NARROWED, IDENTITY_CHANGED ->
                new Repair("authorize again", commands.reauthenticate(account));
            case ISSUER_UNREACHABLE, ISSUER_TROUBLE, ISSUER_ANSWER, OUT_OF_TIME -> Repair.NOTHING;
            case ISSUER_TLS ->
                new Repair(
                        "ask the issuer's administrator; this shows what the server offers",
                        RepairCommands.showTls(failure.where()));
            case CERTIFICATE_EXPIRED ->
                commands.setClock(
                        "ask the issuer's administrator for a new certificate; if this machine's clock is ahead,"
                                + " set it");
            case CERTIFICATE_NOT_YET_VALID -> commands.setClock("set this machine's clock");
            case CERTIFICATE_CA_NOT_SENT ->
                new Repair(
                        "ask the issuer's administrator to let the server send its intermediate certificates; until then,"
                                + " name the PEM file of that CA as ca_file in " + section
                                + "; this shows what the server sends",
                        RepairCommands.showTls(failure.where()));
            case CERTIFICATE_OF_OTHER_HOST ->
                Repair.advice("check the issuer's URL; if it is right, ask the issuer's administrator for a certificate"
                        + " with that name");
            case CERTIFICATE_REVOKED, CERTIFICATE_WEAK ->
                Repair.advice("ask the issuer's administrator for a new certificate");
            case CRYPTO_POLICY -> commands.showPolicy("ask the issuer's administrator to use what this machine allows");
            case CA_FILE -> Repair.advice("correct ca_file or ca_dir in " + section + ", or restore the PEM file");
            case NO_SYSTEM_CAS -> new Repair("create the bundle again", RepairCommands.makeSystemCas(detail));
            case CERTIFICATE_UNTRUSTED ->
                Repair.advice("if the issuer has a CA of its own, name its PEM file as ca_file in " + section);
            case PROXY_REFUSED ->
                Repair.advice("correct proxy in " + section + ", or HTTPS_PROXY (http://USER:PASSWORD@HOST:PORT) or"
                        + " NO_PROXY in a drop-in of osg-token-renewer.service");
            case ISSUER_WRONG, INSECURE_URL -> Repair.advice("check the issuer's URL");
            case PERSON_REFUSED ->
                new Repair(
                        "sign in at " + failure.where()
                                + " and do what it asks (accept terms, enable the user), and the"
                                + " next run retries; if that does not help, authorize again",
                        commands.reauthenticate(account));
            case CLIENT_REFUSED, CREDENTIALS_REFUSED -> clientRefused(failure.kind(), account, section);
            case SCOPE_REFUSED -> scopeRefused(account, commands.readConfig());
            case ACCOUNT_SHARED ->
                Repair.advice(
                        "use one account for each token at this issuer: set up another one, and name it in [token "
                                + failure.where() + "]; or remove strict");
            case AUDIENCE_REFUSED ->
                usesClientCredentials(account, commands.readConfig())
                        ? allowForClient("audience")
                        : Repair.advice("correct audience in " + commands.config()
                                + ", or set the account up again with that --audience");
            case REQUEST_REFUSED ->
                usesClientCredentials(account, commands.readConfig())
                        ? Repair.advice("ask the issuer's administrator about this client")
                        : new Repair(
                                "ask the issuer's administrator; if a user authorized this account, authorize again",
                                commands.reauthenticate(account));
            case EXCHANGE_REFUSED, EXCHANGE_SCOPE_REFUSED, EXCHANGE_AUDIENCE_REFUSED -> exchangeRefused(failure);
            case TOKEN_NOT_VALID ->
                new Repair(
                        "compare this machine's clock with the issuer's; if both are right, the issuer sends an old token"
                                + " again: report it to its administrator; this compares the clocks",
                        commands.check());
            case TOKEN_DIRECTORY_MISSING ->
                Files.exists(directory)
                        ? Repair.NOTHING
                        : new Repair(
                                "create the directory, or correct token_path", commands.makeTokenDirectory(directory));
            case TOKEN_NOT_PERMITTED -> allowTokenWrite(where, directory, detail);
            case TOKEN_READ_ONLY -> commands.allowWriting(directory);
            case TOKEN_DISK_FULL ->
                new Repair("free some space; this shows how much is left", RepairCommands.showRoom(directory));
            case TOKEN_PATH ->
                Repair.advice("correct token_path in " + commands.config() + ", or remove what is there");
            case TOKEN_LINK ->
                new Repair(
                        "use the target of the link as token_path; if the link points to the right place, give the link to root",
                        RepairCommands.giveLinkToRoot(where));
            case TOKEN_DIRECTORY_FOREIGN ->
                Repair.advice("name another directory in token_path of " + commands.config()
                        + ", in which only root and the service can create files");
            case TOKEN_FILE_SYSTEM ->
                new Repair(
                        "find out what is wrong with its file system, also in the kernel log; this shows which one it is",
                        RepairCommands.showFileSystem(directory));
            case TOKEN_NAME_UNKNOWN ->
                Repair.advice("correct token_owner or token_group in " + commands.config()
                        + ", or create that user or group");
            case TOKEN_GROUP_CLOSED -> commands.joinGroup(detail);
            case TOKEN_OWNER_CLOSED ->
                Files.exists(where)
                        ? commands.letRead(
                                "u:" + detail,
                                where,
                                "remove token_owner, because only root can change the owner, and let that user read the token")
                        : Repair.advice("remove token_owner, because only root can change the owner");
            case HOOK_NOT_STARTED ->
                Files.isRegularFile(where)
                        ? new Repair("let the service run it", RepairCommands.chmod("a+rx", where))
                        : Repair.advice("correct post_renewal in " + commands.config());
            case HOOK_FAILED ->
                new Repair(
                        "the token is good; find out why the program failed, and the next run calls it again",
                        commands.renew());
            case HOOK_TIMEOUT ->
                new Repair(
                        "the token is good; make the program faster, or raise post_renewal_timeout, and the next run calls it"
                                + " again",
                        commands.renew());
            case NOT_IN_CLUSTER ->
                Repair.advice("run this in a pod whose service account token is mounted (automountServiceAccountToken),"
                        + (failure.where().isEmpty() ? " or use --store=files" : " or remove token_secret"));
            case CLUSTER_UNREACHABLE -> Repair.NOTHING;
            case CLUSTER_UNAUTHORIZED ->
                Repair.advice("restart the pod, so that it gets a new service account token; if that does not help,"
                        + " find out whether its service account was deleted");
            case SECRET_FORBIDDEN -> KubectlCommands.allow(failure);
            case SECRET_UNUSABLE -> KubectlCommands.replace(failure);
            case STATE_UNWRITABLE -> makeWritable(commands.stateDirectory(), detail);
            case REGISTRATION_REFUSED ->
                new Repair(
                        "if the issuer gave you an initial access token, use --registration-token-file; otherwise register"
                                + " a client on its web pages, see " + failure.where() + ", and use it",
                        commands.setup("--manual", account));
            case CLIENT_NOT_APPROVED ->
                Repair.advice(
                        "ask the issuer's administrator to approve it for the device flow, then run the same setup"
                                + " again");
            case TOO_MUCH_GRANTED ->
                Repair.advice("request the same in scope and audience of " + commands.config() + ", or remove strict");
            case NO_REFRESH_TOKEN ->
                Repair.advice(
                        "request the scope offline_access, and use a client that is allowed to use the refresh_token grant");
            case NO_DEVICE_FLOW ->
                Repair.advice("this issuer does not support approval by a user; see --client-credentials");
            case DENIED, EXPIRED, NOT_CONFIRMED, APPROVAL_LOST -> Repair.advice("run setup again");
            case ACCOUNT_EXISTS ->
                new Repair(
                        "to use the account of oidc-agent, remove this one, but do not revoke: both may share one authorization;"
                                + " then import again",
                        commands.removeLocally(account));
            case AGENT_FILE_MISSING ->
                Repair.advice("use a name that oidc-agent lists, or name its directory with --from=DIR");
            case AGENT_FILE_EMPTY, AGENT_MYTOKEN, AGENT_PASSWORD_GRANT, AGENT_NO_REFRESH_TOKEN ->
                new Repair("authorize it here", commands.setup(account));
            case AGENT_FILE_PGP ->
                new Repair("set a password with oidc-gen -u --pw-file, or authorize it here", commands.setup(account));
            case AGENT_FILE_DAMAGED ->
                new Repair("restore it from a backup, or authorize it here", commands.setup(account));
            case AGENT_FILE_UNREADABLE -> new Repair("run this as its owner, or", commands.giveToService(where));
            case AGENT_WRONG_PASSWORD ->
                new Repair(
                        "write the password that encrypts it to password_file, or authorize it here",
                        commands.setup(account));
            case EXPORT_UNWRITABLE ->
                Repair.advice("name a file that does not exist, in a directory that this user can write");
            case INTERNAL -> Repair.advice("report it and include this line");
        };
    }

    String unusedAccount(UnusedAccount account, Instant now) {
        return "account " + account.account() + " was last renewed " + HumanFormat.ago(account.renewedAt(), now)
                + ", and no [token] section uses it any more";
    }

    /** What happened to a token of an account that still has other tokens. */
    static final String NO_SECTION = "was renewed until now, and has no section any more";

    /** No command: it would delete a token whose section was lost. */
    Repair restoreSections(Path token) {
        return Repair.advice(
                "restore its section in " + commands.config() + "; if you removed it on purpose, delete " + token);
    }

    Repair restoreSections(List<UnusedToken> tokens) {
        return tokens.size() == 1
                ? restoreSections(tokens.get(0).path())
                : new Repair(
                        "restore the sections in " + commands.config()
                                + "; delete the files of those that you removed on purpose; this shows where they are",
                        commands.check());
    }

    /** First suggests to restore its sections: the config file may be lost while the account is still valid. */
    Repair restoreSections(UnusedAccount account) {
        return restoreSections(account.copy().map(Path::toString).orElse(""));
    }

    /** @param copy of the config file, which names the account; may be empty */
    Repair restoreSections(String copy) {
        String last = "; remove the account only if you do not need it any more";
        return copy.isEmpty()
                ? Repair.advice("restore its sections in " + commands.config() + " from a backup" + last)
                : new Repair(
                        copy + " still has its sections, so copy them back" + last + "; this shows what differs",
                        List.of("diff", copy, commands.config().toString()));
    }

    Repair resolveDoubt(String account) {
        return new Repair(
                "the next successful renewal ends this; if none succeeds, authorize again",
                commands.reauthenticate(account));
    }

    Repair newSecret(String account) {
        return new Repair("ask the issuer for a new one, or register again", commands.setup(account));
    }

    /** For a key of its own, an account in the config file names where. */
    private Repair clientKey(String file, String account, String section) {
        if (file.isEmpty()) {
            return Repair.advice("name the file of its private key as client_key_file in " + section);
        }
        return Files.exists(Path.of(file), LinkOption.NOFOLLOW_LINKS)
                ? Repair.advice("write the private key to that file: in PEM or as a JWK, EC or RSA, without a password")
                : isOfUser(account)
                        ? registerKey("restore it from a backup; without one, ", file, account)
                        : new Repair(
                                "restore it from a backup; without one, create a new key and give the issuer what this prints",
                                commands.clientKey("--add", file));
    }

    /** An account of a user: setup may have registered its client, with the key that the issuer has. */
    private boolean isOfUser(String account) {
        return commands.readConfig()
                .flatMap(config -> config.storedAccount(account))
                .isPresent();
    }

    private Repair registerKey(String before, String file, String account) {
        return new Repair(
                before + "if setup registered the client, register another one with a new key, and delete the old file"
                        + " when that is done",
                commands.setup("--client-key-file=" + file + ".new", account));
    }

    private Repair clientRefused(Failure.Kind kind, String account, String section) {
        Optional<ClientFiles> files = commands.readConfig()
                .map(config -> config.accounts().get(account))
                .map(AccountSection::clientFiles)
                .filter(ClientFiles::isPresent);
        if (files.isPresent() && files.get().assertion().isPresent()) {
            return Repair.advice(
                    "compare iss, sub and aud of the JWT in client_assertion_file with what the issuer expects of"
                            + " this client");
        } else if (files.isPresent() && files.get().tls().isPresent()) {
            return new Repair(
                    "compare the certificate with the one that the issuer expects of this client; this shows its subject",
                    RepairCommands.showCertificate(files.get().tls().get().certificate()));
        } else if (files.isPresent() && isOfUser(account)) {
            return registerKey(
                    "compare the public keys that client-key prints with those that the issuer has; if it has them, try"
                            + " assertion_audience = token_endpoint or issuer in " + section + "; ",
                    files.get().key().orElseThrow().toString(),
                    account);
        } else if (files.isPresent()) {
            return new Repair(
                    "give the issuer the public keys of this client, which this prints; if it has them, try"
                            + " assertion_audience = token_endpoint or issuer in " + section,
                    commands.clientKey(files.get().key().orElseThrow().toString()));
        } else if (kind == Failure.Kind.CREDENTIALS_REFUSED) {
            return Repair.advice("correct client_id or client_secret of " + section
                    + "; if they are right, add client_auth = basic_raw");
        }
        return new Repair(
                "ask the issuer's administrator about this client; if its secret has characters other than letters"
                        + " and digits, try client_auth = basic_raw or post in " + section
                        + "; otherwise register a new client, or use another one with --manual",
                commands.setup(account));
    }

    /** Setup keeps the scopes of an account unless an option names others. */
    private Repair allowForClient(String option) {
        return Repair.advice("correct " + option + " in " + commands.config()
                + ", or ask the issuer's administrator to allow it for this client");
    }

    /** Another authorization does not help: the issuer decides by the client. */
    private Repair exchangeRefused(Failure failure) {
        String[] where = failure.where().split(" ", 2); // section and client
        String section = "[token " + where[0] + "] of " + commands.config();
        String client = "client " + where[where.length - 1];
        return Repair.advice(
                switch (failure.kind()) {
                    case EXCHANGE_SCOPE_REFUSED ->
                        "correct scope in " + section + ", or ask the issuer's administrators to allow it for "
                                + client;
                    case EXCHANGE_AUDIENCE_REFUSED ->
                        "correct audience or exchange_resource in " + section
                                + ", or ask the issuer's administrators to" + " allow it for " + client;
                    default ->
                        "ask the issuer's administrators to permit token exchange (RFC 8693) for " + client
                                + ", or remove exchange from " + section;
                });
    }

    /** Setup has nothing to authorize for such an account. */
    private static boolean usesClientCredentials(String account, Optional<Config> config) {
        return config.filter(file -> file.accounts().get(account) instanceof ClientCredentialsAccount)
                .isPresent();
    }

    private Repair scopeRefused(String account, Optional<Config> config) {
        if (usesClientCredentials(account, config)) {
            return allowForClient("scope");
        }
        String correct = "correct scope in " + commands.config() + ", or authorize the account with ";
        Set<String> scopes =
                config.map(tokens -> commands.scopes(account, tokens)).orElse(Set.of());
        return scopes.isEmpty()
                ? Repair.advice(correct + "more scopes, by setup --scope=SCOPES")
                : new Repair(
                        correct + "all scopes that its tokens need",
                        commands.setup("--scope=" + String.join(" ", scopes), account));
    }

    private Repair fileAccess(Path file) {
        return RepairCommands.closedParent(file)
                .map(directory -> commands.letPass(directory, file.toString()))
                .orElseGet(() -> new Repair("let only root change it and the service read it", commands.protect(file)));
    }

    /** A new password does not open the account, and the command must not overwrite a file that exists again. */
    private Repair missingPassword(Path file, String account) {
        List<String> setup = commands.isService() && !file.equals(RepairCommands.usualPasswordFile(account))
                ? commands.setupWithPassword(file, account)
                : commands.setup(account);
        return new Repair(
                "restore it from a backup, because a new password does not open the account; without a backup, create a new"
                        + " one and authorize again",
                ShellQuote.all(List.of(RepairCommands.makePassword(file), setup)));
    }

    /** Depends on the operating system's error. */
    private Repair makeWritable(Path directory, String detail) {
        if (detail.contains("No such file")) {
            return new Repair(
                    "correct --state-dir or OSG_TOKEN_RENEWER_STATE_DIR, or create the directory",
                    List.of(
                            "install",
                            "-d",
                            "-m",
                            "700",
                            commands.stateDirectory().toString()));
        }
        return detail.contains("denied") || detail.contains("not permitted")
                ? new Repair("give the state to the user that runs the renewals", commands.ownState())
                : new Repair(
                        "find out what is wrong with its file system; this shows it",
                        RepairCommands.showFileSystem(directory));
    }

    private Repair allowTokenWrite(Path file, Path directory, String detail) {
        if (commands.isService() && isSticky(directory) && commands.isForeign(file)) {
            return new Repair("give the file to the service", commands.giveToService(file));
        }
        if (!detail.equals("Operation not permitted")) {
            return RepairCommands.closedParent(directory)
                    .map(above -> commands.letPass(above, file.toString()))
                    .orElseGet(() -> commands.letService("rwx", directory));
        }
        return new Repair(
                "remove the attribute that makes it immutable, with chattr -i or chattr -a; this shows it",
                RepairCommands.showAttributes(directory, file));
    }

    /** Used if there is no unit. */
    public static final String NO_TIMER = "nothing renews tokens, because this machine has no osg-token-renewer.timer";

    /** Warning for an account that another host saved. */
    static String onTwoHosts() {
        return "this account was saved on another host before: if both hosts renew it, each can invalidate the other's"
                + " refresh token; stop the service there, or set the account up again on one of them";
    }

    /** What a message of a run to the owner of an account is about. */
    static String notification(Event event) {
        return switch (event.kind()) {
            case FAILING -> "that renewals fail";
            case EXPIRES -> "that " + what(event.expiry().orElseThrow().kind()) + " ends soon";
            case WELL -> "that the account is OK again";
            case TEST -> throw new IllegalArgumentException("no run sends it");
        };
    }

    /** What ends, in words. */
    static String what(Expiry.Kind kind) {
        return switch (kind) {
            case AUTHORIZATION -> "the authorization";
            case CLIENT_SECRET -> "the client secret";
            case CLIENT_CERTIFICATE -> "the client certificate";
        };
    }

    /** What prevents that it ends. */
    Repair renew(Expiry.Kind kind, String account) {
        return switch (kind) {
            case AUTHORIZATION -> new Repair("authorize again", commands.reauthenticate(account));
            case CLIENT_SECRET -> newSecret(account);
            case CLIENT_CERTIFICATE ->
                Repair.advice("write a new certificate and its key to tls_cert_file and tls_key_file of [account "
                        + account + "]; the next run reads them");
        };
    }

    /** For a message that was not delivered; the next run sends it again. */
    Repair repairNotification() {
        return new Repair(
                "correct notify in " + commands.config() + ", or that server; this sends a test message",
                commands.testNotifications());
    }

    static String inDoubt(String since) {
        return "in doubt since " + since
                + ": an answer of the issuer was lost, so it may have issued a refresh token that was not received";
    }

    /** Warning for a token of a host. */
    static String otherSubject(String subject, AccountSection account) {
        String client = account instanceof ClientCredentialsAccount host ? host.clientId() : "";
        return "the token is for " + Printable.of(subject) + " (sub), and services expect the client id "
                + Printable.of(client);
    }

    /** Warning for a token that is too short-lived for its min_lifetime. */
    static String tooShort(String lifetime, String minLifetime) {
        return "it lives " + lifetime + ", less than its min_lifetime of " + minLifetime
                + ": each run renews it; lower min_lifetime, or ask the issuer for longer tokens";
    }

    /** Printed once for an account; the command to authorize again follows. */
    static String narrows() {
        return "the issuer narrows the authorization to the scope of one token, so from now on the whole scope is requested"
                + " for each token of this account; for tokens with less scope use one account for each token";
    }

    /** Warning for a strict section. */
    static String unverifiable(List<String> what) {
        return "strict cannot be verified, because neither the token nor the issuer shows its "
                + String.join(" and ", what);
    }

    static String endsBetweenRuns(String lifetime) {
        return "such a token lives " + lifetime + ", and can end between two runs";
    }

    /** Warning for a token that looks expired or not yet valid on this machine only. */
    static String clockDiffers(Duration ahead) {
        return "this machine's clock is " + HumanFormat.span(ahead.abs())
                + (ahead.isNegative() ? " behind" : " ahead of") + " the issuer's";
    }

    /** Warning for expires_in 0, which may mean that the issuer does not know the lifetime. */
    static String zeroLifetime() {
        return "the issuer says that it expires at once (expires_in is 0); if services reject it, ask the issuer's"
                + " administrator";
    }

    /** Warning for a token that is too long for some programs. */
    static String tooLong(int bytes) {
        return "it has " + bytes + " bytes, and HTCondor and other readers accept at most 16380: request fewer scopes"
                + " and audiences";
    }

    private static boolean isSticky(Path directory) {
        try {
            return ((Integer) Files.getAttribute(directory, "unix:mode") & STICKY) != 0;
        } catch (IOException | UnsupportedOperationException e) {
            return false;
        }
    }

    private static Path directory(Path file) {
        return file.getParent() == null ? file : file.getParent();
    }
}
