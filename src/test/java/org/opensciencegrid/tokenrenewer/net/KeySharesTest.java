package org.opensciencegrid.tokenrenewer.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.TestCa;

/** Java 20 and later can choose its key shares. Java 17 always offers all. */
class KeySharesTest {
    private static final boolean CAN_CHOOSE = Runtime.version().feature() >= 20;

    @TempDir
    private Path directory;

    private final TestCa ca = new TestCa();
    private Transport transport;

    @BeforeEach
    void trustCa() {
        Path pem = directory.resolve("ca.pem");
        ca.writeCaPem(pem);
        transport = new Transport(new TrustStore(Optional.of(pem)), Duration.ofSeconds(20));
    }

    /** Answers each request, and notes how each handshake ended: the protocol, or "refused". */
    private static final class Server implements AutoCloseable {
        private final SSLServerSocket socket;
        private final BlockingQueue<String> handshakes = new LinkedBlockingQueue<>();

        Server(TestCa ca, TestCa.Flaw flaw, String protocol, String groups) throws Exception {
            socket = (SSLServerSocket) (flaw == null ? ca.serverContext() : ca.serverContext(flaw))
                    .getServerSocketFactory()
                    .createServerSocket(0, 5, InetAddress.getByName("127.0.0.1"));
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setProtocols(protocol.split(" "));
            if (!groups.isEmpty()) {
                SSLParameters.class.getMethod("setNamedGroups", String[].class).invoke(parameters, (Object)
                        groups.split(" "));
            }
            socket.setSSLParameters(parameters);
            RawServer.inBackground(() -> {
                while (true) {
                    answer((SSLSocket) socket.accept());
                }
            });
        }

        private void answer(SSLSocket client) throws IOException {
            try (client) {
                client.startHandshake();
                handshakes.add(client.getSession().getProtocol());
                client.getInputStream().read(new byte[10_000]);
                RawServer.write(
                        client.getOutputStream(),
                        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
            } catch (IOException e) {
                handshakes.add("refused");
            }
        }

        /** How the next handshakes end; there are no others. */
        String handshakes(int count) throws InterruptedException {
            List<String> ends = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                ends.add(Objects.requireNonNull(handshakes.poll(10, TimeUnit.SECONDS)));
            }
            assertTrue(handshakes.isEmpty(), handshakes::toString);
            return String.join(" ", ends);
        }

