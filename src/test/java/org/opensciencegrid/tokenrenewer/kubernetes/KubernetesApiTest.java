package org.opensciencegrid.tokenrenewer.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.opensciencegrid.tokenrenewer.net.RawServer.answer;
import static org.opensciencegrid.tokenrenewer.net.RawServer.hangUp;
import static org.opensciencegrid.tokenrenewer.net.RawServer.ok;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.SettableClock;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException.Kind;
import org.opensciencegrid.tokenrenewer.net.FakeSleeper;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.RawServer;

class KubernetesApiTest {
    private static final ObjectName NAME = ObjectName.secret("ns", "tokens");
    private static final String BEARER = "bearer-of-the-pod";
    private static final String CONTENT = "content-of-the-secret";

    @TempDir
    Path directory;

    @BeforeEach
    void writeServiceAccount() throws IOException {
        Files.writeString(directory.resolve("token"), BEARER + "\n");
        Files.writeString(directory.resolve("namespace"), "ns");
    }

    private KubernetesApi api(RawServer server) {
        // Plain http to this machine is allowed, so that this test needs no certificate.
        return new KubernetesApi(
                new ServiceAccount(server.uri(""), directory),
                Network.DIRECT,
                new FakeSleeper(new SettableClock(Instant.EPOCH)));
    }

    private static String secret(String version, String content) {
        return "{\"kind\":\"Secret\",\"metadata\":{\"name\":\"tokens\",\"namespace\":\"ns\",\"resourceVersion\":\""
                + version + "\",\"labels\":{\"a\":\"b\"}},\"data\":{\"other\":\"eA==\",\"token\":\""
                + Base64.getEncoder().encodeToString(content.getBytes(StandardCharsets.UTF_8))
                + "\"},\"type\":\"Opaque\"}";
    }

    private static String status(String message) {
        return "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"" + message + "\"}";
    }

