package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * A name becomes a file name: wherever it is read, it must not leave its directory, be hidden, or look like an option.
 */
class NamesTest {
    @TempDir
    static Path directory;

    private static Program program;

    @BeforeAll
    static void start() throws IOException {
        program = new Program(Files.createDirectory(directory.resolve("site")));
        Files.createDirectory(program.file("agent"));
    }

    @AfterAll
    static void stop() {
        program.close();
    }

    static Stream<String> bad() {
        return Stream.of(
                ".",
                "..",
                "...",
                "../x",
                "../../escaped",
                "../../../etc/passwd",
                "/etc/passwd",
                "/",
                "//x",
                "./x",
                "x/",
                "x/..",
                "x/../../y",
                "a/b",
                "a..b",
                "a..",
                "..a",
                ".hidden",
                ".account",
                "-",
                "--",
                "-x",
                "--all",
                "--pw-file=/etc/shadow",
                "_x",
                "@x",
                "+x",
                "a b",
                " a",
                "a ",
                "\ta",
                "a\tb",
                "a\nb",
                "a\rb",
                "a\u0000b",
                "a\u001b[2Jb",
                "a\u007f",
                "a\u0085b",
                "a\u2028b",
                "a\u202eb",
                "a\\b",
                "..\\x",
                "C:\\x",
                "a:b",
                "a;b",
                "a|b",
                "a&b",
                "a$b",
                "$(id)",
                "`id`",
                "a*",
                "a?",
                "[a]",
                "{a,b}",
                "~",
                "~root",
                "a%b",
                "%2e%2e%2fx",
                "a'b",
                "a\"b",
                "a<b",
                "a>b",
                "a=b",
                "a,b",
                "a#b",
                "\u00e9",
                "a\u0661",
                "\uff0e\uff0e\uff0fx",
                "x".repeat(101));
    }

    @ParameterizedTest
    @MethodSource("bad")
    @Tag("slow")
    void isRefusedInEachPlaceAndLeavesNothing(String name) throws IOException {
        List<String> before = files();
        for (String command : List.of("setup", "import-oidc-agent", "export-oidc-agent", "change-password", "remove")) {
            Result result = program.run(command, "--", name);
            assertEquals(2, result.status(), command + ": " + result.err());
            assertPrintable(result);
        }
        if (name.equals(name.strip())) { // otherwise the section's name ends before the spaces, as in Python
            program.config("[account " + name + "]\npassword_file = DIR/acct.pw\n[token t]\ntoken_path = DIR/t\n"
                    + "account = " + name.replace("%", "%%") + "\n");
            Result renew = program.run("renew");
            assertEquals(2, renew.status(), renew.err());
            assertPrintable(renew);
            Files.delete(program.file("config.ini"));
        }
        assertEquals(before, files());
        assertEquals(0, program.issuer.requests().size());
    }

    static Stream<String> badFiles() {
        return bad().filter(name -> !name.contains("/") && !name.contains("\u0000") && !name.matches("\\.{1,2}"));
    }

    /** An import of all accounts skips such files in oidc-agent's directory. */
    @ParameterizedTest
    @MethodSource("badFiles")
    void isNotTakenFromADirectory(String name) throws IOException {
        Files.writeString(program.file("agent").resolve(name), "something");
        program.config("");
        List<String> before = files();
        Result result = program.run("import-oidc-agent", "--all", "--from=" + program.file("agent"));
        assertEquals(2, result.status(), result.out() + result.err());
        assertPrintable(result);
        assertEquals(before, files());
        Files.delete(program.file("agent").resolve(name));
        Files.delete(program.file("config.ini"));
    }

    private static void assertPrintable(Result result) {
        (result.out() + result.err())
                .lines()
                .forEach(line -> assertFalse(line.chars().anyMatch(Character::isISOControl), line));
    }

    private List<String> files() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            TreeSet<String> names = new TreeSet<>(all.map(Path::toString).toList());
            return List.copyOf(names);
        }
    }
}
