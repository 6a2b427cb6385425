package org.opensciencegrid.tokenrenewer.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.KdfParameters;

/** What a run does not need it does not load: each of these once cost a tenth of it or more. */
class StartIT {
    private static final Path JAR = Path.of("target/dist/usr/share/osg-token-renewer/osg-token-renewer.jar")
            .toAbsolutePath();

    @TempDir
    Path directory;

    @Test
    void aRunLoadsNoMoreThanItNeeds() throws Exception {
        try (BenchSite site = new BenchSite(directory, true)) {
            site.account("acct1", new KdfParameters(8, 1, 1));
            List<String> one = loaded(site, site.config(1, 0));
            assertNone(one, "picocli.CommandLine$Model"); // its reflection on every option
            assertNone(one, "java.net.http.");
            assertNone(one, "org.opensciencegrid.tokenrenewer.setup.");
            assertNone(one, "org.opensciencegrid.tokenrenewer.check.");
            assertNone(one, "org.opensciencegrid.tokenrenewer.renewal.Hook"); // no token has a post_renewal
            assertNone(one, "sun.security.util.AnchorCertificates"); // 150 CAs, for a rule about wildcards
            assertNone(one, "sun.security.provider.JavaKeyStore");
            assertNone(one, "java.time.format."); // its tables of zones and forms
            assertNone(one, "sun.security.x509.CRLDistributionPointsExtension"); // of the 150 CAs
            assertTrue(one.contains("sun.security.ssl.SSLSocketImpl"), "did not use TLS");

            List<String> fresh = loaded(site, site.config(1, 60));
            assertNone(fresh, "picocli.CommandLine$Model");
            assertNone(fresh, "javax.net.ssl.");
            assertNone(fresh, "sun.security.ssl.");
            assertNone(fresh, "java.util.stream.Sink"); // nor what the JDK would link for it
            assertNone(fresh, "java.time.format.");
            assertNone(fresh, "sun.security.provider."); // of random numbers, hashes, certificates
            assertNone(fresh, "java.util.concurrent.CompletableFuture");
            assertNone(fresh, "com.nimbusds.");
            assertNone(fresh, "org.bouncycastle.");
        }
    }

    /** Java names what it makes of a lambda with two dollars and a slash. */
    @Test
    void ourLambdasAreClasses() throws Exception {
        try (BenchSite site = new BenchSite(directory, true)) {
            site.account("acct1", new KdfParameters(8, 1, 1));
            List<String> ours = loaded(site, site.config(1, 0)).stream()
                    .filter(name -> name.startsWith("org.opensciencegrid.") && name.contains("Lambda"))
                    .toList();
            assertEquals(
                    List.of(), ours.stream().filter(name -> name.contains("$$")).toList());
            assertTrue(ours.size() > 50, ours.toString());
        }
    }

    private static void assertNone(List<String> loaded, String prefix) {
        assertEquals(
                List.of(),
                loaded.stream().filter(name -> name.startsWith(prefix)).toList());
    }

    private static List<String> loaded(BenchSite site, Path config) throws Exception {
        Path log = config.resolveSibling("loaded");
        ProcessBuilder program = new ProcessBuilder(
                        System.getProperty("java.home") + "/bin/java",
                        "-Xlog:class+load:file=" + log,
                        "-cp",
                        JAR.toString(),
                        "org.opensciencegrid.tokenrenewer.cli.Main",
                        "renew")
                .inheritIO();
        program.environment().putAll(site.variables());
        program.environment().put("OSG_TOKEN_RENEWER_CONFIG_PATH", config.toString());
        assertEquals(0, program.start().waitFor());
        try (Stream<String> lines = Files.lines(log)) {
            return lines.map(line -> line.replaceFirst("^(\\[[^]]*\\])+ ", "").replaceFirst(" .*", ""))
                    .toList();
        }
    }
}
