package org.opensciencegrid.tokenrenewer.systemd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What only the running systemd knows about the timer.
 *
 * @param isActive whether the timer is started
 * @param needsReload whether the unit files of the timer or the service changed since systemd read them
 * @param brokenRun how the last run ended; empty if it ended with one of the program's own exit statuses
 */
public record RunningTimer(boolean isActive, boolean needsReload, String brokenRun) {
    private static final Path SYSTEMCTL = Path.of("/usr/bin/systemctl");

    /** sd_booted(3): this directory exists if systemd is the init system. */
    private static final Path BOOTED = Path.of("/run/systemd/system");

    private static final long TIMEOUT_SECONDS = 5;

    private static final List<String> STOPPED = List.of("inactive", "failed", "deactivating");

    /** The exit statuses of cli.ExitStatus, which the program reports itself. systemd's own start at 200. */
    private static final List<String> PROGRAM_STATUSES = List.of("0", "1", "2", "70");

    /** Empty if systemd does not run or does not answer. */
    public static Optional<RunningTimer> ask() {
        if (!Files.isDirectory(BOOTED) || !Files.isExecutable(SYSTEMCTL)) {
            return Optional.empty();
        }
        ProcessBuilder builder = new ProcessBuilder(
                SYSTEMCTL.toString(),
                "show",
                "--property=ActiveState,NeedDaemonReload,Result,ExecMainStatus",
                Timer.UNIT,
                Sandbox.UNIT);
        builder.environment().clear();
        builder.redirectError(ProcessBuilder.Redirect.DISCARD);
        try {
            Process process = builder.start();
            process.getOutputStream().close();
            // Before reading: the output fits in the pipe's buffer.
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return Optional.empty();
            }
            return of(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /**
     * @param text the output of {@code systemctl show}: the timer's properties, an empty line, the service's properties
     */
    public static Optional<RunningTimer> of(String text) {
        String[] units = text.split("(?m)^$", 2);
        if (units.length < 2) {
            return Optional.empty();
        }
        return value(units[0], "ActiveState")
                .map(active -> new RunningTimer(
                        !STOPPED.contains(active),
                        text.lines().anyMatch("NeedDaemonReload=yes"::equals),
                        brokenRun(units[1])));
    }

    private static String brokenRun(String service) {
        String result = value(service, "Result").orElse("success");
        String status = value(service, "ExecMainStatus").orElse("0");
        if (result.equals("success") || result.equals("exit-code") && PROGRAM_STATUSES.contains(status)) {
            return "";
        }
        return result.equals("exit-code") ? "exit status " + status : result;
    }

    private static Optional<String> value(String properties, String name) {
        return properties
                .lines()
                .filter(line -> line.startsWith(name + "="))
                .map(line -> line.substring(name.length() + 1))
                .findFirst();
    }
}
