package org.opensciencegrid.cryptostore;

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
import org.opensciencegrid.cryptostore.oidcagent.AgentFileFuzz;

/** Runs the fuzzer's seeds and findings again. */
class FuzzFindingsTest {
    private static final Path RESOURCES = Path.of("src/test/resources");

    @TestFactory
    Stream<DynamicTest> accountFiles() throws IOException {
        return replay(AccountFileFuzz::fuzzerTestOneInput, "vectors", "fuzz/account-file");
    }

    @TestFactory
    Stream<DynamicTest> filesOfOidcAgent() throws IOException {
        return replay(AgentFileFuzz::fuzzerTestOneInput, "oidc-agent", "fuzz/agent-file");
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
