package org.opensciencegrid.tokenrenewer.text;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * Times in UTC to the second, {@code 2026-11-26T22:15:00Z} (RFC 3339), without the JDK's formatter: with its tables it costs a
 * new JVM more than all the rest of a state file. What has another form is left to the JDK.
 */
final class Rfc3339 {
    private static final String FORM = "dddd-dd-ddTdd:dd:ddZ";
    private static final long YEAR_0 = -62_167_219_200L;
    private static final long YEAR_10000 = 253_402_300_800L;

    private Rfc3339() {}

    /** The fraction of a second is cut off. */
    static String of(Instant time) {
        long second = time.getEpochSecond();
        if (second < YEAR_0 || second >= YEAR_10000) {
            return Instant.ofEpochSecond(second).toString();
        }
        String text = LocalDateTime.ofEpochSecond(second, 0, ZoneOffset.UTC).toString();
        return text + (second % 60 == 0 ? ":00Z" : "Z"); // it leaves seconds out that are none
    }

    /** @throws DateTimeException if it is no time */
    static Instant parse(String text) {
        if (!hasForm(text)
                || number(text, 11, 13) > 23
                || number(text, 17, 19) > 59) { // midnight as 24:00, leap seconds
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
