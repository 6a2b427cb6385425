package org.opensciencegrid.testkit;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** A parsed application/x-www-form-urlencoded text and its defects. Uses its own decoder, byte by byte. */
record FormBody(Map<String, List<String>> parameters, List<String> defects) {
    private static final String UNRESERVED = "*-._~";

    static FormBody parse(String text) {
        Map<String, List<String>> parameters = new LinkedHashMap<>();
        List<String> defects = new ArrayList<>();
        if (!text.isEmpty()) {
            for (String pair : text.split("&", -1)) {
                int equals = pair.indexOf('=');
                if (equals <= 0) {
                    defects.add(pair.isEmpty() ? "empty parameter" : "parameter without name or '='");
                    continue;
                }
                String name = decode(pair.substring(0, equals), defects);
                String value = decode(pair.substring(equals + 1), defects);
                parameters.computeIfAbsent(name, n -> new ArrayList<>()).add(value);
            }
        }
        return new FormBody(parameters, defects);
    }

    /** Decodes one name or value. Adds a defect if a character should have been encoded or cannot be decoded. */
    static String decode(String text, List<String> defects) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '+') {
                bytes.write(' ');
            } else if (c == '%') {
                int high = i + 1 < text.length() ? Character.digit(text.charAt(i + 1), 16) : -1;
                int low = i + 2 < text.length() ? Character.digit(text.charAt(i + 2), 16) : -1;
                if (high < 0 || low < 0) {
                    defects.add("malformed percent-encoding");
                    bytes.write('%');
                } else {
                    bytes.write(high * 16 + low);
                    i += 2;
                }
            } else {
                if (!isUnreserved(c)) {
                    defects.add(String.format(Locale.ROOT, "character U+%04X not encoded", (int) c));
                }
                bytes.writeBytes(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
            }
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            defects.add("not UTF-8");
            return bytes.toString(StandardCharsets.ISO_8859_1);
        }
    }

    private static boolean isUnreserved(char c) {
        return c < 0x80 && (Character.isLetterOrDigit(c) || UNRESERVED.indexOf(c) >= 0);
    }

    /** The first value; an empty one counts as omitted (RFC 6749 section 3.2). */
    String get(String name) {
        List<String> values = parameters.get(name);
        return values == null || values.get(0).isEmpty() ? null : values.get(0);
    }

    List<String> all(String name) {
        return parameters.getOrDefault(name, List.of());
    }

    boolean has(String name) {
        return parameters.containsKey(name);
    }
}
