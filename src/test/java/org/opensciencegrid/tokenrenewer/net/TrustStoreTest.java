package org.opensciencegrid.tokenrenewer.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.testkit.TestCa.Flaw;
import org.opensciencegrid.testkit.TestCa.Server;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Tls;
import org.opensciencegrid.tokenrenewer.oidc.Scene;

/** Which certificates are trusted, tested by handshakes with a server that uses them. */
@Timeout(120)
class TrustStoreTest {
    @TempDir
    Path directory;

    private final TestCa ca = new TestCa();

    /** Like the IGTF's directory: a CA among other files. */
    private Path cas;

    private Path bundle;

    @BeforeEach
    void files() throws IOException {
        cas = Files.createDirectory(directory.resolve("certificates"));
        ca.writeCaPem(cas.resolve("0a1b2c3d.0"));
        bundle = directory.resolve("bundle.crt");
        new TestCa().writeCaPem(bundle);
    }

    private TrustStore trust(Path file) {
        return new TrustStore(Optional.of(file), List.of(bundle));
    }

    private static int status(TrustStore trust, Server server) throws IssuerException {
        try (EmbeddedIssuer issuer =
                EmbeddedIssuer.builder().tls(server.context()).start()) {
            HTTPRequest request = new HTTPRequest(HTTPRequest.Method.GET, URI.create(issuer.base() + "/jwks"));
            int status = new Transport(trust, Network.DIRECT).send(request).status();
            assertEquals(1, issuer.requests().size());
            return status;
        }
    }

    private static IssuerException refused(Tls why, TrustStore trust, Server server) {
        IssuerException e = Scene.fails(Kind.TLS, () -> status(trust, server));
        assertEquals(why, e.tls(), e::getMessage);
        assertTrue(e.getMessage().startsWith("the TLS connection to localhost:"), e::getMessage);
        return e;
    }

    private static void says(IssuerException e, String... words) {
        for (String word : words) {
            assertTrue(e.getMessage().contains(word), () -> word + " in " + e.getMessage());
        }
    }

    private static String serial(X509Certificate certificate) {
        return "serial number "
                + certificate.getSerialNumber().toString(16).toUpperCase(java.util.Locale.ROOT)
                + " was revoked";
    }

    // Revocation lists

    @ParameterizedTest
    @CsvSource({"0a1b2c3d.r0, DER", "0a1b2c3d.r0, PEM", "0a1b2c3d.r7, PEM", "ffffffff.r10, DER", "ca.crl, PEM"})
    void aRevokedCertificateIsRefusedWithItsSerialNumber(String file, String form) throws Exception {
        Server server = ca.server(Flaw.NONE);
        assertEquals(200, status(trust(cas), server));
        write(file, form, ca.crl(server.certificate()));
        says(
                refused(Tls.CERTIFICATE_REVOKED, trust(cas), server),
                serial(server.certificate()),
                ", says " + cas.resolve(file),
                "; it is for CN=localhost, from CN=");
        assertEquals(200, status(trust(cas), ca.server(Flaw.NONE)), "another one");
        write(file, form, ca.crl());
        assertEquals(200, status(trust(cas), server), "the next run sees the next list");
    }

    private void write(String file, String form, byte[] crl) throws IOException {
        if (form.equals("PEM")) {
            Files.writeString(cas.resolve(file), "# as openssl -text has it\n" + TestCa.crlPem(crl));
        } else {
            Files.write(cas.resolve(file), crl);
        }
    }

    @Test
    void aRevokedIntermediateIsRefused() throws Exception {
        TestCa below = ca.intermediate();
        Server server = below.server(Flaw.NONE);
        assertEquals(200, status(trust(cas), server));
        write("0a1b2c3d.r0", "DER", ca.crl(below.certificate()));
        says(
                refused(Tls.CERTIFICATE_REVOKED, trust(cas), server),
                "the certificate of its CA CN=Embedded issuer intermediate CA",
                serial(below.certificate()));
    }

