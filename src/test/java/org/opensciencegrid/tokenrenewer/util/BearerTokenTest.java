package org.opensciencegrid.tokenrenewer.util;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BearerTokenTest {
    private static final String TOKEN = "eyJhbGciOiJFUzI1NiJ9.~!+/=-_" + "x".repeat(100);

    @Test
    void visibleAsciiIsOne() {
        for (int length = 1; length <= TOKEN.length(); length++) {
            assertTrue(BearerToken.isValid(TOKEN.substring(0, length)), "of " + length);
        }
    }

    @Test
    void nothingIsNone() {
        assertFalse(BearerToken.isValid(""));
    }

    @ParameterizedTest
    @ValueSource(chars = {' ', '\n', '\0', 0x7f, 0x80, 0xe9, 0x0141, 0xffff})
    void oneCharacterOfAnotherKindAnywhereIsEnough(char other) {
        for (int at = 0; at < TOKEN.length(); at++) {
            assertFalse(BearerToken.isValid(TOKEN.substring(0, at) + other + TOKEN.substring(at + 1)), "at " + at);
            assertFalse(BearerToken.isValid(TOKEN.substring(0, at) + other), "at the end, " + at);
        }
    }
}
