package org.opensciencegrid.tokenrenewer.json;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.StringTokenizer;
import net.minidev.json.JSONStyle;
import net.minidev.json.JSONValue;
import net.minidev.json.parser.JSONParser;
import net.minidev.json.parser.ParseException;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * JSON objects as maps. Reads strictly (RFC 8259; the last of several members with one name wins) and writes on one
 * line.
 */
public final class Json {
    /** Escapes only what JSON requires: "/" stays readable. */
    private static final JSONStyle PLAIN = new JSONStyle(JSONStyle.FLAG_PROTECT_4WEB);

    private static final int STRICT = JSONParser.MODE_RFC4627 | JSONParser.LIMIT_JSON_DEPTH;

    /** The longest number. The JDK needs 20 seconds to parse one with a million digits. */
    private static final int MAX_DIGITS = 1000;

    private Json() {}

    /** Parses an object; empty if the text is anything else. */
    public static Optional<Map<String, Object>> object(String text) {
        if (hasOverlongNumber(text)) {
            return Optional.empty();
        }
        try {
            Object value = new JSONParser(STRICT).parse(text, JSONValue.defaultReader.DEFAULT_ORDERED);
            return value instanceof Map<?, ?> map ? Optional.of(named(map)) : Optional.empty();
        } catch (ParseException | RuntimeException | StackOverflowError e) {
            // The parser throws more than it declares on hostile text (found by fuzzing). All of it means "not JSON".
            return Optional.empty();
        }
    }

    /**
     * Writes the object on one line. Escapes what {@link Printable} considers unsafe, including half a surrogate pair.
     */
    public static String write(Map<String, ?> object) {
        String json = JSONValue.toJSONString(object, PLAIN);
        StringBuilder escaped = new StringBuilder(json.length());
        for (int i = 0; i < json.length(); ) {
            int c = json.codePointAt(i);
            int next = i + Character.charCount(c);
            if (c >= 0x7f && Printable.isUnsafe(c)) { // JSON is ASCII outside its strings
                for (char unit : json.substring(i, next).toCharArray()) {
                    escaped.append(String.format(Locale.ROOT, "\\u%04X", (int) unit));
                }
            } else {
                escaped.appendCodePoint(c);
            }
            i = next;
        }
        return escaped.toString();
    }

    /** The member if it is a non-empty string. */
    public static Optional<String> string(Map<String, Object> object, String name) {
        return object.get(name) instanceof String text && !text.isEmpty() ? Optional.of(text) : Optional.empty();
    }

    /** The member if it is a whole number, or a string that contains one (several issuers send "3600"). */
    public static Optional<Long> number(Map<String, Object> object, String name) {
        Object value = object.get(name);
        if (value instanceof Integer || value instanceof Long) {
            return Optional.of(((Number) value).longValue());
        }
        if (value instanceof Number number) { // a number with a point or an exponent, or a very long number
            try {
                return Optional.of(new BigDecimal(number.toString()).longValueExact());
            } catch (ArithmeticException | NumberFormatException e) {
                return Optional.empty(); // a fraction or an overflow
            }
        }
        return value instanceof String text && text.matches("-?\\d{1,18}")
                ? Optional.of(Long.valueOf(text))
                : Optional.empty();
    }

    /**
     * Like {@link #number}, but for a duration: truncates a fraction to whole seconds, and accepts a string such as
     * "3599.0".
     */
    public static Optional<Long> seconds(Map<String, Object> object, String name) {
        Object value = object.get(name);
        if (value instanceof Number
                || value instanceof String text && text.strip().matches("-?\\d{1,18}(\\.\\d{1,18})?")) {
            try {
                BigDecimal number = new BigDecimal(value.toString().strip());
                return number.scale() > MAX_DIGITS || number.precision() - (long) number.scale() > 18
                        ? Optional.empty()
                        : Optional.of(number.longValue());
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** The member as a list of words: the strings of an array, or a string split at white space, otherwise empty. */
    public static List<String> words(Map<String, Object> object, String name) {
        Object value = object.get(name);
        if (value instanceof Collection<?> collection) {
            List<String> words = new ArrayList<>();
            for (Object element : collection) {
                if (element instanceof String word) {
                    words.add(word);
                }
            }
            return List.copyOf(words);
        }
        return value instanceof String text ? split(text) : List.of();
    }

    /** Splits a space-separated list (RFC 6749 section 3.3). */
    public static List<String> split(String text) {
        List<String> words = new ArrayList<>();
        // Not a regular expression, because every token of every run is split here. Treats the same characters as white
        // space as a pattern does, including the vertical tab.
        StringTokenizer tokens = new StringTokenizer(text.strip().replace('\u000b', ' '));
        while (tokens.hasMoreTokens()) {
            words.add(tokens.nextToken());
        }
        return List.copyOf(words);
    }

    /** The member if it is an object, else an empty map. */
    public static Map<String, Object> member(Map<String, Object> object, String name) {
        return object.get(name) instanceof Map<?, ?> map ? named(map) : Map.of();
    }

    private static boolean hasOverlongNumber(String text) {
        if (text.length() <= MAX_DIGITS) {
            return false;
        }
        int digits = 0;
        for (int i = 0; i < text.length() && digits <= MAX_DIGITS; i++) {
            char c = text.charAt(i);
            digits = c >= '0' && c <= '9' ? digits + 1 : 0;
        }
        return digits > MAX_DIGITS;
    }

    /** For objects that were read from JSON or will be written as JSON, so all names are strings. */
    @SuppressWarnings("unchecked")
    private static Map<String, Object> named(Map<?, ?> object) {
        return (Map<String, Object>) object;
    }
}
