package org.opensciencegrid.tokenrenewer.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Generated files, read by this program and by Python's configparser: the same sections, options and values, or the
 * same error. {@code -Dconfig.fuzz.files=N} and {@code -Dconfig.fuzz.seed=N} select more or other files, and print the
 * counts.
 */
@Tag("python")
class PythonFuzzTest {
    private static final int MIN_PERCENT_THAT_PARSE = 50;

    @TempDir
    Path dir;

    @Tag("slow")
    @Test
    void readsWhatPythonReads(TestReporter reporter) throws Exception {
        assumeTrue(python("-c", "import sys; sys.exit(sys.version_info < (3, 10))"), "needs python3, 3.10 or later");
        long seed = Long.getLong("config.fuzz.seed", 1);
        List<byte[]> files = new ArrayList<>();
        for (int i = 0; i < Integer.getInteger("config.fuzz.files", 4000); i++) {
            files.add(new IniGenerator(new Random(seed * 1_000_003 + i)).file());
        }

        List<String> expected = askPython(files);

        assertEquals(files.size(), expected.size(), "answers of Python");
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < files.size(); i++) {
            String answer = expected.get(i);
            assertEquals(answer, Dump.of(files.get(i)), "file " + i + " of seed " + seed + ":\n" + show(files.get(i)));
            counts.merge(answer.startsWith("{") ? "parsed" : answer, 1, Integer::sum);
        }
        int percent = 100 * counts.getOrDefault("parsed", 0) / files.size();
        String summary = files.size() + " files, " + percent + " % parse: " + counts;
        reporter.publishEntry(summary);
        if (System.getProperty("config.fuzz.files") != null) {
            System.out.println(summary);
        }
        assertTrue(percent >= MIN_PERCENT_THAT_PARSE, summary);
    }

    private List<String> askPython(List<byte[]> files) throws Exception {
        Files.write(
                dir.resolve("in"),
                files.stream().map(Base64.getEncoder()::encodeToString).toList());
        assertTrue(python(CorpusTest.corpus("configparser-dump.py").toString()), "configparser-dump.py failed");
        return Files.readAllLines(dir.resolve("out"));
    }

    /** Runs python3 with the files "in" and "out" as standard input and output. */
    private boolean python(String... args) throws InterruptedException, IOException {
        List<String> command = new ArrayList<>(List.of("python3"));
        command.addAll(List.of(args));
        if (!Files.exists(dir.resolve("in"))) {
            Files.createFile(dir.resolve("in"));
        }
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .redirectInput(dir.resolve("in").toFile())
                    .redirectOutput(dir.resolve("out").toFile())
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            return false;
        }
        if (!process.waitFor(2, TimeUnit.MINUTES)) {
            process.destroyForcibly();
        }
        return process.waitFor() == 0;
    }

    private static String show(byte[] file) {
        StringBuilder out = new StringBuilder();
        new String(file, StandardCharsets.UTF_8)
                .chars()
                .forEach(c ->
                        out.append(c >= ' ' && c <= '~' || c == '\n' ? "" + (char) c : String.format("\\u%04x", c)));
        return out.toString();
    }
}
