package org.opensciencegrid.tokenrenewer.config;

import java.util.ArrayList;
import java.util.List;

/** Collects the problems and warnings of one file. */
final class Diagnostics {
    private final List<ConfigError> problems = new ArrayList<>();
    private final List<ConfigWarning> warnings = new ArrayList<>();

    void add(ConfigError problem) {
        problems.add(problem);
    }

    void warning(int line, String text) {
        warnings.add(new ConfigWarning(line, text));
    }

    /** The problems in line order. */
    List<ConfigError> problems() {
        List<ConfigError> sorted = new ArrayList<>(problems);
        sorted.sort((one, other) -> one.line() - other.line());
        return sorted;
    }

    List<ConfigWarning> warnings() {
        List<ConfigWarning> sorted = new ArrayList<>(warnings);
        sorted.sort((one, other) -> one.line() - other.line());
        return sorted;
    }
}
