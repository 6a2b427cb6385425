package org.opensciencegrid.tokenrenewer.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.oidc.Scene;

/** Proxies, the system's certificates, and the output of --verbose. */
@Timeout(120)
class NetworkTest {
    private static ProxySettings proxies(Map<String, String> variables) {
        return ProxySettings.of(name -> Optional.ofNullable(variables.get(name)));
    }

    @ParameterizedTest
    @CsvSource({
        "https://issuer.example.org/token,            '',                      true",
        "https://issuer.example.org/token,            other.org,               true",
        "https://issuer.example.org/token,            issuer.example.org,      false",
        "https://ISSUER.example.org/token,            'a, Issuer.Example.ORG', false",
        "https://issuer.example.org/token,            example.org,             false",
        "https://issuer.example.org/token,            .example.org,            false",
        "https://issuer.example.org/token,            ample.org,               true",
        "https://issuer.example.org/token,            *,                       false",
        "https://issuer.example.org:8443/token,       issuer.example.org:8443, false",
        "https://issuer.example.org/token,            issuer.example.org:8443, true",
        "https://issuer.example.org/token,            *.example.org,           false",
        "https://issuer.example.org/token,            '*.test, *.org',         false",
        "https://issuer.example.org/token,            issuer.example.org.,     false",
        "https://issuer.example.org./token,           issuer.example.org,      false",
        "https://iam_dev.example.org/token,           .example.org,            false",
        "https://10.9.0.1/token,                      10.9.0.0/24,             false",
        "https://10.9.1.1/token,                      10.9.0.0/24,             true",
        "https://10.9.0.1/token,                      10.9.0.1,                false",
        "https://10.9.0.1:8443/token,                 10.9.0.1:8443,           false",
        "https://10.9.0.1/token,                      10.9.0.0/33,             true",
        "https://[2001:db8::1]/token,                 2001:db8::/32,           false",
        "https://[2001:db8::1]/token,                 '[2001:db8::1]',         false",
        "https://[2001:db9::1]/token,                 2001:db8::/32,           true",
        "https://issuer.example.org/token,            10.0.0.0/8,              true",
        "https://localhost:8443/token,                '',                      false",
        "https://127.0.0.1/token,                     '',                      false",
        "http://[::1]/token,                          '',                      false"
    })
    void whoGoesThroughTheProxy(URI uri, String noProxy, boolean through) {
        ProxySettings proxies = proxies(Map.of("HTTPS_PROXY", "http://proxy.example.org:3128", "NO_PROXY", noProxy));
        assertEquals(through, proxies.proxy(uri).isPresent());
        assertEquals(Optional.empty(), proxies(Map.of("NO_PROXY", noProxy)).proxy(uri));
    }

