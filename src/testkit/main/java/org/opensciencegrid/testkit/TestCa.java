package org.opensciencegrid.testkit;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECKey;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.bouncycastle.asn1.DERPrintableString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLNumber;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A certificate authority for one test. Creates the issuer's certificate, valid or not, in memory (EC P-256). */
public final class TestCa {
    /** What is wrong with a server certificate. */
    public enum Flaw {
        NONE,
        /** Expired a day ago. */
        EXPIRED,
        /** Only valid for other.example.org. */
        WRONG_HOST,
        /** The right names, but signed with its own key. */
        SELF_SIGNED,
        /**
         * Valid, but the encoding of the issuer's name differs from that in the CA's certificate, which is not sent.
         */
        ISSUER_SPELLED_OTHERWISE,
        /** Becomes valid in a day. */
        NOT_YET_VALID,
        /** Signed with SHA-1. */
        SHA1,
        /** Has an RSA key of 1024 bits. */
        RSA_1024,
        /** Its subject is the host, but it has no subjectAltName. */
        NO_ALTERNATIVE_NAME,
        /** Its subject is the host, but its subjectAltName only has an address. */
        ADDRESS_ONLY,
        /** For i*s.example.test, a wildcard that is only part of a label. */
        PARTIAL_WILDCARD,
        /** For *.example.test. */
        WILDCARD,
        /** Valid, but the CA's certificate is not sent. The certificate contains its URL. */
        CA_LEFT_OUT
    }

    /** A server's TLS context and its certificate. */
    public record Server(SSLContext context, X509Certificate certificate) {}

    /** The URL of the CA's certificate in {@link Flaw#CA_LEFT_OUT}. */
    public static final String CA_URL = "http://pki.example.test/ca.crt";

    private static final char[] NO_PASSWORD = new char[0];
    private static final X500Name CA_NAME = new X500Name("CN=Embedded issuer test CA");
    private static final X500Name SPELLED_OTHERWISE = new X500NameBuilder()
            .addRDN(BCStyle.CN, new DERPrintableString("Embedded issuer test CA"))
            .build();

    private final SecureRandom random = new SecureRandom();
    private final X500Name name;
    private final KeyPair caKeys;
    private final X509Certificate caCertificate;
    /** The certificates that a server sends after its own. */
    private final List<X509Certificate> sent;

    private final String serverAlgorithm;
    private final int serverBits;

    public TestCa() {
        this("EC", 256);
    }

