package org.opensciencegrid.tokenrenewer.util;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/**
 * Removes known secrets from foreign text. Real servers echo them: INDIGO IAM and MITREid answer {@code Invalid refresh
 * token: <the token>}. Also finds each secret URL-encoded, in hexadecimal, and in Base64 at any position of the encoded
 * text, such as in a Basic authentication header.
 */
public final class Redactor {
    /** A shorter "secret" would remove ordinary words. */
    private static final int MIN_CHARS = 6;

    private final List<String> encodings = new ArrayList<>();

    public Redactor(Collection<Secret> secrets) {
        for (Secret secret : secrets) {
            String value = secret.reveal();
            if (value.length() < MIN_CHARS) {
                continue;
            }
            String encoded = URLEncoder.encode(value, StandardCharsets.UTF_8);
            encodings.add(value);
            encodings.add(encoded);
            String hex = HexFormat.of().formatHex(value.getBytes(StandardCharsets.UTF_8));
            encodings.add(hex);
            encodings.add(hex.toUpperCase(Locale.ROOT));
            addBase64(value);
            addBase64(encoded);
        }
        encodings.sort(Comparator.comparingInt(String::length).reversed());
    }

    /**
     * The Base64 form of a text within another text has three variants, depending on its position. Its first and last
     * characters may also encode bits of its neighbors.
     */
    private void addBase64(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        for (Base64.Encoder encoder : List.of(Base64.getEncoder(), Base64.getUrlEncoder())) {
            encodings.add(encoder.withoutPadding().encodeToString(bytes));
            for (int offset = 0; offset < 3; offset++) {
                byte[] padded = new byte[offset + bytes.length];
                System.arraycopy(bytes, 0, padded, offset, bytes.length);
                encodings.add(encoder.encodeToString(padded).substring((offset * 8 + 5) / 6, padded.length * 8 / 6));
            }
        }
    }

    /** Replaces every known secret with {@code ***} and makes the text {@link Printable}. */
    public String clean(String text) {
        String redacted = text == null ? "" : text;
        for (String encoding : encodings) {
            redacted = redacted.replace(encoding, "***");
        }
        return Printable.of(redacted);
    }
}
