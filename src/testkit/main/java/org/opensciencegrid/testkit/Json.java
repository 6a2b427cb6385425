package org.opensciencegrid.testkit;

import java.util.Collection;
import java.util.Locale;
import java.util.Map;

/**
 * Writes JSON (RFC 8259) from maps, collections, strings, numbers, booleans and null. Shares no code with the client's
 * parser.
 */
public final class Json {
    /** Text that is written unchanged, whether or not it is well-formed. */
    public record Raw(String text) {}

    private Json() {}

    /** Text for {@link Fault#set}: for example {@code Json.raw("1e999")} or a deliberately broken value. */
    public static Raw raw(String text) {
        return new Raw(text);
    }

    /** The value as JSON text. */
    public static String write(Object value) {
        StringBuilder out = new StringBuilder();
        write(value, out);
        return out.toString();
    }

    private static void write(Object value, StringBuilder out) {
        if (value == null || value instanceof Number || value instanceof Boolean) {
            out.append(value);
        } else if (value instanceof Raw raw) {
            out.append(raw.text());
        } else if (value instanceof Map<?, ?> map) {
            writeObject(map, out);
        } else if (value instanceof Collection<?> collection) {
            writeArray(collection, out);
        } else {
            writeString(value.toString(), out);
        }
    }

    private static void writeObject(Map<?, ?> map, StringBuilder out) {
        out.append('{');
        String comma = "";
        for (Map.Entry<?, ?> member : map.entrySet()) {
            out.append(comma);
            writeString(member.getKey().toString(), out);
            out.append(':');
            write(member.getValue(), out);
            comma = ",";
        }
        out.append('}');
    }

    private static void writeArray(Collection<?> collection, StringBuilder out) {
        out.append('[');
        String comma = "";
        for (Object element : collection) {
            out.append(comma);
            write(element, out);
            comma = ",";
        }
        out.append(']');
    }

    private static void writeString(String text, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else if (c < ' ' || Character.isSurrogate(c)) {
                out.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            } else {
                out.append(c);
            }
        }
        out.append('"');
    }
}
