package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Spring Authorization Server 7: rejects empty response_types at registration, lists only openid, and rejects openid in
 * the device grant. {@code -Dlive.spring=DIR} is the directory with its classes and libraries.
 */
final class Spring extends LocalIssuer {

    private final String origin;
    private final ServerProcess process;

    Spring(Path directory) throws IOException, InterruptedException {
        super(directory);
        int port = ServerProcess.freePort();
        origin = "https://localhost:" + port;
        Path keys = keyStore();
        String home = System.getProperty("live.spring");
        process = new ServerProcess(
                directory.resolve("spring.log"),
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        home + "/classes:" + home + "/dependency/*",
                        "issuer.SpringIssuer",
                        "--issuer=" + origin,
                        "--server.address=localhost",
                        "--server.port=" + port,
                        "--server.ssl.key-store=" + keys,
                        "--server.ssl.key-store-password=" + PASSWORD));
    }

    @Override
    public String name() {
        return "Spring 7";
    }

    @Override
    public String issuer() {
        return origin;
    }

    @Override
    public Predefined client(Role role) {
        return switch (role) {
            case CONFIDENTIAL -> new Predefined("confidential", Optional.of("confidential-secret-0123456789"));
            case SERVICE -> new Predefined("service", Optional.of("service-secret-0123456789"));
            default -> throw new NotOffered("no client of that kind");
        };
    }

    @Override
    public boolean grantsAudience() {
        return false;
    }

    @Override
    public boolean tellsDenial() {
        return true;
    }

    @Override
    public boolean punishesReplay() {
        return false;
    }

    @Override
    public boolean deletesClients() {
        return false;
    }

    /** Signing in is the approval. */
    @Override
    public void decide(String userCode, String person, boolean approve) throws IOException, InterruptedException {
        Browser browser = browser();
        browser.open(origin + "/activate?user_code=" + userCode);
        browser.submit("username", Map.of("username", person, "password", person + "-password"));
        if (!browser.has("Approved")) {
            throw new AssertionError(browser.toString());
        }
    }

    @Override
    public void close() {
        process.close();
    }
}
