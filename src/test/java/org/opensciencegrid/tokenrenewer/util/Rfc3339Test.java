package org.opensciencegrid.tokenrenewer.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compared with the JDK's own writer and reader. */
class Rfc3339Test {
    @Test
    void writesAndReadsWhatTheJdkDoes() {
        Random random = new Random(3339);
        for (int i = 0; i < 100_000; i++) {
            Instant time = Instant.ofEpochSecond(random.nextLong(-70_000_000_000L, 260_000_000_000L));
            String text = time.toString();
            assertEquals(text, Rfc3339.of(time.plusNanos(random.nextInt(1_000_000_000))));
            assertEquals(time, Rfc3339.parse(text));
        }
    }

    @ParameterizedTest
    @ValueSource(
            longs = {
                0,
                -1,
                60,
                86_399,
                -62_167_219_200L,
                -62_167_219_201L,
                253_402_300_799L,
                253_402_300_800L,
                31556889864403199L
            })
    void writesTheEdges(long second) {
        Instant time = Instant.ofEpochSecond(second);
        assertEquals(time.toString(), Rfc3339.of(time));
        assertEquals(time, Rfc3339.parse(Rfc3339.of(time)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "2026-11-26T22:15:00Z",
                "2024-02-29T23:59:59Z",
                "2026-11-26T22:15:00.123Z",
                "2026-11-26T24:00:00Z",
                "2026-12-31T23:59:60Z",
                "+12026-11-26T22:15:00Z",
                "-0001-11-26T22:15:00Z"
            })
    void readsOtherForms(String text) {
        assertEquals(Instant.parse(text), Rfc3339.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "soon",
                "2026-11-26",
                "2026-11-26 22:15:00Z",
                "2026-02-29T00:00:00Z",
                "2026-13-01T00:00:00Z",
                "2026-01-00T00:00:00Z",
                "2026-01-01T24:00:01Z",
                "2026-01-01T00:60:00Z",
                "2026-01-01T00:00:61Z",
                "2026-11-26T22:15:0\u0660Z",
                "+026-11-26T22:15:00Z",
                "2026-11-26T22:15:00+"
            })
    void refusesTheRest(String text) {
        assertThrows(DateTimeException.class, () -> Instant.parse(text));
        assertThrows(DateTimeException.class, () -> Rfc3339.parse(text));
    }

    @Test
    void cutsWhatMembersCut() {
        Instant time = Instant.parse("1969-12-31T23:59:58.999Z");
        assertEquals(time.truncatedTo(ChronoUnit.SECONDS).toString(), Rfc3339.of(time));
    }
}
