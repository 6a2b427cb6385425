package org.opensciencegrid.tokenrenewer.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Collects the problems and warnings of one file. */
final class Diagnostics {
    private final List<ConfigError> problems = new ArrayList<>();
    private final List<ConfigWarning> warnings = new ArrayList<>();
    /** The tokens of one section may share a mistake. */
    private final Set<String> known = new HashSet<>();

    void add(ConfigError problem) {
        if (known.add(problem.line() + ":" + problem.text())) {
            problems.add(problem);
        }
    }

    void warning(int line, String text) {
        if (known.add(line + ":" + text)) {
            warnings.add(new ConfigWarning(line, text));
        }
    }

    /** The problems in line order. */
    List<ConfigError> problems() {
        if (problems.isEmpty()) {
            return List.of(); // nearly always
        }
        List<ConfigError> sorted = new ArrayList<>(problems);
        sorted.sort((one, other) -> one.line() - other.line());
        return sorted;
    }

    List<ConfigWarning> warnings() {
        if (warnings.isEmpty()) {
            return List.of(); // nearly always
        }
        List<ConfigWarning> sorted = new ArrayList<>(warnings);
        sorted.sort((one, other) -> one.line() - other.line());
        return sorted;
    }
}
