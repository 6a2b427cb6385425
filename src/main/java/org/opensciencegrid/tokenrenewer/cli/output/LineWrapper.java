package org.opensciencegrid.tokenrenewer.cli.output;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Wraps sentences at 80 columns. Commands are not wrapped: {@link Repair} prints them. */
public final class LineWrapper {
    public static final String HANGING = "    ";
    private static final int WIDTH = 80;

    private LineWrapper() {}

    public static void wrap(List<String> lines, String indent, String text) {
        wrap(lines, indent, indent, text);
    }

    /** @param first starts the first line, instead of the indent */
    public static void wrap(List<String> lines, String first, String indent, String text) {
        StringBuilder line = new StringBuilder(first);
        boolean isBegun = false;
        for (String word : text.split(" ")) {
            if (isBegun && line.length() + 1 + word.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(indent);
                isBegun = false;
            }
            line.append(isBegun ? " " : "").append(word);
            isBegun = true;
        }
        lines.add(line.toString());
    }

    /** Wraps the text if it goes to a terminal, which would break it within a word. */
    public static String of(PrintStream to, String text) {
        return text.length() > WIDTH && Environment.isTerminal(to) ? wrapped(text) : text;
    }

    static String wrapped(String text) {
        if (text.length() <= WIDTH || text.startsWith(" ")) { // a command to paste
            return text;
        }
        if (text.contains("\n")) {
            return text.lines().map(LineWrapper::wrapped).collect(Collectors.joining("\n"));
        }
        List<String> lines = new ArrayList<>();
        wrap(lines, "", HANGING, text);
        return String.join("\n", lines);
    }
}
