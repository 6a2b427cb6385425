package org.opensciencegrid.tokenrenewer.config;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Reads configurations that a test contains as text. */
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

    /** "LINE: TEXT" of each problem, whether it affects one section or the whole file. */
    static List<String> problems(String text) throws Exception {
        return found(text).stream()
                .map(problem -> problem.line() + ": " + problem.text())
                .toList();
    }

    private static List<ConfigError> found(String text) throws Exception {
        try {
            return read(text).problems();
        } catch (ConfigException e) {
            return e.problems();
        }
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
