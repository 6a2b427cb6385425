package org.opensciencegrid.tokenrenewer.util;

/** Checks that a text can be a bearer token: RFC 6750 section 2.1, but with all visible ASCII characters. */
public final class BearerToken {
    private static final int CHUNK_CHARS = 32;

    private BearerToken() {}

    /** Whether the text is visible ASCII and not empty. */
    public static boolean isValid(String text) {
        boolean isValid = !text.isEmpty();
        // In pieces, because the JVM compiles a method that is called often, but interprets the loop through each of a
        // hundred tokens.
        for (int begin = 0; begin < text.length(); begin += CHUNK_CHARS) {
            isValid &= isVisible(text, begin, Math.min(begin + CHUNK_CHARS, text.length()));
        }
        return isValid;
    }

    private static boolean isVisible(String text, int begin, int end) {
        boolean isVisible = true;
        for (int i = begin; i < end; i++) {
            isVisible &= text.charAt(i) > ' ' && text.charAt(i) < 0x7f;
        }
        return isVisible;
    }
}
