package org.opensciencegrid.tokenrenewer.systemd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.net.Limits;

/** The times in the unit file match those of the program. */
class UnitTimesTest {
    @Test
    void theUnitWaitsAsLongAsTheProgramDoes() throws IOException {
        List<String> unit = Files.readAllLines(Path.of("..", "systemd", Sandbox.UNIT));
        assertTrue(unit.contains("TimeoutStartSec=" + Limits.START.toMinutes() + "min"), unit.toString());
        assertTrue(unit.contains("TimeoutStopSec=" + Limits.STOP.toSeconds() + "s"), unit.toString());
    }

    @Test
    void eachTimeHasRoomForThoseInIt() {
        assertEquals(Duration.ofSeconds(190), Limits.RENEWAL);
        assertTrue(Limits.LOCK.compareTo(Limits.RENEWAL) > 0);
        assertTrue(Limits.STOP.compareTo(Limits.RENEWAL) > 0);
        assertTrue(Limits.RUN.compareTo(Limits.LAST_RENEWAL_START.plus(Limits.RENEWAL)) > 0);
        assertTrue(Limits.START.compareTo(Limits.RUN) > 0);
    }
}
