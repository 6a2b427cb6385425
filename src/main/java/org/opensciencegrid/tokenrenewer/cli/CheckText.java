package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.status.Level;

/** What {@code check} found, for a person: what, where, why it matters, and the command that repairs it. */
final class CheckText {
    private static final String INDENT = " ".repeat(9);

    private final Messages messages;
    private final Commands commands;
    private final Colours colours;

    CheckText(Messages messages, Commands commands, Colours colours) {
        this.messages = messages;
        this.commands = commands;
        this.colours = colours;
    }

    String of(List<Finding> findings) {
        List<String> lines = new ArrayList<>();
        for (Finding finding : findings) {
            lines.add(
                    finding.isProblem()
                            ? colours.of(Level.ACTION, "PROBLEM") + "  " + colours.strong(finding.where())
                            : colours.of(Level.WARNING, "warning") + "  " + colours.strong(finding.where()));
            Prose.wrap(lines, INDENT, what(finding));
            Prose.wrap(lines, INDENT, "why: " + why(finding));
            Prose.repair(lines, INDENT, repair(finding), colours);
            lines.add("");
        }
        long problems = findings.stream().filter(Finding::isProblem).count();
        long warnings = findings.size() - problems;
        lines.add(
                findings.isEmpty()
                        ? colours.of(Level.OK, "Nothing found: all is well.")
                        : Words.count(problems, "problem") + ", " + Words.count(warnings, "warning") + ".");
        return String.join("\n", lines) + "\n";
    }

    /** What is the matter, without the place. */
    String what(Finding finding) {
        String detail = finding.detail();
        String account = finding.account();
        return switch (finding.kind()) {
            case CONFIG_ERROR, CONFIG_WARNING -> detail;
            case CONFIG_WRITABLE -> "everybody may write the config file";
            case CONFIG_SHOWS_SECRET -> "there is a client_secret in it, and everybody may read it";
            case NO_TOKENS -> "it has no [token] section";
            case UNUSED_ACCOUNT -> "no [token] section uses [account " + account + "]";
            case RENEWAL -> messages.what(finding.failure().orElseThrow());
            case UNREADABLE_FOR_SERVICE -> "by its mode and those of its directories, osg-token-svc cannot read it";
            case PASSWORD_WORLD_READABLE -> "everybody may read the password of account " + account;
            case PASSWORD_CARRIAGE_RETURN ->
                "the password ends with a carriage return, as in files from Windows, and it is a part of it";
            case PASSWORD_BYTE_ORDER_MARK -> "the password begins with a byte order mark, and it is a part of it";
            case PASSWORD_OUTER_BLANKS -> "the password begins or ends with a blank, and it is a part of it";
            case PASSWORD_SHORT -> "the password has fewer than 12 characters";
            case PASSWORD_MORE_LINES -> "only the first line is the password, and there are more";
            case STATE_OPEN -> "others than its owner may look into the state directory";
            case STATE_OWNER -> "it does not belong to " + detail + ", as the directory does";
            case STATE_NEARLY_FULL -> "its file system has " + detail + " left";
            case ACCOUNT_NOT_IN_CONFIG -> "account " + account + " is set up, and no section names it";
            case REFRESH_TOKEN_WAITING ->
                "a newer refresh token of account " + account + " than that in its account file is here";
            case TWO_HOSTS -> "account " + account + " was saved on another host before";
            case IN_DOUBT -> "an answer to account " + account + " was lost, in doubt since " + detail;
            case SECRET_ENDS -> "the client secret of account " + account + " ends " + detail;
            case AUTHORIZATION_ENDS -> "the authorization of account " + account + " ends " + detail;
            case TOKEN_PATH_RELATIVE -> "token_path " + detail + " does not begin with /";
            case TOKEN_DIRECTORY_OPEN -> "everybody may write in this directory of tokens";
            case TOKEN_DIRECTORY_CLOSED -> "by its mode, osg-token-svc cannot write in this directory of tokens";
            case TOKEN_OUTSIDE_SANDBOX -> "osg-token-renewer.service may not write in this directory of tokens";
            case TOKEN_WORLD_READABLE -> "everybody may read this token";
            case TOKEN_LONG -> "the token has " + detail + " bytes";
            case HOOK_OPEN -> "everybody may change this program of post_renewal, or put another in its place";
            case TIMER_OFF -> "the timer is not enabled";
            case TIMER_UNKNOWN -> Messages.NO_TIMER;
            case TIMER_TOO_SLOW -> detail;
            case MIN_LIFETIME_TOO_SHORT -> "min_lifetime is shorter than the " + detail + " s between two runs";
            case CLOCK_BEHIND -> "the token was issued in the future, " + detail;
            case CLOCK_DIFFERS ->
                "this machine's clock is "
                        + (detail.startsWith("-") ? detail.substring(1) + " s behind" : detail + " s ahead of")
                        + " the issuer's";
            case NO_REAUTHENTICATION -> "the issuer offers no device flow any more";
            case ISSUER_NOT_ASKED -> "the issuer was not looked at, as account " + account + " could not be opened";
            case NO_CLASS_ARCHIVE -> "there is no archive of classes for this Java";
        };
    }

