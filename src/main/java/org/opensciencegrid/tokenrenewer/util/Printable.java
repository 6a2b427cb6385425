package org.opensciencegrid.tokenrenewer.util;

import java.util.Locale;

/**
 * Makes foreign text safe for a terminal and for one journal line. Control characters, line separators and
 * bidirectional controls become {@code \xNN}, so an issuer can neither move the cursor nor forge a line.
 */
public final class Printable {
    /** The maximum length of one foreign value, in characters. */
    public static final int LIMIT = 300;

    private Printable() {}

    /** The text on one line, at most {@value #LIMIT} characters; null becomes empty. */
    public static String of(String text) {
        return of(text, LIMIT);
    }

    /** The text on one line, at most {@code limit} characters; null becomes empty. */
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

    /** Whether the character can move the cursor, is invisible, or changes the direction of the text around it. */
    public static boolean isUnsafe(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> isFiller(c);
        };
    }

    /** Invisible letters and marks (Default_Ignorable_Code_Point in Unicode). A name could contain them unnoticed. */
    private static boolean isFiller(int c) {
        return c == 0x034F
                || c == 0x115F
                || c == 0x1160
                || c == 0x17B4
                || c == 0x17B5
                || c >= 0x180B && c <= 0x180F
                || c == 0x3164
                || c == 0xFFA0
                || c >= 0xFE00 && c <= 0xFE0F
                || c >= 0xE0000 && c <= 0xE0FFF;
    }
}
