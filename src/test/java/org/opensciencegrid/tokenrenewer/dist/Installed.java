package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs the programs of target/dist with a directory for config and state, and keeps their output. */
public final class Installed {
    static final Path DIST = Path.of("target", "dist").toAbsolutePath();
    private static final String PROGRAM = "usr/bin/osg-token-renewer";

    private final Path tree;
    public final Path directory;
    public final Map<String, String> variables = new HashMap<>();
    private int runs;

    public Installed(Path directory) {
        this(DIST, directory);
    }

    /** @param tree another tree than target/dist */
    Installed(Path tree, Path directory) {
        this.tree = tree;
        this.directory = directory;
        variables.put("OSG_TOKEN_RENEWER_CONFIG_PATH", file("config.ini").toString());
        variables.put("OSG_TOKEN_RENEWER_STATE_DIR", file("state").toString());
        variables.put("OSG_TOKEN_RENEWER_JAVA_HOME", System.getProperty("java.home")); // the JDK under test
        write("acct.pw", "correct horse battery staple\n");
        try {
            Files.setPosixFilePermissions(file("acct.pw"), PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A started process and the files with its output. */
    public record Running(Process process, Path out, Path err) {
        public Ended await() throws InterruptedException {
            if (!process.waitFor(300, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("hangs: " + text(out) + text(err));
            }
            return new Ended(process.exitValue(), text(out), text(err));
        }

        public void awaitOutput(String words) throws InterruptedException {
            for (int i = 0; i < 3600 && process.isAlive() && !text(out).contains(words); i++) {
                Thread.sleep(50);
            }
        }

        private static String text(Path file) {
            try {
                return Files.readString(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    public record Ended(int status, String out, String err) {}

    public Ended run(String... arguments) throws InterruptedException {
        return start(PROGRAM, arguments).await();
    }

    public Running start(String program, String... arguments) {
        // Background jobs of a script ignore SIGINT, and a JVM keeps that setting: the program must not inherit it.
        List<String> line = new ArrayList<>(
                List.of("env", "--default-signal=INT", tree.resolve(program).toString()));
        line.addAll(List.of(arguments));
        int number = runs++;
        Path out = file("out." + number);
        Path err = file("err." + number);
        ProcessBuilder builder = new ProcessBuilder(line)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(variables);
        try {
            Files.createFile(out);
            Files.createFile(err);
            if (variables.containsKey("JOURNAL_STREAM")) {
                builder.environment()
                        .put(
                                "JOURNAL_STREAM",
                                Files.getAttribute(err, "unix:dev") + ":" + Files.getAttribute(err, "unix:ino"));
            }
            return new Running(builder.start(), out, err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * The output of the JDK under test, including standard error.
     *
     * @param words of a shell that has read java.sh of target/dist
     */
    static String java(String words) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                        "sh",
                        "-c",
                        "root=" + DIST
                                + "; . $root/usr/share/osg-token-renewer/java.sh; find_java; exec \"$home/bin/java\" "
                                + words)
                .redirectErrorStream(true);
        builder.environment().put("OSG_TOKEN_RENEWER_JAVA_HOME", System.getProperty("java.home"));
        Process java = builder.start();
        String said = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, java.waitFor(), said);
        return said;
    }

    public Path file(String name) {
        return directory.resolve(name);
    }

    public void write(String name, String text) {
        try {
            Files.writeString(file(name), text.replace("DIR", directory.toString()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public String read(String name) {
        return Running.text(file(name));
    }
}
