package org.opensciencegrid.tokenrenewer.dist;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;

/** A site whose program is that of target/dist, and runs in processes of its own. Keeps their output. */
public class Installed extends SiteDirectory {
    public static final Path DIST = Path.of("target", "dist").toAbsolutePath();
    public static final Path PROGRAM = DIST.resolve("usr/bin/osg-token-renewer");

    /** {@link #DIST} and {@link #PROGRAM} as words of a shell: the tree may be in a directory with a space. */
    static final String DIST_WORD = word(DIST);

    static final String PROGRAM_WORD = word(PROGRAM);

    static String word(Path path) {
        return "'" + path + "'";
    }

    private static final long SECONDS = 300;

    private final Path tree;
    /** Comes before each command line of the program: strace, or a namespace to enter. */
    public final List<String> prefix = new ArrayList<>();
    /** Whether the program's standard error is the journal, as under systemd. */
    public boolean hasJournal;

    private int runs;

    public Installed(Path directory) {
        this(DIST, directory);
    }

    /** @param tree another tree than target/dist */
    Installed(Path tree, Path directory) {
        super(directory);
        this.tree = tree;
        variables.put("OSG_TOKEN_RENEWER_JAVA_HOME", System.getProperty("java.home")); // the JDK under test
    }

    /** Starts an issuer that this site trusts, and that approves every device code. */
    public final EmbeddedIssuer startIssuer() {
        EmbeddedIssuer issuer = EmbeddedIssuer.start(CA);
        issuer.policy.interval = 1;
        issuer.approveAutomatically("alice");
        return issuer;
    }

    /** A started process and the files with its output. */
    public record Running(Process process, Path out, Path err) {
        public Result await() throws InterruptedException {
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("hangs: " + text(out) + text(err));
            }
            return new Result(process.exitValue(), text(out), text(err));
        }

        public void awaitOutput(String words) throws InterruptedException {
            for (int i = 0; i < 3600 && process.isAlive() && !text(out).contains(words); i++) {
                Thread.sleep(50);
            }
        }

        public void signal(String name) throws IOException, InterruptedException {
            sh("kill -" + name + " " + process.pid());
        }

        private static String text(Path file) {
            try {
                return Files.readString(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    public final Result run(String... words) throws InterruptedException {
        return start(words).await();
    }

    public final Running start(String... words) {
        return launch("usr/bin/osg-token-renewer", words);
    }

    /** Starts another program of the tree. */
    public final synchronized Running launch(String program, String... words) {
        // Background jobs of a script ignore SIGINT, and a JVM keeps that setting: the program must not inherit it.
        List<String> line = new ArrayList<>(List.of("env", "--default-signal=INT"));
        line.addAll(prefix);
        line.add(tree.resolve(program).toString());
        line.addAll(List.of(words));
        int number = runs++;
        Path out = file("out." + number);
        Path err = file("err." + number);
        ProcessBuilder builder =
                inEnvironment(line).redirectOutput(out.toFile()).redirectError(err.toFile());
        try {
            Files.createFile(out);
            Files.createFile(err);
            if (hasJournal) {
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

    /** Runs the program under strace with these options, and returns the lines of its log. */
    public final List<String> trace(List<String> options, String... words) throws IOException, InterruptedException {
        Path log = file("strace.log");
        prefix.addAll(List.of("strace", "-f", "-qq", "-o", log.toString()));
        prefix.addAll(options);
        run(words);
        prefix.clear();
        return Files.readAllLines(log);
    }

    private ProcessBuilder inEnvironment(List<String> line) {
        ProcessBuilder builder =
                new ProcessBuilder(line).redirectInput(Path.of("/dev/null").toFile());
        builder.environment().putAll(variables);
        return builder;
    }

    /** Runs any command line in the environment of the program, and returns its output with standard error. */
    public final Result command(String... line) throws IOException, InterruptedException {
        return commandIn(Path.of(""), line);
    }

    /** Runs it in that working directory. */
    public final Result commandIn(Path current, String... line) throws IOException, InterruptedException {
        return ended(
                inEnvironment(List.of(line)).directory(current.toAbsolutePath().toFile()));
    }

    private static Result ended(ProcessBuilder builder) throws IOException, InterruptedException {
        Process process = builder.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
            throw new AssertionError("hangs: " + said);
        }
        return new Result(process.exitValue(), said, "");
    }

    /** Runs a shell command that must succeed, and returns its output. */
    public static String sh(String command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("sh", "-c", command);
        builder.environment().put("OSG_TOKEN_RENEWER_JAVA_HOME", System.getProperty("java.home"));
        Result ended = ended(builder);
        if (ended.status() != 0) {
            throw new AssertionError(command + ": " + ended);
        }
        return ended.out();
    }

    public static boolean has(String program) {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(place -> Files.isExecutable(Path.of(place, program)));
    }

    /**
     * The output of the JDK under test, including standard error.
     *
     * @param words of a shell that has read java.sh of target/dist
     */
    static String java(String words) throws IOException, InterruptedException {
        return sh("root=" + DIST_WORD
                + "; . \"$root\"/usr/share/osg-token-renewer/java.sh; find_java; exec \"$home/bin/java\" " + words);
    }
}
