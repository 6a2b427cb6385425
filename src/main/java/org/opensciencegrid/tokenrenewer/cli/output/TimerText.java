package org.opensciencegrid.tokenrenewer.cli.output;

import java.util.ArrayList;
import java.util.List;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.systemd.Timer.Trouble;

/** Why the timer starts no runs, and the command that fixes it: the same text in status, check and setup. */
public final class TimerText {
    private static final String STATE = RepairCommands.STATE.toString();
    private static final String DROP_INS = "/etc/systemd/system/" + Timer.UNIT + ".d/";
    private static final List<String> ENABLE = List.of("systemctl", "enable", "--now", Timer.UNIT);

    private TimerText() {}

    public static String what(Trouble trouble, String detail) {
        return switch (trouble) {
            case MASKED -> detail + " masks the unit, so nothing is renewed";
            case STATE_LINK -> STATE + " is a symbolic link, so systemd does not start the service (exit status 238)";
            case BROKEN_RUN -> "the last run of the service did not start, or was ended: " + detail;
            case NO_FIRST_RUN -> "the settings of the timer start no run after a boot";
            case NO_SECOND_RUN -> "the settings of the timer start only one run after a boot";
            case OFF -> "the timer is neither enabled nor started, so nothing is renewed";
            case NOT_STARTED -> "the timer is enabled but not started, so nothing is renewed before the next boot";
            case NOT_RELOADED -> "the unit files have changed since systemd read them";
            case NOT_ENABLED -> "the timer is not enabled, so nothing is renewed after the next boot";
        };
    }

    static String why(Trouble trouble) {
        return trouble == Trouble.NOT_RELOADED
                ? "systemd still uses the old settings"
                : "tokens expire and are not replaced";
    }

    public static Repair repair(Trouble trouble, String detail, RepairCommands commands) {
        return switch (trouble) {
            case MASKED -> {
                List<String> unmask = new ArrayList<>(List.of("systemctl", "unmask"));
                if (detail.startsWith("/run/")) {
                    unmask.add("--runtime");
                }
                unmask.add(detail.substring(detail.lastIndexOf('/') + 1));
                yield new Repair("unmask and start it", ShellQuote.all(List.of(unmask, ENABLE)));
            }
            case STATE_LINK ->
                new Repair(
                        "mount the directory there instead",
                        ShellQuote.all(List.of(
                                List.of("rm", STATE),
                                List.of("mkdir", STATE),
                                RepairCommands.print(
                                        List.of(detail.replace(" ", "\\040") + " " + STATE + " none bind 0 0"),
                                        ">>",
                                        "/etc/fstab"),
                                List.of("mount", STATE))));
            case BROKEN_RUN ->
                new Repair("look at the journal of osg-token-renewer, and start it again", commands.renew());
            case NO_FIRST_RUN -> addSetting("OnBootSec=15min", "zz-first-run.conf");
            case NO_SECOND_RUN -> addSetting("OnUnitActiveSec=10min", "zz-next-run.conf");
            case OFF, NOT_ENABLED -> new Repair("enable and start it", ENABLE);
            case NOT_STARTED -> new Repair("start it", List.of("systemctl", "start", Timer.UNIT));
            case NOT_RELOADED -> new Repair("let systemd read them again", RepairCommands.RELOAD);
        };
    }

    /** Used if there is no timer unit. */
    public static Repair repairWithout(RepairCommands commands) {
        return new Repair("install the units of the package, or run this often", commands.renewWithoutTimer());
    }

    /** The name of the new drop-in sorts after the drop-in that cleared these settings. */
    private static Repair addSetting(String setting, String file) {
        return new Repair(
                "add the setting",
                ShellQuote.all(List.of(
                        RepairCommands.print(List.of("[Timer]", setting), ">", DROP_INS + file),
                        RepairCommands.RELOAD,
                        RepairCommands.restartTimer())));
    }
}
