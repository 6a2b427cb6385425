package org.opensciencegrid.tokenrenewer.cli.output;

import org.opensciencegrid.tokenrenewer.status.Level;

/** The colors of a terminal, with the codes of ECMA-48; no codes if the output is not a terminal. */
public final class Colors {
    public static final Colors NONE = new Colors(false);

    private final boolean on;

    private Colors(boolean on) {
        this.on = on;
    }

    /** The values of {@code --color}. */
    public enum When {
        auto,
        always,
        never
    }

    public static Colors of(When when, Environment environment) {
        return switch (when) {
            case always -> new Colors(true);
            case never -> NONE;
            // https://no-color.org
            case auto -> new Colors(environment.variable("NO_COLOR").isEmpty() && environment.isFullTerminal());
        };
    }

    public String of(Level level, String text) {
        return switch (level) {
            case OK -> paint("32", text);
            case WARNING -> paint("33", text);
            case ACTION -> paint("1;31", text);
        };
    }

    public String strong(String text) {
        return paint("1", text);
    }

    private String paint(String code, String text) {
        return on ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
