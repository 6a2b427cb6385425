package org.opensciencegrid.tokenrenewer.config;

import java.util.Optional;
import java.util.function.Function;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Replaces {@code %(option)s} and {@code %%} like Python's BasicInterpolation does when an option is read. */
final class Interpolation {
    private static final int MAX_DEPTH = 10;
    /** Python has no such limits: ten lines that refer to each other can keep it busy for years. */
    private static final int MAX_SUBSTITUTIONS = 10_000;

    private static final int MAX_LENGTH = ConfigFile.MAX_BYTES;

    /** The value cannot be expanded. The message does not contain the value. */
    static final class Failure extends Exception {
        private final SyntaxError.Kind kind;

        private Failure(SyntaxError.Kind kind, String message) {
            super(message);
            this.kind = kind;
        }

        SyntaxError.Kind kind() {
            return kind;
        }
    }

    private final Function<String, Optional<String>> lookup;
    private final StringBuilder out = new StringBuilder();
    private int substitutions;

    private Interpolation(Function<String, Optional<String>> lookup) {
        this.lookup = lookup;
    }

    /**
     * Replaces every reference in the value.
     *
     * @param lookup the raw value of an option, by its name in lower case
     */
    static String expand(String value, Function<String, Optional<String>> lookup) throws Failure {
        if (value.indexOf('%') < 0) { // true for nearly all values
            return value;
        }
        Interpolation interpolation = new Interpolation(lookup);
        interpolation.append(value, 1);
        return interpolation.out.toString();
    }

    private void append(String value, int depth) throws Failure {
        if (depth > MAX_DEPTH) {
            throw new Failure(
                    SyntaxError.Kind.INTERPOLATION_DEPTH,
                    "references like %(option)s lead to each other more than 10 deep");
        }
        int start = 0;
        int percent;
        while ((percent = value.indexOf('%', start)) >= 0) {
            out.append(value, start, percent);
            if (value.startsWith("%%", percent)) {
                out.append('%');
                start = percent + 2;
            } else if (value.startsWith("%(", percent)) {
                int close = value.indexOf(')', percent);
                if (close == percent + 2 || close < 0 || !value.startsWith(")s", close)) {
                    throw new Failure(
                            SyntaxError.Kind.INTERPOLATION_SYNTAX, "'%(' must be followed by an option and ')s'");
                }
                substitute(PythonText.lower(value.substring(percent + 2, close)), depth);
                start = close + 2;
            } else {
                throw new Failure(
                        SyntaxError.Kind.INTERPOLATION_SYNTAX, "a '%' that belongs to the value must be written '%%'");
            }
        }
        out.append(value, start, value.length());
    }

    private void substitute(String option, int depth) throws Failure {
        String value = lookup.apply(option)
                .orElseThrow(() -> new Failure(
                        SyntaxError.Kind.INTERPOLATION_MISSING_OPTION,
                        "%(" + Printable.of(option) + ")s refers to an option that is neither in this section nor in"
                                + " [DEFAULT]"));
        if (++substitutions > MAX_SUBSTITUTIONS || out.length() + value.length() > MAX_LENGTH) {
            throw new Failure(
                    SyntaxError.Kind.INTERPOLATION_DEPTH, "references like %(option)s make the value too long");
        }
        if (value.indexOf('%') < 0) { // Python only counts the depth of values that have references of their own
            out.append(value);
        } else {
            append(value, depth + 1);
        }
    }
}
