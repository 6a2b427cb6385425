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

/** Sections, options and raw values as the lines of a file give them, with the lines; and what could not be read. */
final class RawConfig {
    /** The section whose options all others inherit. */
    static final String DEFAULT = "DEFAULT";

    /** An option that stands in the file, in {@link #DEFAULT} or another section; each is equal to itself alone. */
    static final class Option {
        private final String name;
        private final List<String> parts = new ArrayList<>(1); // nearly all have one, and a file may have thousands
        private final List<Integer> lines = new ArrayList<>(1);
        private @Nullable String value;

        Option(String name) {
            this.name = name;
        }

        String name() {
            return name;
        }

        /** Another line of the value, without blanks around it. */
        void add(int line, String part) {
            lines.add(line);
            parts.add(part);
            value = null;
        }

        /** What {@link #add} was given; never empty. */
        List<String> parts() {
            return Collections.unmodifiableList(parts);
        }

        /** The number of a part's line. */
        int line(int part) {
            return lines.get(part);
        }

        int line() {
            return line(0);
        }

        /** Not interpolated; the parts, joined by line feeds. */
        String value() {
            if (value == null) {
                value = parts.size() == 1 ? parts.get(0) : PythonText.stripEnd(String.join("\n", parts));
            }
            return value;
        }
    }

    /** Sections and their options. No {@code Profile} of ini4j's, which would interpolate, and compiles a pattern for each section. */
    private final CommonMultiMap<String, CommonMultiMap<String, Option>> profile = new CommonMultiMap<>();

    private final Map<String, Integer> sectionLines = new LinkedHashMap<>();
    private final List<Fault> faults = new ArrayList<>();

    /** A section without options, to which they can be put. */
    Map<String, Option> begin(String section, int line) {
        CommonMultiMap<String, Option> options = new CommonMultiMap<>();
        profile.put(section, options);
        sectionLines.put(section, line);
        return options;
    }

    /** The options of a section that was begun before; else null. */
    @Nullable
    Map<String, Option> begun(String section) {
        return profile.get(section);
    }

    void add(Fault fault) {
        faults.add(fault);
    }

    List<Fault> faults() {
        return Collections.unmodifiableList(faults);
    }

    /** Names between the brackets, without {@link #DEFAULT}. */
    Set<String> sections() {
        Set<String> names = new LinkedHashSet<>(sectionLines.keySet());
        names.remove(DEFAULT);
        return names;
    }

    int line(String section) {
        return Objects.requireNonNull(sectionLines.get(section));
    }

    /** The section's own options, whose names are in lower case. */
    Collection<Option> options(String section) {
        Map<String, Option> options = begun(section);
        return options == null ? List.of() : options.values();
    }

    /** The option of this name in the section, or else in {@link #DEFAULT}. */
    Optional<Option> find(String section, String name) {
        Option own = findIn(section, name);
        return Optional.ofNullable(own != null ? own : findIn(DEFAULT, name));
    }

    private @Nullable Option findIn(String section, String name) {
        Map<String, Option> options = begun(section);
        return options == null ? null : options.get(name);
    }
}
