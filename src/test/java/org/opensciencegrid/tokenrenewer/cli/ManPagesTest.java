package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.Links;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * The man pages have everything that the program has, and nothing else. Their lists of options are generated, word for
 * word as in --help; {@code -Dgolden.write=DIR} writes them again.
 */
class ManPagesTest {
    private static final Path MAN = Path.of("main", "dist", "usr", "share", "man");
    private static final String EVERY_COMMAND = "every command";
    private static final Set<String> OF_EVERY_COMMAND =
            Set.of("--config", "--state-dir", "--store", "--help", "--version");
    private static final Pattern GENERATED =
            Pattern.compile("(\\.\\\\\" Options of ([a-z -]+): .*\\n)(?:.*\\n)*?(\\.\\\\\" End of the options\\n)");
    private static final Pattern OPTION = Pattern.compile("--[a-z][a-z-]+");
    private static final Path MANUAL = Path.of("..", "docs", "admin", "config.md");
    private static final Pattern CONFIG_TABLE =
            Pattern.compile("\\| option \\| value \\| default \\|\\n.*\\n((?:\\|.*\\n)+)");
    private static final Pattern CONFIG_ROW = Pattern.compile("\\| (.*?) \\| ?(.*?) \\| ?(.*?) ?\\|\\n");

    /** How the program, and then its scripts, name a variable of the environment. */
    private static final Pattern VARIABLE =
            Pattern.compile("(?:variable|directory|path)\\(\"([A-Z_]+)\"|eitherCase\\(\"([a-z_]+)\""
                    + "|\\b(OSG_TOKEN_RENEWER_[A-Z_]+)\\b");

    /** Variables that the scripts set for Java. */
    private static final Set<String> INTERNAL = Set.of("OSG_TOKEN_RENEWER_PASSWORDS", "OSG_TOKEN_RENEWER_STDOUT");

    @TempDir
    Path directory;

    private static String page(String name) throws IOException {
        return Files.readString(MAN.resolve(name)).replace("\\-", "-");
    }

    private static Set<String> options(String text) {
        return OPTION.matcher(text).results().map(MatchResult::group).collect(Collectors.toCollection(TreeSet::new));
    }

    @ParameterizedTest
    @ValueSource(strings = {"man1/osg-token-renewer.1", "man8/osg-token-renewer-setup.8"})
    void theListsOfOptionsAreThoseOfTheProgram(String name) throws IOException {
        Environment environment = Environment.ofProcess();
        CommandLine program = Main.commandLine(new CommandContext(environment), environment);
        Path page = MAN.resolve(name);
        Set<String> listed = new HashSet<>();
        String text = GENERATED.matcher(Files.readString(page)).replaceAll(part -> {
            String of = part.group(2);
            listed.add(of);
            CommandLine command = of.equals(EVERY_COMMAND)
                    ? program
                    : program.getSubcommands().get(of);
            return Matcher.quoteReplacement(part.group(1) + list(command.getCommandSpec(), of) + part.group(3));
        });
        Golden.hold(page, text);
        Set<String> expected = new HashSet<>(name.startsWith("man1") ? Program.COMMANDS : List.of("setup"));
        expected.add(EVERY_COMMAND);
        assertEquals(expected, listed);
    }

    private static String list(CommandSpec command, String of) {
        StringBuilder list = new StringBuilder();
        for (ArgSpec argument : command.positionalParameters()) {
            entry(list, ".I " + argument.paramLabel(), argument);
        }
        command.options().stream()
                .filter(option -> !option.hidden())
                .filter(option -> OF_EVERY_COMMAND.contains(option.longestName()) == of.equals(EVERY_COMMAND))
                .sorted(Comparator.comparing(OptionSpec::longestName))
                .forEach(option -> entry(list, names(option), option));
        return list.toString();
    }

    private static String names(OptionSpec option) {
        String names = String.join(", ", option.names()).replace("-", "\\-");
        if (option.arity().max() == 0) {
            return ".B " + names;
        }
        String value = "=\\fI" + option.paramLabel() + "\\fR";
        return ".BR " + names + " " + (option.arity().min() == 0 ? "[" + value + "]" : value);
    }

    private static void entry(StringBuilder list, String header, ArgSpec argument) {
        list.append(".TP\n").append(header).append('\n');
        for (String line : argument.description()) {
            list.append(line.formatted().replace("--", "\\-\\-")).append('\n');
        }
    }

