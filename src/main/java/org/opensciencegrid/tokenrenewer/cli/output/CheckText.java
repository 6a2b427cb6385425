package org.opensciencegrid.tokenrenewer.cli.output;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.status.Level;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;

/** Formats the findings of {@code check} for a person: what, where, why it matters, and the command that fixes it. */
public record CheckText(Messages messages, RepairCommands commands, Colors colors) {
    private static final String INDENT = " ".repeat(9);

    public String of(List<Finding> findings) {
        List<String> lines = new ArrayList<>();
        for (Finding finding : findings) {
            lines.add(
                    finding.isProblem()
                            ? colors.of(Level.ACTION, "PROBLEM") + "  " + colors.strong(finding.where())
                            : colors.of(Level.WARNING, "warning") + "  " + colors.strong(finding.where()));
            LineWrapper.wrap(lines, INDENT, what(finding));
            LineWrapper.wrap(lines, INDENT, "why: " + why(finding));
            lines.addAll(repair(finding).lines(INDENT, colors));
            lines.add("");
        }
        long problems = findings.stream().filter(Finding::isProblem).count();
        long warnings = findings.size() - problems;
        lines.add(
                findings.isEmpty()
                        ? colors.of(Level.OK, "No problems found.")
                        : HumanFormat.count(problems, "problem") + ", " + HumanFormat.count(warnings, "warning") + ".");
        return String.join("\n", lines) + "\n";
    }

    /** One line of JSON, as docs/reference/check-json.md describes it. */
    public String json(List<Finding> findings) {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("schema", 1L);
        report.put("problems", findings.stream().filter(Finding::isProblem).count());
        report.put("findings", findings.stream().map(this::members).toList());
        return JsonObject.of(report).toJson() + "\n";
    }

    private Map<String, Object> members(Finding finding) {
        Repair repair = repair(finding);
        String kind = finding.failure()
                .map(why -> why.kind().word())
                .orElse(finding.kind().word());
        return JsonObject.NONE
                .with("kind", kind)
                .with("where", finding.where())
                .with("detail", finding.detail())
                .with("account", finding.account())
                .with("problem", finding.isProblem())
                .with("message", what(finding))
                .with("why", why(finding))
                .with("advice", repair.advice())
                .with("command", repair.command())
                .asMap();
    }

