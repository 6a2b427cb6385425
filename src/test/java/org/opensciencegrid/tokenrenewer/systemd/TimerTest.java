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

class TimerTest {
    /** The unit files that we ship. */
    private static final Path SHIPPED = Path.of("..", "systemd");

    @TempDir
    Path root;

    private void unit(String place, String text) throws IOException {
        Path file = root.resolve(place);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private void ship() throws IOException {
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
        Path wants = root.resolve("etc/systemd/system/multi-user.target.wants");
        Files.createDirectories(wants);
        Files.createSymbolicLink(wants.resolve(Timer.UNIT), Path.of("/usr/lib/systemd/system", Timer.UNIT));
        assertTrue(Timer.read(root).orElseThrow().isEnabled());
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
