package org.opensciencegrid.tokenrenewer.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrintableTest {
    @ParameterizedTest
    @CsvSource(
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "001B,\\x1B",
                "000D,\\x0D",
                "000A,\\x0A",
                "0000,\\x00",
                "0009,\\x09",
                "007F,\\x7F",
                "0085,\\x85",
                "009B,\\x9B",
                "00AD,\\xAD",
                "200B,\\x200B",
                "3164,\\x3164",
                "FE0F,\\xFE0F",
                "034F,\\x34F",
                "202E,\\x202E",
                "2066,\\x2066",
                "2028,\\x2028",
                "2029,\\x2029",
                "FEFF,\\xFEFF",
                "D800,\\xD800",
                "DC00,\\xDC00",
                "E0041,\\xE0041",
                "0020,' '",
                "007E,~",
                "00E9,\u00e9",
                "1F600,\uD83D\uDE00",
            })
    void oneCharacter(String codePoint, String shown) {
        String text = Character.toString(Integer.parseInt(codePoint, 16));
        assertEquals("a" + shown + "z", Printable.of("a" + text + "z"));
    }

    /** No Unicode character that moves the cursor or changes the text direction is printed. */
    @Tag("slow")
    @Test
    void everyCharacter() {
        for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
            String shown = Printable.of(Character.toString(c));
            int code = c;
            assertTrue(
                    shown.codePoints().noneMatch(PrintableTest::isDangerous), () -> "U+" + Integer.toHexString(code));
        }
    }

    private static boolean isDangerous(int c) {
        return c < 0x20
                || c >= 0x7f && c <= 0x9f
                || c == 0x61c
                || c >= 0x200e && c <= 0x200f
                || c >= 0x2028 && c <= 0x202e
                || c >= 0x2066 && c <= 0x2069
                || c >= 0xd800 && c <= 0xdfff;
    }

    @Test
    void nothing() {
        assertEquals("", Printable.of(null));
        assertEquals("", Printable.of(""));
    }

    @Test
    void longTextIsCut() {
        assertEquals("x".repeat(300), Printable.of("x".repeat(300)));
        assertEquals("x".repeat(300) + "...", Printable.of("x".repeat(301)));
        assertEquals("x".repeat(300) + "...", Printable.of("x".repeat(10_000_000)));
        assertEquals("abc...", Printable.of("abcd", 3));
        assertEquals("a\\x1...", Printable.of("a\u001b\u001b", 4));
    }

    @Test
    void aCutLeavesNoHalfCharacter() {
        assertEquals("ab...", Printable.of("ab\uD83D\uDE00cd", 3));
        assertEquals("ab\uD83D\uDE00...", Printable.of("ab\uD83D\uDE00cd", 4));
    }
}
