package org.opensciencegrid.tokenrenewer.cli;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.renewal.Progress;
import org.opensciencegrid.tokenrenewer.text.Printable;

/**
 * What a run is at, for whoever sits before it: a line for each account in work, and how far all of it is. They stand below
 * the lines that stay, and are gone at the end.
 */
final class LiveLines implements Progress {
    private static final int MOST_ACCOUNTS = 8;

    /** Of the narrowest terminal: a line that wraps could not be taken away. */
    private static final int WIDTH = 70;

    private final PrintStream terminal;
    private final int tokens;
    private final Map<String, String> inWork = new LinkedHashMap<>();
    private final Map<String, Integer> done = new LinkedHashMap<>();
    private int shown;

    LiveLines(PrintStream terminal, int tokens) {
        this.terminal = terminal;
        this.tokens = tokens;
    }

    /** Empty where standard error is no terminal, which one look at a link tells. */
    static Optional<LiveLines> of(Environment environment, int tokens) {
        return !environment.isDumb() && Environment.isTerminal(environment.err())
                ? Optional.of(new LiveLines(environment.err(), tokens))
                : Optional.empty();
    }

    @Override
    public synchronized void at(String account, int tried, int due) {
        done.put(account, tried);
        inWork.remove(account);
        if (tried < due) {
            String count = due == 1 ? "" : ", token " + (tried + 1) + " of " + due;
            inWork.put(account, Printable.of("account " + account + ": renewing" + count + " ...", WIDTH));
        }
        hide();
        show();
    }

    /** Prints a line that stays. */
    synchronized void above(PrintStream to, String line) {
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
        int room = MOST_ACCOUNTS;
        for (String line : inWork.values()) {
            if (room-- > 0) {
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