    String why(Finding finding) {
        return switch (finding.kind()) {
            case CONFIG_ERROR -> "no token is renewed while it stands there";
            case CONFIG_WARNING -> "the program does something else than it seems to say";
            case CONFIG_WRITABLE -> "who writes it decides where tokens go, and which issuer gets the secrets";
            case CONFIG_SHOWS_SECRET -> "who knows it can get tokens as this site";
            case NO_TOKENS -> "a run does nothing";
            case UNUSED_ACCOUNT -> "its refresh token may end at the issuer for want of use";
            case RENEWAL ->
                finding.failure().filter(why -> why.kind().isOfHook()).isPresent()
                        ? "the token is renewed, and what is to be done with it then is not done"
                        : finding.isProblem()
                                ? "services are without a new token until it is repaired"
                                : "while it lasts there is no new token";
            case UNREADABLE_FOR_SERVICE -> "the service needs it, and runs as that user";
            case PASSWORD_WORLD_READABLE -> "with it and a backup of the account file, anybody has the refresh token";
            case PASSWORD_CARRIAGE_RETURN, PASSWORD_BYTE_ORDER_MARK, PASSWORD_OUTER_BLANKS ->
                "nobody sees it, and after an edit the account does not open any more";
            case PASSWORD_SHORT -> "who gets hold of the account file can try all of them";
            case PASSWORD_MORE_LINES -> "who changes those in the belief to change the password does not";
            case STATE_OPEN -> "account files can be copied, and their passwords tried at leisure";
            case STATE_OWNER -> "the service cannot replace it, and so cannot save a rotated refresh token";
            case STATE_NEARLY_FULL -> "when no space can be reserved for a refresh token, the issuer is not asked";
            case ACCOUNT_NOT_IN_CONFIG -> "its authorization is good, and of use to nobody but a thief";
            case REFRESH_TOKEN_WAITING -> "a run was interrupted, or the disk was full; the next one puts it in place";
            case TWO_HOSTS -> "if both renew it, each may spoil the other's refresh token";
            case IN_DOUBT -> "the issuer may have given a refresh token that never arrived, and refuse the old one";
            case SECRET_ENDS, AUTHORIZATION_ENDS -> "from then on the issuer refuses";
            case TOKEN_PATH_RELATIVE -> "it means another file in every directory, and / for the service";
            case TOKEN_DIRECTORY_OPEN -> "anybody can put another token, or a link, in the place of yours";
            case TOKEN_DIRECTORY_CLOSED, TOKEN_OUTSIDE_SANDBOX ->
                "tokens are requested and cannot be written, at every run";
            case TOKEN_WORLD_READABLE -> "whoever has a login here can use it";
            case TOKEN_LONG -> "HTCondor and many web servers take less than 16 KiB, and drop it whole";
            case HOOK_OPEN -> "anybody can become the service's user, and get its tokens and accounts";
            case TIMER_OFF -> "no token is renewed after the next boot";
            case TIMER_UNKNOWN -> "tokens expire, unless something else runs renew";
            case TIMER_TOO_SLOW -> "services are without a good token for a while, again and again";
            case MIN_LIFETIME_TOO_SHORT -> "a token with a little more left is kept, and expires before the next run";
            case CLOCK_BEHIND, CLOCK_DIFFERS -> "tokens look expired when they are not, or good when they are not";
            case NO_REAUTHENTICATION -> "when the authorization ends, nobody can approve anew";
            case ISSUER_NOT_ASKED -> "which CA is to be believed may be named only in the account file";
            case NO_CLASS_ARCHIVE -> "each run takes longer than it must";
        };
    }

