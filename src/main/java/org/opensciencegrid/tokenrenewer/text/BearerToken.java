package org.opensciencegrid.tokenrenewer.text;

/** What every program that is handed a token can pass on: RFC 6750 section 2.1, without its narrow alphabet. */
public final class BearerToken {
    private static final int PIECE = 32;

    private BearerToken() {}

    /** Whether the text is visible ASCII, of which there is some. */
    public static boolean isOne(String text) {
        boolean isOne = !text.isEmpty();
        // In pieces: the JVM compiles what is called often, but a loop through each of a hundred tokens it would
        // interpret.
        for (int begin = 0; begin < text.length(); begin += PIECE) {
            isOne &= isVisible(text, begin, Math.min(begin + PIECE, text.length()));
        }
        return isOne;
    }

    private static boolean isVisible(String text, int begin, int end) {
        boolean isVisible = true;
        for (int i = begin; i < end; i++) {
            isVisible &= text.charAt(i) > ' ' && text.charAt(i) < 0x7f;
        }
        return isVisible;
    }
}
