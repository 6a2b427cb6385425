package org.opensciencegrid.tokenrenewer.state;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * Consecutive runs with the same outcome for a token. Equal outcomes share one entry, so that ten entries cover days
 * instead of the last hour, and the state file stays small.
 *
 * @param outcome {@link #RENEWED}, or the word of a {@link Failure.Kind}
 * @param from when the first of them ended
 * @param to when the last of them ended
 */
public record OutcomeSpan(String outcome, Instant from, Instant to, long times) {
    public static final String RENEWED = "renewed";

    private static final int KEPT = 10;

    static List<OutcomeSpan> of(List<JsonObject> rows) {
        List<OutcomeSpan> history = new ArrayList<>();
        for (JsonObject row : rows) {
            Optional<Instant> from = row.time("from");
            if (from.isPresent()) { // otherwise another program wrote this entry
                history.add(new OutcomeSpan(
                        row.string("outcome").orElse(""),
                        from.get(),
                        row.time("to").orElse(from.get()),
                        row.number("times").orElse(1L)));
            }
        }
        return history;
    }

    /**
     * The entries of a history, oldest first, after one more outcome. Parses only the last entry, because every run
     * calls this.
     */
    static List<Map<String, Object>> rows(List<JsonObject> before, String outcome, Instant now) {
        List<JsonObject> history = new ArrayList<>(before);
        int last = history.size() - 1;
        JsonObject row = last < 0 ? JsonObject.NONE : history.get(last);
        if (row.string("outcome").equals(Optional.of(outcome))
                && row.time("from").isPresent()) {
            history.set(
                    last, row.with("to", now).with("times", row.number("times").orElse(1L) + 1));
        } else {
            history.add(new OutcomeSpan(outcome, now, now, 1).toJson());
        }
        List<Map<String, Object>> rows = new ArrayList<>();
        for (JsonObject kept : history.subList(Math.max(0, history.size() - KEPT), history.size())) {
            rows.add(kept.asMap());
        }
        return rows;
    }

    /** The form in state files and in JSON output. */
    public JsonObject toJson() {
        return JsonObject.NONE
                .with("outcome", outcome)
                .with("from", from)
                .with("to", to)
                .with("times", times);
    }
}