    /** Uses a key of another type and length; its servers have keys of this type. */
    public TestCa(String algorithm, int bits) {
        name = CA_NAME;
        serverAlgorithm = algorithm;
        serverBits = algorithm.equals("RSA") ? 2048 : 256;
        try {
            caKeys = newKeyPair(algorithm, bits);
            caCertificate = caCertificate(caKeys.getPublic(), name, caKeys, name, "SHA256", 1);
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
        sent = List.of(caCertificate);
    }

    private TestCa(TestCa parent, String hash, String algorithm, int bits) {
        name = new X500Name("CN=Embedded issuer intermediate CA");
        serverAlgorithm = "EC";
        serverBits = 256;
        try {
            caKeys = newKeyPair(algorithm, bits);
            caCertificate = parent.caCertificate(caKeys.getPublic(), name, parent.caKeys, parent.name, hash, 0);
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
        sent = Stream.concat(Stream.of(caCertificate), parent.sent.stream()).toList();
    }

    /** Another CA, signed by this one. */
    public TestCa intermediate() {
        return intermediate("SHA256", "EC", 256);
    }

    /** Another CA, signed by this one with this hash, and with this kind of key. */
    public TestCa intermediate(String hash, String algorithm, int bits) {
        return new TestCa(this, hash, algorithm, bits);
    }

    private X509Certificate caCertificate(
            PublicKey key, X500Name subject, KeyPair issuerKeys, X500Name issuer, String hash, int below)
            throws GeneralSecurityException, OperatorCreationException, IOException {
        KeyPair keys = new KeyPair(key, issuerKeys.getPrivate());
        var builder = builder(issuer, keys, subject, Duration.ofDays(-1), Duration.ofDays(30));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(below));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
        addKeyIdentifiers(builder, keys, issuerKeys);
        return sign(builder, issuerKeys.getPrivate(), hash);
    }

    /** For a valid server on localhost, 127.0.0.1 and ::1. */
    public SSLContext serverContext() {
        return serverContext(Flaw.NONE);
    }

    /** For a server with an invalid certificate. */
    public SSLContext serverContext(Flaw flaw) {
        return server(flaw).context();
    }

    /** Like {@link #serverContext(Flaw)}, with the certificate. */
    public Server server(Flaw flaw) {
        try {
            KeyPair keys = flaw == Flaw.RSA_1024 ? newKeyPair("RSA", 1024) : newKeyPair(serverAlgorithm, serverBits);
            X509Certificate certificate = serverCertificate(keys, flaw);
            List<X509Certificate> chain = new ArrayList<>(List.of(certificate));
            if (flaw != Flaw.SELF_SIGNED && flaw != Flaw.ISSUER_SPELLED_OTHERWISE && flaw != Flaw.CA_LEFT_OUT) {
                chain.addAll(sent);
            }
            KeyStore store = emptyStore();
            store.setKeyEntry("server", keys.getPrivate(), NO_PASSWORD, chain.toArray(X509Certificate[]::new));
            // The other algorithm, PKIX, does not send a certificate that the client would probably reject.
            KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("SunX509");
            keyManagers.init(store, NO_PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keyManagers.getKeyManagers(), null, random);
            return new Server(context, certificate);
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A revocation list of this CA in DER, valid for a day. */
    public byte[] crl(X509Certificate... revoked) {
        return crl(Duration.ofHours(-1), Duration.ofDays(1), revoked);
    }

    /**
     * @param from when it was issued, relative to now
     * @param to when the next one is due, relative to now
     */
    public byte[] crl(Duration from, Duration to, X509Certificate... revoked) {
        try {
            Instant now = Instant.now();
            X509v2CRLBuilder builder = new X509v2CRLBuilder(name, Date.from(now.plus(from)));
            builder.setNextUpdate(Date.from(now.plus(to)));
            builder.addExtension(Extension.cRLNumber, false, new CRLNumber(BigInteger.ONE));
            // Together with other entries, as in the lists of grid CAs.
            builder.addCRLEntry(BigInteger.TEN, Date.from(now), CRLReason.superseded);
            for (X509Certificate certificate : revoked) {
                builder.addCRLEntry(certificate.getSerialNumber(), Date.from(now), CRLReason.keyCompromise);
            }
            builder.addCRLEntry(BigInteger.TWO, Date.from(now), CRLReason.superseded);
            return builder.build(signer(caKeys.getPrivate(), "SHA256")).getEncoded();
        } catch (OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** In PEM, the format of most CAs. */
    public static String crlPem(byte[] crl) {
        return pem("X509 CRL", crl);
    }

    /** For a client that trusts only this CA. */
    public SSLContext clientContext() {
        try {
            KeyStore store = emptyStore();
            store.setCertificateEntry("ca", caCertificate);
            TrustManagerFactory trustManagers = TrustManagerFactory.getInstance("PKIX");
            trustManagers.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, trustManagers.getTrustManagers(), random);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Writes the certificate of a client and its key in PEM.
     *
     * @param isSelfSigned whether it is signed with its own key instead of this CA's
     * @param life from now; negative for an expired certificate
     */
    public X509Certificate writeClientCertificate(
            Path certificateFile, Path keyFile, String subject, boolean isSelfSigned, Duration life) {
        try {
            KeyPair keys = newKeyPair("RSA", 2048);
            X500Name client = new X500Name("CN=" + subject);
            var builder = builder(isSelfSigned ? client : name, keys, client, Duration.ofDays(-2), life);
            builder.addExtension(
                    Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_clientAuth));
            X509Certificate certificate =
                    sign(builder, isSelfSigned ? keys.getPrivate() : caKeys.getPrivate(), "SHA256");
            Files.writeString(certificateFile, pem("CERTIFICATE", certificate.getEncoded()));
            Files.deleteIfExists(keyFile);
            Files.createFile(
                    keyFile, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(keyFile, pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
            return certificate;
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For a server that accepts the certificate of any client; {@link EmbeddedIssuer} checks whose it is. */
    public SSLContext serverContextForClients() {
        try {
            KeyPair keys = newKeyPair(serverAlgorithm, serverBits);
            X509Certificate[] chain = {serverCertificate(keys, Flaw.NONE), caCertificate};
            KeyStore store = emptyStore();
            store.setKeyEntry("server", keys.getPrivate(), NO_PASSWORD, chain);
            KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("SunX509");
            keyManagers.init(store, NO_PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keyManagers.getKeyManagers(), new TrustManager[] {new AnyClient()}, random);
            return context;
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static final class AnyClient extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            throw new CertificateException("this is a server");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            throw new CertificateException("this is a server");
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            throw new CertificateException("this is a server");
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    /** Writes a PKCS #12 store with a valid server key, for a server in another process. */
    public void writeServerKeyStore(Path file, String password) {
        try (OutputStream out = Files.newOutputStream(file)) {
            KeyPair keys = newKeyPair(serverAlgorithm, serverBits);
            X509Certificate[] chain = {serverCertificate(keys, Flaw.NONE), caCertificate};
            KeyStore store = emptyStore();
            store.setKeyEntry("server", keys.getPrivate(), password.toCharArray(), chain);
            store.store(out, password.toCharArray());
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public X509Certificate certificate() {
        return caCertificate;
    }

    /** Writes the CA's certificate in the format of {@code ca_file}. */
    public void writeCaPem(Path file) {
        try {
            Files.writeString(file, pem("CERTIFICATE", caCertificate.getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String pem(String what, byte[] der) {
        Base64.Encoder lines = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
        return "-----BEGIN " + what + "-----\n" + lines.encodeToString(der) + "\n-----END " + what + "-----\n";
    }

    private X509Certificate serverCertificate(KeyPair keys, Flaw flaw)
            throws GeneralSecurityException, OperatorCreationException, IOException {
        boolean selfSigned = flaw == Flaw.SELF_SIGNED;
        boolean expired = flaw == Flaw.EXPIRED;
        boolean early = flaw == Flaw.NOT_YET_VALID;
        String host = flaw == Flaw.WRONG_HOST ? "other.example.org" : "localhost";
        X500Name subject = new X500Name("CN=" + host);
        X500Name issuer = flaw == Flaw.ISSUER_SPELLED_OTHERWISE ? SPELLED_OTHERWISE : name;
        var builder = builder(
                selfSigned ? subject : issuer,
                keys,
                subject,
                Duration.ofDays(expired ? -10 : early ? 1 : -1),
                Duration.ofDays(expired ? -1 : 10));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
        Optional<GeneralNames> names = names(host, flaw);
        if (names.isPresent()) {
            builder.addExtension(Extension.subjectAlternativeName, false, names.get());
        }
        if (flaw == Flaw.CA_LEFT_OUT) {
            builder.addExtension(
                    Extension.authorityInfoAccess,
                    false,
                    new AuthorityInformationAccess(
                            AccessDescription.id_ad_caIssuers,
                            new GeneralName(GeneralName.uniformResourceIdentifier, CA_URL)));
        }
        addKeyIdentifiers(builder, keys, selfSigned ? keys : caKeys);
        return sign(
                builder, selfSigned ? keys.getPrivate() : caKeys.getPrivate(), flaw == Flaw.SHA1 ? "SHA1" : "SHA256");
    }

    /** OpenSSL's strict mode, which newer Pythons use, requires both (RFC 5280 section 4.2.1). */
    private static void addKeyIdentifiers(JcaX509v3CertificateBuilder builder, KeyPair subject, KeyPair issuer)
            throws GeneralSecurityException, IOException {
        JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
        builder.addExtension(
                Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(subject.getPublic()));
        builder.addExtension(
                Extension.authorityKeyIdentifier, false, utils.createAuthorityKeyIdentifier(issuer.getPublic()));
    }

    private static Optional<GeneralNames> names(String host, Flaw flaw) {
        GeneralName loopback = new GeneralName(GeneralName.iPAddress, "127.0.0.1");
        GeneralName dnsName = new GeneralName(GeneralName.dNSName, host);
        return switch (flaw) {
            case NO_ALTERNATIVE_NAME -> Optional.empty();
            case ADDRESS_ONLY -> Optional.of(new GeneralNames(loopback));
            case PARTIAL_WILDCARD ->
                Optional.of(new GeneralNames(new GeneralName(GeneralName.dNSName, "i*s.example.test")));
            case WILDCARD -> Optional.of(new GeneralNames(new GeneralName(GeneralName.dNSName, "*.example.test")));
            case WRONG_HOST -> Optional.of(new GeneralNames(dnsName));
            default ->
                Optional.of(new GeneralNames(
                        new GeneralName[] {dnsName, loopback, new GeneralName(GeneralName.iPAddress, "::1")}));
        };
    }

    private JcaX509v3CertificateBuilder builder(
            X500Name issuer, KeyPair keys, X500Name subject, Duration from, Duration to) {
        Instant now = Instant.now();
        return new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(64, random).setBit(63),
                Date.from(now.plus(from)),
                Date.from(now.plus(to)),
                subject,
                keys.getPublic());
    }

    private static X509Certificate sign(JcaX509v3CertificateBuilder builder, PrivateKey key, String hash)
            throws GeneralSecurityException, OperatorCreationException {
        return new JcaX509CertificateConverter().getCertificate(builder.build(signer(key, hash)));
    }

    private static ContentSigner signer(PrivateKey key, String hash) throws OperatorCreationException {
        return new JcaContentSignerBuilder(hash + "with" + (key instanceof ECKey ? "ECDSA" : "RSA")).build(key);
    }

    private KeyPair newKeyPair(String algorithm, int bits) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        generator.initialize(bits, random);
        return generator.generateKeyPair();
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }
}
