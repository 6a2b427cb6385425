package org.opensciencegrid.tokenrenewer.cli.output;

import java.util.List;
import java.util.stream.Collectors;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** The only class that quotes words for a POSIX shell. */
public final class ShellQuote {
    private ShellQuote() {}

    static String quoted(Object word) {
        String text = word.toString();
        return text.matches("[A-Za-z0-9_@%+=:,./-]+") && !text.startsWith("=")
                ? text
                : "'" + Printable.of(text, Integer.MAX_VALUE).replace("'", "'\\''") + "'";
    }

    /** A command that a person can paste. */
    public static String line(List<String> command) {
        return isShell(command)
                ? command.get(2)
                : command.stream().map(ShellQuote::quoted).collect(Collectors.joining(" "));
    }

    /** A command that needs a shell. */
    static List<String> shell(String line) {
        return List.of("sh", "-c", line);
    }

    /** Runs each command only if all before it succeeded. */
    static List<String> all(List<List<String>> commands) {
        return shell(commands.stream().map(ShellQuote::line).collect(Collectors.joining(" && ")));
    }

    private static boolean isShell(List<String> command) {
        return command.size() == 3
                && command.get(0).equals("sh")
                && command.get(1).equals("-c");
    }
}
