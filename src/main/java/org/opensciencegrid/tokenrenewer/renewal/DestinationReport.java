package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.opensciencegrid.tokenrenewer.state.Destination;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Redactor;

/**
 * What a post_renewal command reports about the places to which it copies the token: lines of its output in the form
 * {@code destination NAME pending}, {@code destination NAME ok} or {@code destination NAME failed REASON}. The first line
 * about a NAME is its {@code pending}, because other programs print lines like the last two by accident. The last line
 * about a NAME counts. All other output is text for a person.
 */
final class DestinationReport {
    /** More lines are text. Bounds the state file, the metrics and the messages. */
    static final int MOST = 100;

    static final int LONGEST_NAME = 100;
    private static final int LONGEST_REASON = 200;

    /** In the message of a failure. */
    private static final int MOST_SHOWN = 5;

    private static final String UNFINISHED = "the program ended before it reported a result";

    private final Map<String, Destination> byName = new LinkedHashMap<>();
    private final StringBuilder text = new StringBuilder();
    private final Redactor redactor;
    private final Instant now;

    DestinationReport(String output, Redactor redactor, Instant now) {
        this.redactor = redactor;
        this.now = now;
        output.lines()
                .filter(line -> !isResult(line))
                .forEach(line -> text.append(line).append('\n'));
    }

    private boolean isResult(String line) {
        String[] words = line.strip().split(" ", 4);
        if (!words[0].equals("destination") || words.length < 3) {
            return false;
        }
        String name = redactor.clean(words[1]);
        if (name.isEmpty()
                || !name.equals(words[1])
                || name.length() > LONGEST_NAME
                || !byName.containsKey(name) && (byName.size() >= MOST || !isPending(words))) {
            return false;
        }
        String reason = words.length == 4 ? Printable.of(redactor.clean(words[3].strip()), LONGEST_REASON) : "";
        switch (words[2]) {
            case "ok" -> byName.put(name, new Destination(name, Optional.empty(), ""));
            case "pending" -> byName.put(name, new Destination(name, Optional.of(now), UNFINISHED));
            case "failed" -> byName.put(name, new Destination(name, Optional.of(now), reason));
            default -> {
                return false;
            }
        }
        return true;
    }

    private static boolean isPending(String[] words) {
        return words.length == 3 && words[2].equals("pending");
    }

    /** The output without the lines about destinations. */
    String text() {
        return redactor.clean(text.toString().strip());
    }

    List<Destination> destinations() {
        return List.copyOf(byName.values());
    }

    /** Which of them failed, and why; empty if none did. */
    String failures() {
        List<Destination> failed = new ArrayList<>(byName.values());
        failed.removeIf(one -> !one.hasFailed());
        if (failed.isEmpty()) {
            return "";
        }
        String shown = failed.stream()
                .limit(MOST_SHOWN)
                .map(one -> one.name() + (one.reason().isEmpty() ? "" : " (" + one.reason() + ")"))
                .collect(Collectors.joining(", "));
        return failed.size() + " of " + byName.size() + " destinations failed: " + shown
                + (failed.size() > MOST_SHOWN ? " and " + (failed.size() - MOST_SHOWN) + " more" : "");
    }
}
