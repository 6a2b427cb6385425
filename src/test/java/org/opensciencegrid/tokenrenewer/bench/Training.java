package org.opensciencegrid.tokenrenewer.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.KdfParameters;

/**
 * {@code Training JAR LIST}: runs the jar as the timer does, at an issuer, and writes the classes that were loaded. Any later
 * Java makes its archive of them; what it does not know it leaves out.
 */
public final class Training {
    private Training() {}

    public static void main(String[] arguments) throws Exception {
        // In memory where possible, as there keys are kept.
        Path memory = Path.of("/dev/shm");
        Path directory = Files.isWritable(memory)
                ? Files.createTempDirectory(memory, "osg-token-renewer-")
                : Files.createTempDirectory("osg-token-renewer-");
        TreeMap<String, Integer> classes = new TreeMap<>();
        try (BenchSite site = new BenchSite(directory, true)) {
            site.account("acct1", new KdfParameters(8, 1, 1));
            for (Path config : List.of(site.config(1, 0), site.config(1, 0), site.config(1, 60))) {
                loaded(site, Path.of(arguments[0]), config)
                        .forEach((line, times) -> classes.merge(line, times, Math::max));
            }
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
        List<String> lines = new ArrayList<>();
        classes.forEach((line, times) -> lines.addAll(Collections.nCopies(times, line)));
        Files.write(Path.of(arguments[1]), lines);
        System.exit(0); // the issuer's threads may linger
    }

    /** The lines of the list, and how often each is there: each of several like lambdas has a class of its own. */
    private static Map<String, Integer> loaded(BenchSite site, Path jar, Path config)
            throws IOException, InterruptedException {
        Path list = config.resolveSibling("classes");
        ProcessBuilder program = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-Xshare:off",
                        "-XX:+UseSerialGC",
                        "-XX:DumpLoadedClassList=" + list,
                        "-Djdk.console=java.base",
                        "-jar",
                        jar.toString(),
                        "renew")
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        program.environment().putAll(site.variables());
        program.environment().put("OSG_TOKEN_RENEWER_CONFIG_PATH", config.toString());
        if (program.start().waitFor() != 0) {
            throw new IllegalStateException("the run to learn from failed");
        }
        Map<String, Integer> lines = new HashMap<>();
        for (String line : Files.readAllLines(list)) {
            if (!line.startsWith("#") && !line.startsWith("@cp") && !line.contains(" source: ")) {
                // Java 21 and later number the classes, for those of other class loaders: there are none.
                lines.merge(line.replaceFirst(" id: \\d+$", ""), 1, Integer::sum);
            }
        }
        return lines;
    }
}
