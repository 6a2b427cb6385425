package org.opensciencegrid.tokenrenewer.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration;
import org.opensciencegrid.tokenrenewer.oidc.Revocation;
import org.opensciencegrid.tokenrenewer.oidc.Scene;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** The guarantees of {@link Transport}, as the server sees them. */
@Timeout(120)
class TransportTest {
    private static final Duration SHORT = Duration.ofMillis(500);

    private final Transport transport = new Transport(new TrustStore(Optional.empty()), Duration.ofSeconds(5));
    private final Transport hasty = new Transport(new TrustStore(Optional.empty()), SHORT);

    static HTTPRequest post(URI uri) {
        HTTPRequest request = new HTTPRequest(HTTPRequest.Method.POST, uri);
        request.setHeader("Content-Type", "application/x-www-form-urlencoded");
        request.setBody("grant_type=refresh_token&refresh_token=the-refresh-token");
        return request;
    }

    static HTTPRequest get(URI uri) {
        return new HTTPRequest(HTTPRequest.Method.GET, uri);
    }

    @Test
    void plainHttpToAPortOfTlsNamesTheUrlToTry() {
        TestCa ca = new TestCa();
        try (EmbeddedIssuer issuer =
                EmbeddedIssuer.builder().tls(ca.serverContext()).start()) {
            String plain = issuer.base().toString().replace("https://", "http://");
            IssuerException e = org.junit.jupiter.api.Assertions.assertThrows(
                    IssuerException.class, () -> transport.send(get(URI.create(plain + "/x"))));
            assertTrue(
                    e.getMessage().endsWith("; it may speak https: try " + issuer.base() + " in the place of " + plain),
                    e.getMessage());
        }
    }

    // Sent once

    enum Warmth {
        FRESH,
        KEPT_ALIVE
    }

    static Stream<Arguments> lostAnswers() {
        return Arrays.stream(Warmth.values())
                .flatMap(warmth ->
                        Stream.of("hang up", "reset", "cut head", "no HTTP").map(how -> Arguments.of(warmth, how)));
    }

    private static RawServer.Reply reply(String how) {
        return switch (how) {
            case "hang up" -> RawServer.hangUp();
            case "reset" -> RawServer.reset();
            case "cut head" -> RawServer.last("HTTP/1.1 200 OK\r\nContent-");
            default -> RawServer.last("\u0000\u0001\u0002 something else\r\n");
        };
    }

