package org.opensciencegrid.tokenrenewer.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

class CountdownTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private final Sleeper time = new Sleeper() {
        private Duration now = Duration.ofHours(1);

        @Override
        public void sleep(Duration duration) {
            now = now.plus(duration);
        }

        @Override
        public Duration elapsed() {
            return now;
        }
    };

    private Countdown countdown(boolean shown) {
        return new Countdown(new PrintStream(out, true, StandardCharsets.UTF_8), time, shown);
    }

    private List<String> lines() {
        return Arrays.stream(out.toString(StandardCharsets.UTF_8).split("\r"))
                .map(String::stripTrailing)
                .filter(line -> !line.isEmpty())
                .toList();
    }

    @Test
    void writesTheLineAnewEachSecondAndWaitsAsLongAsItShould() {
        Countdown countdown = countdown(true);
        countdown.start("Waiting", Duration.ofSeconds(61));
        countdown.sleep(Duration.ofMillis(2100));
        assertEquals(Duration.ofHours(1).plusMillis(2100), time.elapsed());
        assertEquals(
                List.of("Waiting, 1:01 left", "Waiting, 1:00 left", "Waiting, 0:59 left", "Waiting, 0:58 left"),
                lines());
    }

    @Test
    void aShorterLineHidesTheLongerOneAndTheEndHidesAll() {
        Countdown countdown = countdown(true);
        countdown.start("Waiting", Duration.ofSeconds(61));
        countdown.state("no answer, retrying");
        countdown.state("");
        countdown.stop();
        String text = out.toString(StandardCharsets.UTF_8);
        int longest = "Waiting, 1:01 left (no answer, retrying)".length();
        assertTrue(text.contains("\rWaiting, 1:01 left (no answer, retrying)\r"), text);
        assertTrue(text.contains("\rWaiting, 1:01 left" + " ".repeat(longest - 18)), text);
        assertTrue(text.endsWith("\r" + " ".repeat(longest) + "\r"), text);
        countdown.stop();
        countdown.sleep(Duration.ofSeconds(3));
        assertEquals(text, out.toString(StandardCharsets.UTF_8), "what is printed next stays");
    }

    @Test
    void whereNobodyLooksItOnlyWaits() {
        Countdown countdown = countdown(false);
        countdown.start("Waiting", Duration.ofSeconds(61));
        countdown.state("slow_down");
        countdown.sleep(Duration.ofSeconds(5));
        countdown.stop();
        assertEquals("", out.toString(StandardCharsets.UTF_8));
        assertEquals(Duration.ofHours(1).plusSeconds(5), time.elapsed());
    }

    @Test
    void anInterruptEndsTheWait() {
        Countdown countdown = countdown(true);
        Thread.currentThread().interrupt();
        countdown.sleep(Duration.ofHours(5));
        assertTrue(Thread.interrupted());
        assertEquals(Duration.ofHours(1), time.elapsed());
    }
}
