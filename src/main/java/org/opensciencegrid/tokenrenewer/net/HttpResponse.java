package org.opensciencegrid.tokenrenewer.net;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.opensciencegrid.tokenrenewer.json.Json;

/**
 * An HTTP response, before it is interpreted.
 *
 * @param status HTTP status
 * @param contentType as sent; empty if absent
 * @param location header Location; empty if absent
 * @param challenge header WWW-Authenticate; empty if absent
 * @param retryAfter header Retry-After, if it is in seconds
 * @param date header Date as sent; empty if absent
 * @param body at most 1 MiB of text; may be truncated, see {@code complete}
 * @param complete false if the connection ended before the body did
 * @param waited from the request to the start of the response
 */
public record HttpResponse(
        int status,
        String contentType,
        String location,
        String challenge,
        Optional<Duration> retryAfter,
        String date,
        String body,
        boolean complete,
        Duration waited) {
    private static final List<String> MONTHS =
            List.of("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec");
    /** Compiled when first used, because an ordinary response is JSON. */
    private static final class Patterns {
        static final Pattern PAGE = Pattern.compile("[\\s\uFEFF]*+<");
        static final Pattern TITLE = Pattern.compile("<title\\b[^>]{0,200}+>([^<]{1,300}+)", Pattern.CASE_INSENSITIVE);
    }

    public boolean isSuccess() {
        return status >= 200 && status <= 299;
    }

    /**
     * When the issuer sent the response, by its own clock. Supports only the format that RFC 9110 section 5.6.7
     * requires of senders.
     */
    public Optional<Instant> sentAt() {
        // No DateTimeFormatter: loading its tables takes longer than the rest of a response.
        String[] parts = date.split("[ :]+");
        int month = parts.length == 8 && parts[7].equals("GMT") ? MONTHS.indexOf(parts[2]) : -1;
        if (month < 0) {
            return Optional.empty();
        }
        try {
            LocalDateTime local = LocalDateTime.of(
                    Integer.parseInt(parts[3]),
                    month + 1,
                    Integer.parseInt(parts[1]),
                    Integer.parseInt(parts[4]),
                    Integer.parseInt(parts[5]),
                    Integer.parseInt(parts[6]));
            Instant time = Instant.ofEpochSecond(
                    epochDay(local) * 86_400 + local.toLocalTime().toSecondOfDay());
            return time.isAfter(Instant.EPOCH) ? Optional.of(time) : Optional.empty();
        } catch (DateTimeException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** As LocalDate.toEpochDay, which on Java 25 loads DateTimeFormatter. The year begins in March here. */
    private static long epochDay(LocalDateTime local) {
        long month = (local.getMonthValue() + 9L) % 12;
        long year = local.getYear() - month / 10;
        return 365 * year
                + year / 4
                - year / 100
                + year / 400
                + (306 * month + 5) / 10
                + local.getDayOfMonth()
                - 719_469;
    }

    /** Whether this is an HTML page. It comes from a gateway, not from the issuer's endpoint. */
    public boolean isPage() {
        boolean isHtml = contentType.toLowerCase(Locale.ROOT).contains("html");
        return complete && (Patterns.PAGE.matcher(body).lookingAt() || isHtml && !body.isBlank() && json().isEmpty());
    }

    /** The title of an HTML page as sent; empty if there is none. */
    public String title() {
        Matcher title = Patterns.TITLE.matcher(body);
        return title.find() ? title.group(1).strip() : "";
    }

    /** The body as a JSON object, regardless of Content-Type: several issuers omit it or send text/html. */
    public Optional<Map<String, Object>> json() {
        String text = body.startsWith("\uFEFF") ? body.substring(1) : body; // some gateways add a byte order mark
        return Json.object(text);
    }

    @Override
    public String toString() {
        return "HttpResponse[" + status + ", " + body.length() + " characters]"; // the body contains tokens
    }
}
