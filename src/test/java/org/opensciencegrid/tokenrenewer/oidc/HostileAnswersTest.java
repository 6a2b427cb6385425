package org.opensciencegrid.tokenrenewer.oidc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.net.RawServer;
import org.opensciencegrid.tokenrenewer.net.Transport;

/**
 * Hostile responses to a separate JVM with half the heap of the program. Each one ends by the deadline with an error
 * that explains it, or with the token.
 */
public class HostileAnswersTest {
    private static final String HEAP = "-Xmx128m";
    private static final String OK = "HTTP/1.1 200 OK\r\n";
    private static final String CHUNKED = OK + "Transfer-Encoding: chunked\r\n\r\n";
    private static final long DEADLINE_SECONDS = 3;
    private static final int MOST = Transport.BODY_LIMIT;

    /** The goals say one second; allows for a busy machine. */
    private static final long GRACE_MILLIS = 6_000;

    /** Never ends. */
    private static RawServer.Reply endless(String start, String more, long pauseMillis) {
        return connection -> {
            OutputStream out = connection.getOutputStream();
            RawServer.write(out, start);
            byte[] bytes = more.getBytes(StandardCharsets.UTF_8);
            while (true) {
                out.write(bytes);
                try {
                    Thread.sleep(pauseMillis);
                } catch (InterruptedException e) {
                    return false;
                }
            }
        };
    }

    private static String object(int members) {
        String more = IntStream.range(0, members)
                .mapToObj(i -> "\"key" + i + "\":[{\"a\":" + i + "}],")
                .collect(Collectors.joining());
        return "{" + more + "\"access_token\":\"t\",\"refresh_token\":\"next\"}";
    }

