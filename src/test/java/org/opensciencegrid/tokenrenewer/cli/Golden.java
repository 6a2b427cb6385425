package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/**
 * Files with the program's output. {@code -Dgolden.write=DIR} with the absolute path of src/test/resources/golden
 * writes them again, and those in docs too.
 */
public final class Golden {
    public static final Path DOCS = Path.of("..", "docs");

    private static final Path GOLDEN = Path.of("test", "resources", "golden");

    private Golden() {}

    static void hold(String name, String text) {
        String directory = System.getProperty("golden.write");
        hold(directory == null ? GOLDEN.resolve(name) : Path.of(directory).resolve(name), text);
    }

    /** All files of a directory, by name. */
    static void hold(String name, Map<String, String> files) {
        String directory = System.getProperty("golden.write");
        Path golden =
                directory == null ? GOLDEN.resolve(name) : Path.of(directory).resolve(name);
        files.forEach((file, text) -> hold(golden.resolve(file), text));
        for (String file : Objects.requireNonNull(golden.toFile().list())) {
            if (!files.containsKey(file)) {
                assertNotNull(directory, "nothing writes " + golden.resolve(file));
                golden.resolve(file).toFile().delete();
            }
        }
    }

    /** A document or picture with the program's output. */
    static void hold(Path file, String text) {
        try {
            if (System.getProperty("golden.write") != null) {
                Files.createDirectories(file.getParent());
                Files.writeString(file, text);
            }
            String expected = Files.exists(file) ? Files.readString(file, StandardCharsets.UTF_8) : "";
            if (!expected.equals(text)) {
                Path actual =
                        Files.createDirectories(Path.of("target", "golden")).resolve(file.getFileName());
                Files.writeString(actual, text);
                assertEquals(expected, text, file + " is not what the program prints: " + actual);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
