package org.opensciencegrid.tokenrenewer.config;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.text.Printable;

/**
 * Lines to sections and options, as {@code configparser.ConfigParser()} of Python 3.11 reads them. Where Python stops at
 * the first error this goes on, so that all of them are found at once; the first that stops Python is the same.
 */
final class IniParser {
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private record Option(List<String> value, List<Integer> lines) {
        Option() {
            this(new ArrayList<>(1), new ArrayList<>(1)); // nearly all have one line, and a file may have thousands
        }

        void add(int line, String text) {
            value.add(text);
            lines.add(line);
        }
    }

    private record Section(int line, Map<String, Option> options) {}

    private final Map<String, Section> sections = new LinkedHashMap<>();
    private final List<Fault> faults = new ArrayList<>();

    private String sectionName = "";
    /** Where options go; null before the first header. */
    private @Nullable Section section;
    /** What a line that is indented deeper continues; null after a header. */
    private @Nullable Option option;

    private int indent;

    private IniParser() {}

    static RawConfig parse(String text) {
        IniParser parser = new IniParser();
        parser.readAll(text);
        return parser.result();
    }

    private void readAll(String text) {
        String rest = text;
        if (text.startsWith(BYTE_ORDER_MARK)) {
            fault(Fault.Kind.MISSING_SECTION_HEADER, 1, "the file begins with a byte order mark; save it without one");
            rest = text.substring(1);
        }
        int number = 0;
        Iterator<String> lines = rest.lines().iterator(); // Python's universal newlines, and no others
        while (lines.hasNext()) {
            read(++number, lines.next());
        }
    }

    private void read(int number, String line) {
        String text = PythonText.strip(line);
        if (text.startsWith("#") || text.startsWith(";")) {
            return;
        }
        if (text.isEmpty()) {
            if (option != null) {
                option.add(number, ""); // a value goes on after a blank line, if a deeper line follows
            }
            return;
        }
        int lineIndent = PythonText.indent(line);
        if (option != null && lineIndent > indent) {
            option.add(number, text);
            return;
        }
        indent = lineIndent;
        // Up to the last bracket, and whatever follows it is ignored: Python 3.10 and later.
        int close = text.lastIndexOf(']');
        if (text.startsWith("[") && close > 1) {
            header(number, text.substring(1, close));
        } else if (section == null) {
            beforeFirstSection(number, text);
        } else {
            option(section, number, text);
        }
    }

    private void header(int number, String name) {
        Section known = sections.get(name);
        if (known == null) {
            section = new Section(number, new LinkedHashMap<>());
            sections.put(name, section);
        } else if (name.equals(RawConfig.DEFAULT)) {
            section = known;
        } else {
            fault(
                    Fault.Kind.DUPLICATE_SECTION,
                    number,
                    "section '%s' already exists (line %d)",
                    Printable.of(name),
                    known.line());
            section = new Section(number, new LinkedHashMap<>()); // read on, but keep none of it
        }
        sectionName = name;
        option = null;
    }

    private void beforeFirstSection(int number, String text) {
        if (faults.isEmpty()) { // the lines after it have the same cause
            fault(
                    Fault.Kind.MISSING_SECTION_HEADER,
                    number,
                    text.startsWith("[")
                            ? "a section must be written [account NAME] or [token NAME]"
                            : "this line is in no section; first comes a line [account NAME] or [token NAME]");
        }
    }

    private void option(Section section, int number, String text) {
        int delimiter = firstDelimiter(text);
        if (delimiter < 0) {
            fault(
                    Fault.Kind.PARSING,
                    number,
                    text.startsWith("[")
                            ? "a section must be written [account NAME] or [token NAME]"
                            : "neither a [section] nor an 'option = value'");
            return; // as in Python, deeper lines now continue the option before this line
        }
        String name = PythonText.lower(PythonText.stripEnd(text.substring(0, delimiter)));
        if (name.isEmpty()) {
            fault(Fault.Kind.PARSING, number, "there is no option name before '%s'", text.charAt(0));
        }
        Option begun = new Option();
        option = begun;
        begun.add(number, PythonText.strip(text.substring(delimiter + 1)));
        Option known = section.options().putIfAbsent(name, begun);
        if (known != null) {
            fault(
                    Fault.Kind.DUPLICATE_OPTION,
                    number,
                    "option '%s' in section '%s' already exists (line %d)",
                    Printable.of(name),
                    Printable.of(sectionName),
                    known.lines().get(0));
        }
        if (name.isEmpty()) {
            option = null;
        }
    }

    private static int firstDelimiter(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) == '=' || text.charAt(i) == ':') {
                return i;
            }
        }
        return -1;
    }

    private void fault(Fault.Kind kind, int line, String text, Object... args) {
        faults.add(new Fault(kind, line, String.format(Locale.ROOT, text, args)));
    }

    private RawConfig result() {
        RawConfig result = new RawConfig(faults);
        sections.forEach((name, section) -> {
            result.add(name, section.line());
            section.options()
                    .forEach((option, read) -> result.add(
                            name, option, PythonText.stripEnd(String.join("\n", read.value())), read.lines()));
        });
        return result;
    }
}
