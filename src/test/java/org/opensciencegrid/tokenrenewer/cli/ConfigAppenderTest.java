package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.config.ConfigAddition;
import org.opensciencegrid.tokenrenewer.config.ConfigAddition.NewSection;

/**
 * If an editor saves config.ini between our read and our write, its changes stay. SetupConfigTest tests the rest of
 * what setup writes.
 */
class ConfigAppenderTest {
    private static final List<NewSection> SECTIONS =
            List.of(new NewSection("account", "acct", Map.of("password_file", "/p")));

    @TempDir
    Path directory;

    private Path file() {
        return directory.resolve("config.ini");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "# one\n"})
    void whatSomebodyElseWroteMeanwhileStays(String before) throws Exception {
        if (!before.isEmpty()) {
            Files.writeString(file(), before);
        }
        ConfigAddition addition = ConfigAddition.to(file(), SECTIONS);
        Files.writeString(file(), "# two\n");
        IOException refused = assertThrows(IOException.class, () -> new ConfigAppender(file()).append(addition));
        assertEquals("another program has changed it", refused.getMessage());
        assertEquals("# two\n", Files.readString(file()));
        assertNothingElse();
    }

    @Test
    void aFileThatIsTakenAwayMeanwhileIsNotMadeAnew() throws Exception {
        Files.writeString(file(), "# one\n");
        ConfigAddition addition = ConfigAddition.to(file(), SECTIONS);
        ConfigAppender writer = new ConfigAppender(file());
        Files.delete(file());
        assertThrows(IOException.class, () -> writer.append(addition));
        assertNothingElse();
    }

    private void assertNothingElse() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            assertEquals(List.of(), files.filter(each -> !each.equals(file())).toList());
        }
    }
}