    @ParameterizedTest
    @MethodSource("lostAnswers")
    void aPostIsSentOnce(Warmth warmth, String how) throws Exception {
        List<RawServer.Reply> replies = new ArrayList<>(List.of(reply(how), RawServer.ok("{\"again\":true}")));
        if (warmth == Warmth.KEPT_ALIVE) {
            replies.add(0, RawServer.ok("{}"));
        }
        try (RawServer server = new RawServer(replies.toArray(RawServer.Reply[]::new))) {
            if (warmth == Warmth.KEPT_ALIVE) {
                transport.send(post(server.uri("/token")));
            }
            // A truncated header must not count as a complete response.
            try {
                HttpResponse answer = transport.send(post(server.uri("/token")));
                assertEquals("cut head", how);
                assertEquals("", answer.body());
            } catch (IssuerException e) {
                assertEquals(Kind.NO_ANSWER, e.kind(), e::getMessage);
            }
            assertEquals(replies.size() - 1, server.requests().size());
            assertEquals(1, server.connections());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aPostIsSentOnceOverTls(boolean warm, @TempDir Path directory) throws Exception {
        TestCa ca = new TestCa();
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(ca)) {
            Transport trusting = trusting(ca, directory);
            if (warm) {
                trusting.send(get(URI.create(issuer.base() + "/jwks")));
            }
            issuer.fault(Fault.on("/token").loseAnswer());
            Scene.fails(Kind.NO_ANSWER, () -> trusting.send(post(URI.create(issuer.base() + "/token"))));
            assertEquals(1, issuer.count("/token"));
        }
    }

    /** None of these challenges may cause a second request with other credentials. */
    @ParameterizedTest
    @ValueSource(strings = {"Basic realm=\"x\"", "Digest realm=\"x\", nonce=\"y\"", "Negotiate", "NTLM", "Bearer", "?"})
    void nobodyLogsInBehindOurBack(String challenge) throws Exception {
        RawServer.Reply refusal =
                RawServer.answer("401 Unauthorized", "{\"error\":\"x\"}", "WWW-Authenticate: " + challenge);
        try (RawServer server = new RawServer(refusal)) {
            HttpResponse answer = transport.send(post(server.uri("/token")));
            assertEquals(401, answer.status());
            assertEquals("{\"error\":\"x\"}", answer.body());
            assertEquals(1, server.requests().size());
        }
    }

    /** An interrupted program gives up. It must not send its repetitions without pauses. */
    @Test
    void anInterruptedThreadSendsNothing() throws Exception {
        try (RawServer server = new RawServer(RawServer.ok("{}"))) {
            Thread.currentThread().interrupt();
            try {
                IssuerException e = Scene.fails(Kind.UNREACHABLE, () -> transport.send(post(server.uri("/token"))));
                assertTrue(e.getMessage().endsWith(" was not asked, as we were interrupted"), e::getMessage);
                assertTrue(Thread.currentThread().isInterrupted());
            } finally {
                assertTrue(Thread.interrupted());
            }
            transport.send(post(server.uri("/token")));
            assertEquals(1, server.requests().size());
        }
    }

    // Redirects

    enum Request {
        REFRESH("/token", Kind.TEMPORARY),
        CLIENT_CREDENTIALS("/token", Kind.TEMPORARY),
        DEVICE("/device_authorization", Kind.TEMPORARY),
        POLL("/token", Kind.EXPIRED),
        /** INDIGO IAM revokes and redirects: repeating the request changes nothing. */
        REVOKE("/revoke", Kind.REFUSED),
        /** A login page is a permanent error. */
        REGISTER("/register", Kind.REFUSED),
        DELETE("/register/*", Kind.TEMPORARY);

        private final String path;
        private final Kind kind;

        Request(String path, Kind kind) {
            this.path = path;
            this.kind = kind;
        }
    }

    static Stream<Arguments> redirects() {
        return Arrays.stream(Request.values())
                .flatMap(request -> Stream.of(301, 302, 303, 307, 308).map(status -> Arguments.of(request, status)));
    }

    @ParameterizedTest
    @MethodSource("redirects")
    void noRedirectIsFollowed(Request request, int status) throws Exception {
        try (Scene scene = new Scene();
                RawServer other = new RawServer(RawServer.ok("{}"))) {
            Secret token = scene.login();
            DeviceFlow.Prompt prompt = scene.start();
            Registration registration = new Registration(scene.transport);
            Provider provider = new Discovery(scene.transport).discover(scene.issuer.issuer());
            int before = scene.issuer.requests().size();
            String target = other.uri("/collect").toString();
            scene.issuer.fault(Fault.on(request.path).redirect(status, target).always());
            IssuerException e = scene.assertFails(request.kind, () -> {
                switch (request) {
                    case REFRESH ->
                        scene.tokens.refresh(scene.tokenEndpoint(), scene.client, token, Scene.ALL, next -> {});
                    case CLIENT_CREDENTIALS ->
                        scene.tokens.clientCredentials(scene.tokenEndpoint(), scene.client, Scene.ALL);
                    case DEVICE -> scene.start();
                    case POLL -> scene.await(prompt);
                    case REVOKE ->
                        new Revocation(scene.transport)
                                .revoke(provider.revocationEndpoint().orElseThrow(), scene.client, token);
                    case REGISTER ->
                        registration.register(
                                provider,
                                "test",
                                Scene.SCOPES,
                                Optional.empty(),
                                Optional.of(Secret.of("initial")),
                                line -> {});
                    case DELETE -> registration.delete(scene.at("/register/1"), Secret.of("the-access-token"));
                }
            });
            if (request != Request.POLL) {
                String redirect =
                        "localhost:" + scene.issuer.port() + " answered " + status + ", a redirect to '" + target + "'";
                assertEquals(
                        request == Request.REVOKE
                                ? "it may have been revoked, as " + redirect
                                : redirect + ", which is not followed",
                        e.getMessage());
            }
            assertEquals(0, other.connections());
            int sent = scene.issuer.requests().size() - before;
            switch (request) {
                case REFRESH, CLIENT_CREDENTIALS -> assertEquals(4, sent, "repeated, as a gateway may be in trouble");
                case DEVICE, REVOKE, REGISTER, DELETE -> assertEquals(1, sent);
                case POLL -> assertTrue(sent > 1);
            }
        }
    }

    // Deadline and size

    /** Sends data, and records when the client closed the connection. */
    private static final class Endless implements RawServer.Reply {
        private final CountDownLatch gone = new CountDownLatch(1);
        private final String start;
        private final String more;
        private final long pauseMillis;

        private Endless(String start, String more, long pauseMillis) {
            this.start = start;
            this.more = more;
            this.pauseMillis = pauseMillis;
        }

        @Override
        public boolean to(Socket connection) throws IOException {
            try {
                OutputStream out = connection.getOutputStream();
                RawServer.write(out, start);
                while (true) {
                    RawServer.write(out, more);
                    Thread.sleep(pauseMillis);
                }
            } catch (InterruptedException e) {
                return false;
            } finally {
                gone.countDown();
            }
        }
    }

    static Stream<Arguments> endless() {
        String chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        String kilobyte = "400\r\n" + "x".repeat(1024) + "\r\n";
        String length = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
        return Stream.of(
                Arguments.of("dripping chunks", chunked, "1\r\nx\r\n", 10),
                Arguments.of("dripping body", length, "x", 10),
                Arguments.of("dripping head", "HTTP/1.1 200 OK\r\nX-Long: ", "x", 10),
                Arguments.of("endless chunks", chunked, kilobyte, 0),
                Arguments.of("endless body", "HTTP/1.1 200 OK\r\n\r\n", "x".repeat(1024), 0));
    }

    @Tag("slow")
    @ParameterizedTest(name = "{0}")
    @MethodSource("endless")
    void theDeadlineBoundsTheWholeAnswer(String name, String start, String more, long pause) throws Exception {
        Endless reply = new Endless(start, more, pause);
        try (RawServer server = new RawServer(reply)) {
            assertTimeout(
                    SHORT.plusSeconds(20),
                    () -> { // without a deadline: hours
                        if (name.equals("dripping head")) {
                            Scene.fails(Kind.NO_ANSWER, () -> hasty.send(post(server.uri("/"))));
                        } else {
                            HttpResponse answer = hasty.send(post(server.uri("/")));
                            assertFalse(answer.complete());
                            assertTrue(answer.body().startsWith("x"), "what came is kept");
                            assertTrue(answer.body().length() <= Transport.BODY_LIMIT + 8192);
                        }
                    });
            assertTrue(reply.gone.await(5, TimeUnit.SECONDS), "the connection is closed as well");
        }
    }

    @Tag("slow")
    @Test
    void silence() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        RawServer.Reply unreachableAddresses = connection -> {
            try {
                return over.await(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                return false;
            }
        };
        try (RawServer server = new RawServer(unreachableAddresses)) {
            IssuerException e = Scene.fails(Kind.NO_ANSWER, () -> hasty.send(post(server.uri("/"))));
            assertTrue(e.getMessage().startsWith("localhost:" + server.port() + " gave no "), e::getMessage);
            over.countDown();
        }
    }

    /** The caller received an error and may try again: the late request must not be sent too. */
    @Tag("slow")
    @Test
    void whatMissedTheDeadlineIsNotSentLater(@TempDir Path directory) throws Exception {
        TestCa ca = new TestCa();
        Transport trusting = new Transport(new TrustStore(Optional.of(pem(ca, directory))), SHORT);
        CountDownLatch closed = new CountDownLatch(1);
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(ca);
                ServerSocket listener = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            RawServer.inBackground(() -> {
                try (Socket client = listener.accept();
                        Socket server = new Socket("127.0.0.1", issuer.port())) {
                    RawServer.inBackground(() -> {
                        for (int i = 0; i < 60; i++) { // a handshake that takes longer than the deadline
                            client.getOutputStream()
                                    .write(server.getInputStream().read());
                            Thread.sleep(20);
                        }
                        server.getInputStream().transferTo(client.getOutputStream());
                    });
                    client.getInputStream().transferTo(server.getOutputStream());
                } finally {
                    closed.countDown();
                }
            });
            URI slow = URI.create("https://localhost:" + listener.getLocalPort() + "/token");
            Scene.fails(Kind.UNREACHABLE, () -> trusting.send(post(slow)));
            assertTrue(closed.await(10, TimeUnit.SECONDS));
            assertEquals(List.of(), issuer.requests());
        }
    }

