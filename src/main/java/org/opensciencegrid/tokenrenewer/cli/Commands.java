package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;
import org.opensciencegrid.tokenrenewer.text.Printable;

/**
 * Command lines as this operator would have to type them: the installed service's when the default directories are in
 * use, else with the same options as now.
 */
final class Commands {
    static final Path CONFIG = Path.of("/etc/osg/token-renewer/config.ini");
    static final Path STATE = Path.of("/var/lib/osg-token-renewer");

    private static final String DROP_INS = "/etc/systemd/system/osg-token-renewer.service.d/";
    private static final String DROP_IN = DROP_INS + "token-paths.conf";

    private final Path config;
    private final Path state;

    Commands(Path config, Path state) {
        this.config = config;
        this.state = state;
    }

    Path config() {
        return config;
    }

    String setup(String account) {
        return isService() ? wrapper(account) : ours("setup " + account);
    }

    String reauthenticate(String account) {
        return setup("--reauthenticate " + account);
    }

    String renew() {
        return isService() ? "systemctl start osg-token-renewer.service" : ours("renew");
    }

    /** What was typed to look, for a user who may not look. */
    String as(String owner, List<String> typed) {
        return "sudo " + (owner.equals("root") ? "" : "-u " + owner + " ") + ours(again(typed));
    }

    /** What root typed and only that user may do. */
    String again(String user, List<String> typed) {
        return "runuser -u " + user + " -- " + ours(again(typed));
    }

    /** As a shell takes it; without the options that {@link #ours} gives, as a name of theirs may hold elsewhere only. */
    private static String again(List<String> typed) {
        StringJoiner line = new StringJoiner(" ");
        for (int i = 0; i < typed.size(); i++) {
            String word = typed.get(i);
            if (word.equals("--config") || word.equals("--state-dir")) {
                i++;
            } else if (!word.startsWith("--config=") && !word.startsWith("--state-dir=")) {
                line.add(quoted(word));
            }
        }
        return line.toString();
    }

    private static String quoted(String word) {
        return word.matches("[A-Za-z0-9_@%+=:,./-]+")
                ? word
                : "'" + Printable.of(word).replace("'", "'\\''") + "'";
    }

    String renewWithoutTimer() {
        return asService("renew");
    }

    String restartTimer() {
        return "systemctl restart osg-token-renewer.timer; then see: journalctl -eu osg-token-renewer";
    }

    String listTimers() {
        return "systemctl list-timers osg-token-renewer.timer";
    }

    String runMoreOften() {
        return "ask the issuer for longer tokens, or run more often: systemctl edit osg-token-renewer.timer";
    }

    String newSecret(String account) {
        return "ask the issuer for a new one, or register anew: " + setup(account);
    }

    String endDoubt(String account) {
        return "the next renewal that succeeds ends it; else: " + reauthenticate(account);
    }

    String makePassword(Path file) {
        return "(umask 077; openssl rand -base64 32 > " + file + ")";
    }

    String changePassword(String account) {
        return asService("change-password " + account + " --old-pw-file=FILE");
    }

    /** The end of an account and of what it may do at the issuer. */
    String end(String account) {
        return asService("remove --revoke --delete-client " + account);
    }

    /** The end of an account here; whoever else has its authorization can use it on. */
    String forget(String account) {
        return asService("remove " + account);
    }

    /** The files of accounts belong to the service's user, and nobody else may write them. */
    private String asService(String command) {
        return (isService() ? "runuser -u osg-token-svc -- " : "") + ours(command);
    }

    String protect(Path file) {
        return isService() ? "chown root:osg-token-svc " + file + " && chmod 0640 " + file : "chmod 0600 " + file;
    }

    String letServiceWrite(Path directory) {
        return "chgrp osg-token-svc " + directory + " && chmod g+rwx " + directory;
    }

    /** Takes the password away from what is not to be in it, where an account has been encrypted with it already. */
    String changePasswordAfter(String edit, Path file, String account) {
        String old = file + ".old";
        return "cp -p " + file + " " + old + " && " + edit + " && "
                + asService("change-password " + account + " --old-pw-file=" + old) + " && rm " + old;
    }

    String makeTokenDirectory(Path directory) {
        return "install -d " + (isService() ? "-o osg-token-svc " : "") + "-m 0750 " + directory;
    }

    String enableTimer() {
        return "systemctl enable --now osg-token-renewer.timer";
    }

    String check() {
        return ours("check");
    }

    Path stateDirectory() {
        return state;
    }

    /** The unit sees every directory but its own as read-only, until a drop-in says otherwise. */
    String allowWriting(Path directory) {
        return isService()
                ? "allow the service to write there: printf '[Service]\\nReadWritePaths=" + directory + "\\n' >> "
                        + DROP_IN + " && systemctl daemon-reload"
                : "mount the file system of " + directory + " writable";
    }

    /** A process may give files to its own groups, where its unit lets it; the shipped one does not. */
    String joinGroup(String group) {
        return isService()
                ? "let the service join it: printf '[Service]\\nSupplementaryGroups=" + group
                        + "\\nSystemCallFilter=@chown\\n' >> " + DROP_INS
                        + "token-groups.conf && systemctl daemon-reload"
                : "run as a member of it: usermod -aG " + group + " USER";
    }

    private String ours(String command) {
        return "osg-token-renewer" + (config.equals(CONFIG) ? "" : " --config=" + config)
                + (state.equals(STATE) ? "" : " --state-dir=" + state) + " " + command;
    }

    private String wrapper(String account) {
        return "osg-token-renewer-setup " + (config.equals(CONFIG) ? "" : "--config=" + config + " ") + account;
    }

    /** Whether the installed service, with its timer, is what this is about. */
    boolean isService() {
        return state.equals(STATE);
    }
}