    /** If a list in the directory revokes a certificate, a CA of the system does not make it trusted. */
    @Test
    void aRevokedCertificateIsNotBelievedByTheSystem() throws Exception {
        ca.writeCaPem(bundle);
        Server server = ca.server(Flaw.NONE);
        write("0a1b2c3d.r0", "PEM", ca.crl(server.certificate()));
        refused(Tls.CERTIFICATE_REVOKED, trust(cas), server);
        Files.delete(cas.resolve("0a1b2c3d.0"));
        new TestCa().writeCaPem(cas.resolve("other.pem"));
        refused(Tls.CERTIFICATE_REVOKED, trust(cas), server);
        assertEquals(
                200, status(new TrustStore(Optional.empty(), List.of(bundle)), server), "where no directory is named");
    }

    /**
     * A revoked certificate stays revoked. A certificate that is not on an expired list is accepted; check reports the
     * expiry.
     */
    @Test
    void anExpiredListStillCounts() throws Exception {
        Server server = ca.server(Flaw.NONE);
        byte[] old = ca.crl(Duration.ofDays(-9), Duration.ofDays(-2), server.certificate());
        write("0a1b2c3d.r0", "DER", old);
        refused(Tls.CERTIFICATE_REVOKED, trust(cas), server);
        TrustStore trust = trust(cas);
        assertEquals(200, status(trust, ca.server(Flaw.NONE)));
        TrustStore.RevocationList list = trust.revocationLists().get(0);
        assertEquals(Optional.of(cas.resolve("0a1b2c3d.r0")), list.file());
        assertTrue(list.nextUpdate().orElseThrow().isBefore(java.time.Instant.now()));
    }

    @Test
    void theNewestListCounts() throws Exception {
        Server server = ca.server(Flaw.NONE);
        write("0a1b2c3d.r0", "DER", ca.crl(Duration.ofDays(-3), Duration.ofDays(3), server.certificate()));
        write("0a1b2c3d.r1", "DER", ca.crl(Duration.ofDays(-2), Duration.ofDays(4)));
        assertEquals(200, status(trust(cas), server), "it was on hold");
        write("0a1b2c3d.r2", "DER", ca.crl(Duration.ofDays(-1), Duration.ofDays(5), server.certificate()));
        refused(Tls.CERTIFICATE_REVOKED, trust(cas), server);
    }

    /**
     * Lists of another CA with the same name, truncated, changed, or not a list at all: none of them counts or stops a
     * renewal.
     */
    @ParameterizedTest
    @ValueSource(strings = {"other key", "cut", "changed", "empty", "text", "none", "cut head"})
    void aListThatIsNotOfTheCaDoesNotCountAndIsMissing(String how) throws Exception {
        Server server = ca.server(Flaw.NONE);
        byte[] good = ca.crl(server.certificate());
        byte[] changed = good.clone();
        changed[good.length - 5] ^= 1;
        byte[] content = switch (how) {
            case "other key" -> new TestCa().crl(server.certificate());
            case "cut" -> Arrays.copyOf(good, good.length - 40);
            case "cut head" -> Arrays.copyOf(good, 20);
            case "changed" -> changed;
            case "text" -> "no list".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            default -> new byte[0];
        };
        if (!how.equals("none")) {
            write("0a1b2c3d.r0", "DER", content);
        }
        TrustStore trust = trust(cas);
        assertEquals(200, status(trust, server));
        TrustStore.RevocationList list = trust.revocationLists().get(0);
        assertEquals(Optional.empty(), list.file());
        boolean isNamed = List.of("other key", "cut", "changed").contains(how);
        assertEquals(isNamed ? cas.resolve("0a1b2c3d.r0") : cas, list.checked());
        assertEquals("CN=Embedded issuer test CA", list.ca());
    }

    @Test
    void listsAreExpectedOfTheCasOfTheDirectoryAlone() throws Exception {
        TrustStore byDirectory = trust(cas);
        assertEquals(200, status(byDirectory, ca.intermediate().server(Flaw.NONE)));
        assertEquals(
                List.of("CN=Embedded issuer intermediate CA", "CN=Embedded issuer test CA"),
                byDirectory.revocationLists().stream()
                        .map(TrustStore.RevocationList::ca)
                        .toList());
        TrustStore byFile = trust(cas.resolve("0a1b2c3d.0"));
        assertEquals(200, status(byFile, ca.server(Flaw.NONE)));
        assertEquals(List.of(), byFile.revocationLists());
        TestCa systems = new TestCa();
        systems.writeCaPem(bundle);
        TrustStore bySystem = trust(cas);
        assertEquals(200, status(bySystem, systems.server(Flaw.NONE)));
        assertEquals(List.of(), bySystem.revocationLists());
    }

