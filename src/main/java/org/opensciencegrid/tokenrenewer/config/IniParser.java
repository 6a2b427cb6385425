package org.opensciencegrid.tokenrenewer.config;

import java.util.HashMap;
import java.util.Iterator;
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

    private final RawConfig result = new RawConfig();

    private String sectionName = "";
    /** Where options go; null before the first header. */
    private @Nullable Map<String, RawConfig.Option> section;
    /** What a line that is indented deeper continues; null after a header. */
    private RawConfig.@Nullable Option option;

    private int indent;

    private IniParser() {}

    static RawConfig parse(String text) {
        IniParser parser = new IniParser();
        parser.readAll(text);
        return parser.result;
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
        Map<String, RawConfig.Option> known = result.begun(name);
        if (known == null) {
            section = result.begin(name, number);
        } else if (name.equals(RawConfig.DEFAULT)) {
            section = known;
        } else {
            fault(
                    Fault.Kind.DUPLICATE_SECTION,
                    number,
                    "section '%s' already exists (line %d)",
                    Printable.of(name),
                    result.line(name));
            section = new HashMap<>(); // read on, but keep none of it
        }
        sectionName = name;
        option = null;
    }

    private void beforeFirstSection(int number, String text) {
        if (result.faults().isEmpty()) { // the lines after it have the same cause
            fault(
                    Fault.Kind.MISSING_SECTION_HEADER,
                    number,
                    text.startsWith("[")
                            ? "a section must be written [account NAME] or [token NAME]"
                            : "this line is in no section; first comes a line [account NAME] or [token NAME]");
        }
    }

    private void option(Map<String, RawConfig.Option> section, int number, String text) {
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
        RawConfig.Option begun = new RawConfig.Option(name);
        option = begun;
        begun.add(number, PythonText.strip(text.substring(delimiter + 1)));
        RawConfig.Option known = section.putIfAbsent(name, begun);
        if (known != null) {
            fault(
                    Fault.Kind.DUPLICATE_OPTION,
                    number,
                    "option '%s' in section '%s' already exists (line %d)",
                    Printable.of(name),
                    Printable.of(sectionName),
                    known.line());
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
        result.add(new Fault(kind, line, String.format(Locale.ROOT, text, args)));
    }
}
