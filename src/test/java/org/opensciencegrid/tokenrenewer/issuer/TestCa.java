package org.opensciencegrid.tokenrenewer.issuer;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.DERPrintableString;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A certificate authority that lives for one test: makes the issuer's certificate, good or bad, in memory (EC P-256). */
public final class TestCa {
    /** What is wrong with a server certificate. */
    public enum Flaw {
        NONE,
        /** Ended a day ago. */
        EXPIRED,
        /** Names other.example.org and nothing else. */
        WRONG_HOST,
        /** Good names, but signed by its own key. */
        SELF_SIGNED,
        /** None: but the issuer's name is not spelled, byte by byte, as in the CA's certificate, and that is not sent along. */
        ISSUER_SPELLED_OTHERWISE
    }

    private static final char[] NO_PASSWORD = new char[0];
    private static final X500Name CA_NAME = new X500Name("CN=Embedded issuer test CA");
    private static final X500Name SPELLED_OTHERWISE = new X500NameBuilder()
            .addRDN(BCStyle.CN, new DERPrintableString("Embedded issuer test CA"))
            .build();

    private final SecureRandom random = new SecureRandom();
    private final KeyPair caKeys;
    private final X509Certificate caCertificate;

    public TestCa() {
        try {
            caKeys = newKeyPair();
            var builder = builder(CA_NAME, caKeys, CA_NAME, Duration.ofDays(-1), Duration.ofDays(30));
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
            addKeyIdentifiers(builder, caKeys, caKeys);
            caCertificate = sign(builder, caKeys.getPrivate());
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For a server on localhost, 127.0.0.1 and ::1. */
    public SSLContext serverContext() {
        return serverContext(Flaw.NONE);
    }

    /** For a server with a bad certificate. */
    public SSLContext serverContext(Flaw flaw) {
        try {
            KeyPair keys = newKeyPair();
            X509Certificate certificate = serverCertificate(keys, flaw);
            X509Certificate[] chain = flaw == Flaw.SELF_SIGNED || flaw == Flaw.ISSUER_SPELLED_OTHERWISE
                    ? new X509Certificate[] {certificate}
                    : new X509Certificate[] {certificate, caCertificate};
            KeyStore store = emptyStore();
            store.setKeyEntry("server", keys.getPrivate(), NO_PASSWORD, chain);
            KeyManagerFactory keyManagers = KeyManagerFactory.getInstance("PKIX");
            keyManagers.init(store, NO_PASSWORD);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keyManagers.getKeyManagers(), null, random);
            return context;
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For a client that trusts this CA and no other. */
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

    /** Writes a PKCS #12 store with a good server key, for a server in another process. */
    public void writeServerKeyStore(Path file, String password) {
        try (OutputStream out = Files.newOutputStream(file)) {
            KeyPair keys = newKeyPair();
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

    /** Writes the CA's certificate, as {@code ca_file} of the configuration wants it. */
    public void writeCaPem(Path file) {
        try {
            Base64.Encoder lines = Base64.getMimeEncoder(64, "\n".getBytes(StandardCharsets.US_ASCII));
            String body = lines.encodeToString(caCertificate.getEncoded());
            Files.writeString(file, "-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----\n");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private X509Certificate serverCertificate(KeyPair keys, Flaw flaw)
            throws GeneralSecurityException, OperatorCreationException, IOException {
        boolean selfSigned = flaw == Flaw.SELF_SIGNED;
        boolean expired = flaw == Flaw.EXPIRED;
        String host = flaw == Flaw.WRONG_HOST ? "other.example.org" : "localhost";
        X500Name subject = new X500Name("CN=" + host);
        X500Name issuer = flaw == Flaw.ISSUER_SPELLED_OTHERWISE ? SPELLED_OTHERWISE : CA_NAME;
        var builder = builder(
                selfSigned ? subject : issuer,
                keys,
                subject,
                Duration.ofDays(expired ? -10 : -1),
                Duration.ofDays(expired ? -1 : 10));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
        builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth));
        builder.addExtension(Extension.subjectAlternativeName, false, names(host));
        addKeyIdentifiers(builder, keys, selfSigned ? keys : caKeys);
        return sign(builder, selfSigned ? keys.getPrivate() : caKeys.getPrivate());
    }

    /** OpenSSL's strict mode, which newer Pythons use, wants both (RFC 5280 section 4.2.1). */
    private static void addKeyIdentifiers(JcaX509v3CertificateBuilder builder, KeyPair subject, KeyPair issuer)
            throws GeneralSecurityException, IOException {
        JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
        builder.addExtension(
                Extension.subjectKeyIdentifier, false, utils.createSubjectKeyIdentifier(subject.getPublic()));
        builder.addExtension(
                Extension.authorityKeyIdentifier, false, utils.createAuthorityKeyIdentifier(issuer.getPublic()));
    }

    private static GeneralNames names(String host) {
        GeneralName dnsName = new GeneralName(GeneralName.dNSName, host);
        if (!host.equals("localhost")) {
            return new GeneralNames(dnsName);
        }
        return new GeneralNames(new GeneralName[] {
            dnsName, new GeneralName(GeneralName.iPAddress, "127.0.0.1"), new GeneralName(GeneralName.iPAddress, "::1")
        });
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

    private static X509Certificate sign(JcaX509v3CertificateBuilder builder, PrivateKey key)
            throws GeneralSecurityException, OperatorCreationException {
        var signer = new JcaContentSignerBuilder("SHA256withECDSA").build(key);
        return new JcaX509CertificateConverter().getCertificate(builder.build(signer));
    }

    private KeyPair newKeyPair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"), random);
        return generator.generateKeyPair();
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        return store;
    }
}
