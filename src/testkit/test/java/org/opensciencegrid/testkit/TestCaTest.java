package org.opensciencegrid.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;
import org.junit.jupiter.params.provider.ValueSource;

class TestCaTest {
    private static TestCa ca;
    private static HttpClient http;

    @BeforeAll
    static void make() {
        ca = new TestCa();
        http = HttpClient.newBuilder().sslContext(ca.clientContext()).build();
    }

    private static int get(EmbeddedIssuer issuer, String host) throws Exception {
        URI uri = URI.create("https://" + host + ":" + issuer.port() + "/jwks");
        HttpRequest request =
                HttpRequest.newBuilder(uri).header("Accept", "application/json").build();
        return http.send(request, BodyHandlers.discarding()).statusCode();
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "127.0.0.1"})
    void goodCertificate(String host) throws Exception {
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(ca)) {
            assertEquals(200, get(issuer, host));
        }
    }

    @ParameterizedTest
    @EnumSource(
            mode = Mode.INCLUDE,
            names = {"EXPIRED", "NOT_YET_VALID", "WRONG_HOST", "SELF_SIGNED"})
    void badCertificate(TestCa.Flaw flaw) {
        try (EmbeddedIssuer issuer =
                EmbeddedIssuer.builder().tls(ca.serverContext(flaw)).start()) {
            assertThrows(SSLException.class, () -> get(issuer, "localhost"));
            assertEquals(0, issuer.requests().size());
        }
    }

    @Test
    void otherCa() {
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(new TestCa())) {
            assertThrows(SSLException.class, () -> get(issuer, "localhost"));
        }
    }

    @Test
    void pem(@TempDir Path dir) throws Exception {
        Path file = dir.resolve("ca.pem");
        ca.writeCaPem(file);
        try (InputStream in = Files.newInputStream(file)) {
            assertEquals(
                    ca.certificate(), CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
    }
}
