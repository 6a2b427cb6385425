package org.opensciencegrid.tokenrenewer.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run does not load what it does not need: each of these once took a tenth of its time or more. */
class StartIT {
    private static final Path JAR = Path.of("target/dist/usr/share/osg-token-renewer/osg-token-renewer.jar")
            .toAbsolutePath();

    /** -Dstart.jdks=DIR,DIR to use other JDKs than the one of this test. */
    private static final String JDKS = System.getProperty("start.jdks", System.getProperty("java.home"));

    /** 12 on Java 17, 15 on 21, 29 on 25: the JDK generates them. */
    private static final int MISSING = 32;

    private static final int LAMBDAS = 12;

    @TempDir
    Path directory;

    @Test
    void aRunLoadsNoMoreThanItNeeds() throws Exception {
        try (BenchSite site = new BenchSite(directory, true)) {
            site.setUp("acct1", BenchSite.CHEAP);
            List<String> one = loaded(site, site.config(1, 0));
            assertNone(one, "picocli.CommandLine$Model"); // reflection on every option
            assertNone(one, "java.net.http.");
            assertNone(one, "org.opensciencegrid.tokenrenewer.setup.");
            assertNone(one, "org.opensciencegrid.tokenrenewer.check.");
            assertNone(one, "org.opensciencegrid.tokenrenewer.renewal.Hook"); // no token has a post_renewal
            assertNone(one, "org.opensciencegrid.tokenrenewer.notify."); // no account has notify
            assertNone(one, "org.opensciencegrid.tokenrenewer.config.Notify");
            assertNone(one, "org.opensciencegrid.tokenrenewer.cli.Notifications");
            assertNone(one, "org.opensciencegrid.tokenrenewer.process.");
            assertNone(one, "sun.security.util.AnchorCertificates"); // 150 CAs, for a rule about wildcards
            assertNone(one, "sun.security.provider.JavaKeyStore");
            assertNone(one, "java.time.format."); // tables of zones and formats
            assertNone(one, "sun.security.x509.CRLDistributionPointsExtension"); // of the 150 CAs
            assertNone(one, "java.lang.runtime.ObjectMethods"); // of a record as the key of a map
            assertTrue(one.contains("sun.security.ssl.SSLSocketImpl"), "did not use TLS");
            assertFewLambdas(one);

            List<String> fresh = loaded(site, site.config(1, 60));
            assertNone(fresh, "picocli.CommandLine$Model");
            assertNone(fresh, "javax.net.ssl.");
            assertNone(fresh, "sun.security.ssl.");
            assertNone(fresh, "java.time.format.");
            assertNone(fresh, "sun.security.provider."); // random numbers, hashes, certificates
            assertNone(fresh, "java.util.concurrent.CompletableFuture");
            assertNone(fresh, "com.nimbusds.");
            assertNone(fresh, "org.bouncycastle.");
            assertNone(fresh, "java.util.stream.Sink"); // a stream was used
            assertFewLambdas(fresh);

            assertNone(loaded(site, site.config(1, 60), "status"), "picocli.CommandLine$Model");
        }
    }

    /**
     * A class that is not in the archive is read from the jar and verified at each start: .ci/classes/record lists
     * them.
     */
    @Test
    void nearlyAllClassesComeFromTheArchive() throws Exception {
        Path dist = JAR.getParent().getParent().getParent().getParent();
        for (String home : JDKS.split(",")) {
            Path tree = Files.createTempDirectory(directory, "tree");
            boolean links = Files.readString(Path.of(home, "release")).contains("JAVA_VERSION=\"25");
            shell("cp -a '" + dist + "/.' " + tree + " && rm -f " + tree + "/var/cache/osg-token-renewer/*", home);
            shell(tree + "/usr/libexec/osg-token-renewer/make-archive", home);
            Path log = tree.resolve("loaded");
            try (BenchSite site = new BenchSite(Files.createTempDirectory(directory, "site"), true)) {
                site.setUp("acct1", BenchSite.CHEAP);
                ProcessBuilder program =
                        new ProcessBuilder("sh", "-c", """
                        root=%s
                        . $root/usr/share/osg-token-renewer/java.sh
                        exec "$OSG_TOKEN_RENEWER_JAVA_HOME/bin/java" $options -XX:SharedArchiveFile="$(echo $archives/*.jsa)" \
                            -Xlog:class+load%s:file=%s -jar "$jar" renew
                        """.formatted(tree, links ? ",aot" : "", log)).inheritIO();
                program.environment().putAll(site.variables);
                program.environment().put("OSG_TOKEN_RENEWER_JAVA_HOME", home);
                program.environment()
                        .put("OSG_TOKEN_RENEWER_CONFIG_PATH", site.config(1, 0).toString());
                assertEquals(0, program.start().waitFor());
            }
            assertEquals(links, Files.readString(log).contains("Using AOT-linked classes: true"), home);
            List<String> missing;
            try (Stream<String> lines = Files.lines(log)) {
                missing = lines.filter(
                                line -> line.contains("source: ") && !line.contains("source: shared objects file"))
                        .map(line -> line.replaceFirst("^(\\[[^]]*\\])+ ", ""))
                        .toList();
            }
            System.out.println("--- " + home + ": " + missing.size() + " classes outside the archive");
            assertTrue(missing.size() <= MISSING, home + ": " + String.join("\n", missing));
        }
    }

    private static void shell(String command, String home) throws Exception {
        ProcessBuilder shell = new ProcessBuilder("sh", "-c", command).inheritIO();
        shell.environment().put("OSG_TOKEN_RENEWER_JAVA_HOME", home);
        assertEquals(0, shell.start().waitFor(), command);
    }

    private static void assertNone(List<String> loaded, String prefix) {
        assertEquals(
                List.of(),
                loaded.stream().filter(name -> name.startsWith(prefix)).toList());
    }

    /** Java 17 and 21 link each at every start. The JDK's own are not counted. */
    private static void assertFewLambdas(List<String> loaded) {
        List<String> ours = loaded.stream()
                .filter(name -> name.startsWith("org.opensciencegrid.") && name.contains("$$Lambda"))
                .toList();
        assertTrue(ours.size() <= LAMBDAS, String.join("\n", ours));
    }

    private static List<String> loaded(BenchSite site, Path config) throws Exception {
        return loaded(site, config, "renew");
    }

    private static List<String> loaded(BenchSite site, Path config, String command) throws Exception {
        Path log = config.resolveSibling("loaded");
        ProcessBuilder program = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-Xlog:class+load:file=" + log,
                        "-cp",
                        JAR.toString(),
                        "org.opensciencegrid.tokenrenewer.cli.Main",
                        command)
                .inheritIO();
        program.environment().putAll(site.variables);
        program.environment().put("OSG_TOKEN_RENEWER_CONFIG_PATH", config.toString());
        assertEquals(0, program.start().waitFor());
        try (Stream<String> lines = Files.lines(log)) {
            return lines.map(line -> line.replaceFirst("^(\\[[^]]*\\])+ ", "").replaceFirst(" .*", ""))
                    .toList();
        }
    }
}
