package org.opensciencegrid.tokenrenewer.config;

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

    /**
     * An option that stands in the file.
     *
     * @param section where it stands, which may be {@link #DEFAULT}
     * @param value not interpolated; the lines of the value, each without blanks around it, joined by line feeds
     * @param lines the number of each line of the value
     */
    record Option(String section, String name, String value, List<Integer> lines) {
        int line() {
            return lines.get(0);
        }
    }

    /** Sections and their options. No {@code Profile} of ini4j's, which would interpolate, and compiles a pattern for each section. */
    private final CommonMultiMap<String, CommonMultiMap<String, String>> profile = new CommonMultiMap<>();

    private final Map<String, Integer> sectionLines = new LinkedHashMap<>();
    private final Map<String, Map<String, List<Integer>>> optionLines = new LinkedHashMap<>();
    private final List<Fault> faults;

    RawConfig(List<Fault> faults) {
        this.faults = List.copyOf(faults);
    }

    void add(String section, int line) {
        profile.put(section, new CommonMultiMap<>());
        sectionLines.put(section, line);
        optionLines.put(section, new LinkedHashMap<>());
    }

    void add(String section, String option, String value, List<Integer> lines) {
        found(profile.get(section)).put(option, value);
        found(optionLines.get(section)).put(option, List.copyOf(lines));
    }

    List<Fault> faults() {
        return faults;
    }

    /** Names between the brackets, without {@link #DEFAULT}. */
    Set<String> sections() {
        Set<String> names = new LinkedHashSet<>(sectionLines.keySet());
        names.remove(DEFAULT);
        return names;
    }

    int line(String section) {
        return found(sectionLines.get(section));
    }

    /** Names of the section's own options, in lower case. */
    Set<String> options(String section) {
        return Collections.unmodifiableSet(
                optionLines.getOrDefault(section, Map.of()).keySet());
    }

    /** The option of this name in the section, or else in {@link #DEFAULT}. */
    Optional<Option> find(String section, String name) {
        return findIn(section, name).or(() -> findIn(DEFAULT, name));
    }

    private Optional<Option> findIn(String section, String name) {
        CommonMultiMap<String, String> options = profile.get(section);
        return Optional.ofNullable(options == null ? null : options.get(name))
                .map(value -> new Option(
                        section,
                        name,
                        value,
                        found(found(optionLines.get(section)).get(name))));
    }

    /** What {@link #add} has put there. */
    private static <T> T found(@Nullable T value) {
        return Objects.requireNonNull(value);
    }
}
