package org.opensciencegrid.tokenrenewer.text;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringTokenizer;
import net.minidev.json.JSONStyle;
import net.minidev.json.JSONValue;
import net.minidev.json.parser.JSONParser;
import net.minidev.json.parser.ParseException;

/** JSON objects as maps, read strictly (RFC 8259; of a repeated name the last value wins) and written on one line. */
public final class Json {
    /** Escapes what JSON demands and nothing else: "/" stays readable. */
    private static final JSONStyle PLAIN = new JSONStyle(JSONStyle.FLAG_PROTECT_4WEB);

    private static final int STRICT = JSONParser.MODE_RFC4627 | JSONParser.LIMIT_JSON_DEPTH;

    /** Longest number: the JDK needs 20 seconds to read one of a million digits. */
    private static final int DIGITS = 1000;

    private Json() {}

    /** The object that the text is, or empty when it is anything else, however broken. */
    public static Optional<Map<String, Object>> object(String text) {
        if (hasEndlessNumber(text)) {
            return Optional.empty();
        }
        try {
            Object value = new JSONParser(STRICT).parse(text, JSONValue.defaultReader.DEFAULT_ORDERED);
            return value instanceof Map<?, ?> map ? Optional.of(named(map)) : Optional.empty();
        } catch (ParseException | RuntimeException | StackOverflowError e) {
            // The parser throws more than it declares on hostile text (found by fuzzing): all of it means "not JSON".
            return Optional.empty();
        }
    }

    public static String write(Map<String, ?> object) {
        return JSONValue.toJSONString(object, PLAIN);
    }

    /** The member if it is a non-empty string. */
    public static Optional<String> string(Map<String, Object> object, String name) {
        return object.get(name) instanceof String text && !text.isEmpty() ? Optional.of(text) : Optional.empty();
    }

    /** The member if it is a whole number, or a string that spells one (several issuers send "3600"). */
    public static Optional<Long> number(Map<String, Object> object, String name) {
        Object value = object.get(name);
        if (value instanceof Integer || value instanceof Long) {
            return Optional.of(((Number) value).longValue());
        }
        if (value instanceof Number number) { // one with a point or an exponent, or a very long one
            try {
                return Optional.of(new BigDecimal(number.toString()).longValueExact());
            } catch (ArithmeticException | NumberFormatException e) {
                return Optional.empty(); // a fraction, or more than fits
            }
        }
        return value instanceof String text && text.matches("-?\\d{1,18}")
                ? Optional.of(Long.valueOf(text))
                : Optional.empty();
    }

    /** The member as a list of words: an array of strings as it is, a string split at white space, else empty. */
    public static List<String> words(Map<String, Object> object, String name) {
        Object value = object.get(name);
        if (value instanceof Collection<?> many) {
            List<String> words = new ArrayList<>();
            for (Object one : many) {
                if (one instanceof String word) {
                    words.add(word);
                }
            }
            return List.copyOf(words);
        }
        return value instanceof String text ? split(text) : List.of();
    }

    /** The words of a space-separated list (RFC 6749 section 3.3), none for blank text. */
    public static List<String> split(String text) {
        List<String> words = new ArrayList<>();
        // No pattern, as each token of each run comes here; but what is white space to one.
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

    private static boolean hasEndlessNumber(String text) {
        if (text.length() <= DIGITS) {
            return false;
        }
        int run = 0;
        for (int i = 0; i < text.length() && run <= DIGITS; i++) {
            char c = text.charAt(i);
            run = c >= '0' && c <= '9' ? run + 1 : 0;
        }
        return run > DIGITS;
    }

    /** Of what was read from JSON, or is to be written as such, where all names are strings. */
    @SuppressWarnings("unchecked")
    private static Map<String, Object> named(Map<?, ?> object) {
        return (Map<String, Object>) object;
    }
}
