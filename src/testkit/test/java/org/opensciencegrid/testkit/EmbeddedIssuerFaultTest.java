package org.opensciencegrid.testkit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each kind of fault as the client sees it. */
@Timeout(120)
@Tag("program")
class EmbeddedIssuerFaultTest {
    private static final Fault ON_REFRESH = Fault.on("/token").grant("refresh_token");

    private EmbeddedIssuer issuer;
    private RawClient client;
    private String token;

    @BeforeEach
    void start() throws Exception {
        issuer = EmbeddedIssuer.startHttp();
        client = RawClient.registeredAt(issuer);
        token = client.login().get("refresh_token");
    }

    @AfterEach
    void stop() {
        issuer.close();
    }

    private boolean hasRotated() {
        return !issuer.currentRefreshTokens().contains(token);
    }

    @Test
    void respondLeavesTheIssuerUntouched() throws Exception {
        issuer.fault(ON_REFRESH.respond(503, "text/html", "<h1>Busy</h1>").header("Retry-After", "2"));
        RawClient.Reply reply = client.refresh(token);
        assertEquals(503, reply.status());
        assertEquals("text/html", reply.header("Content-Type"));
        assertEquals("2", reply.header("Retry-After"));
        assertEquals("<h1>Busy</h1>", reply.text());
        assertFalse(hasRotated());
        assertEquals("200", client.refresh(token).summary());
        assertEquals(2, issuer.count("/token", "refresh_token"));
    }

    @Test
    void respondAfterProcessingIsTheGatewayThatGaveUp() throws Exception {
        issuer.fault(ON_REFRESH.respondAfterProcessing(504, null, null));
        RawClient.Reply reply = client.refresh(token);
        assertEquals(504, reply.status());
        assertEquals("", reply.text());
        assertTrue(hasRotated());
    }

    @Test
    void dropIsBeforeTheWork() {
        issuer.fault(ON_REFRESH.drop());
        assertThrows(IOException.class, () -> client.refresh(token));
        assertFalse(hasRotated());
        assertEquals(1, issuer.count("/token", "refresh_token"), "and the client did not send it again");
    }

    @Test
    void lostAnswerIsAfterTheWork() throws Exception {
        issuer.fault(ON_REFRESH.loseAnswer());
        assertThrows(IOException.class, () -> client.refresh(token));
        assertTrue(hasRotated());
        assertEquals("400 invalid_grant", client.refresh(token).summary());
        assertEquals(1, issuer.reuses());
    }

    /** An early close looks different under TLS: each causes an exception there too, and none hangs. */
    @Test
    void theSameOverTls() {
        TestCa ca = new TestCa();
        HttpClient http = HttpClient.newBuilder().sslContext(ca.clientContext()).build();
        try (EmbeddedIssuer https = EmbeddedIssuer.start(ca)) {
            Fault fault = Fault.on("/jwks").always();
            HttpRequest request = HttpRequest.newBuilder(URI.create(https.base() + "/jwks"))
                    .header("Accept", "application/json")
                    .build();
            for (Fault each : List.of(fault.drop(), fault.loseAnswer(), fault.truncate(0), fault.truncate(20))) {
                https.clearFaults();
                https.fault(each);
                assertThrows(IOException.class, () -> http.send(request, BodyHandlers.ofString()));
            }
        }
    }

