package org.opensciencegrid.tokenrenewer.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

class RedactorTest {
    private static final String VALUE = "s3cret/+?=\u00e9~value";
    private static final Redactor REDACTOR = new Redactor(List.of(Secret.of(VALUE), Secret.of("other-one")));

    @Test
    void asItIs() {
        assertEquals(
                "Invalid refresh token: ***, ***!", REDACTOR.clean("Invalid refresh token: " + VALUE + ", other-one!"));
        assertEquals("******", REDACTOR.clean(VALUE + VALUE));
    }

    @Test
    void encoded() {
        byte[] bytes = VALUE.getBytes(StandardCharsets.UTF_8);
        assertEquals("token=***&x", REDACTOR.clean("token=" + URLEncoder.encode(VALUE, StandardCharsets.UTF_8) + "&x"));
        assertEquals("***", REDACTOR.clean(Base64.getEncoder().withoutPadding().encodeToString(bytes)));
        assertEquals(
                "***", REDACTOR.clean(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes)));
    }

    @Test
    void hexadecimal() {
        String hex = HexFormat.of().formatHex("other-one".getBytes(StandardCharsets.UTF_8));
        assertEquals("0x***, ***", REDACTOR.clean("0x" + hex + ", " + hex.toUpperCase(Locale.ROOT)));
    }

    /** As when an issuer echoes the header. Less than two characters of the secret remain. */
    @Test
    void withinBase64() {
        for (String before : List.of("", "c", "cl", "cli", "client")) {
            for (String after : List.of("", "x", "xy", "xyz")) {
                byte[] whole = (before + "other-one" + after).getBytes(StandardCharsets.UTF_8);
                String header = Base64.getEncoder().encodeToString(whole);
                String clean = REDACTOR.clean("Basic " + header);
                assertTrue(clean.contains("***"), clean);
                assertTrue(clean.length() < "Basic ***".length() + header.length() - 10, clean);
            }
        }
    }

    /** A secret that contains another is replaced as a whole, because otherwise half of it would remain. */
    @Test
    void oneWithinTheOther() {
        Redactor redactor = new Redactor(List.of(Secret.of("inner-one"), Secret.of("outer-inner-one-outer")));
        assertEquals("*** and ***", redactor.clean("outer-inner-one-outer and inner-one"));
    }

    /**
     * The text is truncated after the redaction, because otherwise the first half of a secret at the limit would
     * remain.
     */
    @Test
    void acrossTheLimit() {
        String before = "x".repeat(Printable.LIMIT - 5);
        assertEquals(before + "***", REDACTOR.clean(before + VALUE));
    }

    @Test
    void shortOnesAreWords() {
        assertEquals("an error", new Redactor(List.of(Secret.of("error"))).clean("an error"));
        assertEquals("an ***", new Redactor(List.of(Secret.of("errors"))).clean("an errors"));
    }

    @Test
    void theRestIsPrintable() {
        assertEquals("\\x1B[2J***\\x0A", REDACTOR.clean("\u001b[2J" + VALUE + "\n"));
        assertEquals("", REDACTOR.clean(null));
        assertEquals("", new Redactor(List.of()).clean(""));
    }
}
