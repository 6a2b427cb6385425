package org.opensciencegrid.tokenrenewer.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Python's str methods where Java's look the same but have another idea of white space. */
final class PythonText {
    private PythonText() {}

    /** str.isspace() of one character: unlike Java's, true for U+0085 and the no-break spaces. */
    static boolean isSpace(char c) {
        return Character.isWhitespace(c) || c == '\u0085' || c == '\u00A0' || c == '\u2007' || c == '\u202F';
    }

    /** The number of blanks that the text begins with. */
    static int indent(String text) {
        int i = 0;
        while (i < text.length() && isSpace(text.charAt(i))) {
            i++;
        }
        return i;
    }

    static String strip(String text) {
        return stripEnd(text.substring(indent(text)));
    }

    static String stripEnd(String text) {
        int end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    /** str.lower(), but for a capital sigma beside punctuation (the one in "A_Σ"): what ends a word is another matter in Java. */
    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    /** str.split(): the words between runs of white space. */
    static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        String rest = strip(text);
        while (!rest.isEmpty()) {
            int end = 0;
            while (end < rest.length() && !isSpace(rest.charAt(end))) {
                end++;
            }
            words.add(rest.substring(0, end));
            rest = rest.substring(end + indent(rest.substring(end)));
        }
        return words;
    }
}