    @Test
    void oneOfManyAtOnceWinsAndTheFamilyIsDead() throws Exception {
        int threads = 8;
        List<Callable<String>> calls =
                Collections.nCopies(threads, () -> client.refresh(token).summary());
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            List<String> answers = new ArrayList<>();
            for (Future<String> answer : pool.invokeAll(calls)) {
                answers.add(answer.get());
            }
            assertEquals(1, Collections.frequency(answers, "200"));
            assertEquals(threads - 1, Collections.frequency(answers, "400 invalid_grant"));
        } finally {
            pool.shutdownNow();
        }
        assertEquals(threads - 1, issuer.reuses());
        assertEquals(List.of(), issuer.currentRefreshTokens());
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 20, 1_000_000})
    void truncated(int bytes) {
        issuer.fault(ON_REFRESH.truncate(bytes));
        assertThrows(IOException.class, () -> client.refresh(token));
        assertTrue(hasRotated());
    }

    @Test
    void dripSendsTheRealAnswer() throws Exception {
        issuer.fault(ON_REFRESH.drip(Duration.ZERO));
        assertEquals(issuer.currentRefreshTokens().get(0), token);
        assertEquals(
                client.refresh(token).get("refresh_token"),
                issuer.currentRefreshTokens().get(0));
    }

    @Test
    void dripForeverDoesNotEnd() throws Exception {
        issuer.fault(ON_REFRESH.dripForever(Duration.ofNanos(1)));
        readPastTheEnd(10);
    }

    @Test
    void endlessDoesNotEnd() throws Exception {
        issuer.fault(ON_REFRESH.endless());
        readPastTheEnd(5_000_000);
    }

    private void readPastTheEnd(int bytes) throws IOException, InterruptedException {
        String form = RawClient.form("grant_type", "refresh_token", "refresh_token", token);
        try (InputStream body = client.stream("/token", form).body()) {
            int c;
            do {
                c = body.read();
            } while (c != '}');
            assertEquals(" ".repeat(10), new String(body.readNBytes(10), StandardCharsets.US_ASCII));
            body.skipNBytes(bytes);
        }
        assertTrue(hasRotated());
    }

    @Test
    void closeEndsWhatDoesNotEnd() throws Exception {
        issuer.fault(ON_REFRESH.dripForever(Duration.ofMinutes(1)));
        String form = RawClient.form("grant_type", "refresh_token", "refresh_token", token);
        try (InputStream body = client.stream("/token", form).body()) {
            assertEquals('{', body.read());
            issuer.close();
            assertThrows(IOException.class, body::readAllBytes);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void redirect(int status) throws Exception {
        issuer.fault(ON_REFRESH.redirect(status, "https://other.example.org/token"));
        RawClient.Reply reply = client.refresh(token);
        assertEquals(status, reply.status());
        assertEquals("https://other.example.org/token", reply.header("Location"));
        assertFalse(hasRotated());
    }

    @Test
    void gzip() throws Exception {
        issuer.fault(ON_REFRESH.gzip());
        RawClient.Reply reply = client.refresh(token);
        assertEquals("gzip", reply.header("Content-Encoding"));
        try (InputStream body = new GZIPInputStream(new ByteArrayInputStream(reply.bytes()))) {
            assertTrue(new String(body.readAllBytes(), StandardCharsets.UTF_8).startsWith("{\"access_token\""));
        }
    }

    @Test
    void byteOrderMark() throws Exception {
        issuer.fault(ON_REFRESH.bom());
        byte[] bytes = client.refresh(token).bytes();
        assertArrayEquals(new byte[] {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF, '{'}, Arrays.copyOf(bytes, 4));
    }

    @Test
    void contentTypes() throws Exception {
        issuer.fault(ON_REFRESH.noContentType());
        RawClient.Reply reply = client.refresh(token);
        assertNull(reply.header("Content-Type"));
        issuer.fault(ON_REFRESH.contentType("text/plain"));
        assertEquals("text/plain", client.refresh(reply.get("refresh_token")).header("Content-Type"));
    }

    @Test
    void membersOfTheRealAnswer() throws Exception {
        issuer.fault(ON_REFRESH
                .set("expires_in", Json.raw("1e999"))
                .set("extra", List.of(1, "\u001b\"\n"))
                .remove("token_type"));
        RawClient.Reply reply = client.refresh(token);
        assertTrue(reply.text().contains("\"expires_in\":1e999,"), reply.text());
        assertTrue(reply.text().endsWith(",\"extra\":[1,\"\\u001b\\\"\\u000a\"]}"), reply.text());
        assertFalse(reply.text().contains("token_type"));
        assertEquals(reply.get("refresh_token"), issuer.currentRefreshTokens().get(0));
    }

    @Test
    void rewriteAndStatusOfTheRealAnswer() throws Exception {
        issuer.fault(ON_REFRESH.status(202).rewrite(bytes -> new byte[0]));
        RawClient.Reply reply = client.refresh(token);
        assertEquals(202, reply.status());
        assertEquals(0, reply.bytes().length);
        assertTrue(hasRotated());
    }

    @Test
    void editingWhatIsNoJsonIsSaid() {
        issuer.fault(Fault.on("/device").set("a", "b"));
        assertThrows(IOException.class, () -> client.post("/device"), "a GET would be sent again by the JDK");
        assertEquals(List.of("fault edits an answer that is no JSON object: /device"), issuer.violations());
    }

    @Test
    void delays() throws Exception {
        issuer.fault(ON_REFRESH.delayBefore(Duration.ofMillis(40)).delayAfter(Duration.ofMillis(40)));
        long start = System.nanoTime();
        assertEquals("200", client.refresh(token).summary());
        assertTrue(System.nanoTime() - start >= Duration.ofMillis(80).toNanos());
    }

    @Test
    void delayAfterHasDoneTheWork() throws Exception {
        issuer.fault(ON_REFRESH.delayAfter(Duration.ofMinutes(1)));
        Thread caller = new Thread(() -> assertThrows(IOException.class, () -> client.refresh(token)));
        caller.start();
        while (!hasRotated()) {
            Thread.onSpinWait();
        }
        issuer.close();
        caller.join();
    }

    @Test
    void selection() throws Exception {
        issuer.fault(ON_REFRESH.after(1).times(2).respond(500, null, null));
        issuer.fault(Fault.on("/register*").respond(502, null, null).always());
        assertEquals(2, issuer.pendingFaults());
        assertEquals(
                200, client.post("/token", "grant_type", "client_credentials").status());
        RawClient.Reply first = client.refresh(token);
        assertEquals(200, first.status());
        String second = first.get("refresh_token");
        assertEquals(500, client.refresh(second).status());
        assertEquals(500, client.refresh(second).status());
        assertEquals(200, client.refresh(second).status());
        assertEquals(502, client.registerJson("{}").status());
        assertEquals(502, client.get("/register/x").status());
        assertEquals(1, issuer.pendingFaults());
        issuer.clearFaults();
        assertEquals(0, issuer.pendingFaults());
        assertNotEquals(502, client.registerJson("{}").status());
    }
}
