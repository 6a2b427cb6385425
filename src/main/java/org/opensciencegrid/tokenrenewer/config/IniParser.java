package org.opensciencegrid.tokenrenewer.config;

import java.util.HashMap;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Splits lines into sections and options like {@code configparser.ConfigParser()} of Python 3.11. Python stops at the
 * first error. This parser continues and reports all errors; its first fatal error is the same as Python's.
 */
final class IniParser {
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private final RawConfig result = new RawConfig();

    private String sectionName = "";
    /** The section that gets the options; null before the first header. */
    private @Nullable Map<String, RawConfig.Option> section;
    /** The option that a more deeply indented line continues; null after a header. */
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
            addError(
                    SyntaxError.Kind.MISSING_SECTION_HEADER,
                    sectionName,
                    1,
                    "the file begins with a byte order mark; save it without one");
            rest = text.substring(1);
        }
        int number = 0;
        Iterator<String> lines = rest.lines().iterator(); // splits at Python's universal newlines only
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
                option.add(number, ""); // a value continues after an empty line if a more deeply indented line follows
            }
            return;
        }
        int lineIndent = PythonText.indent(line);
        if (option != null && lineIndent > indent) {
            option.add(number, text);
            return;
        }
        indent = lineIndent;
        // The name ends at the last bracket and the rest of the line is ignored, as in Python 3.10 and later.
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
        Map<String, RawConfig.Option> known = result.optionsOf(name);
        if (known == null) {
            section = result.addSection(name, number);
        } else if (name.equals(RawConfig.DEFAULT)) {
            section = known;
        } else {
            addError(
                    SyntaxError.Kind.DUPLICATE_SECTION,
                    name,
                    number,
                    "section '%s' already exists (line %d)",
                    Printable.of(name),
                    result.line(name));
            section = new HashMap<>(); // read the section but discard it
        }
        sectionName = name;
        option = null;
    }

    private void beforeFirstSection(int number, String text) {
        if (result.syntaxErrors().isEmpty()) { // the lines that follow have the same cause
            addError(
                    SyntaxError.Kind.MISSING_SECTION_HEADER,
                    sectionName,
                    number,
                    text.startsWith("[")
                            ? "a section must be written [account NAME] or [token NAME]"
                            : "this line is in no section; first comes a line [account NAME] or [token NAME]");
        }
    }

    private void option(Map<String, RawConfig.Option> section, int number, String text) {
        int delimiter = firstDelimiter(text);
        if (delimiter < 0) {
            addError(
                    SyntaxError.Kind.PARSING,
                    sectionName,
                    number,
                    text.startsWith("[")
                            ? "a section must be written [account NAME] or [token NAME]"
                            : "neither a [section] nor an 'option = value'");
            return; // as in Python, indented lines now continue the option above this line
        }
        String name = PythonText.lower(PythonText.stripEnd(text.substring(0, delimiter)));
        if (name.isEmpty()) {
            addError(
                    SyntaxError.Kind.PARSING,
                    sectionName,
                    number,
                    "there is no option name before '%s'",
                    text.charAt(0));
        }
        RawConfig.Option started = new RawConfig.Option(name);
        option = started;
        started.add(number, PythonText.strip(text.substring(delimiter + 1)));
        RawConfig.Option known = section.putIfAbsent(name, started);
        if (known != null) {
            addError(
                    SyntaxError.Kind.DUPLICATE_OPTION,
                    sectionName,
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

    private void addError(SyntaxError.Kind kind, String section, int line, String text, Object... args) {
        result.add(new SyntaxError(kind, section, line, String.format(Locale.ROOT, text, args)));
    }
}
