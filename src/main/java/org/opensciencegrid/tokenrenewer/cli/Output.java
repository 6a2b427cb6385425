package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Lines to a person or to the journal. Under systemd every line goes to standard error with the priority prefix of
 * sd-daemon(3): one stream, so that lines stay in order. Otherwise what went well goes to standard output.
 */
final class Output {
    private static final String ERROR_STREAM = "/proc/self/fd/2";

    private final PrintStream out;
    private final PrintStream err;
    private final boolean journal;

    Output(Environment environment) {
        this.out = environment.out();
        this.err = environment.err();
        this.journal = environment
                .variable("JOURNAL_STREAM")
                .filter(Output::isErrorStream)
                .isPresent();
    }

    /** $JOURNAL_STREAM is inherited by everything under a user's session too: only its inode tells. */
    private static boolean isErrorStream(String deviceAndInode) {
        try {
            Path stream = Path.of(ERROR_STREAM);
            return deviceAndInode.equals(
                    Files.getAttribute(stream, "unix:dev") + ":" + Files.getAttribute(stream, "unix:ino"));
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    void info(String line) {
        print(out, 6, line);
    }

    void warning(String line) {
        print(err, 4, "warning: " + line);
    }

    void error(String line) {
        print(err, 3, line);
    }

    void critical(String line) {
        print(err, 2, line);
    }

    private synchronized void print(PrintStream stream, int priority, String line) {
        PrintStream to = journal ? err : stream;
        to.println((journal ? "<" + priority + ">" : "") + line);
        to.flush();
    }
}
