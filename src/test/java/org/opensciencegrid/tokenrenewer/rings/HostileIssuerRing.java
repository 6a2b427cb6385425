package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Issuers that send as much as they can, next to a normal issuer with six accounts, which rotates, ends an
 * authorization on reuse and takes 1 to 12 s for a response. -Dhostile.runs=20 for each JDK; -Dhostile.jdks=DIR,DIR for
 * the JDKs.
 */
class HostileIssuerRing {
    private static final int RUNS = Integer.getInteger("hostile.runs", 3);
    private static final String JDKS = System.getProperty("hostile.jdks", System.getProperty("java.home"));
    private static final long SEED = Long.getLong("hostile.seed", 20261129);
    private static final int HONEST = 6;

    /** This many accounts get such a response: the first part once, then the other without end. */
    private record Hostile(int accounts, String first, String more) {}

    private static final String OK = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    private static final String CHUNKED = OK + "Transfer-Encoding: chunked\r\n\r\n";
    private static final String LONG = "x".repeat(8000);

    /** As many objects as fit in 1 MiB. */
    private static final String OBJECTS = "{\"a\":[" + "{},".repeat(349_000) + "{}]}";

    private static final List<Hostile> ANSWERS = List.of(
            new Hostile(1, CHUNKED + "0\r\n", "Trailer: " + LONG + "\r\n"),
            new Hostile(1, OK, "Header: " + LONG + "\r\n"),
            new Hostile(1, OK + "\r\n{\"a\":\"", LONG),
            new Hostile(1, CHUNKED + "1;", "extension=" + LONG + ";"),
            new Hostile(1, "", "HTTP/1.1 100 Continue\r\n\r\n"),
            new Hostile(
                    20, OK + "Connection: close\r\nContent-Length: " + OBJECTS.length() + "\r\n\r\n" + OBJECTS, ""));

    @TempDir
    Path directory;

    @Test
    void sixOfSixAreRenewedAndNoneIsLost() throws Exception {
        ExecutorService jdks = Executors.newCachedThreadPool();
        try {
            List<Callable<List<String>>> work = new ArrayList<>();
            for (String jdk : JDKS.split(",")) {
                work.add(() -> runs(Path.of(jdk)));
            }
            List<String> failures = new ArrayList<>();
            for (Future<List<String>> of : jdks.invokeAll(work)) {
                failures.addAll(of.get());
            }
            assertEquals(List.of(), failures);
        } finally {
            jdks.shutdownNow();
        }
    }

    private List<String> runs(Path jdk) throws Exception {
        Random random = new Random(SEED);
        List<String> failures = new ArrayList<>();
        try (AccessPoint point = new AccessPoint(directory.resolve(jdk.getFileName()));
                ServerSocket hostile = new ServerSocket(0, 200, InetAddress.getLoopbackAddress())) {
            point.issuer.policy.killFamilyOnReuse = true;
            point.variables.put("OSG_TOKEN_RENEWER_JAVA_HOME", jdk.toString());
            writeConfig(point, hostile.getLocalPort());
            for (int i = 0; i < HONEST; i++) {
                point.mustInProcess(point.setupLine(
                        "--issuer=" + point.issuer.issuer(), "--scope=openid offline_access", "honest" + i));
            }
            background(() -> {
                while (true) {
                    Socket client = hostile.accept();
                    background(() -> serve(client));
                }
            });
            for (int run = 0; run < RUNS; run++) {
                String name = jdk + ", run " + run + ": ";
                for (int i = 0; i < HONEST; i++) {
                    point.issuer.fault(Fault.on("/token")
                            .grant("refresh_token")
                            .delayAfter(Duration.ofSeconds(1 + random.nextInt(12))));
                }
                long start = System.nanoTime();
                Result ended = point.run("renew", "--force");
                System.out.println("--- " + name
                        + Duration.ofNanos(System.nanoTime() - start).toSeconds() + " s");
                for (int i = 0; i < HONEST; i++) {
                    if (!ended.said().contains("token honest" + i + ": renewed")) {
                        failures.add(name + "honest" + i + " was not renewed");
                    }
                }
                if (ended.status() != 1 || point.issuer.reuses() != 0) {
                    failures.add(name + "exit " + ended.status() + ", reuses " + point.issuer.reuses());
                }
                if (!failures.isEmpty()) {
                    System.out.println(ended.said());
                }
            }
        }
        return failures;
    }

    private static void writeConfig(AccessPoint point, int port) {
        StringBuilder config = new StringBuilder();
        for (int kind = 0; kind < ANSWERS.size(); kind++) {
            for (int i = 0; i < ANSWERS.get(kind).accounts(); i++) {
                String name = "hostile" + kind + "-" + i;
                config.append("[account " + name + "]\ntoken_request_url = http://127.0.0.1:" + port + "/" + kind
                                + "\nclient_id = c\nclient_secret = s\n")
                        .append(AccessPoint.tokenSection(name, name, "DIR/tokens/" + name));
            }
        }
        for (int i = 0; i < HONEST; i++) {
            String name = "honest" + i;
            config.append(AccessPoint.accountSection(name))
                    .append(AccessPoint.tokenSection(name, name, "DIR/tokens/" + name));
        }
        point.config(config.toString());
    }

    @FunctionalInterface
    private interface Work {
        void run() throws IOException;
    }

    private static void background(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                // The program closed the connection, or the run is over.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    /** The path of the request is the index of the response. */
    private static void serve(Socket client) throws IOException {
        try (client) {
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII));
            Hostile answer = ANSWERS.get(Integer.parseInt(in.readLine().split("[ /]+")[1]));
            OutputStream out = client.getOutputStream();
            out.write(answer.first().getBytes(StandardCharsets.US_ASCII));
            byte[] more = answer.more().getBytes(StandardCharsets.US_ASCII);
            while (more.length > 0) {
                out.write(more);
            }
        }
    }
}