        String hostAndPort() {
            return "localhost:" + socket.getLocalPort();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private String ask(Transport by, Server server) throws IssuerException {
        return by.send(new HTTPRequest(HTTPRequest.Method.GET, URI.create("https://" + server.hostAndPort() + "/")))
                .body();
    }

    @ParameterizedTest
    @CsvSource({
        "TLSv1.3 TLSv1.2, x25519 secp256r1, TLSv1.3",
        "TLSv1.3, x25519, TLSv1.3",
        "TLSv1.3 TLSv1.2, secp256r1, refused TLSv1.3",
        "TLSv1.3, secp384r1 secp521r1, refused TLSv1.3",
        "TLSv1.2, x25519 secp256r1, refused TLSv1.2",
        "TLSv1.2, secp256r1, refused TLSv1.2",
    })
    void everyServerIsAskedOnceAfterAtMostOneRefusal(String protocol, String groups, String handshakes)
            throws Exception {
        assumeTrue(CAN_CHOOSE, "Java " + Runtime.version().feature() + " always offers all groups");
        assumeTrue(reduces(), "this Java sends another key than those of X25519 and P-256");
        try (Server server = new Server(ca, null, protocol, groups)) {
            assertEquals("ok", ask(transport, server));
            assertEquals(handshakes, server.handshakes(handshakes.split(" ").length));
            boolean isRefused = handshakes.startsWith("refused");
            assertEquals(isRefused ? Set.of(server.hostAndPort()) : Set.of(), transport.allShares());

            assertEquals("ok", ask(transport, server)); // knows
            Transport next =
                    new Transport(new TrustStore(Optional.of(directory.resolve("ca.pem"))), Duration.ofSeconds(20));
            next.allShares(transport.allShares());
            assertEquals("ok", ask(next, server));
            String last = handshakes.replace("refused ", "");
            assertEquals(last + " " + last, server.handshakes(2));
        }
    }

    @Test
    void aServerThatIsRefusedIsNotAskedAgain() throws Exception {
        try (Server server = new Server(ca, TestCa.Flaw.EXPIRED, "TLSv1.3", "")) {
            IssuerException e = assertThrows(IssuerException.class, () -> ask(transport, server));
            assertTrue(e.getMessage().contains("expired"), e.getMessage());
            assertEquals("refused", server.handshakes(1));
            assertEquals(Set.of(), transport.allShares());
        }
    }

    /** Old servers and boxes on the way that do not understand the first message answer it in other ways. */
    @ParameterizedTest
    @ValueSource(strings = {"reset", "close", "silence", "alert"})
    void aServerThatDoesNotUnderstandTheFirstMessage(String reaction) throws Exception {
        assumeTrue(CAN_CHOOSE && reduces(), "this Java offers everything at once");
        try (Server server = new Server(ca, null, "TLSv1.2", "");
                ServerSocket front = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            RawServer.inBackground(() -> {
                Socket first = front.accept();
                first.getInputStream().read(new byte[10_000]);
                switch (reaction) {
                    case "reset" -> first.setSoLinger(true, 0);
                    case "alert" -> first.getOutputStream().write(new byte[] {21, 3, 3, 0, 2, 2, 80}); // internal_error
                    default -> {}
                }
                if (!reaction.equals("silence")) {
                    first.close();
                }
                Socket second = front.accept();
                Socket behind = new Socket("127.0.0.1", server.socket.getLocalPort());
                RawServer.inBackground(() -> second.getInputStream().transferTo(behind.getOutputStream()));
                behind.getInputStream().transferTo(second.getOutputStream());
                second.close();
            });
            HTTPRequest request = new HTTPRequest(
                    HTTPRequest.Method.GET, URI.create("https://localhost:" + front.getLocalPort() + "/"));
            assertEquals("ok", transport.send(request).body());
            assertEquals("TLSv1.2", server.handshakes(1));
        }
    }

    @Test
    void onlyTheOrderOfTheDefaultsIsReduced() throws Exception {
        assumeTrue(CAN_CHOOSE, "needs Java 20");
        for (String groups : List.of(
                "secp256r1 x25519", // a policy prefers P-256
                "secp256r1 secp384r1", // a policy without X25519
                "X25519MLKEM768 x25519 secp256r1", // the post-quantum key exchange stays
                "x25519")) {
            SSLParameters parameters = new SSLParameters();
            set(parameters, groups);
            assertFalse(KeyShares.reduce(parameters), groups);
            assertEquals(groups, get(parameters));
        }
        SSLParameters parameters = new SSLParameters();
        set(parameters, "x25519 secp256r1 secp384r1");
        assertTrue(KeyShares.reduce(parameters));
        assertEquals("x25519", get(parameters));
        assertEquals(List.of("TLSv1.3"), Arrays.asList(parameters.getProtocols()));
    }

    @Test
    void java17OffersEverythingAtOnce() throws Exception {
        assumeTrue(!CAN_CHOOSE, "a later Java can choose");
        for (String protocol : List.of("TLSv1.2", "TLSv1.3")) {
            try (Server server = new Server(ca, null, protocol, "")) {
                assertEquals("ok", ask(transport, server));
                assertEquals(protocol, server.handshakes(1));
            }
        }
        assertEquals(Set.of(), transport.allShares());
    }

    private boolean reduces() throws Exception {
        try (SSLSocket socket =
                (SSLSocket) ca.clientContext().getSocketFactory().createSocket()) {
            return KeyShares.reduce(socket.getSSLParameters());
        }
    }

    private static void set(SSLParameters parameters, String groups) throws ReflectiveOperationException {
        SSLParameters.class.getMethod("setNamedGroups", String[].class).invoke(parameters, (Object) groups.split(" "));
    }

    private static String get(SSLParameters parameters) throws ReflectiveOperationException {
        return String.join(
                " ", (String[]) SSLParameters.class.getMethod("getNamedGroups").invoke(parameters));
    }
}