    @Test
    void aMebibyteIsTheMost() throws Exception {
        String most = "x".repeat(Transport.BODY_LIMIT);
        try (RawServer server =
                new RawServer(RawServer.ok(most), RawServer.ok(most + "x"), RawServer.answer("500 No", most + "x"))) {
            HttpResponse answer = transport.send(post(server.uri("/")));
            assertEquals(most.length(), answer.body().length());
            assertTrue(answer.complete());
            assertFalse(transport.send(post(server.uri("/"))).complete());
            assertFalse(transport.send(post(server.uri("/"))).complete());
            assertEquals(3, server.requests().size());
        }
    }

    // Responses

    static Stream<Arguments> bodies() {
        String head = "HTTP/1.1 200 OK\r\n";
        String chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
        return Stream.of(
                Arguments.of(head + "Content-Length: 4\r\n\r\nbody", "body", true),
                Arguments.of(head + "Content-Length: 9\r\n\r\nbody", "body", false),
                Arguments.of(head + "Content-Length: 9\r\nConnection: close\r\n\r\nbody", "body", false),
                Arguments.of(head + "Content-Length: 9\r\n\r\n", "", false),
                Arguments.of(head + "Content-Length: 0\r\n\r\n", "", true),
                Arguments.of(head + "\r\nbody", "body", true),
                Arguments.of(chunked + "4\r\nbody\r\n0\r\n\r\n", "body", true),
                Arguments.of(chunked + "4\r\nbody\r\n", "body", false),
                Arguments.of(chunked + "9\r\nbody", "body", false),
                Arguments.of(chunked + "zz\r\nbody\r\n", "", false),
                Arguments.of("HTTP/1.1 400 No\r\nContent-Length: 9\r\n\r\nbody", "body", false),
                Arguments.of("HTTP/1.0 200 OK\r\n\r\nbody", "body", true),
                Arguments.of("HTTP/1.1 204 No Content\r\n\r\n", "", true));
    }

