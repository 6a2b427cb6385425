package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads configurations that are written in a test. */
final class Texts {
    private Texts() {}

    static Config read(String text) throws Exception {
        Path file = file(text);
        try {
            return ConfigFile.read(file);
        } finally {
            Files.delete(file);
        }
    }

    /** "LINE: TEXT" of each problem. */
    static List<String> problems(String text) {
        return assertThrows(ConfigException.class, () -> read(text)).problems().stream()
                .map(problem -> problem.line() + ": " + problem.text())
                .toList();
    }

    /** "LINE: TEXT" of each warning of a file without problems. */
    static List<String> warnings(String text) throws Exception {
        return read(text).warnings().stream()
                .map(warning -> warning.line() + ": " + warning.text())
                .toList();
    }

    private static Path file(String text) throws Exception {
        return Files.write(Files.createTempFile("config", ".ini"), text.getBytes(StandardCharsets.UTF_8));
    }
}
