package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.TestCa;

/** Tests {@code check} with an issuer that has several addresses, in a JVM with a hosts file instead of DNS. */
@Tag("slow")
class SilentAddressesTest {
    private static final String HOST = "other.example.org";

    @TempDir
    private Path directory;

    private String check(int port, List<String> addresses, int status, String... options) throws Exception {
        StringBuilder hosts = new StringBuilder();
        addresses.forEach(
                address -> hosts.append(address).append(' ').append(HOST).append('\n'));
        Path file = Files.writeString(directory.resolve("hosts"), hosts);
        Path secret = Files.writeString(directory.resolve("secret"), "s\n");
        Path state = Files.createDirectories(
                directory.resolve("state"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Path config = Files.writeString(directory.resolve("config.ini"), """
                [account acct]
                token_request_url = https://%s:%d/token
                client_id = me
                client_secret_file = %s
                ca_file = %s
                [token one]
                account = acct
                token_path = %s
                """.formatted(
                        HOST, port, secret, directory.resolve("ca.pem"), directory.resolve("one.token")));
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djdk.net.hosts.file=" + file,
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName(),
                "--config=" + config,
                "--state-dir=" + state,
                "check"));
        line.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
        List.of("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy").forEach(builder.environment()::remove);
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(status, process.waitFor(), out);
        return out.replaceAll("\\s+", " ");
    }

    @Test
    void eachIsNamedAsAWarningWhileAnotherAnswers() throws Exception {
        TestCa ca = new TestCa();
        ca.writeCaPem(directory.resolve("ca.pem"));
        try (EmbeddedIssuer issuer = EmbeddedIssuer.builder()
                .tls(ca.serverContext(TestCa.Flaw.WRONG_HOST)) // for HOST
                .start()) {
            int port = issuer.port();
            String one = check(port, List.of("127.0.0.3", "127.0.0.1"), 0);
            String text = "warning https://" + HOST + ":" + port
                    + "/ one of its addresses does not answer: 127.0.0.3: Connection refused";
            assertTrue(one.contains(text), one);
            String last = check(port, List.of("127.0.0.1", "127.0.0.4"), 0);
            assertTrue(last.contains("does not answer: 127.0.0.4: Connection refused"), last);
            assertFalse(check(port, List.of("127.0.0.1"), 0).contains("does not answer"));
            String offline = check(port, List.of("127.0.0.3", "127.0.0.1"), 0, "--offline");
            assertFalse(offline.contains("does not answer"), offline);
        }
    }
}
