package org.opensciencegrid.tokenrenewer.cli;

import org.opensciencegrid.tokenrenewer.status.Level;

/** The colours of a terminal, by the codes of ECMA-48; none where nobody sees them. */
final class Colours {
    static final Colours NONE = new Colours(false);

    private final boolean on;

    private Colours(boolean on) {
        this.on = on;
    }

    /** The words of {@code --color}. */
    enum When {
        auto,
        always,
        never
    }

    static Colours of(When when, Environment environment) {
        return switch (when) {
            case always -> new Colours(true);
            case never -> NONE;
            // https://no-color.org
            case auto -> new Colours(environment.variable("NO_COLOR").isEmpty() && Screen.isThere(environment));
        };
    }

    String of(Level level, String text) {
        return switch (level) {
            case OK -> paint("32", text);
            case WARNING -> paint("33", text);
            case ACTION -> paint("1;31", text);
        };
    }

    String strong(String text) {
        return paint("1", text);
    }

    private String paint(String code, String text) {
        return on ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
    }
}
