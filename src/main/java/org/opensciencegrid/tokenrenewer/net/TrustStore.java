package org.opensciencegrid.tokenrenewer.net;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Tls;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Which certificates are trusted: those signed by a CA of the system, or by one of {@code ca_file} in addition.
 * Regardless of the JDK's configuration, a certificate is rejected if it has a weak key or signature (see {@link
 * CertificateStrength}), if its subjectAltName does not contain the host, or if a revocation list in the directory of
 * CAs contains it. Verification cannot be turned off.
 */
public final class TrustStore {
    /**
     * The bundle that the administrator maintains, on Enterprise Linux and on Debian. A JDK from another source does
     * not use it.
     */
    private static final List<Path> SYSTEM =
            List.of(Path.of("/etc/pki/tls/certs/ca-bundle.crt"), Path.of("/etc/ssl/certs/ca-certificates.crt"));

    /**
     * In seconds: more than the seven days that a TLS 1.3 ticket may last, so that Java drops tickets as they arrive. A
     * run rarely connects twice, and for keeping a session, Java 21 generates 23 classes before it reads the answer. TLS 1.2 without tickets still keeps sessions.
     */
    private static final int LONGER_THAN_A_TICKET = 7 * 24 * 3600 + 1;

    private final Optional<Path> ca;
    private final List<Path> system;
    private @Nullable ClientCertificate own;
    private @Nullable SSLSocketFactory sockets;
    private @Nullable CrlDirectory crls;

    /**
     * The revocation list of a CA that signed a certificate of an issuer's chain.
     *
     * @param ca its name; printable
     * @param file empty if the directory has no list that is signed by this CA
     * @param nextUpdate when the next list is due
     * @param checked an unusable file if there is one, otherwise the directory
     */
    public record RevocationList(String ca, Optional<Path> file, Optional<Instant> nextUpdate, Path checked) {}

    /**
     * @param ca PEM file whose certificates are trusted in addition to the system's, or a directory of such files, such
     *     as the IGTF's
     */
    public TrustStore(Optional<Path> ca) {
        this(ca, SYSTEM);
    }

    /** Trusts this file and no other CA. */
    public static TrustStore only(Path ca) {
        return new TrustStore(Optional.of(ca), List.of(ca));
    }

    /** @param system bundles; the first readable one is used. If there is none, the JDK's store is used */
    TrustStore(Optional<Path> ca, List<Path> system) {
        this.ca = ca;
        this.system = system;
    }

    /** Proves the client in each connection. Call before the first one. */
    public TrustStore withCertificate(ClientCertificate certificate) {
        own = certificate;
        return this;
    }

    /** Created at the first connection and kept. */
    synchronized SSLSocketFactory sockets() throws IssuerException {
        if (sockets == null) {
            try {
                Optional<IssuerTrustManager.CaSet> added = ca.isPresent() && !isCopyOfSystem(ca.get())
                        ? Optional.of(IssuerTrustManager.CaSet.of(read(ca.get())))
                        : Optional.empty();
                Optional<CrlDirectory> lists = ca.isPresent() && Files.isDirectory(ca.get())
                        ? Optional.of(new CrlDirectory(ca.get()))
                        : Optional.empty();
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(
                        own == null ? null : new KeyManager[] {own},
                        new TrustManager[] {new IssuerTrustManager(added, Optional.of(this), lists)},
                        null);
                context.getClientSessionContext().setSessionTimeout(LONGER_THAN_A_TICKET);
                crls = lists.orElse(null);
                sockets = context.getSocketFactory();
            } catch (IOException | GeneralSecurityException e) {
                String which = ca.map(path -> "ca_file " + path + ": ").orElse("");
                throw new IssuerException(
                        Tls.CA_FILE, which + "cannot be read as PEM certificates (" + ExceptionMapper.reason(e) + ")");
            }
        }
        return sockets;
    }

    /** The lists that were relevant to the connections so far. Only a directory of CAs has lists. */
    public synchronized List<RevocationList> revocationLists() {
        return crls == null ? List.of() : crls.expected();
    }

    /**
     * Makes all TLS connections fail that do not use this class. The SDK requests the JDK's default context when its
     * request class is loaded, although we never send with it. The JDK would read its 150 CAs for that, which is the
     * largest single cost of a run.
     */
    static void disableDefaultSslContext() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(
                    null,
                    new TrustManager[] {new IssuerTrustManager(Optional.empty(), Optional.empty(), Optional.empty())},
                    null);
            SSLContext.setDefault(context);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // this JDK has no TLS
        }
    }

    /**
     * The system's CAs that may be relevant to a chain.
     *
     * @param chain its issuers are looked up by name; if it is empty, all CAs are loaded
     */
    IssuerTrustManager.CaSet system(X509Certificate[] chain) throws GeneralSecurityException {
        for (Path bundle : system) {
            Collection<Certificate> certificates;
            try {
                certificates = chain.length == 0
                        ? certificates(bundle)
                        : PemBundle.read(bundle).issuers(chain);
            } catch (IOException | GeneralSecurityException e) {
                continue; // not the location on this distribution
            }
            // Do not use the JDK's store: it may contain CAs that the administrator removed.
            if (certificates.isEmpty()) {
                throw new IssuerTrustManager.EmptyBundleException(bundle);
            }
            return IssuerTrustManager.CaSet.of(certificates);
        }
        return IssuerTrustManager.CaSet.ofJdk();
    }

    /**
     * Whether a file adds nothing to the system's bundle: oidc-agent stores the path of a copy for its accounts, and to
     * read its 150 CAs takes a fifth of a run.
     */
    private boolean isCopyOfSystem(Path file) throws IOException {
        for (Path bundle : system) {
            if (Files.isReadable(bundle)) {
                return Files.isRegularFile(file)
                        && Files.size(file) == Files.size(bundle)
                        && Files.mismatch(file, bundle) < 0;
            }
        }
        return false;
    }

    private static Collection<Certificate> read(Path pem) throws IOException, GeneralSecurityException {
        if (!Files.isDirectory(pem)) {
            return certificates(pem);
        }
        List<Certificate> certificates = new ArrayList<>();
        for (Path file : files(pem)) {
            try {
                certificates.addAll(certificates(file));
            } catch (IOException | GeneralSecurityException e) {
                // One of hundreds of files, and probably not of this issuer. If it is, TLS reports it.
            }
        }
        return certificates;
    }

    private static List<Path> files(Path directory) throws IOException {
        Pattern certificate = Pattern.compile(".*\\.(pem|crt|cer|[0-9])");
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file ->
                            certificate.matcher(file.getFileName().toString()).matches())
                    .toList();
        }
    }

    private static Collection<Certificate> certificates(Path pem) throws IOException, GeneralSecurityException {
        try (InputStream in = new BufferedInputStream(Files.newInputStream(pem))) { // the factory reads single bytes
            return List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(in));
        }
    }

    /** A server's certificate was rejected. The message contains the certificate's name and the reason. */
    static final class RejectedCertificateException extends CertificateException {
        private static final long serialVersionUID = 1L;

        private final Tls tls;

        RejectedCertificateException(Tls tls, X509Certificate certificate, String reason) {
            super(reason + "; it is " + describe(certificate));
            this.tls = tls;
        }

        Tls tls() {
            return tls;
        }
    }

    /** The subject and issuer of a certificate. */
    static String describe(X509Certificate certificate) {
        return "for " + name(certificate.getSubjectX500Principal()) + ", from "
                + name(certificate.getIssuerX500Principal());
    }

    static String name(X500Principal principal) {
        return Printable.of(principal.getName(), 100);
    }
}
