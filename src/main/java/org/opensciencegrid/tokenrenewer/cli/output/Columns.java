package org.opensciencegrid.tokenrenewer.cli.output;

import java.lang.Character.UnicodeScript;
import java.util.EnumSet;
import java.util.Set;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Fits names into the columns of a terminal, in which a character can take no column, one or two. */
final class Columns {
    private static final Set<UnicodeScript> WIDE = EnumSet.of(
            UnicodeScript.HAN,
            UnicodeScript.HANGUL,
            UnicodeScript.HIRAGANA,
            UnicodeScript.KATAKANA,
            UnicodeScript.BOPOMOFO,
            UnicodeScript.YI);

    private Columns() {}

    static int width(String name) {
        return Printable.of(name).codePoints().map(Columns::width).sum();
    }

    /** The name in exactly this many columns. */
    static String of(String name, int columns) {
        return padded(shortened(name, columns), columns);
    }

    /** The name in at least this many columns. */
    static String padded(String name, int columns) {
        String text = Printable.of(name);
        return text + " ".repeat(Math.max(0, columns - width(text)));
    }

    /** The name in at most this many columns. Cuts the middle: similar names start alike and end with a number. */
    static String shortened(String name, int columns) {
        String text = Printable.of(name);
        if (width(text) <= columns) {
            return text;
        }
        int endColumns = (columns - 3) / 2;
        String end = reversed(start(reversed(text), endColumns));
        return start(text, columns - 3 - endColumns) + "..." + end;
    }

    private static String start(String text, int columns) {
        int left = columns;
        int at = 0;
        while (at < text.length() && width(text.codePointAt(at)) <= left) {
            left -= width(text.codePointAt(at));
            at += Character.charCount(text.codePointAt(at));
        }
        return text.substring(0, at);
    }

    private static String reversed(String text) {
        return new StringBuilder(text).reverse().toString(); // keeps surrogate pairs
    }

    private static int width(int c) {
        return switch (Character.getType(c)) {
            case Character.NON_SPACING_MARK, Character.ENCLOSING_MARK -> 0;
            default -> isWide(c) ? 2 : 1;
        };
    }

    /** East Asian Wide and Fullwidth in Unicode, and pictures. */
    private static boolean isWide(int c) {
        return c >= 0x1100
                && (WIDE.contains(UnicodeScript.of(c)) && (c < 0xFF61 || c > 0xFFDC)
                        || c >= 0x3000 && c <= 0x303E
                        || c >= 0xFF01 && c <= 0xFF60
                        || c >= 0xFFE0 && c <= 0xFFE6
                        || c >= 0x1F300 && c <= 0x1FAFF);
    }
}
