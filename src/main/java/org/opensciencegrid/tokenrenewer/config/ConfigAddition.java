package org.opensciencegrid.tokenrenewer.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Sections that a program appends to config.ini. The existing bytes of the file do not change.
 *
 * @param before the current content of the file; empty if there is no file
 * @param text what to append; empty if the file already has all the sections
 * @param after the configuration after the addition
 */
public record ConfigAddition(Optional<byte[]> before, String text, Config after) {
    /**
     * A section to add.
     *
     * @param type account or token
     * @param options in file order; the values are not yet escaped for the file
     */
    public record NewSection(String type, String name, Map<String, String> options) {
        /** The name of the section for messages. */
        public String title() {
            return "[" + type + " " + Printable.of(name) + "]";
        }

        /** The lines of the section in the file. */
        public List<String> lines() {
            List<String> lines = new ArrayList<>(List.of("[" + type + " " + name + "]", ""));
            // Python's configparser, and this program, read %% as %.
            options.forEach((option, value) -> lines.add(option + " = " + value.replace("%", "%%")));
            return lines;
        }
    }

    /**
     * Computes the text to append so that the file has these sections. A section that already exists with the same
     * values is left out; it may have other options too.
     *
     * @throws ConfigException if the file is invalid with these sections, or already has one of them with another value
     */
    public static ConfigAddition to(Path file, List<NewSection> sections) throws ConfigException {
        Optional<byte[]> before = Files.exists(file) ? Optional.of(ConfigFile.bytes(file)) : Optional.empty();
        String text = before.isPresent() ? ConfigFile.decode(file, before.get()) : "";
        RawConfig raw = IniParser.parse(text);
        List<NewSection> missing = new ArrayList<>();
        List<ConfigError> problems = new ArrayList<>();
        for (NewSection section : sections) {
            Optional<String> header = find(raw, section);
            if (header.isEmpty()) {
                missing.add(section);
            } else {
                differences(raw, header.get(), section)
                        .forEach(difference -> problems.add(new ConfigError(
                                raw.line(header.get()),
                                section.title() + " is there already, and has " + difference
                                        + "; change it by hand, or remove it and run this again")));
            }
        }
        String addition = text(text, missing);
        RawConfig result = IniParser.parse(text + addition);
        if (problems.isEmpty()) {
            for (NewSection section : missing) { // check the result the way it will be read
                if (find(result, section)
                        .filter(header -> differences(result, header, section).isEmpty())
                        .isEmpty()) {
                    problems.add(
                            new ConfigError(0, section.title() + " cannot be written so that it is read as meant"));
                }
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(file, problems);
        }
        Config config = Validation.validate(file, result);
        List<ConfigError> added = new ArrayList<>(config.problems());
        added.removeAll(Validation.validate(file, raw).problems());
        if (!added.isEmpty()) {
            throw new ConfigException(file, added);
        }
        return new ConfigAddition(before, addition, config);
    }

    /** Uses the line endings of the file and separates sections with an empty line. */
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

    /** The {@code password_file} of an account section, even if no token uses it; empty if the file cannot be read. */
    public static Optional<Path> passwordFile(Path file, String account) {
        try {
            RawConfig raw = IniParser.parse(ConfigFile.decode(file, ConfigFile.bytes(file)));
            return find(raw, new NewSection("account", account, Map.of()))
                    .flatMap(header ->
                            new Section(raw, new Diagnostics(), header, "account", account).text("password_file"))
                    .map(Path::of);
        } catch (ConfigException e) {
            return Optional.empty();
        }
    }

    /** Finds the header of the section, with any number of spaces in it. */
    private static Optional<String> find(RawConfig raw, NewSection section) {
        List<String> words = List.of(section.type(), section.name());
        return raw.sections().stream()
                .filter(header -> PythonText.words(header).equals(words))
                .findFirst();
    }

    private static List<String> differences(RawConfig raw, String header, NewSection section) {
        Section read = new Section(raw, new Diagnostics(), header, section.type(), section.name());
        List<String> differences = new ArrayList<>();
        section.options().forEach((option, value) -> {
            boolean list = KnownOptions.LISTS.contains(option);
            boolean same = list
                    ? read.words(option).equals(PythonText.words(value))
                    : read.text(option).filter(value::equals).isPresent();
            if (!same) {
                // Do not show the values: they may be secret.
                differences.add((read.has(option) ? "another " : "no ") + option);
            }
        });
        return differences;
    }

    /** The text to append, encoded for the file. */
    public byte[] bytes() {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