    /** An exact command where one does it. */
    String repair(Finding finding) {
        String account = finding.account();
        Path file = finding.where().startsWith("/") ? Path.of(finding.where()) : Path.of("/");
        return switch (finding.kind()) {
            case CONFIG_ERROR, CONFIG_WARNING -> "correct it there, then: " + commands.check();
            case CONFIG_WRITABLE -> "chmod o-w " + file;
            case CONFIG_SHOWS_SECRET -> commands.protect(file);
            case NO_TOKENS -> "add one for each token, as man osg-token-renewer.ini shows";
            case UNUSED_ACCOUNT -> "add a [token] section, or end it: " + commands.end(account);
            case RENEWAL -> messages.repair(finding.failure().orElseThrow(), account);
            case UNREADABLE_FOR_SERVICE -> "chgrp osg-token-svc " + file + " && chmod g+r " + file;
            case PASSWORD_WORLD_READABLE -> commands.protect(file);
            case PASSWORD_CARRIAGE_RETURN -> commands.changePasswordAfter("sed -i '1s/\\r$//' " + file, file, account);
            case PASSWORD_BYTE_ORDER_MARK ->
                commands.changePasswordAfter("sed -i '1s/^\\xEF\\xBB\\xBF//' " + file, file, account);
            case PASSWORD_OUTER_BLANKS ->
                commands.changePasswordAfter("sed -i '1s/^[ \\t]*//;1s/[ \\t]*$//' " + file, file, account);
            case PASSWORD_SHORT -> commands.changePasswordAfter("openssl rand -base64 32 > " + file, file, account);
            case PASSWORD_MORE_LINES -> "sed -i '2,$d' " + file;
            case STATE_OPEN -> "chmod -R go-rwx " + file;
            case STATE_OWNER -> "chown -R " + finding.detail() + ": " + commands.stateDirectory();
            case STATE_NEARLY_FULL -> "make room, see: df -h " + file;
            case ACCOUNT_NOT_IN_CONFIG -> "name it in " + commands.config() + ", or end it: " + commands.end(account);
            case REFRESH_TOKEN_WAITING -> commands.renew();
            case TWO_HOSTS -> "stop the service on one of them, then: " + commands.reauthenticate(account);
            case IN_DOUBT -> commands.endDoubt(account);
            case SECRET_ENDS -> commands.newSecret(account);
            case AUTHORIZATION_ENDS -> commands.reauthenticate(account);
            case TOKEN_PATH_RELATIVE -> "write the whole path, from / on";
            case TOKEN_DIRECTORY_OPEN -> "chmod o-w " + file;
            case TOKEN_DIRECTORY_CLOSED ->
                commands.letServiceWrite(file) + ", or: setfacl -m u:osg-token-svc:rwx " + file;
            case TOKEN_OUTSIDE_SANDBOX -> commands.allowWriting(file);
            case TOKEN_WORLD_READABLE -> "chmod o-r " + file;
            case HOOK_OPEN -> "chmod o-w " + file + " " + file.getParent();
            case TOKEN_LONG -> "ask for less scope and fewer audiences in its section";
            case TIMER_OFF -> commands.enableTimer();
            case TIMER_UNKNOWN ->
                "install the units of the package, or have this run often: " + commands.renewWithoutTimer();
            case TIMER_TOO_SLOW -> commands.runMoreOften();
            case MIN_LIFETIME_TOO_SHORT -> "write min_lifetime = " + 2 * Long.parseLong(finding.detail());
            case CLOCK_BEHIND, CLOCK_DIFFERS -> "timedatectl set-ntp true";
            case NO_REAUTHENTICATION -> "ask the issuer's administrator what has become of it";
            case ISSUER_NOT_ASKED -> "repair the account, then: " + commands.check();
            case NO_CLASS_ARCHIVE -> "/usr/libexec/osg-token-renewer/make-archive";
        };
    }
}
