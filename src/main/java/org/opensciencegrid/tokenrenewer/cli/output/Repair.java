package org.opensciencegrid.tokenrenewer.cli.output;

import java.util.ArrayList;
import java.util.List;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * What fixes a problem.
 *
 * @param advice what to do, without a period; the command follows it, if there is one
 * @param command the words of one command; empty if there is none. A command that needs a shell is {@code sh -c LINE}
 */
public record Repair(String advice, List<String> command) {
    /** For a failure that ends without action. */
    public static final Repair NOTHING = new Repair("the next run retries", List.of());

    public Repair {
        command = List.copyOf(command);
    }

    public static Repair advice(String advice) {
        return new Repair(advice, List.of());
    }

    /** In one sentence, for a line of the journal and for JSON. */
    public String text() {
        return command.isEmpty() ? advice : advice + ": " + ShellQuote.line(command);
    }

    /** Like {@link #text}, after the label that people search for. */
    public String marked() {
        return label() + text();
    }

    /** What happened and what fixes it, on one line. */
    public String after(String what) {
        return what + (what.endsWith(".") ? " " : ". ") + marked();
    }

    /** For a terminal: wraps the advice and puts the command on its own line, whatever its length. */
    public List<String> lines(String indent, Colors colors) {
        List<String> lines = new ArrayList<>();
        LineWrapper.wrap(lines, indent, label() + advice + (command.isEmpty() ? "" : ":"));
        if (!command.isEmpty()) {
            lines.add(indent + colors.strong(ShellQuote.line(command)));
        }
        return lines;
    }

    /** Adds it to an object in JSON. */
    JsonObject addTo(JsonObject members) {
        return members.with("repair", text()).with("command", command);
    }

    String label() {
        return equals(NOTHING) ? "Nothing to do: " : "To fix: ";
    }
}
