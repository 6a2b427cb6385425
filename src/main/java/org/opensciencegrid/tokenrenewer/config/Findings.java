package org.opensciencegrid.tokenrenewer.config;

import java.util.ArrayList;
import java.util.List;

/** All that is to be said about one file. */
final class Findings {
    private final List<Problem> problems = new ArrayList<>();
    private final List<Warning> warnings = new ArrayList<>();

    void problem(int line, String text) {
        problems.add(new Problem(line, text));
    }

    void warning(int line, String text) {
        warnings.add(new Warning(line, text));
    }

    /** In the order of their lines. */
    List<Problem> problems() {
        List<Problem> sorted = new ArrayList<>(problems);
        sorted.sort((one, other) -> one.line() - other.line());
        return sorted;
    }

    List<Warning> warnings() {
        List<Warning> sorted = new ArrayList<>(warnings);
        sorted.sort((one, other) -> one.line() - other.line());
        return sorted;
    }
}
