package org.opensciencegrid.tokenrenewer.config;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What our lines and interpolation make of a file, in the form of configparser-dump.py. */
final class Dump {
    private Dump() {}

    static String of(byte[] file) {
        String text;
        try {
            text = ConfigFile.decode(Path.of("config.ini"), file);
        } catch (ConfigException e) {
            return "UnicodeDecodeError";
        }
        RawConfig raw = IniParser.parse(text);
        // Python collects parsing errors, and throws them if nothing else came in its way.
        Optional<SyntaxError> fault = raw.syntaxErrors().stream()
                .min(Comparator.comparing((SyntaxError each) -> each.kind() == SyntaxError.Kind.PARSING)
                        .thenComparing(SyntaxError::line));
        if (fault.isPresent()) {
            return name(fault.get().kind());
        }
        try {
            return sections(raw);
        } catch (Interpolation.Failure e) {
            return name(e.kind());
        }
    }

    private static String name(SyntaxError.Kind kind) {
        return Stream.of(kind.name().split("_"))
                .map(word -> word.charAt(0) + word.substring(1).toLowerCase(Locale.ROOT))
                .collect(Collectors.joining("", "", "Error"));
    }

    private static String sections(RawConfig raw) throws Interpolation.Failure {
        List<String> members = new ArrayList<>();
        for (String section : raw.sections()) {
            Set<String> options = new LinkedHashSet<>();
            raw.options(section).forEach(option -> options.add(option.name()));
            raw.options(RawConfig.DEFAULT).forEach(option -> options.add(option.name()));
            List<String> values = new ArrayList<>();
            for (String option : options) {
                String value = Interpolation.expand(
                        raw.find(section, option).orElseThrow().value(),
                        name -> raw.find(section, name).map(RawConfig.Option::value));
                values.add(json(option) + ": " + json(value));
            }
            members.add(json(section) + ": {" + String.join(", ", values) + "}");
        }
        return "{" + String.join(", ", members) + "}";
    }

    private static String json(String text) {
        return text.chars().mapToObj(c -> character((char) c)).collect(Collectors.joining("", "\"", "\""));
    }

    private static String character(char c) {
        int escape = "\"\\\n\r\t\b\f".indexOf(c);
        if (escape >= 0) {
            return "\\" + "\"\\nrtbf".charAt(escape);
        }
        return c >= ' ' && c <= '~' ? String.valueOf(c) : String.format("\\u%04x", (int) c);
    }
}