    private static RawServer.Reply gzipBomb() throws IOException {
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
            byte[] zeros = new byte[MOST];
            for (int i = 0; i < 256; i++) { // 256 MiB, compressed to a quarter MiB
                gzip.write(zeros);
            }
        }
        return connection -> {
            OutputStream out = connection.getOutputStream();
            RawServer.write(out, OK + "Content-Encoding: gzip\r\nContent-Length: " + bomb.size() + "\r\n\r\n");
            bomb.writeTo(out);
            return true;
        };
    }

    /** The responses and the result of each. */
    private static Map<String, RawServer.Reply> answers() throws IOException {
        Map<String, RawServer.Reply> all = new LinkedHashMap<>();
        String kilobyte = "x".repeat(1024);
        all.put("endless body: NO_ANSWER", endless(OK + "\r\n", kilobyte, 0));
        all.put("endless chunks: NO_ANSWER", endless(CHUNKED, "400\r\n" + kilobyte + "\r\n", 0));
        all.put("one endless chunk: NO_ANSWER", endless(CHUNKED + "7fffffff\r\n", kilobyte, 0));
        all.put("slow drip of a body: NO_ANSWER", endless(CHUNKED, "1\r\nx\r\n", 500));
        all.put("slow drip of a head: NO_ANSWER", endless(OK + "X-Long: ", "x", 500));
        all.put("endless status line: NO_ANSWER", endless("HTTP/1.1 200 ", kilobyte, 0));
        all.put("endless header: NO_ANSWER", endless(OK + "X-Long: ", kilobyte, 0));
        all.put("endless headers: NO_ANSWER", endless(OK, "X: " + kilobyte + "\r\n", 0));
        all.put("endless trailers: NO_ANSWER", endless(CHUNKED + "1\r\nx\r\n0\r\n", "X: " + kilobyte + "\r\n", 1));
        all.put("nothing but 100 Continue: NO_ANSWER", endless("", "HTTP/1.1 100 Continue\r\n\r\n", 0));
        all.put(
                "a length that is a lie: NO_ANSWER",
                endless(OK + "Content-Length: 9000000000000\r\n\r\n", kilobyte, 0));
        all.put("gzip bomb: NO_ANSWER", gzipBomb());
        all.put("deep arrays: UNUSABLE_ANSWER", RawServer.ok("[".repeat(MOST)));
        all.put("deep objects: UNUSABLE_ANSWER", RawServer.ok("{\"a\":".repeat(MOST / 5)));
        all.put("an endless number: UNUSABLE_ANSWER", RawServer.ok("{\"expires_in\":" + "9".repeat(MOST - 20) + "}"));
        all.put("an endless string: UNUSABLE_ANSWER", RawServer.ok("{\"access_token\":\"" + "\\".repeat(MOST - 20)));
        all.put(
                "a string without its end: NO_ANSWER",
                endless(CHUNKED + "12\r\n\"refresh_token\":\"\r\n", "400\r\n" + kilobyte + "\r\n", 0));
        all.put("1,000 keys: TOKEN", RawServer.ok(object(1_000)));
        all.put("40,000 keys: TOKEN", RawServer.ok(object(40_000)));
        all.put("another type: TOKEN", RawServer.answer("200 OK", object(1), "Content-Type: application/x-tar"));
        all.put("1,000 headers: TOKEN", RawServer.answer("200 OK", object(1), "X: y\r\n".repeat(999) + "X: y"));
        return all;
    }

    @Tag("slow")
    @Test
    void eachEndsInTimeAndInAnEighthOfAGibibyte(TestReporter reporter) throws Exception {
        List<RawServer> servers = new ArrayList<>();
        try {
            List<String> urls = new ArrayList<>();
            Map<String, RawServer.Reply> answers = answers();
            for (RawServer.Reply reply : answers.values()) {
                servers.add(new RawServer(reply));
                urls.add(servers.get(servers.size() - 1).uri("/token").toString());
            }
            List<String> lines = program(DEADLINE_SECONDS, List.of(HEAP, "-XX:+UseSerialGC"), urls);
            assertEquals(urls.size(), lines.size(), () -> "it did not come to its end: " + lines);
            int n = 0;
            for (String name : answers.keySet()) {
                String[] words = lines.get(n++).split(" ", 2);
                reporter.publishEntry(name, words[0] + " ms");
                assertEquals(name.substring(name.indexOf(": ") + 2), words[1].split(" ")[0], name);
                long limit = DEADLINE_SECONDS * 1000 + GRACE_MILLIS;
                assertTrue(Long.parseLong(words[0]) < limit, name + " took " + words[0] + " ms");
            }
        } finally {
            for (RawServer server : servers) {
                server.close();
            }
        }
    }

    /** Each one fits alone, but a hundred accounts may send requests at the same time. */
    @Tag("slow")
    @Test
    void aHundredLongAnswersAtOnceFitTheHeapOfARun() throws Exception {
        String objects = "{\"a\":[" + "{},".repeat((MOST - 10) / 3) + "{}]}";
        try (RawServer server = new RawServer(RawServer.ok(objects))) {
            List<String> urls = Collections.nCopies(100, server.uri("/token").toString());
            List<String> lines = program(120, List.of("-Xmx256m", "-Dtogether"), urls);
            assertEquals(Collections.nCopies(100, "0 UNUSABLE_ANSWER"), lines);
        }
    }

    /** Regardless of the machine's security properties. */
    @Test
    void nothingOlderThanTls12IsOffered(@TempDir Path directory) throws Exception {
        Path lax = Files.writeString(directory.resolve("java.security"), "jdk.tls.disabledAlgorithms=\n");
        LinkedBlockingQueue<Set<Integer>> offered = new LinkedBlockingQueue<>();
        try (ServerSocket old = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            RawServer.inBackground(() -> {
                try (Socket client = old.accept()) {
                    offered.add(versions(clientHello(client)));
                    client.getOutputStream().write(serverHelloOfTls11());
                    client.getInputStream().transferTo(OutputStream.nullOutputStream());
                }
            });
            String url = "https://localhost:" + old.getLocalPort() + "/token";
            List<String> lines = program(60, List.of("-Djava.security.properties=" + lax), List.of(url));
            assertEquals(1, lines.size());
            assertTrue(lines.get(0).contains(" TLS "), lines.get(0));
            assertEquals(Set.of(0x0303, 0x0304), offered.poll(10, TimeUnit.SECONDS));
        }
    }

    private static byte[] clientHello(Socket client) throws IOException {
        DataInputStream in = new DataInputStream(client.getInputStream());
        in.readNBytes(3);
        return in.readNBytes(in.readUnsignedShort());
    }

    /** The versions of the extension supported_versions, and the legacy version. */
    private static Set<Integer> versions(byte[] hello) {
        ByteBuffer in = ByteBuffer.wrap(hello).position(4);
        Set<Integer> versions = new TreeSet<>(Set.of((int) in.getShort()));
        in.position(in.position() + 32);
        in.position(in.position() + 1 + in.get(in.position()));
        in.position(in.position() + 2 + in.getShort(in.position()));
        in.position(in.position() + 1 + in.get(in.position()));
        in.getShort();
        while (in.hasRemaining()) {
            int type = in.getShort();
            int end = in.getShort() + in.position();
            if (type == 43) {
                for (in.get(); in.position() < end; ) {
                    versions.add((int) in.getShort());
                }
            }
            in.position(end);
        }
        return versions;
    }

    private static byte[] serverHelloOfTls11() {
        byte[] hello = new byte[5 + 4 + 38];
        Arrays.fill(hello, 11, 43, (byte) 7); // random
        ByteBuffer.wrap(hello)
                .put((byte) 22)
                .putShort((short) 0x0302)
                .putShort((short) 42)
                .putInt(2 << 24 | 38)
                .putShort((short) 0x0302)
                .position(44)
                .putShort((short) 0xc014);
        return hello;
    }

    public static List<String> program(long seconds, List<String> options, List<String> urls) throws Exception {
        List<String> line = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
        line.addAll(options);
        line.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                HostileAnswersProgram.class.getName(),
                String.valueOf(seconds)));
        line.addAll(urls);
        Process process = new ProcessBuilder(line)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), out);
        return out.lines().toList();
    }
}
