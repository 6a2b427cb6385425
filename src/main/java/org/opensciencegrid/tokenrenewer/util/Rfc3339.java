package org.opensciencegrid.tokenrenewer.util;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * Times in UTC to the second, {@code 2026-11-26T22:15:00Z} (RFC 3339). Avoids the JDK's formatter: loading its tables
 * costs a new JVM more time than the rest of a state file. Any other form is passed to the JDK.
 */
public final class Rfc3339 {
    private static final String FORM = "dddd-dd-ddTdd:dd:ddZ";
    private static final long YEAR_0 = -62_167_219_200L;
    private static final long YEAR_10000 = 253_402_300_800L;

    private Rfc3339() {}

    /** Truncates fractions of a second. */
    public static String of(Instant time) {
        long second = time.getEpochSecond();
        if (second < YEAR_0 || second >= YEAR_10000) {
            return Instant.ofEpochSecond(second).toString();
        }
        String text = LocalDateTime.ofEpochSecond(second, 0, ZoneOffset.UTC).toString();
        return text + (second % 60 == 0 ? ":00Z" : "Z"); // LocalDateTime.toString() omits seconds that are zero
    }

    /** @throws DateTimeException if the text is not a time */
    public static Instant parse(String text) {
        if (!hasForm(text)
                || number(text, 11, 13) > 23
                || number(text, 17, 19) > 59) { // midnight as 24:00 and leap seconds
            return Instant.parse(text);
        }
        return LocalDateTime.of(
                        number(text, 0, 4),
                        number(text, 5, 7),
                        number(text, 8, 10),
                        number(text, 11, 13),
                        number(text, 14, 16),
                        number(text, 17, 19))
                .toInstant(ZoneOffset.UTC);
    }

    private static boolean hasForm(String text) {
        boolean hasForm = text.length() == FORM.length();
        for (int i = 0; hasForm && i < text.length(); i++) {
            char c = text.charAt(i);
            hasForm = FORM.charAt(i) == 'd' ? c >= '0' && c <= '9' : c == FORM.charAt(i);
        }
        return hasForm;
    }

    private static int number(String text, int from, int to) {
        return Integer.parseInt(text, from, to, 10);
    }
}
