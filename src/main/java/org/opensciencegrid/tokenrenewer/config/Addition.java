package org.opensciencegrid.tokenrenewer.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.text.Printable;

/**
 * Sections that a program adds to config.ini, at its end: not a byte of what is there changes.
 *
 * @param before the file as it was read; empty where there is none
 * @param text what to append; empty when all of it is there already
 * @param after what the file then says
 */
public record Addition(Optional<byte[]> before, String text, Config after) {
    /**
     * A section as it is to be.
     *
     * @param type account or token
     * @param options in their order; values as they are meant, whatever it takes to write them
     */
    public record NewSection(String type, String name, Map<String, String> options) {
        /** How it is called in messages. */
        public String title() {
            return "[" + type + " " + Printable.of(name) + "]";
        }

        /** Its lines. */
        public List<String> lines() {
            List<String> lines = new ArrayList<>(List.of("[" + type + " " + name + "]", ""));
            // Python's configparser, and so this program, reads %% as %.
            options.forEach((option, value) -> lines.add(option + " = " + value.replace("%", "%%")));
            return lines;
        }
    }

    /**
     * Works out what to append so that the file has these sections. One that it has already is left out if it says the
     * same; options that it has beside them are its owner's affair.
     *
     * @throws ConfigException when the file cannot be used with them, or has one of them with another value
     */
    public static Addition to(Path file, List<NewSection> sections) throws ConfigException {
        Optional<byte[]> before = Files.exists(file) ? Optional.of(ConfigFile.bytes(file)) : Optional.empty();
        String text = before.isPresent() ? ConfigFile.decode(file, before.get()) : "";
        RawConfig raw = IniParser.parse(text);
        List<NewSection> missing = new ArrayList<>();
        List<Problem> problems = new ArrayList<>();
        for (NewSection section : sections) {
            Optional<String> header = find(raw, section);
            if (header.isEmpty()) {
                missing.add(section);
            } else {
                differences(raw, header.get(), section)
                        .forEach(difference -> problems.add(new Problem(
                                raw.line(header.get()),
                                section.title() + " is there already, and has " + difference
                                        + "; change it by hand, or remove it and run this again")));
            }
        }
        String addition = text(text, missing);
        RawConfig result = IniParser.parse(text + addition);
        if (problems.isEmpty()) {
            for (NewSection section : missing) { // as it will be read, which is what counts
                if (find(result, section)
                        .filter(header -> differences(result, header, section).isEmpty())
                        .isEmpty()) {
                    problems.add(new Problem(0, section.title() + " cannot be written so that it is read as meant"));
                }
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(file, problems);
        }
        return new Addition(before, addition, Validation.validate(file, result));
    }

    /** With the line ends of the file, and a blank line between. */
    private static String text(String before, List<NewSection> sections) {
        if (sections.isEmpty()) {
            return "";
        }
        String end = before.contains("\r\n") ? "\r\n" : "\n";
        StringBuilder text = new StringBuilder();
        if (!before.isEmpty() && !before.endsWith("\n") && !before.endsWith("\r")) {
            text.append(end);
        }
        boolean first = before.isEmpty();
        for (NewSection section : sections) {
            text.append(first ? "" : end);
            section.lines().forEach(line -> text.append(line).append(end));
            first = false;
        }
        return text.toString();
    }

    /** The header of the section, whatever blanks are in it. */
    private static Optional<String> find(RawConfig raw, NewSection section) {
        List<String> words = List.of(section.type(), section.name());
        return raw.sections().stream()
                .filter(header -> PythonText.words(header).equals(words))
                .findFirst();
    }

    private static List<String> differences(RawConfig raw, String header, NewSection section) {
        Section read = new Section(raw, new Findings(), header, section.type(), section.name());
        List<String> differences = new ArrayList<>();
        section.options().forEach((option, value) -> {
            boolean list = KnownOptions.LISTS.contains(option);
            boolean same = list
                    ? read.words(option).equals(PythonText.words(value))
                    : read.text(option).filter(value::equals).isPresent();
            if (!same) {
                differences.add((read.has(option) ? "another " : "no ") + option); // the values may be secret
            }
        });
        return differences;
    }

    /** The text as the bytes of the file. */
    public byte[] bytes() {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
