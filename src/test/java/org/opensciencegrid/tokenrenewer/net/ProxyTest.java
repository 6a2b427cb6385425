package org.opensciencegrid.tokenrenewer.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.oidc.Scene;

/** Proxies that require a password, that use TLS, and that fail. */
@Timeout(120)
class ProxyTest {
    private static final URI ISSUER = URI.create("https://other.example.org/jwks");

    @TempDir
    private Path directory;

    private final TestCa ca = new TestCa();
    private final List<String> heads = new CopyOnWriteArrayList<>();
    private EmbeddedIssuer issuer;

    @BeforeEach
    void start() {
        issuer = EmbeddedIssuer.builder()
                .tls(ca.serverContext(TestCa.Flaw.WRONG_HOST))
                .start();
        ca.writeCaPem(directory.resolve("ca.pem"));
    }

    @AfterEach
    void stop() {
        issuer.close();
    }

    private HttpResponse ask(String proxy) throws IssuerException {
        Network network =
                new Network(ProxySettings.of("HTTPS_PROXY", proxy, ""), Duration.ofSeconds(5), Optional.empty());
        return new Transport(new TrustStore(Optional.of(directory.resolve("ca.pem"))), network)
                .send(new HTTPRequest(HTTPRequest.Method.GET, ISSUER));
    }

    /** Records each CONNECT, sends this response, and then tunnels to the issuer if the response was a success. */
    private void serve(ServerSocket proxy, String answer) {
        RawServer.inBackground(() -> {
            while (true) {
                Socket client = proxy.accept();
                RawServer.inBackground(() -> tunnel(client, answer));
            }
        });
    }

    private void tunnel(Socket client, String answer) throws IOException {
        try (client) {
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int c = client.getInputStream().read();
                if (c < 0) {
                    return;
                }
                head.append((char) c);
            }
            heads.add(head.toString());
            RawServer.write(client.getOutputStream(), answer);
            if (answer.startsWith("HTTP/1.1 200")) {
                Socket server = new Socket("127.0.0.1", issuer.port());
                RawServer.inBackground(() -> server.getInputStream().transferTo(client.getOutputStream()));
                client.getInputStream().transferTo(server.getOutputStream());
            }
        }
    }

    private static ServerSocket listener() throws IOException {
        return new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"));
    }

    @Test
    void withAPassword() throws Exception {
        try (ServerSocket proxy = listener()) {
            serve(proxy, "HTTP/1.1 200 Connection established\r\n\r\n");
            assertEquals(
                    200,
                    ask("http://me:hunter%402@127.0.0.1:" + proxy.getLocalPort())
                            .status());
            assertTrue(heads.get(0).contains("\r\nProxy-Authorization: Basic bWU6aHVudGVyQDI=\r\n"), heads.get(0));
            assertEquals(List.of(), issuer.requests("/nothing"));
            assertFalse(issuer.requests("/jwks")
                    .get(0)
                    .headers()
                    .toString()
                    .toLowerCase(java.util.Locale.ROOT)
                    .contains("proxy"));
        }
    }

    @Test
    void overTls() throws Exception {
        try (ServerSocket proxy = ca.serverContext()
                .getServerSocketFactory()
                .createServerSocket(0, 5, InetAddress.getByName("0.0.0.0"))) {
            serve(proxy, "HTTP/1.1 200 OK\r\n\r\n");
            assertEquals(200, ask("https://localhost:" + proxy.getLocalPort()).status());
            IssuerException e = Scene.fails(Kind.TLS, () -> ask("https://127.0.0.2:" + proxy.getLocalPort()));
            assertTrue(e.getMessage().contains(" through the proxy 127.0.0.2:"), e::getMessage);
        }
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "407, proxy:1, PROXY, ' wants a user name and a password (407)'",
                "407, me:hunter2, PROXY, ' does not accept the user name and password (407)'",
                "403, -, PROXY, ' refuses to connect to other.example.org:443 (403)'",
                "503, -, UNREACHABLE, ' of HTTPS_PROXY cannot be reached: the proxy answered 503'",
                "0, -, UNREACHABLE, ' of HTTPS_PROXY cannot be reached: the connection was closed'",
            })
    void whatItSaysIsItsOwn(int status, String user, Kind kind, String said) throws Exception {
        try (ServerSocket proxy = listener()) {
            serve(proxy, status == 0 ? "" : "HTTP/1.1 " + status + " No\r\nContent-Length: 2\r\n\r\nno");
            boolean hasUser = user != null && user.startsWith("me:");
            String url = "http://" + (hasUser ? user + "@" : "") + "127.0.0.1:" + proxy.getLocalPort();
            IssuerException e = Scene.fails(kind, () -> ask(url));
            String name = "the proxy 127.0.0.1:" + proxy.getLocalPort() + " of HTTPS_PROXY";
            assertTrue(e.getMessage().contains(name), e::getMessage);
            assertTrue(e.getMessage().endsWith(said), e::getMessage);
            assertFalse(e.getMessage().contains("hunter2"), e::getMessage);
            assertFalse(kind == Kind.PROXY && e.isRetryable());
            assertEquals(1, heads.size());
        }
    }

    /** A captive portal accepts every CONNECT and then sends its own page. */
    @Test
    void whatIsNoTunnel() throws Exception {
        try (ServerSocket proxy = listener()) {
            serve(proxy, "HTTP/1.0 200 OK\r\n\r\n<html>Log in</html>");
            IssuerException e = Scene.fails(Kind.TLS, () -> ask("127.0.0.1:" + proxy.getLocalPort()));
            assertTrue(e.getMessage().startsWith("the TLS connection to other.example.org through the proxy "));
        }
    }

    @Test
    void whereNobodyListens() throws Exception {
        int port;
        try (ServerSocket proxy = listener()) {
            port = proxy.getLocalPort();
        }
        IssuerException e = Scene.fails(Kind.UNREACHABLE, () -> ask("127.0.0.1:" + port));
        assertEquals(
                "other.example.org through the proxy 127.0.0.1:" + port
                        + " of HTTPS_PROXY cannot be reached: Connection refused",
                e.getMessage());
        e = Scene.fails(Kind.UNREACHABLE, () -> ask("no-such-proxy.invalid:1"));
        assertEquals(
                "other.example.org through the proxy no-such-proxy.invalid:1 of HTTPS_PROXY cannot be reached:"
                        + " the host name of the proxy is not known",
                e.getMessage());
    }
}
