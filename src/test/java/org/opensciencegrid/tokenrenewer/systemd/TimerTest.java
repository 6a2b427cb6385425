package org.opensciencegrid.tokenrenewer.systemd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.systemd.Timer.Trouble;

class TimerTest {
    /** The shipped unit files. */
    private static final Path SHIPPED = Path.of("..", "systemd");

    @TempDir
    Path root;

    private void unit(String place, String text) throws IOException {
        Path file = root.resolve(place);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void ship() throws IOException {
        unit("usr/lib/systemd/system/" + Sandbox.UNIT, Files.readString(SHIPPED.resolve(Sandbox.UNIT)));
        unit("usr/lib/systemd/system/" + Timer.UNIT, Files.readString(SHIPPED.resolve(Timer.UNIT)));
    }

    private Optional<Duration> gap() {
        return Timer.read(root).orElseThrow().longestGap();
    }

    @Test
    void noUnitIsNoTimer() {
        assertTrue(Timer.read(root).isEmpty());
    }

    @Test
    void theShippedTimerLeavesAtMostFourteenMinutes() throws IOException {
        ship();
        assertEquals(Optional.of(Duration.ofMinutes(14)), gap());
        assertFalse(Timer.read(root).orElseThrow().isEnabled());
    }

    @Test
    void aDropInOfPlainLinesCanOnlyShortenThePeriod() throws IOException {
        ship();
        unit("etc/systemd/system/" + Timer.UNIT + ".d/a.conf", "[Timer]\nOnUnitActiveSec=30min\n");
        assertEquals(Optional.of(Duration.ofMinutes(14)), gap());
        unit("etc/systemd/system/" + Timer.UNIT + ".d/b.conf", "[Timer]\nOnUnitActiveSec=5min\n");
        assertEquals(Optional.of(Duration.ofMinutes(9)), gap());
    }

    @Test
    void anEmptyTriggerClearsAllBeforeIt() throws IOException {
        ship();
        unit(
                "etc/systemd/system/" + Timer.UNIT + ".d/a.conf",
                "[Timer]\nOnUnitActiveSec=\nOnBootSec=15min\nOnUnitActiveSec=30min\nAccuracySec=1s\n");
        assertEquals(Optional.of(Duration.ofSeconds(33 * 60 + 1)), gap());
    }

    @Test
    void aDropInOfTheSiteGoesBeforeOneOfTheSameNameElsewhere() throws IOException {
        ship();
        unit("usr/lib/systemd/system/" + Timer.UNIT + ".d/a.conf", "[Timer]\nRandomizedDelaySec=1h\n");
        assertEquals(Optional.of(Duration.ofMinutes(71)), gap());
        unit("etc/systemd/system/" + Timer.UNIT + ".d/a.conf", "# nothing\n");
        assertEquals(Optional.of(Duration.ofMinutes(14)), gap());
    }

    @Test
    void aCalendarIsNotUnderstood() throws IOException {
        ship();
        unit("etc/systemd/system/" + Timer.UNIT + ".d/a.conf", "[Timer]\nOnCalendar=hourly\n");
        assertEquals(Optional.empty(), gap());
    }

    @Test
    void enabledIsALinkInSomeTarget() throws IOException {
        ship();
        enable("etc");
        assertTrue(Timer.read(root).orElseThrow().isEnabled());
    }

    private Optional<Timer.Trouble> trouble(String systemctl) {
        return Timer.read(root, RunningTimer.of(systemctl)).orElseThrow().trouble();
    }

    private static final String STARTED = "Result=success\nActiveState=active\nNeedDaemonReload=no\n\n"
            + "Result=success\nExecMainStatus=0\nActiveState=inactive\nNeedDaemonReload=no\n";
    private static final String STOPPED = STARTED.replaceFirst("=active", "=inactive");

    @Test
    void enabledAndStartedAreTwoThings() throws IOException {
        ship();
        assertEquals(Optional.of(Trouble.NOT_ENABLED), trouble(""), "without systemd");
        assertEquals(Optional.of(Trouble.NOT_ENABLED), trouble(STARTED));
        assertEquals(Optional.of(Trouble.OFF), trouble(STOPPED));
        enable("etc");
        assertEquals(Optional.empty(), trouble(""));
        assertEquals(Optional.empty(), trouble(STARTED));
        assertEquals(Optional.of(Trouble.NOT_STARTED), trouble(STOPPED));
        assertEquals(Optional.of(Trouble.NOT_STARTED), trouble(STOPPED.replaceFirst("inactive", "failed")));
        assertEquals(Optional.of(Trouble.NOT_RELOADED), trouble(STARTED + "NeedDaemonReload=yes\n"));
    }

    @ParameterizedTest
    @CsvSource({
        "exit-code, 238, exit status 238",
        "exit-code, 127, exit status 127",
        "oom-kill, 9, oom-kill",
        "timeout, 0, timeout",
        "exit-code, 1,",
        "exit-code, 2,",
        "success, 0,"
    })
    void aRunThatSystemdCouldNotStartOrEnded(String result, String status, String detail) throws IOException {
        ship();
        enable("etc");
        String systemctl = STARTED.replaceFirst(
                "Result=success\nExecMainStatus=0", "Result=" + result + "\nExecMainStatus=" + status);
        assertEquals(detail == null ? Optional.empty() : Optional.of(Trouble.BROKEN_RUN), trouble(systemctl));
        assertEquals(
                detail == null ? "" : detail,
                Timer.read(root, RunningTimer.of(systemctl)).orElseThrow().detail());
    }

    @Test
    void aStateDirectoryThatIsALink() throws IOException {
        ship();
        enable("etc");
        Path target = Files.createDirectories(root.resolve("srv/state"));
        Path state = root.resolve("var/lib/osg-token-renewer");
        Files.createDirectories(state.getParent());
        Files.createSymbolicLink(state, target);
        assertEquals(Optional.of(Trouble.STATE_LINK), trouble(STARTED));
        assertEquals(target.toString(), Timer.read(root).orElseThrow().detail());
        unit("etc/systemd/system/" + Sandbox.UNIT + ".d/a.conf", "[Service]\nStateDirectory=\n");
        assertEquals(Optional.empty(), trouble(STARTED), "systemd does not make it");
    }

    @Test
    void whatIsEnabledInRunIsGoneAfterABoot() throws IOException {
        ship();
        enable("run");
        assertEquals(Optional.of(Trouble.NOT_ENABLED), trouble(STARTED));
    }

    @ParameterizedTest
    @ValueSource(strings = {"etc/systemd/system/", "run/systemd/system/"})
    void aMaskOfTheTimerOrTheService(String place) throws IOException {
        ship();
        enable("etc");
        for (String unit : new String[] {Timer.UNIT, Sandbox.UNIT}) {
            Path mask = root.resolve(place + unit);
            Files.createDirectories(mask.getParent());
            Files.createSymbolicLink(mask, Path.of("/dev/null"));
            assertEquals(Optional.of(Trouble.MASKED), trouble(STARTED));
            assertEquals("/" + place + unit, Timer.read(root).orElseThrow().detail());
            Files.delete(mask);
            Files.createFile(mask);
            assertEquals(Optional.of(Trouble.MASKED), trouble(STARTED), "an empty file");
            Files.delete(mask);
        }
        assertEquals(Optional.empty(), trouble(STARTED));
    }

    @ParameterizedTest
    @CsvSource({
        "OnUnitActiveSec=5min, NO_FIRST_RUN",
        "OnUnitInactiveSec=5min, NO_FIRST_RUN",
        "OnBootSec=5min, NO_SECOND_RUN",
        "Persistent=true, NO_FIRST_RUN",
        "OnCalendar=hourly,",
        "'OnActiveSec=1min\nOnUnitInactiveSec=5min',",
        "'OnStartupSec=1min\nOnUnitActiveSec=5min',",
    })
    void aDropInThatClearsWhatItDoesNotSetAgain(String lines, Trouble trouble) throws IOException {
        ship();
        enable("etc");
        unit("etc/systemd/system/" + Timer.UNIT + ".d/a.conf", "[Timer]\nOnUnitActiveSec=\n" + lines + "\n");
        assertEquals(Optional.ofNullable(trouble), trouble(STARTED));
    }

    private void enable(String place) throws IOException {
        Path wants = root.resolve(place + "/systemd/system/multi-user.target.wants");
        Files.createDirectories(wants);
        Files.createSymbolicLink(wants.resolve(Timer.UNIT), Path.of("/usr/lib/systemd/system", Timer.UNIT));
    }

    @ParameterizedTest
    @CsvSource({"10min, 600", "1h 30s, 3630", "90, 90", "2d, 172800", "1min30, 90", "0, 0"})
    void spans(String text, long seconds) {
        assertEquals(Optional.of(Duration.ofSeconds(seconds)), Timer.span(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "soon", "1 fortnight", "-1", "10min!", "99999999999s"})
    void whatIsNoSpan(String text) {
        assertEquals(Optional.empty(), Timer.span(text));
    }
}
