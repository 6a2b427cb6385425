package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.opensciencegrid.tokenrenewer.issuer.TestCa;

/**
 * MITREid Connect 1.3.4, the ancestor of INDIGO IAM and so of the WLCG issuers: trailing slash, no rotation, 401
 * invalid_token, no interval. Its jars are in target/mitreid, put there by the build. User: user, password.
 */
final class Mitreid implements LiveIssuer {
    private static final Path JARS = Path.of("target", "mitreid").toAbsolutePath();
    private static final String PASSWORD = "changeit";

    private final TestCa ca = new TestCa();
    private final Path caFile;
    private final String issuer;
    private final ServerProcess process;

    Mitreid(Path directory) throws IOException, InterruptedException {
        int port = ServerProcess.freePort();
        issuer = "https://localhost:" + port + "/";
        caFile = directory.resolve("mitreid-ca.pem");
        ca.writeCaPem(caFile);
        Path keys = directory.resolve("mitreid.p12");
        ca.writeServerKeyStore(keys, PASSWORD);
        Path war = directory.resolve("war");
        explode(war);
        Path source = directory.resolve("TomcatRun.java");
        try (InputStream in = Mitreid.class.getResourceAsStream("/mitreid/TomcatRun.java")) {
            Files.copy(in, source);
        }
        process = new ServerProcess(
                directory.resolve("mitreid.log"),
                List.of(
                        System.getProperty("java.home") + "/bin/java",
                        "-Xmx400m",
                        "--add-opens=java.base/java.lang=ALL-UNNAMED",
                        "--add-opens=java.base/java.util=ALL-UNNAMED",
                        "-cp",
                        JARS.resolve("tomcat") + "/*",
                        source.toString(),
                        Integer.toString(port),
                        war.toString(),
                        directory.toString(),
                        keys.toString(),
                        PASSWORD));
    }

    /** Unpacks the war with our address in its settings and newer EclipseLink jars. */
    private void explode(Path to) throws IOException {
        try (ZipFile zip = new ZipFile(JARS.resolve("mitreid.war").toFile())) {
            for (Enumeration<? extends ZipEntry> entries = zip.entries(); entries.hasMoreElements(); ) {
                ZipEntry entry = entries.nextElement();
                Path file = to.resolve(entry.getName()).normalize();
                if (entry.isDirectory() || entry.getName().contains("lib/org.eclipse.persistence.")) {
                    continue;
                }
                Files.createDirectories(file.getParent());
                try (InputStream in = zip.getInputStream(entry)) {
                    Files.copy(in, file, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        Path settings = to.resolve("WEB-INF/server-config.xml");
        String text = Files.readString(settings)
                .replace("http://localhost:8080/openid-connect-server-webapp/", issuer)
                .replace(
                        "<!-- <property name=\"allowCompleteDeviceCodeUri\" value=\"true\" /> -->",
                        "<property name=\"allowCompleteDeviceCodeUri\" value=\"true\" />");
        Files.write(settings, text.getBytes(StandardCharsets.UTF_8));
        try (Stream<Path> jars = Files.list(JARS.resolve("eclipselink"))) {
            for (Path jar : jars.toList()) {
                Files.copy(jar, to.resolve("WEB-INF/lib").resolve(jar.getFileName()));
            }
        }
    }

    @Override
    public String issuer() {
        return issuer;
    }

    @Override
    public Path caFile() {
        return caFile;
    }

    @Override
    public boolean rotates() {
        return false;
    }

    @Override
    public void decide(String userCode, boolean approve) throws IOException, InterruptedException {
        Browser browser = new Browser(ca.clientContext());
        browser.open(issuer + "device");
        browser.submit("username", Map.of("username", "user", "password", "password", "submit", "Login"));
        browser.open(issuer + "device");
        browser.submit("user_code", Map.of("user_code", userCode));
        browser.submit("user_oauth_approval", Map.of("user_oauth_approval", Boolean.toString(approve)));
    }

    @Override
    public void close() {
        process.close();
    }
}
