package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The man pages are written by hand; nothing that the program knows may be missing there, or be there alone. */
class ManPagesTest {
    private static final Path MAN = Path.of("main", "dist", "usr", "share", "man");
    private static final Pattern OPTION = Pattern.compile("--[a-z][a-z-]+");
    private static final Pattern CONFIG_OPTION = Pattern.compile("^\\| `([a-z_]+)` \\|");

    @TempDir
    Path directory;

    private static String page(String name) throws IOException {
        return Files.readString(MAN.resolve(name)).replace("\\-", "-");
    }

    private static Set<String> options(String text) {
        return OPTION.matcher(text)
                .results()
                .map(found -> found.group())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void everyOptionHasItsPlaceInThePageOfTheProgram() throws IOException {
        StringBuilder help = new StringBuilder();
        try (Program program = new Program(directory)) {
            help.append(program.run("--help").out());
            for (String command : Program.COMMANDS) {
                help.append(program.run(command, "--help").out());
            }
        }
        assertEquals(options(help.toString()), options(page("man1/osg-token-renewer.1")));
    }

    @Test
    void everyOptionOfSetupIsInThePageOfItsWrapper() throws IOException {
        String setup;
        try (Program program = new Program(directory)) {
            setup = program.run("setup", "--help").out();
        }
        Set<String> expected = options(setup);
        expected.removeAll(List.of("--help", "--version"));
        assertEquals(expected, options(page("man8/osg-token-renewer-setup.8")));
    }

    @Test
    void everyOptionOfTheConfigFileIsInItsPage() throws IOException {
        String page = page("man5/osg-token-renewer.ini.5");
        Set<String> missing = new TreeSet<>();
        for (String line : Files.readAllLines(Path.of("..", "docs", "config.md"))) {
            CONFIG_OPTION.matcher(line).results().forEach(found -> {
                if (!page.contains(found.group(1))) {
                    missing.add(found.group(1));
                }
            });
        }
        assertEquals(Set.of(), missing);
    }
}
