package org.opensciencegrid.tokenrenewer.rings;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Searches for secrets in data: plain, URL-encoded, in both Base64 alphabets, and in hexadecimal. Unlike the program's
 * redactor, it does not encode the secrets but decodes all text that could be encoded.
 */
final class Canaries {
    private static final Pattern BASE64 = Pattern.compile("[A-Za-z0-9+/_-]{8,}");
    private static final Pattern HEX = Pattern.compile("[0-9A-Fa-f]{12,}");
    private static final Pattern PERCENT = Pattern.compile("%([0-9A-Fa-f]{2})");

    private final Set<String> secrets = new LinkedHashSet<>();

    void add(Collection<String> more) {
        secrets.addAll(more);
    }

    int count() {
        return secrets.size();
    }

    /** One line for each secret in the text, with its encoding. */
    List<String> in(String where, byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        List<String> hits = new ArrayList<>();
        look(where + ": raw", text, hits);
        String decoded = PERCENT.matcher(text.replace('+', ' '))
                .replaceAll(
                        match -> Matcher.quoteReplacement(String.valueOf((char) Integer.parseInt(match.group(1), 16))));
        look(where + ": url", decoded, hits);
        Matcher base64 = BASE64.matcher(text);
        while (base64.find()) {
            String run = base64.group().replace('-', '+').replace('_', '/');
            for (int offset = 0; offset < 4 && offset < run.length(); offset++) {
                look(where + ": base64", base64(run.substring(offset)), hits);
            }
        }
        Matcher hex = HEX.matcher(text);
        while (hex.find()) {
            for (int offset = 0; offset < 2; offset++) {
                String run = hex.group().substring(offset);
                byte[] plain = HexFormat.of().parseHex(run.substring(0, run.length() & ~1));
                look(where + ": hex", new String(plain, StandardCharsets.ISO_8859_1), hits);
            }
        }
        return hits;
    }

    private static String base64(String run) {
        int length = run.length() % 4 == 1 ? run.length() - 1 : run.length();
        return new String(Base64.getDecoder().decode(run.substring(0, length)), StandardCharsets.ISO_8859_1);
    }

    private void look(String where, String text, List<String> hits) {
        for (String secret : secrets) {
            if (text.contains(secret)) {
                hits.add(where + " " + secret);
            }
        }
    }

    /** The encodings in which {@link #in} finds a secret, within other text. */
    static List<byte[]> writtenIn(String secret) {
        byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
        StringBuilder url = new StringBuilder();
        for (byte b : bytes) {
            url.append(String.format("%%%02X", b));
        }
        List<String> ways =
                new ArrayList<>(List.of(secret, url.toString(), HexFormat.of().formatHex(bytes)));
        for (String before : List.of("", "c", "cl", "client:")) {
            ways.add(Base64.getEncoder().encodeToString(concat(before, bytes)));
            ways.add(Base64.getUrlEncoder().encodeToString(concat(before, bytes)));
        }
        return ways.stream()
                .map(way -> ("said: " + way + "!\n").getBytes(StandardCharsets.UTF_8))
                .toList();
    }

    private static byte[] concat(String before, byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(before.getBytes(StandardCharsets.UTF_8));
        out.writeBytes(bytes);
        return out.toByteArray();
    }
}
