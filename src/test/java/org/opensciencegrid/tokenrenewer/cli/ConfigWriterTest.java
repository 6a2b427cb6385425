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
import org.opensciencegrid.tokenrenewer.config.Addition;
import org.opensciencegrid.tokenrenewer.config.Addition.NewSection;

/** An editor that saves config.ini between our reading and our writing: its work stays. What else setup writes: SetupConfigTest. */
class ConfigWriterTest {
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
        Addition addition = Addition.to(file(), SECTIONS);
        Files.writeString(file(), "# two\n");
        IOException refused = assertThrows(IOException.class, () -> new ConfigWriter(file()).append(addition));
        assertEquals("it was changed by something else meanwhile", refused.getMessage());
        assertEquals("# two\n", Files.readString(file()));
        assertNothingElse();
    }

    @Test
    void aFileThatIsTakenAwayMeanwhileIsNotMadeAnew() throws Exception {
        Files.writeString(file(), "# one\n");
        Addition addition = Addition.to(file(), SECTIONS);
        ConfigWriter writer = new ConfigWriter(file());
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
