package org.opensciencegrid.tokenrenewer.text;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Takes known secrets out of foreign text. Real servers echo them: INDIGO IAM and MITREid answer
 * {@code Invalid refresh token: <the token>}. Each secret is also found url-encoded and in Base64.
 */
public final class Redactor {
    /** Below this length a "secret" would blot out ordinary words. */
    private static final int SHORTEST = 6;

    private final List<String> forms = new ArrayList<>();

    public Redactor(Collection<Secret> secrets) {
        for (Secret secret : secrets) {
            String value = secret.reveal();
            if (value.length() < SHORTEST) {
                continue;
            }
            byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
            forms.add(value);
            forms.add(URLEncoder.encode(value, StandardCharsets.UTF_8));
            forms.add(Base64.getEncoder().withoutPadding().encodeToString(bytes));
            forms.add(Base64.getUrlEncoder().withoutPadding().encodeToString(bytes));
        }
        forms.sort(Comparator.comparingInt(String::length).reversed());
    }

    /** The text with every known secret as {@code ***}, made {@link Printable}. */
    public String clean(String text) {
        String clean = text == null ? "" : text;
        for (String form : forms) {
            clean = clean.replace(form, "***");
        }
        return Printable.of(clean);
    }
}
