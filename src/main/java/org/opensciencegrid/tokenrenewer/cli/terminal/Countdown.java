package org.opensciencegrid.tokenrenewer.cli.terminal;

import java.io.PrintStream;
import java.time.Duration;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/**
 * Shows on one line what we wait for and how long, and updates it every second. If the output is not a terminal, it
 * only waits.
 */
public final class Countdown implements Sleeper {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final PrintStream out;
    private final Sleeper pause;
    private final boolean shown;
    private String what = "";
    private String state = "";
    private Duration deadline = Duration.ZERO;
    private boolean running;
    private int width;

    /**
     * @param pause does the waiting
     * @param shown whether to print the line
     */
    public Countdown(PrintStream out, Sleeper pause, boolean shown) {
        this.out = out;
        this.pause = pause;
        this.shown = shown;
    }

    synchronized void start(String what, Duration lifetime) {
        this.what = what;
        this.deadline = pause.elapsed().plus(lifetime);
        this.state = "";
        this.running = shown;
        draw();
    }

    /** Adds a remark to the line; none if empty. */
    synchronized void state(String words) {
        state = words.isEmpty() ? "" : " (" + words + ")";
        draw();
    }

    /** Erases the line before other output. A second call has no effect. */
    public synchronized void stop() {
        if (running) {
            running = false;
            out.print("\r" + " ".repeat(width) + "\r");
            out.flush();
        }
    }

    @Override
    public void sleep(Duration duration) {
        if (!shown) {
            pause.sleep(duration);
            return;
        }
        Duration until = pause.elapsed().plus(duration);
        Duration left = duration;
        while (left.compareTo(Duration.ZERO) > 0 && !Thread.currentThread().isInterrupted()) {
            pause.sleep(left.compareTo(SECOND) < 0 ? left : SECOND);
            draw();
            left = until.minus(pause.elapsed());
        }
    }

    @Override
    public Duration elapsed() {
        return pause.elapsed();
    }

    private synchronized void draw() {
        if (running) {
            long left = Math.max(0, deadline.minus(pause.elapsed()).toSeconds());
            String line = what + ", " + left / 60 + ":" + (left % 60 < 10 ? "0" : "") + left % 60 + " left" + state;
            out.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
            out.flush();
            width = Math.max(width, line.length());
        }
    }
}
