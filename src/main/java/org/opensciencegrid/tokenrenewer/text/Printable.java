package org.opensciencegrid.tokenrenewer.text;

import java.util.Locale;

/**
 * Foreign text made fit for a terminal and for one journal line: control characters, line separators and bidirectional
 * controls become {@code \xNN}, so that an issuer can neither move the cursor nor forge a line.
 */
public final class Printable {
    /** Longest text that is shown of one foreign value, in characters. */
    public static final int LIMIT = 300;

    private Printable() {}

    /** The text on one line, at most {@value #LIMIT} characters; null reads as empty. */
    public static String of(String text) {
        return of(text, LIMIT);
    }

    /** The text on one line, at most {@code limit} characters; null reads as empty. */
    public static String of(String text, int limit) {
        if (text == null) {
            return "";
        }
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < text.length() && out.length() <= limit; i += Character.charCount(text.codePointAt(i))) {
            int c = text.codePointAt(i);
            if (isUnsafe(c)) {
                out.append(String.format(Locale.ROOT, "\\x%02X", c));
            } else {
                out.appendCodePoint(c);
            }
        }
        if (out.length() <= limit) {
            return out.toString();
        }
        boolean isWithinPair = Character.isHighSurrogate(out.charAt(limit - 1));
        return out.substring(0, isWithinPair ? limit - 1 : limit) + "...";
    }

    private static boolean isUnsafe(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }
}