    @ParameterizedTest
    @MethodSource("bodies")
    void aCutBodyIsKnownAsSuch(String bytes, String body, boolean complete) throws Exception {
        try (RawServer server = new RawServer(RawServer.last(bytes))) {
            HttpResponse answer = transport.send(post(server.uri("/")));
            assertEquals(body, answer.body());
            assertEquals(complete, answer.complete());
            assertEquals(1, server.requests().size());
        }
    }

    @ParameterizedTest
    @ValueSource(
            ints = {200, 201, 203, 206, 226, 299, 300, 304, 305, 399, 400, 402, 404, 407, 410, 418, 500, 503, 599, 999})
    void anyStatusIsAnAnswer(int status) throws Exception {
        String body = status == 304 ? "" : "{\"marker\":1}";
        try (RawServer server = new RawServer(RawServer.answer(status + " Odd", body))) {
            HttpResponse answer = transport.send(post(server.uri("/")));
            assertEquals(status, answer.status());
            assertEquals(body, answer.body());
            assertEquals(status < 300, answer.isSuccess());
            assertFalse(answer.toString().contains("marker"), answer::toString);
        }
    }

    private static byte[] gzip(byte[] plain) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(plain);
        }
        return out.toByteArray();
    }

    private static byte[] deflate(byte[] plain, boolean isRaw) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (var deflater = new DeflaterOutputStream(out, new Deflater(Deflater.DEFAULT_COMPRESSION, isRaw))) {
            deflater.write(plain);
        }
        return out.toByteArray();
    }

    private static RawServer.Reply bytes(byte[] body, String... headers) {
        return connection -> {
            RawServer.write(
                    connection.getOutputStream(),
                    "HTTP/1.1 200 OK\r\n"
                            + String.join(
                                    "",
                                    Arrays.stream(headers)
                                            .map(line -> line + "\r\n")
                                            .toList()) + "Content-Length: " + body.length + "\r\n\r\n");
            connection.getOutputStream().write(body);
            return true;
        };
    }

    /** Some gateways compress every response, and some declare it wrongly or not at all. */
    @ParameterizedTest
    @CsvSource({
        "gzip,   Content-Encoding: gzip",
        "gzip,   content-encoding: x-gzip",
        "gzip,   Content-Encoding: UTF-8",
        "gzip,   X-Nothing: is said",
        "gzip,   Content-Encoding: deflate",
        "twice,  'Content-Encoding: gzip, gzip'",
        "zlib,   Content-Encoding: deflate",
        "zlib,   X-Nothing: is said",
        "raw,    Content-Encoding: deflate",
        "plain,  Content-Encoding: gzip",
        "plain,  Content-Encoding: deflate",
        "plain,  Content-Encoding: br",
        "plain,  Content-Encoding: UTF-8",
        "plain,  Content-Encoding: none",
        "plain,  Content-Encoding:",
    })
    void aCompressedBodyIsRead(String how, String header) throws Exception {
        String text = "{\"refresh_token\":\"" + "next".repeat(3000) + "\"}";
        byte[] plain = text.getBytes(StandardCharsets.UTF_8);
        byte[] sent = switch (how) {
            case "gzip" -> gzip(plain);
            case "twice" -> gzip(gzip(plain));
            case "zlib" -> deflate(plain, false);
            case "raw" -> deflate(plain, true);
            default -> plain;
        };
        try (RawServer server =
                new RawServer(bytes(sent, header), bytes(Arrays.copyOf(sent, sent.length * 9 / 10), header))) {
            HttpResponse answer = transport.send(post(server.uri("/")));
            assertEquals(text, answer.body());
            assertTrue(answer.complete());
            HttpResponse cut = transport.send(post(server.uri("/")));
            assertEquals(how.equals("plain"), cut.complete());
            if (!how.equals("twice")) {
                assertTrue(text.startsWith(cut.body()) && !cut.body().isEmpty(), "what came of it is kept");
            }
        }
    }

    @Test
    void aCompressedBodyIsNoLongerThanAnother() throws Exception {
        byte[] most = new byte[Transport.BODY_LIMIT];
        Arrays.fill(most, (byte) 'x');
        byte[] more = Arrays.copyOf(most, most.length + 1);
        more[most.length] = 'x';
        try (RawServer server = new RawServer(bytes(gzip(most)), bytes(gzip(more)), bytes(gzip(gzip(more))))) {
            assertTrue(transport.send(post(server.uri("/"))).complete());
            for (int i = 0; i < 2; i++) {
                HttpResponse answer = transport.send(post(server.uri("/")));
                assertFalse(answer.complete());
                assertEquals(Transport.BODY_LIMIT, answer.body().length());
            }
        }
    }

    @Test
    void whatCannotBeReadIsNamed() throws Exception {
        byte[] brotli = {(byte) 0x8b, 0x02, (byte) 0x80, (byte) 0xe2, (byte) 0xff, 0x03};
        try (RawServer server = new RawServer(bytes(brotli, "Content-Encoding: br"))) {
            IssuerException e = Scene.fails(Kind.UNUSABLE_ANSWER, () -> transport.send(post(server.uri("/"))));
            assertEquals(
                    "localhost:" + server.port() + " answered 200, compressed with br, which was not asked for",
                    e.getMessage());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16", "UTF-16LE", "UTF-16BE", "UTF-8"})
    void anyUnicodeIsRead(String charset) throws Exception {
        String text = "{\"refresh_token\":\"n\u00e4chster\"}";
        try (RawServer server = new RawServer(bytes(text.getBytes(charset)))) {
            assertEquals(text, transport.send(post(server.uri("/"))).body());
        }
    }

    static Stream<String> oddHeads() {
        return Stream.of(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody",
                "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
                "HTTP/1.1 200\r\nContent-Length: 4\r\n\r\nbody",
                "HTTP/1.1 200 \r\nContent-Length: 4\r\n\r\nbody",
                "HTTP/1.0 200 OK\nContent-Length: 4\n\nbody",
                "HTTP/2.0 200 OK\r\n\r\nbody",
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nbody",
                "HTTP/1.1 200 OK\r\nno colon\r\nX: a\r\n folded\r\nContent-Length: 4\r\n\r\nbody",
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody",
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n"
                        + "2;a=b\r\nbo\r\n02\r\ndy\r\n0\r\nTrailer: x\r\n\r\n");
    }

    @ParameterizedTest
    @MethodSource("oddHeads")
    void anOddHead(String bytes) throws Exception {
        try (RawServer server = new RawServer(RawServer.last(bytes))) {
            HttpResponse answer = transport.send(post(server.uri("/")));
            assertEquals(200, answer.status());
            assertEquals("body", answer.body());
            assertTrue(answer.complete());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{\"just\":\"JSON\"}\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 099 No\r\n\r\n", "SSH-2.0-x\r\n"})
    void whatIsNoHttp(String bytes) throws Exception {
        try (RawServer server = new RawServer(RawServer.last(bytes))) {
            IssuerException e = Scene.fails(Kind.NO_ANSWER, () -> transport.send(post(server.uri("/"))));
            assertTrue(e.getMessage().contains("the answer is not HTTP"), e::getMessage);
        }
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            nullValues = "-",
            value = {
                "0,0",
                "7,7",
                "120,120",
                "-1,-",
                "1.5,-",
                "soon,-",
                "\"Wed, 21 Oct 2026 07:28:00 GMT\",-",
                "99999999,-"
            })
    void retryAfter(String header, Long seconds) throws Exception {
        try (RawServer server = new RawServer(RawServer.answer("503 Busy", "", "Retry-After: " + header))) {
            assertEquals(
                    Optional.ofNullable(seconds).map(Duration::ofSeconds),
                    transport.send(post(server.uri("/"))).retryAfter());
        }
    }

    // Requests

    @Test
    void eachRequestAsksForJson() throws Exception {
        try (RawServer server = new RawServer(RawServer.ok("{}"))) {
            HTTPRequest request = post(server.uri("/path?query=1"));
            request.setHeader("Accept", "text/html");
            transport.send(request);
            transport.send(get(server.uri("/")));
            assertTrue(server.requests().get(0).startsWith("POST /path?query=1 HTTP/1.1\r\n"));
            assertTrue(server.requests().get(0).endsWith("\r\n\r\n" + request.getBody()));
            for (String seen : server.requests()) {
                List<String> head =
                        seen.lines().takeWhile(line -> !line.isEmpty()).toList();
                assertEquals(
                        List.of("Accept: application/json", "User-Agent: osg-token-renewer"),
                        head.stream()
                                .filter(line -> line.matches("(?i)(accept|user-agent|accept-encoding|cookie):.*"))
                                .sorted()
                                .toList());
            }
        }
    }

    @Test
    void cookiesAreNotKept() throws Exception {
        try (RawServer server = new RawServer(RawServer.answer("200 OK", "{}", "Set-Cookie: a=b"))) {
            transport.send(post(server.uri("/")));
            transport.send(post(server.uri("/")));
            assertFalse(
                    server.requests().get(1).toLowerCase(java.util.Locale.ROOT).contains("cookie"));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a\r\nX-Injected: 1",
                "a\nX-Injected: 1",
                "a\rb",
                "secret-value\u0000",
                "secret-value\n",
                "\u001b["
            })
    void noHeaderCanBeSmuggledIn(String value) throws Exception {
        try (RawServer server = new RawServer(RawServer.ok("{}"))) {
            HTTPRequest request = post(server.uri("/"));
            request.setHeader("Authorization", "Bearer " + value);
            IssuerException e = Scene.fails(Kind.UNREACHABLE, () -> transport.send(request));
            assertEquals(
                    "localhost:" + server.port()
                            + " cannot be reached: a control character in the header Authorization",
                    e.getMessage());
            assertEquals(List.of(), server.requests());
        }
    }

    @Test
    void connectionsAreKept(@TempDir Path directory) throws Exception {
        TestCa ca = new TestCa();
        try (EmbeddedIssuer http = EmbeddedIssuer.startHttp();
                EmbeddedIssuer https = EmbeddedIssuer.start(ca)) {
            Transport trusting = trusting(ca, directory);
            for (EmbeddedIssuer issuer : List.of(http, https)) {
                for (int i = 0; i < 5; i++) {
                    trusting.send(get(URI.create(issuer.base() + "/jwks")));
                    trusting.send(post(URI.create(issuer.base() + "/token"))); // rejected, but the connection is kept
                }
                assertEquals(10, issuer.requests().size());
                assertEquals(1, issuer.connections());
            }
        }
    }

    // URLs

    @ParameterizedTest
    @ValueSource(
            strings = {
                "http://0.0.0.0:PORT/",
                "http://issuer.example.org:PORT/",
                "http://127.0.0.1.example.org:PORT/",
                "http://localhost.example.org:PORT/",
                "http://user@localhost:PORT/",
                "http://user:password@localhost:PORT/",
                "http://localhost:PORT/#fragment",
                "http://localhost:PORT/#",
                "https://user@localhost:PORT/",
                "https://user@iam_dev.example.org:PORT/",
                "https://localhost:PORT/#fragment",
                "https:///path",
                "https:localhost",
                "ftp://localhost:PORT/",
                "file:///etc/passwd",
                "jar:file:/tmp/x.jar!/",
                "javascript:alert(1)",
                "data:text/html,x",
                "//localhost:PORT/",
                "/path",
                "",
            })
    void onlyHttpsOrThisMachine(String url) throws Exception {
        try (RawServer server = new RawServer(RawServer.ok("{}"))) {
            URI uri = URI.create(url.replace("PORT", String.valueOf(server.port())));
            IssuerException e = Scene.fails(Kind.INSECURE, () -> Transport.requireSafe(uri));
            if (url.startsWith("http")) {
                Scene.fails(Kind.INSECURE, () -> transport.send(get(uri)));
            }
            assertTrue(e.getMessage().startsWith("refusing to use "), e::getMessage);
            assertEquals(0, server.connections());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "https://issuer.example.org",
                "HTTPS://issuer.example.org:8443/a?b=c",
                "https://[2001:db8::1]/",
                "https://iam_dev.example.org:8443/token",
                "http://localhost:1234/",
                "http://LOCALHOST/",
                "HTTP://127.0.0.1/",
                "http://127.3.2.1/",
                "http://[::1]:80/",
            })
    void theseAreFine(String url) throws Exception {
        Transport.requireSafe(URI.create(url));
    }

    @Test
    void theWordsOfANewerJavaAreTheSame() {
        assertEquals(
                "Connection refused",
                ExceptionMapper.reason(new java.net.ConnectException("Connection refused (connect failed)")));
    }

    @Test
    void nobodyListens() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            port = socket.getLocalPort();
        }
        IssuerException e =
                Scene.fails(Kind.UNREACHABLE, () -> transport.send(post(URI.create("http://127.0.0.1:" + port))));
        assertEquals("127.0.0.1:" + port + " cannot be reached: Connection refused", e.getMessage());
    }

    @Test
    void aHostThatIsNotKnown() {
        IssuerException e = Scene.fails(
                Kind.UNREACHABLE, () -> transport.send(post(URI.create("https://no-such-host.invalid/token"))));
        assertEquals("no-such-host.invalid cannot be reached: the host name is not known", e.getMessage());
    }

    @Test
    void aPortThatCannotBe() {
        Scene.fails(Kind.UNREACHABLE, () -> transport.send(post(URI.create("https://localhost:99999/token"))));
    }

    // TLS

    private static Path pem(TestCa ca, Path directory) {
        Path file = directory.resolve("ca.pem");
        ca.writeCaPem(file);
        return file;
    }

    private static Transport trusting(TestCa ca, Path directory) {
        return new Transport(new TrustStore(Optional.of(pem(ca, directory))), Duration.ofSeconds(5));
    }

    @Tag("slow")
    @ParameterizedTest
    @CsvSource({
        "EXPIRED, its certificate has expired (NotAfter: ",
        "WRONG_HOST, 'the certificate is not for localhost; it is for CN=other.example.org, from CN='",
        "SELF_SIGNED, its certificate is not from a CA that is trusted here",
    })
    void aBadCertificate(TestCa.Flaw flaw, String reason, @TempDir Path directory) {
        TestCa ca = new TestCa();
        try (EmbeddedIssuer issuer =
                EmbeddedIssuer.builder().tls(ca.serverContext(flaw)).start()) {
            URI uri = URI.create(issuer.base() + "/token");
            IssuerException e =
                    Scene.fails(Kind.TLS, () -> trusting(ca, directory).send(post(uri)));
            assertTrue(e.getMessage().contains(reason), e::getMessage);
            assertTrue(
                    e.getMessage().startsWith("the TLS connection to localhost:" + issuer.port() + " failed: "),
                    e::getMessage);
            assertEquals(List.of(), issuer.requests());
        }
    }

    @Test
    void anUnknownCa(@TempDir Path directory) {
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(new TestCa())) {
            URI uri = URI.create(issuer.base() + "/token");
            for (Transport each : List.of(transport, trusting(new TestCa(), directory))) {
                IssuerException e = Scene.fails(Kind.TLS, () -> each.send(post(uri)));
                assertTrue(
                        e.getMessage().contains("its certificate is not from a CA that is trusted here"),
                        e::getMessage);
            }
            assertEquals(List.of(), issuer.requests());
        }
    }

    @Test
    void severalCasInOneFile(@TempDir Path directory) throws Exception {
        TestCa ca = new TestCa();
        Path file = pem(new TestCa(), directory);
        String first = "# a comment, as ca bundles have them\n" + Files.readString(file);
        Files.writeString(file, first + Files.readString(pem(ca, directory)));
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(ca)) {
            Transport both = new Transport(new TrustStore(Optional.of(file)), Duration.ofSeconds(5));
            assertEquals(
                    200, both.send(get(URI.create(issuer.base() + "/jwks"))).status());
        }
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            quoteCharacter = '"',
            value = {
                "-, no such file",
                "\"\", it holds no certificate",
                "not PEM, No certificate data found",
                "-----BEGIN CERTIFICATE-----, ''",
                "\"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\", ''",
            })
    void aBadCaFile(String content, String reason, @TempDir Path directory) throws Exception {
        Path file = directory.resolve("ca.pem");
        if (content != null) {
            Files.writeString(file, content);
        }
        Transport bad = new Transport(new TrustStore(Optional.of(file)), Duration.ofSeconds(5));
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(new TestCa())) {
            IssuerException e = Scene.fails(Kind.TLS, () -> bad.send(post(URI.create(issuer.base() + "/token"))));
            assertTrue(
                    e.getMessage().startsWith("ca_file " + file + ": cannot be read as PEM certificates ("),
                    e::getMessage);
            assertTrue(e.getMessage().contains(reason.equals("''") ? "" : reason), e::getMessage);
        }
    }

    @Test
    void whatIsNoTls() throws Exception {
        try (ServerSocket plain = new ServerSocket(0, 5, InetAddress.getByName("127.0.0.1"))) {
            RawServer.inBackground(() -> {
                try (Socket client = plain.accept()) {
                    RawServer.write(client.getOutputStream(), "HTTP/1.1 400 Bad Request\r\n\r\n");
                    client.getInputStream().transferTo(OutputStream.nullOutputStream());
                }
            });
            URI uri = URI.create("https://localhost:" + plain.getLocalPort() + "/token");
            Scene.fails(Kind.TLS, () -> transport.send(post(uri)));
        }
    }

    // Room for long responses

    /** Other responses may hold the memory for longer than a response may take. */
    @Test
    void theWaitForRoomIsNotTheServersTime() throws Exception {
        CountDownLatch isTaken = new CountDownLatch(1);
        CountDownLatch isSent = new CountDownLatch(1);
        String body = "x".repeat(ResponseMemory.SHORT_RESPONSE_BYTES * 2);
        Thread other = RawServer.inBackground(() -> {
            ResponseMemory memory = new ResponseMemory(Transport.BODY_LIMIT);
            memory.acquire(Duration.ZERO);
            isTaken.countDown();
            isSent.await();
            Thread.sleep(SHORT.multipliedBy(3).toMillis());
            memory.release();
        });
        assertTrue(isTaken.await(10, TimeUnit.SECONDS));
        try (RawServer server = new RawServer(connection -> {
            isSent.countDown();
            return RawServer.ok(body).to(connection);
        })) {
            HttpResponse answer = hasty.send(post(server.uri("/token")));
            assertTrue(answer.complete());
            assertEquals(body, answer.body());
        }
        other.join();
    }

    /** A server that sends the rest of a long response too slowly does not keep others waiting a second time. */
    @Test
    @Tag("slow")
    void aServerThatLetsItsTimeRunOutGetsNoMoreRoom() throws Exception {
        String start = "x".repeat(ResponseMemory.SHORT_RESPONSE_BYTES * 2);
        RawServer.Reply slow = connection -> {
            RawServer.write(connection.getOutputStream(), "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + start);
            connection.getInputStream().read();
            return false;
        };
        try (RawServer server = new RawServer(slow, slow, RawServer.ok("short"))) {
            HttpResponse first = hasty.send(post(server.uri("/token")));
            assertFalse(first.complete());
            assertEquals(start, first.body());
            HttpResponse second = hasty.send(post(server.uri("/token")));
            assertFalse(second.complete());
            assertTrue(
                    second.body().length() <= ResponseMemory.SHORT_RESPONSE_BYTES,
                    () -> second.body().length() + " characters");
            assertTrue(hasty.send(post(server.uri("/token"))).complete(), "a short answer needs no room");
        }
    }
}