    /** What is wrong, without the place. */
    public String what(Finding finding) {
        String detail = finding.detail();
        String account = finding.account();
        return switch (finding.kind()) {
            case CONFIG_ERROR, CONFIG_WARNING -> detail;
            case CONFIG_WRITABLE -> "everyone can write the config file";
            case CONFIG_SHOWS_SECRET ->
                "it contains a client_secret or the password of a proxy, and everyone can read it";
            case NO_TOKENS -> "it has no [token] section";
            case ACCOUNT_FORGOTTEN ->
                "account " + account + " was renewed until now, and no [token] section uses it any more";
            case TOKEN_FORGOTTEN -> "token " + detail + " " + Messages.NO_SECTION;
            case UNUSED_ACCOUNT -> "no [token] section uses [account " + account + "]";
            case RENEWAL -> messages.what(finding.failure().orElseThrow());
            case UNREADABLE_FOR_SERVICE -> "its mode does not let osg-token-svc read it";
            case DIRECTORY_CLOSED ->
                "its mode does not let osg-token-svc enter this directory, on the way to " + detail;
            case PASSWORD_WORLD_READABLE -> "everyone can read the password of account " + account;
            case PASSWORD_CARRIAGE_RETURN ->
                "the password ends with a carriage return, as in files from Windows, which is part of the password";
            case PASSWORD_BYTE_ORDER_MARK ->
                "the password begins with a byte order mark, which is part of the password";
            case PASSWORD_OUTER_BLANKS ->
                "the password begins or ends with a space or tab, which is part of the password";
            case PASSWORD_SHORT -> "the password has fewer than 12 characters";
            case PASSWORD_MORE_LINES -> "the file has more lines, but only the first line is the password";
            case STATE_OPEN -> "other users can look into the state directory";
            case STATE_OWNER -> "it does not belong to " + detail + ", the owner of the directory";
            case STATE_NEARLY_FULL -> "its file system has " + detail + " left";
            case ACCOUNT_NOT_IN_CONFIG -> "account " + account + " is set up, but no section names it";
            case REFRESH_TOKEN_WAITING ->
                "this file has a newer refresh token of account " + account + " than the account file";
            case TWO_HOSTS -> "account " + account + " was saved on another host before";
            case IN_DOUBT -> "an answer of the issuer for account " + account + " was lost, in doubt since " + detail;
            case SECRET_ENDS -> "the client secret of account " + account + " ends " + detail;
            case AUTHORIZATION_ENDS -> "the authorization of account " + account + " ends " + detail;
            case TOKEN_DIRECTORY_OPEN -> "everyone can write in this directory of tokens";
            case TOKEN_DIRECTORY_CLOSED -> "its mode does not let osg-token-svc write in this directory of tokens";
            case TOKEN_OUTSIDE_SANDBOX ->
                "osg-token-renewer.service is not allowed to write in this directory of tokens";
            case TOKEN_WORLD_READABLE -> "everyone can read this token";
            case TOKEN_LONG -> "the token has " + detail + " bytes";
            case TOKEN_IS_LINK -> "token_path is a symbolic link, and its scope or audience is for HTCondor";
            case HOOK_COMMAND_MISSING -> "this program of post_renewal needs " + detail + ", which is not installed";
            case HOOK_OPEN -> "everyone can change this program of post_renewal or notify, or replace it";
            case HOOK_VARIABLE_UNSET ->
                "post_renewal_environment names " + detail + ", which osg-token-renewer.service does not set";
            case NOTIFY_UNUSABLE -> "no message about account " + account + " can be delivered there: " + detail;
            case TIMER_MASKED,
                    TIMER_STATE_LINK,
                    TIMER_BROKEN_RUN,
                    TIMER_NO_FIRST_RUN,
                    TIMER_NO_SECOND_RUN,
                    TIMER_OFF,
                    TIMER_NOT_STARTED,
                    TIMER_NOT_RELOADED,
                    TIMER_NOT_ENABLED -> TimerText.what(trouble(finding), detail);
            case TIMER_UNKNOWN -> Messages.NO_TIMER;
            case TIMER_TOO_SLOW -> detail;
            case MIN_LIFETIME_TOO_SHORT -> "min_lifetime is shorter than the " + detail + " s between two runs";
            case LIFE_TOO_SHORT -> "a new token lives " + detail + " s, which is not more than its min_lifetime";
            case CLOCK_BEHIND -> "the token was issued in the future, " + detail;
            case CLOCK_DIFFERS ->
                "this machine's clock is "
                        + (detail.startsWith("-") ? detail.substring(1) + " s behind" : detail + " s ahead of")
                        + " the issuer's";
            case CRL_MISSING -> "there is no valid list of revoked certificates (CRL) of the CA " + detail;
            case CRL_EXPIRED -> "this list of revoked certificates (CRL) expired on " + detail;
            case PROXY_UNREACHABLE -> "its proxy cannot be used: " + detail;
            case PROXY_DIFFERS -> "service and shell use different proxies: " + detail;
            case ADDRESS_SILENT -> "one of its addresses does not answer: " + detail;
            case TOKEN_ENDPOINT_MOVED -> "the issuer's token endpoint is " + detail + ", not token_request_url";
            case ISSUER_NAME_DIFFERS -> "the issuer calls itself " + detail;
            case NO_REAUTHENTICATION -> "the issuer does not offer the device flow any more";
            case ISSUER_NOT_ASKED -> "the issuer was not checked, because account " + account + " could not be opened";
            case NO_CLASS_ARCHIVE -> "there is no archive of classes for this Java";
        };
    }