    @Test
    void noOptionIsNamedThatDoesNotExist() throws IOException {
        StringBuilder help = new StringBuilder();
        try (Program program = new Program(directory)) {
            help.append(program.run("--help").out());
            for (String command : Program.COMMANDS) {
                help.append(program.run(command, "--help").out());
            }
            assertEquals(options(help.toString()), options(page("man1/osg-token-renewer.1")));
            assertEquals(
                    options(program.run("setup", "--help").out()), options(page("man8/osg-token-renewer-setup.8")));
        }
    }

    @Test
    void everyVariableOfTheEnvironmentIsInThePageOfTheProgram() throws IOException {
        String page = page("man1/osg-token-renewer.1");
        String section = page.substring(page.indexOf(".SH ENVIRONMENT"), page.indexOf(".SH FILES"));
        Set<String> missing = new TreeSet<>();
        int named = 0;
        for (Path file : Links.files(Path.of("main", "java"), Path.of("main", "dist", "usr"))) {
            if (!file.startsWith(MAN)) {
                for (MatchResult variable :
                        VARIABLE.matcher(Files.readString(file)).results().toList()) {
                    String name = Stream.of(1, 2, 3)
                            .map(variable::group)
                            .filter(Objects::nonNull)
                            .findFirst()
                            .orElseThrow()
                            .toUpperCase(Locale.ROOT);
                    named++;
                    if (!INTERNAL.contains(name) && !section.contains(name)) {
                        missing.add(file + ": " + name);
                    }
                }
            }
        }
        assertEquals(Set.of(), missing);
        assertTrue(named > 20, named + " variables are named");
    }

    @Test
    void everyPageHasADate() throws IOException {
        for (Path page : Links.files(MAN)) {
            String title = Files.readAllLines(page).get(0);
            assertTrue(title.matches("\\.TH [A-Z.-]+ [158] \"20\\d\\d-\\d\\d-\\d\\d\" .*"), title);
        }
    }

    @Test
    void theOptionsOfTheConfigFileAreThoseOfItsManual() throws IOException {
        List<String> kinds = List.of("an approved account", "an account with client credentials", "a token");
        List<String> lists = new ArrayList<>();
        for (MatchResult table :
                CONFIG_TABLE.matcher(Files.readString(MANUAL)).results().toList()) {
            StringBuilder list = new StringBuilder();
            for (MatchResult row : CONFIG_ROW.matcher(table.group(1)).results().toList()) {
                String value = row.group(2).isEmpty() ? "" : sentence(row.group(2));
                String byDefault = row.group(3).isEmpty() ? "" : sentence("Default: " + row.group(3));
                list.append(".TP\n.B ").append(row.group(1).replace("`", "")).append('\n');
                list.append(roff((value + " " + byDefault).strip())).append('\n');
            }
            lists.add(list.toString());
        }
        assertEquals(kinds.size(), lists.size());
        Path page = MAN.resolve("man5/osg-token-renewer.ini.5");
        String text = Files.readString(page);
        assertEquals(
                kinds,
                GENERATED.matcher(text).results().map(part -> part.group(2)).toList());
        Golden.hold(
                page,
                GENERATED
                        .matcher(text)
                        .replaceAll(part -> Matcher.quoteReplacement(
                                part.group(1) + lists.get(kinds.indexOf(part.group(2))) + part.group(3))));
    }

    private static String sentence(String text) {
        return Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
    }

    /** Links become the path of the installed document. */
    private static String roff(String markdown) {
        return markdown.replace("Default: required.", "Required.")
                .replace("\\", "\\e")
                .replaceAll(
                        "\\[[^]]*]\\(([\\w-]+\\.md)(#[\\w-]+)?\\)",
                        "\\\\fI/usr/share/doc/osg-token-renewer/admin/$1\\\\fR")
                .replaceAll("\\[below]\\(#[\\w-]+\\)", "\\\\fI/usr/share/doc/osg-token-renewer/admin/config.md\\\\fR")
                .replaceAll("\\[([^]]*)]\\(#[\\w-]+\\)", "$1")
                .replaceAll("`([^`]*)`", "\\\\fB$1\\\\fR")
                .replace("**", "");
    }
}
