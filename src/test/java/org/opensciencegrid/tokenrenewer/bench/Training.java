package org.opensciencegrid.tokenrenewer.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * {@code Training LIST [JAVA_HOME JAR]...}: runs each jar on its Java like the timer does, with an issuer, then status, and writes the
 * classes that any of them loaded. Each Java creates its class archive from that list and ignores classes that it does
 * not know. Each jar is one that its own Java compiled, because compilers number lambdas differently.
 */
public final class Training {
    private static final String HEAD = "# Written by .ci/classes/record. Classes that a run loads on Java ";

    /** Java 17 rejects a list with other marks, such as @cp. */
    private static final Pattern MARK = Pattern.compile("@lambda-(proxy|form-invoker) .*");

    private Training() {}

    public static void main(String[] arguments) throws Exception {
        // In memory if possible, because keys are only cached there.
        Path memory = Path.of("/dev/shm");
        Path directory = Files.isWritable(memory)
                ? Files.createTempDirectory(memory, "osg-token-renewer-")
                : Files.createTempDirectory("osg-token-renewer-");
        Path list = Path.of(arguments[0]);
        TreeMap<String, Integer> classes = Files.exists(list) ? counted(Files.readAllLines(list)) : new TreeMap<>();
        Set<String> versions = new LinkedHashSet<>();
        try (BenchSite site = new BenchSite(directory, true)) {
            site.setUp("acct1", BenchSite.CHEAP);
            for (int i = 1; i < arguments.length; i += 2) {
                String home = arguments[i];
                versions.add(version(home));
                for (Path config :
                        List.of(site.config(1, 0), site.config(1, 0), site.config(1, 60), site.clientCredentials())) {
                    loaded(site, home, Path.of(arguments[i + 1]), config, "renew")
                            .forEach((line, times) -> classes.merge(line, times, Math::max));
                }
                loaded(site, home, Path.of(arguments[i + 1]), site.config(1, 60), "status")
                        .forEach((line, times) -> classes.merge(line, times, Math::max));
            }
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
            }
        }
        List<String> lines = new ArrayList<>();
        lines.add(HEAD + String.join(", ", versions));
        classes.forEach((line, times) -> lines.addAll(Collections.nCopies(times, line)));
        Files.write(list, lines);
        System.exit(0); // the issuer's threads may linger
    }

    private static String version(String home) throws IOException {
        Matcher version = Pattern.compile("JAVA_VERSION=\"(\\d+)").matcher(Files.readString(Path.of(home, "release")));
        if (!version.find()) {
            throw new IOException(home + " has no version in its release file");
        }
        return version.group(1);
    }

    /** The lines of the list and their counts: each of several equal lambdas has its own class. */
    private static Map<String, Integer> loaded(BenchSite site, String home, Path jar, Path config, String command)
            throws IOException, InterruptedException {
        Path list = config.resolveSibling("classes");
        ProcessBuilder program = new ProcessBuilder(
                        home + "/bin/java",
                        "-Xshare:off",
                        "-XX:+UseSerialGC",
                        "-XX:DumpLoadedClassList=" + list,
                        "-Djdk.console=java.base",
                        "-jar",
                        jar.toString(),
                        command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT);
        program.environment().putAll(site.variables);
        program.environment().put("OSG_TOKEN_RENEWER_CONFIG_PATH", config.toString());
        if (program.start().waitFor() != 0 && command.equals("renew")) { // status reports the account of other runs
            throw new IllegalStateException("the run to learn from failed");
        }
        return counted(Files.readAllLines(list));
    }

    private static TreeMap<String, Integer> counted(List<String> list) {
        TreeMap<String, Integer> lines = new TreeMap<>();
        for (String line : list) {
            if (line.startsWith("@")
                    ? MARK.matcher(line).matches()
                    : !line.startsWith("#") && !line.contains(" source: ")) {
                // Java 21 and later number the classes, which is only needed for other class loaders, and there are
                // none.
                lines.merge(line.replaceFirst(" id: \\d+$", ""), 1, Integer::sum);
            }
        }
        return lines;
    }
}
