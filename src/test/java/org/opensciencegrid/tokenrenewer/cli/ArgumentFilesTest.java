package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Uses arguments as typed: never replaces them with the content of a file or of a variable. */
class ArgumentFilesTest {
    @TempDir
    static Path directory;

    private static Program program;

    @BeforeAll
    static void start() throws IOException {
        program = new Program(Files.createDirectory(directory.resolve("site")));
        program.accountWith("");
    }

    @AfterAll
    static void stop() {
        program.close();
    }

    static Stream<List<String>> places() {
        String file = "@" + program.file("acct.pw");
        return Stream.concat(
                Stream.of(List.of(file), List.of(file, "status"), List.of("--config", file, "status")),
                Program.COMMANDS.stream()
                        .flatMap(command -> Stream.of(
                                List.of(command, file),
                                List.of(command, "--", file),
                                List.of(command, "--help=" + file))));
    }

    @ParameterizedTest
    @MethodSource("places")
    void aPasswordFileBehindAnAtIsNotRead(List<String> arguments) {
        Result result = program.run(arguments.toArray(String[]::new));
        String said = result.out() + result.err();
        for (String word : program.read("acct.pw").strip().split(" ")) {
            assertFalse(said.contains(word), said);
        }
        assertTrue(result.status() != 0, said);
    }

    @ParameterizedTest
    @ValueSource(strings = {"${sys:user.dir}", "${env:PATH}", "${ROOT-COMMAND-NAME}", "${bundle:x}"})
    void aVariableIsNotReplaced(String variable) {
        Result result = program.run("--config=" + variable, "status");
        assertEquals(ExitStatus.USAGE, result.status());
        assertTrue(result.err().contains(variable), result.err());
    }
}
