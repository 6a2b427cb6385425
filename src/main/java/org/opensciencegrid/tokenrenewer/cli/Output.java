package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.text.Members;

/**
 * Lines to a person, to the journal, or to a program. Under systemd every line goes to standard error with the priority
 * prefix of sd-daemon(3): one stream, so that lines stay in order. Otherwise what went well goes to standard output. As
 * JSON (docs/log-json.md) all lines are of one stream too, and that is standard output where there is no journal.
 */
final class Output {
    private static final String ERROR_STREAM = "/proc/self/fd/2";

    private final PrintStream out;
    private final PrintStream err;
    private final Clock clock;
    private final boolean journal;
    private final boolean json;
    private @Nullable LiveLines live;

    Output(Environment environment) {
        this(environment, false);
    }

    Output(Environment environment, boolean json) {
        this.out = environment.out();
        this.err = environment.err();
        this.clock = environment.clock();
        this.json = json;
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

    /** Whether programs read it, and want to know what a line is about. */
    boolean isJson() {
        return json;
    }

    /** These lines stay below all others. */
    void below(LiveLines lines) {
        live = lines;
    }

    void info(String line) {
        info(line, Members.NONE);
    }

    /** @param about what stands beside the line in JSON; ignored elsewhere */
    void info(String line, Members about) {
        print(out, 6, "info", line, about);
    }

    void warning(String line) {
        warning(line, Members.NONE);
    }

    void warning(String line, Members about) {
        print(err, 4, "warning", json ? line : "warning: " + line, about);
    }

    void error(String line) {
        error(line, Members.NONE);
    }

    void error(String line, Members about) {
        print(err, 3, "error", line, about);
    }

    void critical(String line, Members about) {
        print(err, 2, "critical", line, about);
    }

    private synchronized void print(PrintStream stream, int priority, String level, String words, Members about) {
        String text = json ? object(level, words, about) : words;
        PrintStream to = journal ? err : json ? out : stream;
        String line = journal ? "<" + priority + ">" + text : text;
        String shown = journal || json ? line : Prose.of(to, line);
        if (live == null) {
            to.println(shown);
            to.flush();
        } else {
            live.above(to, shown);
        }
    }

    private String object(String level, String words, Members about) {
        Members object = Members.NONE.with("time", clock.instant()).with("level", level);
        for (Map.Entry<String, Object> member : about.asMap().entrySet()) {
            object = object.with(member.getKey(), member.getValue());
        }
        return object.with("message", words).toJson();
    }
}
