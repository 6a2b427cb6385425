package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The completion files have all commands and options; {@code -Dgolden.write=DIR} writes them again. */
class CompletionsTest {
    private static final Path SHARE = Path.of("main", "dist", "usr", "share");

    @Test
    void theCompletionsAreThoseOfTheProgram() {
        Completions.files().forEach((file, text) -> Golden.hold(SHARE.resolve(file), text));
    }
}
