package org.opensciencegrid.tokenrenewer.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Checks what a terminal shows at each moment: interprets the two control sequences as a terminal does. */
class LiveProgressTest {
    private static final Pattern SEQUENCE = Pattern.compile("\u001b\\[(\\d*)([FJ])");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream terminal = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private List<String> screen() {
        List<String> lines = new ArrayList<>();
        for (String line : bytes.toString(StandardCharsets.UTF_8).split("(?<=\n)")) {
            Matcher sequence = SEQUENCE.matcher(line);
            while (sequence.find()) {
                for (int i = 0; sequence.group(2).equals("F") && i < Integer.parseInt(sequence.group(1)); i++) {
                    lines.remove(lines.size() - 1);
                }
            }
            String text = sequence.reset().replaceAll("");
            if (!text.isEmpty()) {
                lines.add(text.stripTrailing());
            }
        }
        return lines;
    }

    @Test
    void aLineForEachAccountInWorkBelowThoseThatStay() {
        LiveProgress live = new LiveProgress(terminal, 100);
        live.update("cms", 0, 3);
        live.update("osdf", 0, 1);
        assertEquals(
                List.of("account cms: renewing, token 1 of 3 ...", "account osdf: renewing ...", " 0 of 100 tokens"),
                screen());
        live.update("cms", 1, 3);
        live.printAbove(terminal, "token cms-1: renewed");
        live.update("osdf", 1, 1);
        assertEquals(
                List.of("token cms-1: renewed", "account cms: renewing, token 2 of 3 ...", " 2 of 100 tokens"),
                screen());
        live.update("cms", 3, 3);
        assertEquals(List.of("token cms-1: renewed"), screen(), "and nothing is left of them");
    }

    @Test
    void manyAccountsTakeNoMoreThanTenLinesAndNoneWraps() {
        LiveProgress live = new LiveProgress(terminal, 1000);
        for (int i = 0; i < 16; i++) {
            live.update("a".repeat(90) + i, 0, 1);
        }
        assertEquals(9, screen().size());
        assertEquals(" and 8 more accounts; 0 of 1000 tokens", screen().get(8));
        assertTrue(screen().stream().allMatch(line -> line.length() < 80), screen().toString());
    }
}