    public String why(Finding finding) {
        return switch (finding.kind()) {
            case CONFIG_ERROR -> "the affected tokens are not renewed until this is fixed";
            case CONFIG_WARNING -> "the program does something other than the config file suggests";
            case CONFIG_WRITABLE -> "a user who changes it decides where tokens go, and which issuer gets the secrets";
            case CONFIG_SHOWS_SECRET -> "with the client_secret, every user can get tokens as this site";
            case NO_TOKENS -> "a run does nothing";
            case ACCOUNT_FORGOTTEN ->
                "its tokens expire and are not renewed; the config file may have been truncated or replaced";
            case TOKEN_FORGOTTEN -> "it expires and is not renewed; the config file may have lost its section";
            case UNUSED_ACCOUNT -> "the issuer may expire a refresh token that is not used";
            case RENEWAL -> whyNotRenewed(finding);
            case UNREADABLE_FOR_SERVICE, DIRECTORY_CLOSED -> "the service needs it, and runs as that user";
            case PASSWORD_WORLD_READABLE ->
                "with it and a backup of the account file, every user can get the refresh token";
            case PASSWORD_CARRIAGE_RETURN, PASSWORD_BYTE_ORDER_MARK, PASSWORD_OUTER_BLANKS ->
                "you cannot see it, and if you edit the file, the account may not open any more";
            case PASSWORD_SHORT -> "a short password can be brute-forced from a copy of the account file";
            case PASSWORD_MORE_LINES -> "editing the other lines does not change the password";
            case STATE_OPEN -> "they can copy account files and try passwords on the copies";
            case STATE_OWNER -> "the service cannot replace it, so it cannot save a rotated refresh token";
            case STATE_NEARLY_FULL -> "if no space can be reserved for a refresh token, the issuer is not contacted";
            case ACCOUNT_NOT_IN_CONFIG -> "its authorization is still valid although nothing uses it";
            case REFRESH_TOKEN_WAITING -> "a run was interrupted, or the disk was full; the next one puts it in place";
            case TWO_HOSTS -> "if both hosts renew it, each can invalidate the other's refresh token";
            case IN_DOUBT ->
                "the issuer may have issued a refresh token that was not received, and may reject the old one";
            case SECRET_ENDS, AUTHORIZATION_ENDS -> "after that, the issuer rejects every renewal";
            case TOKEN_DIRECTORY_OPEN -> "every user can replace your token with another token or a link";
            case TOKEN_DIRECTORY_CLOSED, TOKEN_OUTSIDE_SANDBOX -> "every run requests tokens that cannot be written";
            case TOKEN_WORLD_READABLE -> "every user with a login here can use it";
            case TOKEN_LONG ->
                "HTCondor accepts at most 16380 bytes, many web servers accept less than 16 KiB, and they refuse a longer token";
            case TOKEN_IS_LINK -> "HTCondor does not read a token through a symbolic link (File exists)";
            case HOOK_COMMAND_MISSING -> "the program of post_renewal fails without it";
            case HOOK_OPEN -> "every user can become the service's user, and get its tokens and accounts";
            case HOOK_VARIABLE_UNSET -> "the program of post_renewal runs without this variable";
            case NOTIFY_UNUSABLE -> "nobody is told there if the renewals of the account fail";
            case TIMER_MASKED,
                    TIMER_STATE_LINK,
                    TIMER_BROKEN_RUN,
                    TIMER_NO_FIRST_RUN,
                    TIMER_NO_SECOND_RUN,
                    TIMER_OFF,
                    TIMER_NOT_STARTED,
                    TIMER_NOT_RELOADED,
                    TIMER_NOT_ENABLED -> TimerText.why(trouble(finding));
            case TIMER_UNKNOWN -> "tokens expire, unless something else runs renew";
            case TIMER_TOO_SLOW -> "services repeatedly have no valid token for a while";
            case MIN_LIFETIME_TOO_SHORT ->
                "a token with slightly more time left is not renewed, and expires before the next run";
            case LIFE_TOO_SHORT -> "each run finds the token due, and renews it";
            case CLOCK_BEHIND, CLOCK_DIFFERS -> "valid tokens look expired, or expired tokens look valid";
            case CRL_MISSING -> "a certificate that this CA has revoked is still accepted";
            case CRL_EXPIRED -> "a certificate that was revoked since then is still accepted";
            case PROXY_UNREACHABLE -> "no token is renewed as long as this proxy is configured";
            case PROXY_DIFFERS ->
                "the timer uses the proxy of the service; setup and renew in this shell use the other one";
            case ADDRESS_SILENT ->
                "renewals use the other addresses and may wait up to 5 s for this one; if the others fail too, there is no"
                        + " new token";
            case TOKEN_ENDPOINT_MOVED -> "renewals look it up when the old one is gone; other programs may not";
            case ISSUER_NAME_DIFFERS ->
                "issuer is also aud of the client's signatures, and many issuers compare it exactly";
            case NO_REAUTHENTICATION -> "after the authorization has ended, you cannot authorize the account again";
            case ISSUER_NOT_ASKED -> "the CA to trust may be named only in the account file";
            case NO_CLASS_ARCHIVE -> "each run takes longer than necessary";
        };
    }

