package org.opensciencegrid.tokenrenewer.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.oidc.HostileAnswersTest;

/** Hosts with several addresses, in a JVM that uses a hosts file instead of the name service. */
@Tag("slow")
class AddressesTest {
    private static final String TOKEN = "{\"access_token\":\"t\",\"refresh_token\":\"next\"}";

    @TempDir
    private Path directory;

    /** The result of a request to the host localhost with these addresses, in this order. */
    private String ask(List<String> addresses, String url, List<String> options) throws Exception {
        StringBuilder hosts = new StringBuilder();
        addresses.forEach(address -> hosts.append(address).append(" localhost\n"));
        Path file = Files.writeString(directory.resolve("hosts"), hosts);
        List<String> all = new java.util.ArrayList<>(options);
        all.add("-Djdk.net.hosts.file=" + file);
        List<String> lines = HostileAnswersTest.program(20, all, List.of(url));
        assertEquals(1, lines.size());
        return lines.get(0).replaceFirst("^\\d+ ", "");
    }

    @Test
    void theSecondIsAskedWhereNobodyListensAtTheFirst() throws Exception {
        try (RawServer server = new RawServer(RawServer.ok(TOKEN))) {
            String url = server.uri("/token").toString();
            assertEquals("TOKEN", ask(List.of("127.0.0.3", "127.0.0.4", "127.0.0.1"), url, List.of()));
            assertEquals("TOKEN", ask(List.of("127.0.0.1", "127.0.0.3"), url, List.of()));
            assertEquals(2, server.requests().size());
        }
    }

    @Test
    void eachThatWasTriedIsNamed() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            port = socket.getLocalPort();
        }
        assertEquals(
                "UNREACHABLE localhost:" + port
                        + " cannot be reached: 127.0.0.1: Connection refused; 127.0.0.3: Connection refused",
                ask(List.of("127.0.0.1", "127.0.0.3"), "http://localhost:" + port + "/token", List.of()));
    }

    /** A failed TLS handshake has not sent any part of the request. */
    @Test
    void theSecondIsAskedWhereTheFirstSpeaksNoTls() throws Exception {
        TestCa ca = new TestCa();
        Path pem = directory.resolve("ca.pem");
        ca.writeCaPem(pem);
        List<String> options = List.of("-Dca=" + pem);
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(ca);
                ServerSocket noTls = new ServerSocket(issuer.port(), 5, InetAddress.getByName("127.0.0.3"))) {
            RawServer.inBackground(() -> {
                while (true) {
                    answerInPlainText(noTls.accept());
                }
            });
            String url = "https://localhost:" + issuer.port() + "/token";
            String refusal = ask(List.of("127.0.0.1"), url, options);
            assertEquals(refusal, ask(List.of("127.0.0.3", "127.0.0.1"), url, options));
            assertEquals(2, issuer.count("/token"));
            String failure = ask(List.of("127.0.0.3", "127.0.0.4"), url, options);
            assertTrue(
                    failure.startsWith("TLS the TLS connection to localhost:" + issuer.port() + " failed: 127.0.0.3: "),
                    failure);
            assertTrue(failure.endsWith("; 127.0.0.4: Connection refused"), failure);
        }
    }

    private static void answerInPlainText(Socket client) throws IOException {
        try (client) {
            RawServer.write(client.getOutputStream(), "HTTP/1.1 400 Bad Request\r\n\r\n");
            client.getInputStream().transferTo(OutputStream.nullOutputStream());
        }
    }
}
