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
    private static final int SHORTEST = 6;

    private final List<String> forms = new ArrayList<>();

    public Redactor(Collection<Secret> secrets) {
        for (Secret secret : secrets) {
            String value = secret.reveal();
            if (value.length() < SHORTEST) {
                continue;
            }
            String encoded = URLEncoder.encode(value, StandardCharsets.UTF_8);
            forms.add(value);
            forms.add(encoded);
            String hex = HexFormat.of().formatHex(value.getBytes(StandardCharsets.UTF_8));
            forms.add(hex);
            forms.add(hex.toUpperCase(Locale.ROOT));
            addBase64(value);
            addBase64(encoded);
        }
        forms.sort(Comparator.comparingInt(String::length).reversed());
    }

    /**
     * The Base64 form of a text within another text has three variants, depending on its position. Its first and last
     * characters may also encode bits of its neighbors.
     */
    private void addBase64(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        for (Base64.Encoder encoder : List.of(Base64.getEncoder(), Base64.getUrlEncoder())) {
            forms.add(encoder.withoutPadding().encodeToString(bytes));
            for (int before = 0; before < 3; before++) {
                byte[] within = new byte[before + bytes.length];
                System.arraycopy(bytes, 0, within, before, bytes.length);
                forms.add(encoder.encodeToString(within).substring((before * 8 + 5) / 6, within.length * 8 / 6));
            }
        }
    }

    /** Replaces every known secret with {@code ***} and makes the text {@link Printable}. */
    public String clean(String text) {
        String clean = text == null ? "" : text;
        for (String form : forms) {
            clean = clean.replace(form, "***");
        }
        return Printable.of(clean);
    }
}
