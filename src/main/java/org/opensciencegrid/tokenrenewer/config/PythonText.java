package org.opensciencegrid.tokenrenewer.config;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Python's str methods, where Java's methods have another definition of white space. */
final class PythonText {
    private PythonText() {}

    /** str.isspace() of one character. Unlike in Java, U+0085 and the no-break spaces are white space. */
    static boolean isSpace(char c) {
        return Character.isWhitespace(c) || c == '\u0085' || c == '\u00A0' || c == '\u2007' || c == '\u202F';
    }

    /** The number of white space characters at the start of the text. */
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

    /**
     * str.lower(). Differs only for a capital sigma next to punctuation (as in "A_Σ"), because Java finds the end of a
     * word differently.
     */
    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    /** str.split(): the words between runs of white space. */
    static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        int end = 0;
        while (end < text.length()) {
            int start = end;
            while (start < text.length() && isSpace(text.charAt(start))) {
                start++;
            }
            end = start;
            while (end < text.length() && !isSpace(text.charAt(end))) {
                end++;
            }
            if (start < end) {
                words.add(text.substring(start, end));
            }
        }
        return words;
    }
}