    @Test
    void theLowerCaseVariableGoesFirst() {
        ProxySettings proxies = proxies(Map.of("https_proxy", "inner:1", "HTTPS_PROXY", "outer:2"));
        assertTrue(proxies.proxy(URI.create("https://a.example/")).toString().contains("inner"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"socks5://proxy:1", "socks5://me:hunter2@proxy:1", "http://me:hunter2@", "http://", "a b"})
    void aProxyThatCannotBeUsed(String url) {
        var e = assertThrows(IllegalArgumentException.class, () -> proxies(Map.of("HTTPS_PROXY", url)));
        assertTrue(e.getMessage().startsWith("HTTPS_PROXY must be"), e::getMessage);
        assertFalse(e.getMessage().contains("hunter2"));
    }

    /** The proxy only sees a host name. TLS is with the issuer: its certificate is for the requested name. */
    @Test
    void tlsGoesThroughTheTunnel(@TempDir Path directory) throws Exception {
        TestCa ca = new TestCa();
        ca.writeCaPem(directory.resolve("ca.pem"));
        try (EmbeddedIssuer issuer = EmbeddedIssuer.builder()
                        .tls(ca.serverContext(TestCa.Flaw.WRONG_HOST))
                        .start();
                ServerSocket proxy = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            List<String> seen = new ArrayList<>();
            RawServer.inBackground(() -> tunnel(proxy, issuer.port(), seen));
            Network network =
                    new Network(proxies(Map.of("HTTPS_PROXY", "127.0.0.1:" + proxy.getLocalPort())), Optional.empty());
            HttpResponse answer = network.transport(Optional.of(directory.resolve("ca.pem")))
                    .send(new HTTPRequest(HTTPRequest.Method.GET, URI.create("https://other.example.org/jwks")));
            assertEquals(200, answer.status());
            assertEquals(List.of("CONNECT other.example.org:443 HTTP/1.1"), seen);
        }
    }

    private static void tunnel(ServerSocket proxy, int port, List<String> seen) throws IOException {
        Socket client = proxy.accept();
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) client.getInputStream().read());
        }
        seen.add(head.substring(0, head.indexOf("\r")));
        Socket server = new Socket("127.0.0.1", port);
        RawServer.write(client.getOutputStream(), "HTTP/1.1 200 Connection established\r\n\r\n");
        RawServer.inBackground(() -> server.getInputStream().transferTo(client.getOutputStream()));
        client.getInputStream().transferTo(server.getOutputStream());
    }

    /** Like the IGTF's directory: one file for each CA among other files, and one of them malformed. */
    @Test
    void aDirectoryOfCertificates(@TempDir Path directory) throws Exception {
        TestCa ca = new TestCa();
        new TestCa().writeCaPem(directory.resolve("another.pem"));
        ca.writeCaPem(directory.resolve("0a1b2c3d.0"));
        Files.writeString(directory.resolve("broken.pem"), "-----BEGIN CERTIFICATE-----");
        Files.writeString(directory.resolve("0a1b2c3d.signing_policy"), "access_id_CA X509 '/CN=x'");
        assertEquals(200, statusWith(new TrustStore(Optional.of(directory)), ca));
    }

    /** The system's CAs are trusted, and then the JDK's own store is not used. */
    @Test
    void theSystemsBundle(@TempDir Path directory) throws Exception {
        TestCa ca = new TestCa();
        ca.writeCaPem(directory.resolve("bundle.crt"));
        List<Path> places = List.of(directory.resolve("absent.crt"), directory.resolve("bundle.crt"));
        assertEquals(200, statusWith(new TrustStore(Optional.empty(), places), ca));
        new TestCa().writeCaPem(directory.resolve("added.pem"));
        assertEquals(200, statusWith(new TrustStore(Optional.of(directory.resolve("added.pem")), places), ca));
    }

    /** CAs are looked up by the bytes of their names. If none matches, all are tried. */
    @Test
    void theSystemsBundleWhereTheIssuersNameIsSpelledOtherwise(@TempDir Path directory) throws Exception {
        TestCa ca = new TestCa();
        Path bundle = directory.resolve("bundle.crt");
        ca.writeCaPem(bundle);
        TrustStore trust = new TrustStore(Optional.empty(), List.of(bundle));
        assertEquals(200, statusWith(trust, ca.serverContext(TestCa.Flaw.ISSUER_SPELLED_OTHERWISE)));
        Scene.fails(Kind.TLS, () -> statusWith(trust, new TestCa()));
    }

    /** A CA that is not in the first bundle was removed from it: no other store is used. */
    @Test
    void theFirstBundleIsTheSystems(@TempDir Path directory) throws Exception {
        TestCa ca = new TestCa();
        ca.writeCaPem(directory.resolve("second.crt"));
        Path empty = Files.writeString(directory.resolve("first.crt"), "");
        TrustStore trust = new TrustStore(Optional.empty(), List.of(empty, directory.resolve("second.crt")));
        Scene.fails(Kind.TLS, () -> statusWith(trust, ca));
    }

    /** One of 140 that is malformed, or has the name of an issuer but another key, must not hide the others. */
    @Test
    void aBundleWithOthersInIt(@TempDir Path directory) throws Exception {
        TestCa ca = new TestCa();
        new TestCa().writeCaPem(directory.resolve("other.pem"));
        ca.writeCaPem(directory.resolve("ca.pem"));
        Path bundle = directory.resolve("bundle.crt");
        Files.writeString(
                bundle,
                "# a comment\n-----BEGIN CERTIFICATE-----\nAAAA*\n-----END CERTIFICATE-----\n"
                        + Files.readString(directory.resolve("other.pem"))
                        + Files.readString(directory.resolve("ca.pem"))
                        + "-----BEGIN CERTIFICATE-----\nAAAA");
        assertEquals(200, statusWith(new TrustStore(Optional.empty(), List.of(bundle)), ca));

        Path copy = Files.copy(bundle, directory.resolve("copy.crt")); // is not read as an additional file
        assertEquals(200, statusWith(new TrustStore(Optional.of(copy), List.of(bundle)), ca));
        Files.writeString(copy, "\n", StandardOpenOption.APPEND);
        Scene.fails(Kind.TLS, () -> statusWith(new TrustStore(Optional.of(copy), List.of(bundle)), ca));
    }

    /**
     * The SDK's request class uses the JDK's default context when it is loaded. No connection with that context may
     * succeed. In a JVM of its own, because another test may have loaded that class.
     */
    @Test
    void whoeverDoesNotComeThroughHereTrustsNobody() throws Exception {
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(new TestCa())) {
            Process process = new ProcessBuilder(
                            System.getProperty("java.home") + "/bin/java",
                            "-cp",
                            System.getProperty("java.class.path"),
                            DefaultContext.class.getName(),
                            issuer.base() + "/jwks")
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertTrue(said.contains("no certificate is believed by default"), said);
            assertEquals(List.of(), issuer.requests());
        }
    }

    /** Sends a request in the SDK's way, and prints what happens. */
    static final class DefaultContext {
        private DefaultContext() {}

        public static void main(String[] arguments) {
            Network.DIRECT.transport(Optional.empty());
            try {
                System.out.println(new HTTPRequest(HTTPRequest.Method.GET, URI.create(arguments[0]))
                        .send()
                        .getStatusCode());
            } catch (IOException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @Test
    void aRefusalNamesTheCertificate(@TempDir Path directory) {
        TestCa ca = new TestCa();
        IssuerException e = Scene.fails(Kind.TLS, () -> statusWith(new TrustStore(Optional.empty()), ca));
        String issuer = ca.certificate().getSubjectX500Principal().getName();
        assertTrue(e.getMessage().contains("; it is for CN=localhost, from " + issuer), e::getMessage);
    }

    private static int statusWith(TrustStore trust, TestCa ca) throws IssuerException {
        return statusWith(trust, ca.serverContext());
    }

    private static int statusWith(TrustStore trust, SSLContext server) throws IssuerException {
        try (EmbeddedIssuer issuer = EmbeddedIssuer.builder().tls(server).start()) {
            return new Transport(trust, Network.DIRECT)
                    .send(new HTTPRequest(HTTPRequest.Method.GET, URI.create(issuer.base() + "/jwks")))
                    .status();
        }
    }

    @Test
    void verboseShowsWhatIsNoSecret() throws Exception {
        List<String> lines = new ArrayList<>();
        Consumer<String> log = lines::add;
        try (RawServer server = new RawServer(RawServer.answer(
                "401 Unauthorized",
                "{\"error\":\"invalid_token\",\"error_description\":\"Invalid refresh token: old-token for s3cret\","
                        + "\"access_token\":\"AT\",\"new_kind_of_token\":\"NT\",\"expires_in\":5}"))) {
            HTTPRequest request = new HTTPRequest(HTTPRequest.Method.POST, server.uri("/token"));
            request.setAuthorization("Basic aWQ6czNjcmV0"); // id:s3cret
            request.setBody("grant_type=refresh_token&refresh_token=old-token&client_secret=s3cret&scope=a+b");
            new Transport(new TrustStore(Optional.empty()), new Network(ProxySettings.NONE, Optional.of(log)))
                    .send(request);
        }
        assertEquals(2, lines.size());
        String shown = String.join("\n", lines);
        for (String word : List.of(
                "POST",
                "/token",
                "grant_type=refresh_token",
                "scope=a b",
                "401",
                "invalid_token",
                "refresh_token=***",
                "client_secret=***",
                "access_token=***",
                "new_kind_of_token=***",
                "expires_in=5",
                "Authorization: Basic ***",
                "Invalid refresh token: ***")) {
            assertTrue(shown.contains(word), () -> word + " in " + shown);
        }
        for (String secret : List.of("old-token", "s3cret", "aWQ6", "AT", "NT")) {
            assertFalse(shown.contains(secret), () -> secret + " in " + shown);
        }
    }

    @Test
    void verboseTellsOfARequestThatFailed() {
        List<String> lines = new ArrayList<>();
        Transport transport = new Transport(
                new TrustStore(Optional.empty()), new Network(ProxySettings.NONE, Optional.of(lines::add)));
        Scene.fails(
                Kind.UNREACHABLE,
                () -> transport.send(
                        new HTTPRequest(HTTPRequest.Method.GET, URI.create("https://no-such-host.invalid/x"))));
        assertEquals(2, lines.size());
        assertTrue(lines.get(1).startsWith("< no-such-host.invalid cannot be reached"), lines::toString);
    }
}
