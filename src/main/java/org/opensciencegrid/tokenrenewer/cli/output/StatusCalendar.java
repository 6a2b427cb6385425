package org.opensciencegrid.tokenrenewer.cli.output;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.state.Expiry;
import org.opensciencegrid.tokenrenewer.status.AccountStatus;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Writes what ends, and that only a person can renew, as a calendar (RFC 5545) with one event for each. */
public final class StatusCalendar {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'", Locale.ROOT);

    /** In bytes, without CRLF (RFC 5545 section 3.1). */
    private static final int LINE = 75;

    private final Messages messages;
    private final String host;
    private final StringBuilder text = new StringBuilder();

    /** @param host the name of this host: two hosts may have accounts of one name */
    public StatusCalendar(Messages messages, String host) {
        this.messages = messages;
        this.host = host;
    }

    public String of(StatusReport report) {
        line("BEGIN:VCALENDAR");
        line("VERSION:2.0");
        line("PRODID:-//OSG//osg-token-renewer//EN");
        line("CALSCALE:GREGORIAN");
        line("METHOD:PUBLISH");
        for (AccountStatus account : report.accounts()) {
            for (Expiry expiry : account.state().expiries()) {
                event(account, expiry, report.time());
            }
        }
        line("END:VCALENDAR");
        return text.toString();
    }

    private void event(AccountStatus account, Expiry expiry, Instant now) {
        String name = account.section().name();
        String summary = Messages.what(expiry.kind()) + " of account " + name + " on " + host + " ends";
        String owner = account.notifications()
                .flatMap(NotifyOptions::owner)
                .map(who -> "\nOwner: " + Printable.of(who))
                .orElse("");
        line("BEGIN:VEVENT");
        line("UID:" + expiry.kind().word() + "." + name + "@" + host);
        line("DTSTAMP:" + time(now));
        line("DTSTART:" + time(expiry.at()));
        // A calendar replaces the event only by one with a higher number, also if the end moves to an earlier time.
        line("SEQUENCE:" + Math.max(0, now.getEpochSecond() / 60));
        line("SUMMARY:" + escaped(Printable.of(summary)));
        line("DESCRIPTION:"
                + escaped("At " + HumanFormat.time(expiry.at()) + ". After that, the issuer rejects every renewal.\n"
                        + messages.renew(expiry.kind(), name).marked() + owner));
        line("TRANSP:TRANSPARENT");
        alarm("-P7D", summary);
        alarm("-P1D", summary);
        line("END:VEVENT");
    }

    private void alarm(String trigger, String summary) {
        line("BEGIN:VALARM");
        line("ACTION:DISPLAY");
        line("TRIGGER:" + trigger);
        line("DESCRIPTION:" + escaped(Printable.of(summary)));
        line("END:VALARM");
    }

    private static String time(Instant at) {
        return TIME.format(at.atOffset(ZoneOffset.UTC));
    }

    /** RFC 5545 section 3.3.11. */
    private static String escaped(String words) {
        return words.replace("\\", "\\\\")
                .replace(";", "\\;")
                .replace(",", "\\,")
                .replace("\n", "\\n");
    }

    /** Folds the line without breaking a character. */
    private void line(String content) {
        int bytes = 0;
        for (int i = 0; i < content.length(); i += Character.charCount(content.codePointAt(i))) {
            String character = Character.toString(content.codePointAt(i));
            int length = character.getBytes(StandardCharsets.UTF_8).length;
            if (bytes + length > LINE) {
                text.append("\r\n ");
                bytes = 1;
            }
            text.append(character);
            bytes += length;
        }
        text.append("\r\n");
    }
}
