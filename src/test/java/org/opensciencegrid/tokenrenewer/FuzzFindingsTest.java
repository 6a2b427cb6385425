package org.opensciencegrid.tokenrenewer;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.opensciencegrid.tokenrenewer.config.ConfigFuzz;
import org.opensciencegrid.tokenrenewer.oidc.AnswersFuzz;
import org.opensciencegrid.tokenrenewer.oidc.ClaimsFuzz;

/** Runs the fuzzer's seeds and findings again. */
class FuzzFindingsTest {
    private static final Path RESOURCES = Path.of("test/resources");

    @TestFactory
    Stream<DynamicTest> config() throws IOException {
        return replay(ConfigFuzz::fuzzerTestOneInput, "config/passing", "config/failing", "fuzz/config");
    }

    @TestFactory
    Stream<DynamicTest> answers() throws IOException {
        return replay(AnswersFuzz::fuzzerTestOneInput, "fuzz/answers");
    }

    @TestFactory
    Stream<DynamicTest> claims() throws IOException {
        return replay(ClaimsFuzz::fuzzerTestOneInput, "fuzz/claims");
    }

    private static Stream<DynamicTest> replay(Consumer<byte[]> target, String... places) throws IOException {
        List<Path> inputs = new ArrayList<>();
        for (String place : places) {
            try (Stream<Path> files = Files.list(RESOURCES.resolve(place))) {
                files.sorted().forEach(inputs::add);
            }
        }
        assertFalse(inputs.isEmpty());
        return inputs.stream()
                .map(file -> DynamicTest.dynamicTest(
                        file.getFileName().toString(), () -> target.accept(Files.readAllBytes(file))));
    }
}