    /** Flips a bit in each byte of a list: at worst the list does not count. */
    @Test
    void aDamagedListIsNeverMoreThanThat() throws Exception {
        Server server = ca.server(Flaw.NONE);
        byte[] good = ca.crl(server.certificate());
        Path file = cas.resolve("x.r0");
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= (byte) (1 << i % 8);
            Files.write(file, bad);
            // Parts that are not signed, such as the total length, may change without harm.
            new CrlDirectory(cas).revocation(server.certificate(), ca.certificate());
        }
        Files.write(file, good);
        assertTrue(new CrlDirectory(cas)
                .revocation(server.certificate(), ca.certificate())
                .isPresent());
    }

    // Strength

    @ParameterizedTest
    @CsvSource({"SHA1, signed with SHA1withECDSA", "RSA_1024, 1024 bits"})
    void aWeakCertificateIsRefused(Flaw flaw, String words) {
        says(refused(Tls.CERTIFICATE_WEAK, trust(cas), ca.server(flaw)), "its certificate is too weak: ", words);
    }

    @ParameterizedTest
    @CsvSource({"SHA1, EC, 256, signed with SHA1withECDSA", "SHA256, RSA, 1024, 1024 bits"})
    void aWeakIntermediateIsRefused(String hash, String algorithm, int bits, String words) {
        TestCa below = ca.intermediate(hash, algorithm, bits);
        says(
                refused(Tls.CERTIFICATE_WEAK, trust(cas), below.server(Flaw.NONE)),
                "the certificate of its CA CN=Embedded issuer intermediate CA is too weak: ",
                words);
    }

    @Test
    void aWeakCaIsRefusedWhereverItStands() {
        TestCa weak = new TestCa("RSA", 1024);
        Path file = directory.resolve("weak.pem");
        weak.writeCaPem(file);
        says(refused(Tls.CERTIFICATE_WEAK, trust(file), weak.server(Flaw.NONE)), "1024 bits");
        refused(Tls.CERTIFICATE_WEAK, new TrustStore(Optional.empty(), List.of(file)), weak.server(Flaw.NONE));
    }

    @Test
    void rsaOf2048BitsIsGoodEnough() throws Exception {
        TestCa rsa = new TestCa("RSA", 2048);
        Path file = directory.resolve("rsa.pem");
        rsa.writeCaPem(file);
        assertEquals(200, status(trust(file), rsa.server(Flaw.NONE)));
    }

    // Names

    @ParameterizedTest
    @CsvSource({"NO_ALTERNATIVE_NAME", "ADDRESS_ONLY"})
    void aCommonNameIsNotEnough(Flaw flaw) {
        says(
                refused(Tls.CERTIFICATE_OF_OTHER_HOST, trust(cas), ca.server(flaw)),
                "the certificate is not for localhost (it names no host in a subjectAltName); it is for CN=localhost");
    }

    @ParameterizedTest
    @CsvSource({
        "PARTIAL_WILDCARD, issuers.example.test, false",
        "PARTIAL_WILDCARD, is.example.test, false",
        "WILDCARD, issuer.example.test, true",
        "WILDCARD, ISSUER.Example.test, true",
        "WILDCARD, a.issuer.example.test, false",
        "WILDCARD, example.test, false",
        "NONE, localhost, true",
        "NONE, other.example.test, false",
    })
    void aStarIsAWholeLabel(Flaw flaw, String host, boolean isGood) throws Exception {
        try (EmbeddedIssuer issuer =
                        EmbeddedIssuer.builder().tls(ca.serverContext(flaw)).start();
                Socket plain = new Socket("127.0.0.1", issuer.port());
                SSLSocket tls = (SSLSocket) trust(cas).sockets().createSocket(plain, host, issuer.port(), true)) {
            if (isGood) {
                tls.startHandshake();
            } else {
                SSLException e = assertThrows(SSLException.class, tls::startHandshake);
                assertTrue(e.getMessage().contains("the certificate is not for " + host), e::getMessage);
            }
        }
    }

    // Causes

    @ParameterizedTest
    @CsvSource({
        "EXPIRED, CERTIFICATE_EXPIRED, its certificate has expired (NotAfter: ",
        "NOT_YET_VALID, CERTIFICATE_NOT_YET_VALID, its certificate is not valid yet (NotBefore: ",
        "WRONG_HOST, CERTIFICATE_OF_OTHER_HOST, the certificate is not for localhost; it is for CN=other.example.org",
        "SELF_SIGNED, CERTIFICATE_UNTRUSTED, not from a CA that is trusted here",
    })
    void eachCauseIsTold(Flaw flaw, Tls why, String words) {
        says(refused(why, trust(cas), ca.server(flaw)), words);
    }

    @Test
    void anIntermediateThatTheServerLeavesOut() throws Exception {
        TestCa below = ca.intermediate();
        Server server = below.server(Flaw.CA_LEFT_OUT);
        says(
                refused(Tls.CA_NOT_SENT, trust(cas), server),
                "the server does not send the certificate of the CA that signed it, which is at " + TestCa.CA_URL);
        below.writeCaPem(cas.resolve("intermediate.pem"));
        assertEquals(200, status(trust(cas), server));
    }

    @Test
    void anUnknownCa() {
        refused(Tls.CERTIFICATE_UNTRUSTED, trust(cas), new TestCa().server(Flaw.NONE));
        refused(Tls.CERTIFICATE_UNTRUSTED, new TrustStore(Optional.empty(), List.of(bundle)), ca.server(Flaw.NONE));
    }

    @Test
    void anEmptyBundleOfTheSystemIsNamed() throws Exception {
        Files.writeString(bundle, "");
        says(
                refused(Tls.NO_SYSTEM_CAS, new TrustStore(Optional.empty(), List.of(bundle)), ca.server(Flaw.NONE)),
                "the system's bundle of CAs, " + bundle + ", holds no certificate");
        assertEquals(200, status(trust(cas), ca.server(Flaw.NONE)), "who has a CA of its own does not need it");
        refused(Tls.CERTIFICATE_UNTRUSTED, trust(cas), new TestCa().server(Flaw.NONE));
    }

    /** As a crypto policy sets it in java.security, which Java reads when it starts. */
    @ParameterizedTest
    @CsvSource({
        "jdk.certpath.disabledAlgorithms=EC keySize < 384, CRYPTO_POLICY, the crypto policy of this machine refuses",
        "'jdk.tls.disabledAlgorithms=SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3', CRYPTO_POLICY, the crypto policy of this machine refuses",
        "jdk.tls.disabledAlgorithms=TLSv1.2, 200, ''",
    })
    void thePolicyOfTheMachineIsNamed(String policy, String outcome, String words) throws Exception {
        Path properties = Files.writeString(directory.resolve("java.security"), policy + "\n");
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(ca)) {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-Djava.security.properties=" + properties,
                            "-cp",
                            System.getProperty("java.class.path"),
                            TrustProgram.class.getName(),
                            cas.resolve("0a1b2c3d.0").toString(),
                            issuer.base() + "/jwks")
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            assertTrue(said.startsWith(outcome) && said.contains(words), said);
            assertEquals(0, process.waitFor());
        }
    }

    /** The system knows the CA, but the file of the account has another one. */
    @Test
    void whoKnowsTheCaTellsTheCause() {
        ca.writeCaPem(bundle);
        Path other = directory.resolve("other.pem");
        new TestCa().writeCaPem(other);
        refused(Tls.CERTIFICATE_EXPIRED, trust(other), ca.server(Flaw.EXPIRED));
    }

    @Test
    void aFileOfCasThatCannotBeUsed() throws Exception {
        for (Path file : List.of(directory.resolve("missing.pem"), Files.createDirectory(directory.resolve("empty")))) {
            IssuerException e = Scene.fails(Kind.TLS, () -> status(trust(file), ca.server(Flaw.NONE)));
            assertEquals(Tls.CA_FILE, e.tls(), e::getMessage);
            says(e, "ca_file " + file + ": cannot be read");
        }
    }
}