    private static KubernetesObject changed(KubernetesObject object) {
        return object.withData("token", CONTENT.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aReadIsRepeatedWhenTheServerFailsOrDoesNotAnswer() throws Exception {
        try (RawServer server = new RawServer(
                answer("500 Internal Server Error", status("context canceled")),
                answer("429 Too Many Requests", "", "Retry-After: 1"),
                hangUp(),
                ok(secret("7", "x")))) {
            KubernetesObject object = api(server).get(NAME).orElseThrow();
            assertEquals("7", object.resourceVersion());
            assertEquals(4, server.requests().size());
        }
    }

    @Test
    void repetitionsEnd() throws Exception {
        try (RawServer server = new RawServer(answer("503 Service Unavailable", status("etcd is down")))) {
            KubernetesException e =
                    assertThrows(KubernetesException.class, () -> api(server).get(NAME));
            assertEquals(Kind.TEMPORARY, e.kind());
            assertTrue(e.getMessage().endsWith(" answered 503 to get Secret ns/tokens: etcd is down"), e.getMessage());
            assertEquals(15, server.requests().size());
        }
    }

    @Test
    void anAbsentObjectIsEmpty() throws Exception {
        try (RawServer server = new RawServer(answer("404 Not Found", status("not found")))) {
            assertEquals(Optional.empty(), api(server).get(NAME));
        }
    }

    @Test
    void aChangeWhoseAnswerWasLostSucceededIfTheObjectHasItsContent() throws Exception {
        try (RawServer server = new RawServer(
                ok(secret("7", "x")),
                hangUp(),
                answer("409 Conflict", status("the object has been modified")),
                ok(secret("8", CONTENT)))) {
            KubernetesApi api = api(server);
            KubernetesObject stored = api.replace(changed(api.get(NAME).orElseThrow()));
            assertEquals("8", stored.resourceVersion());
            assertEquals(4, server.requests().size());
            assertTrue(server.requests().get(2).contains("\"resourceVersion\":\"7\""));
        }
    }

    @Test
    void aChangeWhoseAnswerWasLostIsAConflictIfAnotherClientChangedTheObject() throws Exception {
        try (RawServer server = new RawServer(
                ok(secret("7", "x")),
                hangUp(),
                answer("409 Conflict", status("the object has been modified")),
                ok(secret("8", "of another client")))) {
            KubernetesApi api = api(server);
            KubernetesObject change = changed(api.get(NAME).orElseThrow());
            assertEquals(
                    Kind.CONFLICT,
                    assertThrows(KubernetesException.class, () -> api.replace(change))
                            .kind());
        }
    }

    @Test
    void aConflictWithoutDoubtIsNotReadAgain() throws Exception {
        try (RawServer server = new RawServer(
                ok(secret("7", "x")), answer("409 Conflict", status("modified")), ok(secret("8", CONTENT)))) {
            KubernetesApi api = api(server);
            KubernetesObject change = changed(api.get(NAME).orElseThrow());
            assertEquals(
                    Kind.CONFLICT,
                    assertThrows(KubernetesException.class, () -> api.replace(change))
                            .kind());
            assertEquals(2, server.requests().size());
        }
    }

    @Test
    void aReplacementKeepsWhatItDoesNotKnow() throws Exception {
        try (RawServer server = new RawServer(ok(secret("7", "x")), ok(secret("8", CONTENT)))) {
            KubernetesApi api = api(server);
            api.replace(changed(api.get(NAME).orElseThrow()).withAnnotation("when", "now"));
            String put = server.requests().get(1);
            assertTrue(put.contains("\"labels\":{\"a\":\"b\"}"), put);
            assertTrue(put.contains("\"other\":\"eA==\""), put);
            assertTrue(put.contains("\"annotations\":{\"when\":\"now\"}"), put);
        }
    }

    @Test
    void theTokenIsReadForEachRequest() throws Exception {
        try (RawServer server = new RawServer(ok(secret("7", "x")))) {
            KubernetesApi api = api(server);
            api.get(NAME);
            Files.writeString(directory.resolve("token"), "rotated");
            api.get(NAME);
            assertTrue(server.requests().get(0).contains("Authorization: Bearer " + BEARER + "\r\n"));
            assertTrue(server.requests().get(1).contains("Authorization: Bearer rotated\r\n"));
        }
    }

    @Test
    void aRejectedRequestIsNotRepeatedAndNamesVerbAndObject() throws Exception {
        for (Map.Entry<String, Kind> status : Map.of(
                        "401 Unauthorized", Kind.UNAUTHORIZED,
                        "403 Forbidden", Kind.FORBIDDEN,
                        "413 Request Entity Too Large", Kind.TOO_LARGE,
                        "422 Unprocessable Entity", Kind.REJECTED)
                .entrySet()) {
            try (RawServer server = new RawServer(answer(status.getKey(), status("the reason")))) {
                KubernetesException e = assertThrows(
                        KubernetesException.class, () -> api(server).create(KubernetesObject.of(NAME)));
                assertEquals(status.getValue(), e.kind());
                assertEquals("create", e.verb());
                assertEquals(Optional.of(NAME), e.object());
                assertTrue(e.getMessage().endsWith("to create Secret ns/tokens: the reason"), e.getMessage());
                assertEquals(1, server.requests().size());
            }
        }
    }

    @Test
    void messagesContainNoSecretThatTheServerEchoes() throws Exception {
        String base64 = Base64.getEncoder().encodeToString(CONTENT.getBytes(StandardCharsets.UTF_8));
        for (String status : new String[] {"400 Bad Request", "422 Unprocessable Entity", "503 Service Unavailable"}) {
            try (RawServer server =
                    new RawServer(answer(status, status("not valid: " + base64 + " by " + BEARER + "\\u001b[2J")))) {
                KubernetesException e = assertThrows(
                        KubernetesException.class, () -> api(server).create(changed(KubernetesObject.of(NAME))));
                assertFalse(e.getMessage().contains(base64), e.getMessage());
                assertFalse(e.getMessage().contains(BEARER), e.getMessage());
                assertFalse(e.getMessage().contains("\u001b"), e.getMessage());
            }
        }
    }

    /** Base64 makes it a third longer. */
    @Test
    void theLargestSecretIsRead() throws Exception {
        String most = "x".repeat(1 << 20);
        try (RawServer server = new RawServer(ok(secret("7", most)))) {
            byte[] token = api(server).get(NAME).orElseThrow().data("token").orElseThrow();
            assertEquals(most, new String(token, StandardCharsets.UTF_8));
        }
    }

    /** A slow server answers after the time for one response. */
    @Test
    void aRequestWithoutAnAnswerIsRepeated() {
        assertTrue(KubernetesApi.RETRIES.compareTo(KubernetesApi.RESPONSE) > 0);
    }

    @Test
    void anObjectThatIsTooLargeToReadIsNotReplaced() throws Exception {
        try (RawServer server = new RawServer(ok(secret("7", "x".repeat(4 << 20))))) {
            KubernetesException e =
                    assertThrows(KubernetesException.class, () -> api(server).get(NAME));
            assertEquals(Kind.TOO_LARGE, e.kind());
        }
    }

    @Test
    void anAnswerWithoutTheObjectIsUnusable() throws Exception {
        for (String body : new String[] {"<html>", "{}", "[]", ""}) {
            try (RawServer server = new RawServer(ok(body))) {
                KubernetesException e = assertThrows(
                        KubernetesException.class, () -> api(server).get(NAME));
                assertEquals(Kind.UNUSABLE_ANSWER, e.kind());
            }
        }
    }

    @Test
    void aDeletionNamesTheVersionThatWasRead() throws Exception {
        try (RawServer server = new RawServer(ok(secret("7", "x")), hangUp(), answer("404 Not Found", status("")))) {
            KubernetesApi api = api(server);
            api.delete(api.get(NAME).orElseThrow());
            assertTrue(server.requests().get(2).contains("\"preconditions\":{\"resourceVersion\":\"7\"}"));
        }
    }

    @Test
    void missingFilesAndVariablesAreNamed() throws Exception {
        KubernetesException outside =
                assertThrows(KubernetesException.class, () -> ServiceAccount.of(name -> Optional.empty()));
        assertEquals(Kind.NOT_IN_CLUSTER, outside.kind());
        assertTrue(outside.getMessage().contains("KUBERNETES_SERVICE_HOST"));
        Files.delete(directory.resolve("token"));
        try (RawServer server = new RawServer(ok(""))) {
            KubernetesException e =
                    assertThrows(KubernetesException.class, () -> api(server).get(NAME));
            assertEquals(directory.resolve("token") + ": no such file", e.getMessage());
        }
    }

    @Test
    void theAddressMayBeIpv6() throws Exception {
        Map<String, String> environment =
                Map.of("KUBERNETES_SERVICE_HOST", "fd00::1", "KUBERNETES_SERVICE_PORT", "6443");
        ServiceAccount account = ServiceAccount.of(name -> Optional.ofNullable(environment.get(name)));
        assertEquals("https://[fd00::1]:6443", account.server().toString());
        assertEquals(Path.of("/var/run/secrets/kubernetes.io/serviceaccount"), account.directory());
    }

    @Test
    void objectsPrintNoContent() {
        KubernetesObject object = changed(KubernetesObject.of(NAME));
        assertEquals("Secret ns/tokens", object.toString());
    }

    @Test
    void namesAreThoseOfKubernetes() {
        for (String good : new String[] {"a", "a-b", "a.b", "0"}) {
            assertTrue(ObjectName.isName(good), good);
        }
        for (String bad : new String[] {"", "A", "a_b", "-a", "a-", "a..b", "a/b", "a\n", "x".repeat(254)}) {
            assertFalse(ObjectName.isName(bad), bad);
        }
        assertFalse(ObjectName.isNamespace("a.b"));
        assertFalse(ObjectName.isNamespace("x".repeat(64)));
    }
}
