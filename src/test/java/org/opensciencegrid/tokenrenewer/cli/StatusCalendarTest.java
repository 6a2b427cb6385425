package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.StatusCalendar;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Reads the calendar of {@code status --ics} with a strict reader of RFC 5545. */
class StatusCalendarTest {
    private static final Pattern LINE = Pattern.compile("([A-Z-]+)((?:;[A-Z-]+=[^\";:,]+)*):(.*)", Pattern.DOTALL);
    private static final Pattern TIME = Pattern.compile("\\d{8}T\\d{6}Z");

    @TempDir
    Path directory;

    private Session session;
    private Program program;

    @BeforeEach
    void site() {
        session = new Session(directory);
        program = session.program;
        program.issuer.policy.refreshExpiresIn = Duration.ofDays(30).toSeconds();
        program.issuer.policy.secretExpiresAt =
                program.clock.instant().plus(Duration.ofDays(90)).getEpochSecond();
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.config(
                "[account acct]\npassword_file = DIR/acct.pw\nowner = Zo\u00eb, \u2603; \\x and a long list of other"
                        + " people of grid operations whom nobody can reach\n" + Program.ONE);
        assertEquals(0, program.run("renew").status());
    }

    @AfterEach
    void stop() {
        session.close();
    }

    /** The properties of one component, and its parts. */
    private record Component(String name, Map<String, String> properties, List<Component> parts) {}

    /** Sections 3.1 and 3.4; fails at the first deviation. */
    private static Component read(String text) {
        assertTrue(text.endsWith("\r\n"));
        for (String line : text.split("\r\n", -1)) {
            assertTrue(line.getBytes(StandardCharsets.UTF_8).length <= 75, line);
            assertTrue(line.indexOf('\n') < 0 && line.indexOf('\r') < 0, line);
        }
        List<Component> open = new ArrayList<>();
        for (String line : text.replace("\r\n ", "").split("\r\n")) {
            Matcher parts = LINE.matcher(line);
            assertTrue(parts.matches(), line);
            String name = parts.group(1);
            String value = parts.group(3);
            assertTrue(value.chars().noneMatch(c -> Character.isISOControl(c)), line);
            if (name.equals("BEGIN")) {
                Component begun = new Component(value, new LinkedHashMap<>(), new ArrayList<>());
                if (!open.isEmpty()) {
                    open.get(open.size() - 1).parts().add(begun);
                }
                open.add(begun);
            } else if (name.equals("END")) {
                Component ended = open.get(open.size() - 1);
                assertEquals(ended.name(), value);
                if (open.size() == 1) {
                    assertTrue(text.endsWith("END:" + value + "\r\n"));
                    return ended;
                }
                open.remove(ended);
            } else {
                assertEquals(null, open.get(open.size() - 1).properties().put(name, value), "twice: " + line);
            }
        }
        throw new AssertionError("no end");
    }

    /** Section 3.3.11; a separator that is not escaped would begin another value. */
    private static String words(String value) {
        assertTrue(value.matches("(?:[^\\\\;,]|\\\\[\\\\;,nN])*"), value);
        return value.replaceAll("\\\\[nN]", "\n").replaceAll("\\\\([\\\\;,])", "$1");
    }

    private Component calendar() {
        Result result = program.run("status", "--ics");
        assertEquals("", result.err());
        Component calendar = read(result.out());
        assertEquals("VCALENDAR", calendar.name());
        assertEquals("2.0", calendar.properties().get("VERSION"));
        assertTrue(calendar.properties().containsKey("PRODID"));
        return calendar;
    }

    @Test
    void eachEndIsAnEvent() {
        Component calendar = calendar();
        assertEquals(2, calendar.parts().size());
        Set<String> ids = new HashSet<>();
        for (Component event : calendar.parts()) {
            assertEquals("VEVENT", event.name());
            assertTrue(ids.add(event.properties().get("UID")));
            for (String time : List.of("DTSTAMP", "DTSTART")) {
                assertTrue(TIME.matcher(event.properties().get(time)).matches(), event.toString());
            }
            assertEquals(2, event.parts().size());
            for (Component alarm : event.parts()) {
                assertEquals("DISPLAY", alarm.properties().get("ACTION"));
                assertTrue(alarm.properties().get("TRIGGER").matches("-P[17]D"));
                assertTrue(alarm.properties().containsKey("DESCRIPTION"));
            }
            String description = words(event.properties().get("DESCRIPTION"));
            assertTrue(description.contains("\nOwner: Zo\u00eb, \u2603; \\x and a long list"), description);
            words(event.properties().get("SUMMARY"));
        }
        Map<String, String> authorization = calendar.parts().get(1).properties();
        assertTrue(authorization.get("UID").startsWith("authorization.acct@"), authorization.toString());
        assertTrue(words(authorization.get("DESCRIPTION")).contains("setup --reauthenticate acct\n"));
        assertEquals(
                program.clock.instant().plus(Duration.ofDays(30)).toString().replaceAll("[-:]|\\.\\d+", ""),
                authorization.get("DTSTART"));
    }

    @Test
    void anEndThatMovesIsTheSameEvent() {
        Map<String, String> before = calendar().parts().get(1).properties();
        program.clock.advance(Duration.ofHours(2));
        assertEquals(0, program.run("renew").status());
        Map<String, String> after = calendar().parts().get(1).properties();
        assertEquals(before.get("UID"), after.get("UID"));
        assertTrue(Long.parseLong(before.get("SEQUENCE")) < Long.parseLong(after.get("SEQUENCE")));
        assertTrue(Long.parseLong(after.get("SEQUENCE")) < Integer.MAX_VALUE);
    }

    /** As if an administrator of the issuer shortens all authorizations. */
    @Test
    void anEndThatMovesToAnEarlierTimeReplacesTheEventToo() {
        Map<String, String> before = calendar().parts().get(1).properties();
        program.issuer.policy.refreshExpiresIn = Duration.ofDays(10).toSeconds();
        program.clock.advance(Duration.ofHours(2));
        assertEquals(0, program.run("renew").status());
        Map<String, String> after = calendar().parts().get(1).properties();
        assertTrue(after.get("DTSTART").compareTo(before.get("DTSTART")) < 0, after.toString());
        assertTrue(Long.parseLong(before.get("SEQUENCE")) < Long.parseLong(after.get("SEQUENCE")));
    }

    @Test
    void theWholeFile() throws IOException {
        String text = new StatusCalendar(new Messages(Host.COMMANDS), "ap1.example.org").of(new Host(session).report());
        Golden.hold("status.ics", text.replace("\r\n", "\n"));
    }

    @Test
    void itIsNotCombined() {
        for (String other : List.of("--json", "--watch", "--long", "--account=acct", "one")) {
            assertEquals(2, program.run("status", "--ics", other).status(), other);
        }
    }
}
