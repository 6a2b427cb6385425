package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.opensciencegrid.tokenrenewer.account.Account;

/**
 * MITREid Connect 1.3.4, the ancestor of INDIGO IAM and so of the WLCG issuers: trailing slash, no rotation, 401
 * invalid_token, no interval. The build puts its jars in target/mitreid. User: user, password.
 */
final class Mitreid extends LocalIssuer {
    private static final Path JARS = Path.of("target", "mitreid").toAbsolutePath();

    private final String issuer;
    private final ServerProcess process;

    Mitreid(Path directory) throws IOException, InterruptedException {
        super(directory);
        int port = ServerProcess.freePort();
        issuer = "https://localhost:" + port + "/";
        Path keys = keyStore();
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
                        "-XX:TieredStopAtLevel=1", // it runs for a minute, so a quick start matters
                        "-XX:+UseSerialGC",
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

    /** Unpacks the war, with our address in its settings and newer EclipseLink jars. */
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
        configureData(to);
        try (Stream<Path> jars = Files.list(JARS.resolve("eclipselink"))) {
            for (Path jar : jars.toList()) {
                Files.copy(jar, to.resolve("WEB-INF/lib").resolve(jar.getFileName()));
            }
        }
    }

    /** Adds our clients, orders the scripts so that clients can have every scope, and makes the database log less. */
    private static void configureData(Path war) throws IOException {
        String clients = "<jdbc:script location=\"classpath:/db/hsql/clients.sql\"/>";
        String scopes = "<jdbc:script location=\"classpath:/db/hsql/scopes.sql\"/>";
        Path data = war.resolve("WEB-INF/data-context.xml");
        String text = Files.readString(data);
        int first = text.indexOf(clients); // the later ones are for other databases, in comments
        int second = text.indexOf(scopes);
        if (first < 0 || second < first) {
            throw new IOException("not as expected: " + data);
        }
        Files.writeString(
                data,
                text.substring(0, first)
                        + scopes
                        + text.substring(first + clients.length(), second)
                        + clients
                        + text.substring(second + scopes.length())
                                .replace("\"showSql\" value=\"true\"", "\"showSql\" value=\"false\""));
        try (InputStream in = Mitreid.class.getResourceAsStream("/mitreid/clients.sql")) {
            Files.copy(in, war.resolve("WEB-INF/classes/db/hsql/clients.sql"), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    @Override
    public String name() {
        return "MITREid 1.3.4";
    }

    @Override
    public String issuer() {
        return issuer;
    }

    /** The clients of clients.sql. */
    @Override
    public Predefined client(Role role) {
        return switch (role) {
            case CONFIDENTIAL -> new Predefined("manual", Optional.of("manual-secret-0123456789"));
            case SERVICE -> new Predefined("service", Optional.of("service-secret-0123456789"));
            default -> super.client(role);
        };
    }

    @Override
    public List<String> scope() {
        return List.of("openid", "offline_access", "profile", "email");
    }

    @Override
    public String narrowScope() {
        return "email";
    }

    @Override
    public boolean grantsAudience() {
        return false;
    }

    @Override
    public boolean tellsDenial() {
        return false;
    }

    @Override
    public boolean punishesReplay() {
        return false;
    }

    @Override
    public void decide(String userCode, String person, boolean approve) throws IOException, InterruptedException {
        Browser browser = browser();
        browser.open(issuer + "device");
        browser.submit("username", Map.of("username", "user", "password", "password", "submit", "Login"));
        browser.open(issuer + "device");
        browser.submit("user_code", Map.of("user_code", userCode));
        browser.submit("user_oauth_approval", Map.of("user_oauth_approval", Boolean.toString(approve)));
    }

    @Override
    public void enable(String person, boolean isEnabled) throws Exception {
        HttpResponse<String> answer = browser().getJson(issuer + "api/users");
        if (answer.statusCode() == 200) {
            throw new AssertionError("it has accounts now: " + answer.body());
        }
        throw new NotOffered(
                "accounts of persons are rows of its database only; GET /api/users: " + answer.statusCode());
    }

    /** RFC 7592 section 2.2 */
    @Override
    public String changeSecret(Account account) throws Exception {
        String wish = "{\"client_id\": \"" + account.client().id() + "\", \"client_secret\": \"another-secret\"}";
        HttpResponse<String> answer = browser()
                .ask(
                        "PUT",
                        account.registrationClientUri().orElseThrow(),
                        account.registrationAccessToken().orElseThrow().reveal(),
                        wish);
        if (answer.body().contains("another-secret")) {
            throw new AssertionError("it takes a secret now");
        }
        throw new NotOffered("PUT of another client_secret is answered " + answer.statusCode() + ", and it stays");
    }

    @Override
    public void close() {
        process.close();
    }
}
