package org.opensciencegrid.tokenrenewer.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.ini4j.CommonMultiMap;
import org.jspecify.annotations.Nullable;

/** Sections, options and raw values with their line numbers, and the syntax errors. */
final class RawConfig {
    /** The section whose options all others inherit. */
    static final String DEFAULT = "DEFAULT";

    /** An option in {@link #DEFAULT} or another section. Equality is identity. */
    static final class Option {
        private final String name;
        // Nearly all options have one line, and a file may have thousands of options.
        private final List<String> parts = new ArrayList<>(1);
        private final List<Integer> lines = new ArrayList<>(1);
        private @Nullable String value;

        Option(String name) {
            this.name = name;
        }

        String name() {
            return name;
        }

        /** Adds a line of the value, without surrounding white space. */
        void add(int line, String part) {
            lines.add(line);
            parts.add(part);
            value = null;
        }

        /** The lines passed to {@link #add}; never empty. */
        List<String> parts() {
            return Collections.unmodifiableList(parts);
        }

        /** The line number of a part. */
        int line(int part) {
            return lines.get(part);
        }

        int line() {
            return line(0);
        }

        /** The parts joined by line feeds, not interpolated. */
        String value() {
            if (value == null) {
                value = parts.size() == 1 ? parts.get(0) : PythonText.stripEnd(String.join("\n", parts));
            }
            return value;
        }
    }

    /**
     * Sections and their options. Not an ini4j {@code Profile}: that would interpolate, and compiles a pattern for each
     * section.
     */
    private final CommonMultiMap<String, CommonMultiMap<String, Option>> profile = new CommonMultiMap<>();

    private final Map<String, Integer> sectionLines = new LinkedHashMap<>();
    private final List<SyntaxError> syntaxErrors = new ArrayList<>();

    /** Starts a section without options and returns it, so that options can be added. */
    Map<String, Option> addSection(String section, int line) {
        CommonMultiMap<String, Option> options = new CommonMultiMap<>();
        profile.put(section, options);
        sectionLines.put(section, line);
        return options;
    }

    /** The options of a section that was started before; otherwise null. */
    @Nullable
    Map<String, Option> optionsOf(String section) {
        return profile.get(section);
    }

    void add(SyntaxError error) {
        syntaxErrors.add(error);
    }

    List<SyntaxError> syntaxErrors() {
        return Collections.unmodifiableList(syntaxErrors);
    }

    /** The section names, without {@link #DEFAULT}. */
    Set<String> sections() {
        Set<String> names = new LinkedHashSet<>(sectionLines.keySet());
        names.remove(DEFAULT);
        return names;
    }

    int line(String section) {
        return Objects.requireNonNull(sectionLines.get(section));
    }

    /** The section's own options; their names are in lower case. */
    Collection<Option> options(String section) {
        Map<String, Option> options = optionsOf(section);
        return options == null ? List.of() : options.values();
    }

    /** Finds the option in the section or, if it is not there, in {@link #DEFAULT}. */
    Optional<Option> find(String section, String name) {
        Option own = findIn(section, name);
        return Optional.ofNullable(own != null ? own : findIn(DEFAULT, name));
    }

    private @Nullable Option findIn(String section, String name) {
        Map<String, Option> options = optionsOf(section);
        return options == null ? null : options.get(name);
    }
}
