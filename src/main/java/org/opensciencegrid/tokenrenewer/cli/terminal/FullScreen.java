package org.opensciencegrid.tokenrenewer.cli.terminal;

import java.io.PrintStream;
import java.time.Duration;
import java.util.function.Supplier;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.util.HumanFormat;

/** Refreshes a text every few seconds: in place on a terminal, otherwise one after the other. */
public final class FullScreen {
    /** Alternate screen, hidden cursor, no wrapping: xterm's sequences, which all terminals support. */
    private static final String OPEN = "\u001b[?1049h\u001b[?25l\u001b[?7l";

    private static final String CLOSE = "\u001b[?7h\u001b[?25h\u001b[?1049l";
    private static final String TO_END_OF_LINE = "\u001b[K";
    private static final String TO_END_OF_SCREEN = "\u001b[J";

    /** A row beyond the last moves to the last row; the number of rows is known only to a subprocess. */
    private static final String LAST_ROW = "\u001b[999;1H\u001b[2K";

    private final Environment environment;
    private final PrintStream out;
    private final boolean isTerminal;
    private boolean isOpen;

    public FullScreen(Environment environment) {
        this.environment = environment;
        this.out = environment.out();
        this.isTerminal = environment.isFullTerminal();
    }

    /** Runs until the reader closes the pipe or Ctrl-C ends the process; then restores the shell's screen. */
    public void show(Supplier<String> text, Duration every) {
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
            page.append("every " + HumanFormat.span(every) + "; Ctrl-C ends; long lines are whole without --watch");
            out.print(page);
        }
        out.flush();
    }
}
