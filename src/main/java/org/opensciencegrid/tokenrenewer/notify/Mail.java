package org.opensciencegrid.tokenrenewer.notify;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Locale;

/**
 * The form of a message for mail: ASCII only, with lines that every server takes (RFC 5322, 2045, 2047).
 *
 * @param from a valid address
 * @param to a valid address
 */
record Mail(String from, String to, String host, Instant now) {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, d MMM yyyy HH:mm:ss Z", Locale.ENGLISH);
    private static final SecureRandom RANDOM = new SecureRandom();

    /** RFC 5321 section 4.5.3.1.6, less the dot and CRLF. */
    private static final int LONGEST_LINE = 990;

    /** Bytes in an encoded word, which has at most 75 characters (RFC 2047 section 2). */
    private static final int WORD_BYTES = 45;

    /** Headers, an empty line and the text; lines end with LF. */
    String of(Message message) {
        byte[] id = new byte[12];
        RANDOM.nextBytes(id);
        boolean isPlain =
                isAscii(message.text()) && message.text().lines().allMatch(line -> line.length() <= LONGEST_LINE);
        String text = isPlain
                ? message.text()
                : Base64.getMimeEncoder(76, new byte[] {'\n'})
                        .encodeToString(message.text().getBytes(StandardCharsets.UTF_8));
        return String.join(
                        "\n",
                        "From: OSG Token Renewal Service <" + from + ">",
                        "To: <" + to + ">",
                        "Subject: " + header(message.subject()),
                        "Date: " + DATE.format(now.atOffset(ZoneOffset.UTC)),
                        "Message-ID: <" + HexFormat.of().formatHex(id) + "@" + host + ">",
                        "Auto-Submitted: auto-generated",
                        "MIME-Version: 1.0",
                        "Content-Type: text/plain; charset=utf-8",
                        "Content-Transfer-Encoding: " + (isPlain ? "7bit" : "base64"))
                + "\n\n" + text.stripTrailing();
    }

    /** The caller's text is printable, so it has no line break; encoded words have none in any case. */
    private static String header(String text) {
        if (isAscii(text) && text.length() <= LONGEST_LINE) {
            return text;
        }
        StringBuilder words = new StringBuilder();
        StringBuilder part = new StringBuilder();
        for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
            String next = Character.toString(text.codePointAt(i));
            if ((part + next).getBytes(StandardCharsets.UTF_8).length > WORD_BYTES) {
                words.append(word(part.toString())).append("\n ");
                part.setLength(0);
            }
            part.append(next);
        }
        return words.append(word(part.toString())).toString();
    }

    private static String word(String text) {
        return "=?UTF-8?B?" + Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8)) + "?=";
    }

    /** Printable ASCII and line feeds. */
    private static boolean isAscii(String text) {
        return text.chars().allMatch(c -> c >= ' ' && c < 0x7f || c == '\n');
    }
}