    private static String whyNotRenewed(Finding finding) {
        Optional<Failure.Kind> kind = finding.failure().map(Failure::kind);
        if (kind.isPresent() && kind.get().isHookFailure()) {
            return "the token is renewed, but the program that must run after that did not succeed";
        }
        if (kind.equals(Optional.of(Failure.Kind.STATE_UNWRITABLE))) {
            return "the token is renewed, but status and the next run do not know about it";
        }
        return finding.isProblem()
                ? "services get no new token until this is fixed"
                : "there is no new token as long as this lasts";
    }

    /** Depends on which files exist now. */
    public Repair repair(Finding finding) {
        String account = finding.account();
        String detail = finding.detail();
        Path file = finding.where().startsWith("/") ? Path.of(finding.where()) : Path.of("/");
        return switch (finding.kind()) {
            case CONFIG_ERROR, CONFIG_WARNING -> new Repair("correct it there, then check again", commands.check());
            case CONFIG_WRITABLE -> new Repair("let only root change it", RepairCommands.chmod("o-w", file));
            case CONFIG_SHOWS_SECRET -> new Repair("let only the service read it", commands.protect(file));
            case NO_TOKENS -> Repair.advice("add one for each token, as man osg-token-renewer.ini shows");
            case ACCOUNT_FORGOTTEN -> messages.restoreSections(finding.detail());
            case TOKEN_FORGOTTEN -> messages.restoreSections(file);
            case UNUSED_ACCOUNT ->
                Files.exists(commands.accountFile(account))
                        ? new Repair(
                                "add a [token] section; if you do not need the account any more, remove it",
                                commands.revokeAndRemove(account))
                        : Repair.advice("add a [token] section, or remove [account " + account + "]");
            case RENEWAL -> messages.repair(finding.failure().orElseThrow(), account);
            case UNREADABLE_FOR_SERVICE -> new Repair("let the service read it", commands.letRead(file));
            case DIRECTORY_CLOSED -> commands.letPass(file, detail);
            case PASSWORD_WORLD_READABLE -> new Repair("let only the service read it", commands.protect(file));
            case PASSWORD_CARRIAGE_RETURN, PASSWORD_BYTE_ORDER_MARK, PASSWORD_OUTER_BLANKS ->
                changePassword("remove it from");
            case PASSWORD_SHORT -> changePassword("write a longer password to");
            case PASSWORD_MORE_LINES ->
                Files.isSymbolicLink(file)
                        ? Repair.advice("remove the other lines in the file that the link points to")
                        : new Repair(
                                "keep a copy of the whole file, and remove the other lines",
                                RepairCommands.keepFirstLine(file));
            case STATE_OPEN -> new Repair("let only the service access it", RepairCommands.chmod("go-rwx", file));
            case STATE_OWNER -> new Repair("give the state to the user that runs the renewals", commands.ownState());
            case STATE_NEARLY_FULL ->
                new Repair("free some space; this shows how much is left", RepairCommands.showRoom(file));
            case ACCOUNT_NOT_IN_CONFIG ->
                new Repair(
                        "name it in " + commands.config() + "; if you do not need it any more, remove it",
                        commands.revokeAndRemove(account));
            case REFRESH_TOKEN_WAITING -> new Repair("let a run put it in place", commands.renew());
            case TWO_HOSTS ->
                new Repair("stop the service on one of them, then authorize again", commands.reauthenticate(account));
            case IN_DOUBT -> messages.resolveDoubt(account);
            case SECRET_ENDS -> messages.newSecret(account);
            case AUTHORIZATION_ENDS -> new Repair("authorize again", commands.reauthenticate(account));
            case TOKEN_DIRECTORY_OPEN, HOOK_OPEN -> commands.close(file);
            case HOOK_VARIABLE_UNSET ->
                Repair.advice("set it in a drop-in of osg-token-renewer.service, with Environment=" + detail
                        + "=VALUE, or remove it from post_renewal_environment");
            case NOTIFY_UNUSABLE -> messages.repairNotification();
            case TOKEN_DIRECTORY_CLOSED -> commands.letService("rwx", file);
            case TOKEN_OUTSIDE_SANDBOX -> commands.allowWriting(file);
            case TOKEN_WORLD_READABLE ->
                new Repair("remove read access for everyone else", RepairCommands.chmod("o-r", file));
            case TOKEN_LONG -> Repair.advice("request fewer scopes and audiences in its section");
            case TOKEN_IS_LINK ->
                Repair.advice("use the target of the link as token_path, or let HTCondor's tools read the target");
            case HOOK_COMMAND_MISSING ->
                Repair.advice("install " + detail + "; with dnf: "
                        + switch (detail) {
                            case "ssh" -> "openssh-clients";
                            case "kubectl" -> "kubernetes-client";
                            default -> "condor";
                        });
            case TIMER_MASKED,
                    TIMER_STATE_LINK,
                    TIMER_BROKEN_RUN,
                    TIMER_NO_FIRST_RUN,
                    TIMER_NO_SECOND_RUN,
                    TIMER_OFF,
                    TIMER_NOT_STARTED,
                    TIMER_NOT_RELOADED,
                    TIMER_NOT_ENABLED -> TimerText.repair(trouble(finding), finding.detail(), commands);
            case TIMER_UNKNOWN -> TimerText.repairWithout(commands);
            case TIMER_TOO_SLOW -> commands.runMoreOften();
            case MIN_LIFETIME_TOO_SHORT -> Repair.advice("set min_lifetime = " + 2 * Long.parseLong(detail));
            case LIFE_TOO_SHORT ->
                Repair.advice(
                        "set a min_lifetime below " + detail + ", or ask the issuer's administrator for longer tokens");
            case CLOCK_BEHIND, CLOCK_DIFFERS -> commands.setClock("set this machine's clock");
            case CRL_MISSING, CRL_EXPIRED -> commands.fetchRevocations("get the lists of revoked certificates");
            case PROXY_UNREACHABLE ->
                Repair.advice(
                        "correct HTTPS_PROXY or proxy there, or set the correct proxy in the [DEFAULT] section of "
                                + commands.config() + ": proxy = http://HOST:PORT, or proxy = none");
            case PROXY_DIFFERS ->
                Repair.advice("set the correct proxy in the [DEFAULT] section of " + commands.config()
                        + ": proxy = http://HOST:PORT, or proxy = none");
            case ADDRESS_SILENT ->
                Repair.advice("check this machine's route to that address; if it is right, report the address to the"
                        + " server's administrator");
            case TOKEN_ENDPOINT_MOVED ->
                Repair.advice(
                        "set token_request_url = " + detail + " in [account " + account + "] of " + commands.config());
            case ISSUER_NAME_DIFFERS ->
                Repair.advice("set issuer = " + detail + " in [account " + account + "] of " + commands.config());
            case NO_REAUTHENTICATION -> Repair.advice("ask the issuer's administrator why");
            case ISSUER_NOT_ASKED -> new Repair("fix the account, then check again", commands.check());
            case NO_CLASS_ARCHIVE -> new Repair("create it", List.of("/usr/libexec/osg-token-renewer/make-archive"));
        };
    }

    private static Timer.Trouble trouble(Finding finding) {
        return Timer.Trouble.valueOf(finding.kind().name().substring("TIMER_".length()));
    }

    /** No command: several accounts can use the file, and not all of them may be set up. */
    private static Repair changePassword(String change) {
        return Repair.advice("keep a copy of the file under a new name, made with cp -p; " + change
                + " the file, and run change-password --old-pw-file=COPY for each account that is set up with it");
    }
}
