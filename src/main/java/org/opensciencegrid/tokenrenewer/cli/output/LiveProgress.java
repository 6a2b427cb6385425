package org.opensciencegrid.tokenrenewer.cli.output;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.renewal.Progress;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Shows the progress of a run on a terminal: a line for each account in work, and the total. They stay below the
 * permanent lines and disappear at the end.
 */
public final class LiveProgress implements Progress {
    private static final int MOST_ACCOUNTS = 8;

    /** For the narrowest terminal: we could not erase a line that wraps. */
    private static final int WIDTH = 70;

    private final PrintStream terminal;
    private final int tokens;
    private final Map<String, String> inWork = new LinkedHashMap<>();
    private final Map<String, Integer> done = new LinkedHashMap<>();
    private int shown;

    LiveProgress(PrintStream terminal, int tokens) {
        this.terminal = terminal;
        this.tokens = tokens;
    }

    /** Empty if standard error is not a terminal, which reading one link in /proc shows. */
    public static Optional<LiveProgress> of(Environment environment, int tokens) {
        return !environment.isDumb() && Environment.isTerminal(environment.err())
                ? Optional.of(new LiveProgress(environment.err(), tokens))
                : Optional.empty();
    }

    @Override
    public synchronized void update(String account, int tried, int due) {
        done.put(account, tried);
        inWork.remove(account);
        if (tried < due) {
            String count = due == 1 ? "" : ", token " + (tried + 1) + " of " + due;
            inWork.put(account, Printable.of("account " + account + ": renewing" + count + " ...", WIDTH));
        }
        hide();
        show();
    }

    /** Prints a permanent line. */
    public synchronized void printAbove(PrintStream to, String line) {
        hide();
        to.println(line);
        to.flush();
        show();
    }

    private void hide() {
        if (shown > 0) {
            // ECMA-48: CPL, ED
            terminal.print(String.format(Locale.ROOT, "\u001b[%dF\u001b[J", shown));
            terminal.flush();
            shown = 0;
        }
    }

    private void show() {
        if (inWork.isEmpty()) {
            return;
        }
        int left = MOST_ACCOUNTS;
        for (String line : inWork.values()) {
            if (left-- > 0) {
                terminal.println(line);
                shown++;
            }
        }
        int ready = done.values().stream().mapToInt(Integer::intValue).sum();
        String more =
                inWork.size() > MOST_ACCOUNTS ? " and " + (inWork.size() - MOST_ACCOUNTS) + " more accounts;" : "";
        terminal.println(more + " " + ready + " of " + tokens + " tokens");
        shown++;
        terminal.flush();
    }
}
