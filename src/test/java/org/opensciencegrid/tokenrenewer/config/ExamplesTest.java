package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The packaged config.ini and docs/admin/config.md. */
class ExamplesTest {
    private static final Path PACKAGED = Path.of("main/dist/etc/osg/token-renewer/config.ini");
    private static final Path MANUAL = Path.of("../docs/admin/config.md");

    @Test
    void aFreshInstallHasNothingToDo() throws Exception {
        Config config = ConfigFile.read(PACKAGED);
        assertEquals(List.of(), config.tokens());
        assertEquals(List.of(), config.unusedAccounts());
        assertEquals(List.of(), config.warnings());
    }

    @Test
    void theExampleWorksWithoutItsCommentSigns() throws Exception {
        Config config = Texts.read(Files.readString(PACKAGED).replaceAll("(?m)^#(?=\\[|\\w+ =)", ""));
        assertEquals(
                List.of("mytoken567"),
                config.tokens().stream().map(TokenSection::name).toList());
        assertEquals(List.of("myservice"), config.unusedAccounts());
        assertEquals(List.of(), config.warnings());
    }

    @Test
    void theExampleOfTheManualWorks() throws Exception {
        String manual = Files.readString(MANUAL);
        int start = manual.indexOf("```ini\n") + "```ini\n".length();
        Config config = Texts.read(manual.substring(start, manual.indexOf("```", start)));
        assertEquals(1, config.tokens().size());
        assertEquals(List.of(), config.warnings());
    }

    @ParameterizedTest
    @MethodSource
    void theManualHasEveryOption(String option) throws Exception {
        assertTrue(Files.readString(MANUAL).contains("| `" + option + "` |"), option);
    }

    static Stream<String> theManualHasEveryOption() {
        return Stream.concat(KnownOptions.ACCOUNT.stream(), KnownOptions.TOKEN.stream());
    }
}
