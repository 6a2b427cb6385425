package org.opensciencegrid.tokenrenewer.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.function.Supplier;

/** A text that is shown anew every few seconds: in its place on a terminal, one after the other elsewhere. */
final class Screen {
    /** Another screen than that of the shell, no cursor, long lines cut: xterm's names for it, which all terminals know. */
    private static final String OPEN = "\u001b[?1049h\u001b[?25l\u001b[?7l";

    private static final String CLOSE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
    private static final String TO_END_OF_LINE = "\u001b[K";
    private static final String TO_END_OF_SCREEN = "\u001b[J";

    /** Rows beyond the last are the last, and how many there are nobody tells without a subprocess. */
    private static final String LAST_ROW = "\u001b[999;1H\u001b[2K";

    private final Environment environment;
    private final PrintStream out;
    private final boolean isTerminal;
    private boolean isOpen;

    Screen(Environment environment) {
        this.environment = environment;
        this.out = environment.out();
        this.isTerminal = isThere(environment);
    }

    /** Whether what is printed goes to a terminal that can do more than print. */
    static boolean isThere(Environment environment) {
        return !environment.isDumb() && Environment.isTerminal(environment.out());
    }

    /** Until nobody reads any more; Ctrl-C ends the process, and the screen is the shell's again. */
    void show(Supplier<String> text, Duration every) {
        if (isTerminal) {
            Runtime.getRuntime().addShutdownHook(new Thread(this::close));
            open();
        }
        while (!out.checkError()) {
            draw(text.get(), every);
            environment.pause().sleep(every);
        }
        close();
    }

    private synchronized void open() {
        isOpen = true;
        out.print(OPEN);
    }

    private synchronized void close() {
        if (isOpen) {
            isOpen = false;
            out.print(CLOSE);
            out.flush();
        }
    }

    private synchronized void draw(String text, Duration every) {
        if (!isTerminal) {
            out.print(text + "\n");
        } else if (isOpen) { // not after Ctrl-C
            StringBuilder page = new StringBuilder();
            int row = 1;
            for (String line : text.split("\n")) {
                page.append("\u001b[" + row++ + ";1H" + line + TO_END_OF_LINE);
            }
            page.append(TO_END_OF_SCREEN + LAST_ROW);
            page.append("every " + Words.span(every) + "; Ctrl-C ends; long lines are whole without --watch");
            out.print(page);
        }
        out.flush();
    }
}
