package org.opensciencegrid.tokenrenewer.cli.output;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class LineWrapperTest {
    @Test
    void proseIsBrokenAtSpaces() {
        assertEquals(
                """
                Failed to get token 'one': the password file does not hold the password of
                    /state/accounts/acct.account (retried after 10:00)""",
                LineWrapper.wrapped("Failed to get token 'one': the password file does not hold the password of"
                        + " /state/accounts/acct.account (retried after 10:00)"));
        assertEquals("x".repeat(100), LineWrapper.wrapped("x".repeat(100)));
        String lines = "x".repeat(50) + " y\nz " + "x".repeat(50);
        assertEquals(lines, LineWrapper.wrapped(lines), "lines that are short enough each");
        String link = "    https://issuer.example.org/ " + "y".repeat(80);
        assertEquals(link, LineWrapper.wrapped(link), "what is indented is to be copied");
    }
}
