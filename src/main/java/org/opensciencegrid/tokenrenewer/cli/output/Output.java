package org.opensciencegrid.tokenrenewer.cli.output;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * Prints lines for a person, the journal, or a program. Under systemd every line goes to standard error with the
 * priority prefix of sd-daemon(3): one stream keeps the lines in order. Otherwise, good news goes to standard output.
 * JSON (docs/reference/log-json.md) is one stream too: standard output if there is no journal.
 */
public final class Output {
    private static final String ERROR_STREAM = "/proc/self/fd/2";

    private final PrintStream out;
    private final PrintStream err;
    private final Clock clock;
    private final boolean journal;
    private final boolean json;
    private final boolean quiet;
    private @Nullable LiveProgress live;

    public Output(Environment environment) {
        this(environment, false, false);
    }

    /** @param quiet print only warnings and errors; JSON has all lines */
    public Output(Environment environment, boolean json, boolean quiet) {
        this.out = environment.out();
        this.err = environment.err();
        this.clock = environment.clock();
        this.json = json;
        this.quiet = quiet && !json;
        Optional<String> journalStream = environment.variable("JOURNAL_STREAM");
        this.journal = journalStream.isPresent() && isErrorStream(journalStream.get());
    }

    /** A user's session inherits $JOURNAL_STREAM too, so only the inode shows whether standard error is the journal. */
    private static boolean isErrorStream(String deviceAndInode) {
        try {
            Path stream = Path.of(ERROR_STREAM);
            return deviceAndInode.equals(
                    Files.getAttribute(stream, "unix:dev") + ":" + Files.getAttribute(stream, "unix:ino"));
        } catch (IOException | RuntimeException e) {
            return false;
        }
    }

    /** Whether the output is JSON, so that lines need their data. */
    boolean isJson() {
        return json;
    }

    /** These lines stay below all others. */
    public void showProgress(LiveProgress progress) {
        live = progress;
    }

    public void info(String line) {
        info(line, JsonObject.NONE);
    }

    /** @param data the data of the line in JSON; otherwise ignored */
    public void info(String line, JsonObject data) {
        if (!quiet) {
            print(out, 6, "info", line, Optional.empty(), data);
        }
    }

    public void warning(String line) {
        warning(line, JsonObject.NONE);
    }

    public void warning(String line, JsonObject data) {
        warning(line, Optional.empty(), data);
    }

    /** @param repair what fixes it; in JSON too */
    public void warning(String line, Optional<Repair> repair, JsonObject data) {
        print(err, 4, "warning", json ? line : "warning: " + line, repair, data);
    }

    public void error(String line) {
        error(line, JsonObject.NONE);
    }

    public void error(String line, JsonObject data) {
        print(err, 3, "error", line, Optional.empty(), data);
    }

    public void error(String line, Repair repair) {
        error(line, repair, JsonObject.NONE);
    }

    public void error(String line, Repair repair, JsonObject data) {
        print(err, 3, "error", line, Optional.of(repair), data);
    }

    void critical(String line, Repair repair, JsonObject data) {
        print(err, 2, "critical", line, Optional.of(repair), data);
    }

    private synchronized void print(
            PrintStream stream, int priority, String level, String words, Optional<Repair> repair, JsonObject data) {
        PrintStream to = journal ? err : json ? out : stream;
        String line = repair.isPresent() ? repair.get().after(words) : words;
        String text;
        if (json) {
            text = object(level, line, repair.isPresent() ? withRepair(repair.get(), data) : data);
        } else if (!journal && Environment.isTerminal(to)) {
            List<String> lines = new ArrayList<>(List.of(LineWrapper.wrapped(words)));
            if (repair.isPresent()) {
                lines.addAll(repair.get().lines(LineWrapper.HANGING, Colors.NONE));
            }
            text = String.join("\n", lines);
        } else {
            text = line;
        }
        if (journal) {
            text = "<" + priority + ">" + text;
        }
        if (live == null) {
            to.println(text);
            to.flush();
        } else {
            live.printAbove(to, text);
        }
    }

    /** A failure has a repair of its own. */
    private static JsonObject withRepair(Repair repair, JsonObject data) {
        return data.names().contains("failure") ? data : repair.addTo(data);
    }

    private String object(String level, String words, JsonObject data) {
        JsonObject object = JsonObject.NONE.with("time", clock.instant()).with("level", level);
        for (Map.Entry<String, Object> member : data.asMap().entrySet()) {
            object = object.with(member.getKey(), member.getValue());
        }
        return object.with("message", words).toJson();
    }
}
