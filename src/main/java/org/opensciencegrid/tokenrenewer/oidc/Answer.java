package org.opensciencegrid.tokenrenewer.oidc;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.text.Json;

/**
 * What came back over HTTP, before anybody believes it.
 *
 * @param status HTTP status
 * @param contentType as sent, empty when absent
 * @param location header Location, empty when absent
 * @param retryAfter header Retry-After in seconds form
 * @param date header Date as sent, empty when absent
 * @param body at most 1 MiB of UTF-8; may be cut short, see {@code complete}
 * @param complete false when the connection ended before the body did
 * @param waited from the request until the answer began
 */
record Answer(
        int status,
        String contentType,
        String location,
        Optional<Duration> retryAfter,
        String date,
        String body,
        boolean complete,
        Duration waited) {

    boolean isSuccess() {
        return status >= 200 && status <= 299;
    }

    /** When it was sent, by the issuer's clock, if that is in the form that RFC 9110 section 5.6.7 demands of senders. */
    Optional<Instant> sentAt() {
        try {
            Instant time = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(date));
            return time.isAfter(Instant.EPOCH) ? Optional.of(time) : Optional.empty();
        } catch (DateTimeException e) {
            return Optional.empty();
        }
    }

    /** A page for people: it comes from a gateway rather than from the issuer's endpoint. */
    boolean isPage() {
        return complete && body.stripLeading().startsWith("<");
    }

    /** The body as a JSON object, whatever Content-Type says: several issuers leave it out or say text/html. */
    Optional<Map<String, Object>> json() {
        String text = body.startsWith("\uFEFF") ? body.substring(1) : body; // some gateways add a byte order mark
        return Json.object(text);
    }

    @Override
    public String toString() {
        return "Answer[" + status + ", " + body.length() + " characters]"; // the body holds tokens
    }
}
