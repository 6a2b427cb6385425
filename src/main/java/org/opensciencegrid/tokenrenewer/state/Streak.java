package org.opensciencegrid.tokenrenewer.state;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.text.Members;

/**
 * Runs one after the other that ended alike for a token. A row of equal outcomes is one entry, so that ten of them tell of
 * days and not of the last hour, and a state file stays small.
 *
 * @param outcome {@link #RENEWED}, or the word of a {@link Failure.Kind}
 * @param from when the first of them ended
 * @param to when the last did
 */
public record Streak(String outcome, Instant from, Instant to, long times) {
    public static final String RENEWED = "renewed";

    private static final int KEPT = 10;

    static List<Streak> of(List<Members> rows) {
        List<Streak> history = new ArrayList<>();
        for (Members row : rows) {
            Optional<Instant> from = row.time("from");
            if (from.isPresent()) { // else it is no row of ours
                history.add(new Streak(
                        row.string("outcome").orElse(""),
                        from.get(),
                        row.time("to").orElse(from.get()),
                        row.number("times").orElse(1L)));
            }
        }
        return history;
    }

    /** The rows of a history, oldest first, after one more outcome. Only the last one is read: each run does this. */
    static List<Map<String, Object>> rows(List<Members> before, String outcome, Instant now) {
        List<Members> history = new ArrayList<>(before);
        int last = history.size() - 1;
        Members row = last < 0 ? Members.NONE : history.get(last);
        if (row.string("outcome").equals(Optional.of(outcome))
                && row.time("from").isPresent()) {
            history.set(
                    last, row.with("to", now).with("times", row.number("times").orElse(1L) + 1));
        } else {
            history.add(new Streak(outcome, now, now, 1).toMembers());
        }
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Members kept : history.subList(Math.max(0, history.size() - KEPT), history.size())) {
            rows.add(kept.asMap());
        }
        return rows;
    }

    /** As in state files and in JSON output. */
    public Members toMembers() {
        return Members.NONE
                .with("outcome", outcome)
                .with("from", from)
                .with("to", to)
                .with("times", times);
    }
}
