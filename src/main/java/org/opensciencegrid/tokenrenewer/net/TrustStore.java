package org.opensciencegrid.tokenrenewer.net;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Tls;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Which certificates are trusted: those signed by a CA of the system, or by one of {@code ca_file} in addition.
 * Regardless of the JDK's configuration, a certificate is rejected if it has a weak key or signature (see {@link
 * CertificateStrength}), if its subjectAltName does not contain the host, or if a revocation list in the directory of CAs contains
 * it. Verification cannot be turned off.
 */
public final class TrustStore {
    /**
     * The bundle that the administrator maintains, on Enterprise Linux and on Debian. A JDK from another source does
     * not use it.
     */
    private static final List<Path> SYSTEM =
            List.of(Path.of("/etc/pki/tls/certs/ca-bundle.crt"), Path.of("/etc/ssl/certs/ca-certificates.crt"));

    private final Optional<Path> ca;
    private final List<Path> system;
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

    /** @param system bundles; the first readable one is used. If there is none, the JDK's store is used */
    TrustStore(Optional<Path> ca, List<Path> system) {
        this.ca = ca;
        this.system = system;
    }

    /** Created at the first connection and kept, so that TLS sessions are resumed. */
    synchronized SSLSocketFactory sockets() throws IssuerException {
        if (sockets == null) {
            try {
                Optional<CaSet> added = ca.isPresent() ? Optional.of(CaSet.of(read(ca.get()))) : Optional.empty();
                Optional<CrlDirectory> lists = ca.filter(Files::isDirectory).map(CrlDirectory::new);
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(null, new TrustManager[] {new IssuerTrustManager(added, this::system, lists)}, null);
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
                    new TrustManager[] {
                        new IssuerTrustManager(
                                Optional.empty(),
                                chain -> {
                                    throw new GeneralSecurityException("no certificate is believed by default");
                                },
                                Optional.empty())
                    },
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
    private CaSet system(X509Certificate[] chain) throws GeneralSecurityException {
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
                throw new EmptyBundleException(bundle);
            }
            return CaSet.of(certificates);
        }
        return CaSet.ofJdk();
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

    /** A set of CAs, and the JDK's trust manager for them. */
    private record CaSet(Collection<X509Certificate> certificates, X509ExtendedTrustManager manager) {
        /** Uses the JDK's rules for a key store, without creating one. */
        static CaSet of(Collection<Certificate> certificates) throws GeneralSecurityException {
            if (certificates.isEmpty()) {
                throw new CertificateException("it holds no certificate");
            }
            List<X509Certificate> cas = new ArrayList<>();
            Set<TrustAnchor> anchors = new HashSet<>();
            for (Certificate certificate : certificates) {
                cas.add((X509Certificate) certificate);
                anchors.add(new TrustAnchor((X509Certificate) certificate, null));
            }
            PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
            parameters.setRevocationEnabled(false); // as for a key store
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init(new CertPathTrustManagerParameters(parameters));
            return new CaSet(cas, manager(factory));
        }

        /** The JDK's own store. */
        static CaSet ofJdk() throws GeneralSecurityException {
            TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
            factory.init((KeyStore) null);
            X509ExtendedTrustManager manager = manager(factory);
            return new CaSet(List.of(manager.getAcceptedIssuers()), manager);
        }

        private static X509ExtendedTrustManager manager(TrustManagerFactory factory) throws GeneralSecurityException {
            for (TrustManager manager : factory.getTrustManagers()) {
                if (manager instanceof X509ExtendedTrustManager x509) {
                    return x509;
                }
            }
            throw new GeneralSecurityException("no X.509 trust manager");
        }
    }

    @FunctionalInterface
    private interface CaLoader {
        CaSet load(X509Certificate[] chain) throws GeneralSecurityException;
    }

    /** The system's bundle has no certificates, or none of those that were looked up. */
    private static final class EmptyBundleException extends CertificateException {
        private static final long serialVersionUID = 1L;

        EmptyBundleException(Path bundle) {
            super("the system's bundle of CAs, " + bundle + ", holds no certificate");
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

    /**
     * Trusts what the added CAs signed, and otherwise asks the system's CAs. First only those with the name of an
     * issuer in the chain, because parsing all 140 takes longer than the connection; then all of them.
     */
    private static final class IssuerTrustManager extends X509ExtendedTrustManager {
        private final Optional<CaSet> added;
        private final CaLoader loader;
        private final Optional<CrlDirectory> crls;
        private final Map<List<X500Principal>, CaSet> system = new HashMap<>();

        IssuerTrustManager(Optional<CaSet> added, CaLoader loader, Optional<CrlDirectory> crls) {
            this.added = added;
            this.loader = loader;
            this.crls = crls;
        }

        @FunctionalInterface
        private interface Check {
            void by(X509ExtendedTrustManager manager) throws CertificateException;
        }

        private void check(X509Certificate[] chain, @Nullable String host, Check check) throws CertificateException {
            HostNames.require(chain[0], host);
            Optional<RejectedCertificateException> fileRejection = Optional.empty();
            if (added.isPresent()) {
                fileRejection = rejection(added.get(), chain, check);
                if (fileRejection.isEmpty()) {
                    return;
                }
            }
            try {
                if (rejection(system(chain), chain, check).isEmpty()) {
                    return;
                }
            } catch (EmptyBundleException ofThatName) {
                // A name can be encoded in several ways.
            }
            Optional<RejectedCertificateException> systemRejection;
            try {
                systemRejection = rejection(system(new X509Certificate[0]), chain, check);
            } catch (EmptyBundleException atAll) {
                systemRejection = Optional.of(
                        new RejectedCertificateException(Tls.NO_SYSTEM_CAS, chain[0], ExceptionMapper.reason(atAll)));
            }
            if (systemRejection.isPresent()) {
                // Report the error of the store that knows the CA, because it is more precise.
                throw systemRejection
                        .filter(rejected -> !isUnknownCa(rejected))
                        .filter(rejected -> rejected.tls() != Tls.NO_SYSTEM_CAS)
                        .orElse(fileRejection.orElse(systemRejection.get()));
            }
        }

        private static boolean isUnknownCa(RejectedCertificateException rejected) {
            return rejected.tls() == Tls.CERTIFICATE_UNTRUSTED || rejected.tls() == Tls.CA_NOT_SENT;
        }

        /**
         * Why these CAs do not accept a chain; empty if they do.
         *
         * @throws RejectedCertificateException for a revoked certificate, even if other CAs would accept it
         */
        private Optional<RejectedCertificateException> rejection(CaSet cas, X509Certificate[] chain, Check check)
                throws RejectedCertificateException {
            List<X509Certificate> path = CertificatePath.of(chain, cas.certificates());
            boolean hasPath = !path.isEmpty();
            if (hasPath) {
                Optional<String> weakness = CertificateStrength.weakness(path);
                if (weakness.isPresent()) {
                    return Optional.of(
                            new RejectedCertificateException(Tls.CERTIFICATE_WEAK, chain[0], weakness.get()));
                }
                requireNotRevoked(path, added.filter(file -> file == cas).isPresent());
            }
            try {
                check.by(cas.manager());
            } catch (CertificateException e) {
                Tls tls = ExceptionMapper.tls(e);
                if (tls == Tls.CERTIFICATE_UNTRUSTED && CertificatePath.isCaMissing(chain)) {
                    return Optional.of(new RejectedCertificateException(
                            Tls.CA_NOT_SENT,
                            chain[0],
                            ExceptionMapper.reason(e) + CertificatePath.caLocation(chain[0])));
                }
                return Optional.of(new RejectedCertificateException(tls, chain[0], ExceptionMapper.reason(e)));
            }
            return hasPath
                    ? Optional.empty()
                    : Optional.of(new RejectedCertificateException(
                            Tls.CERTIFICATE_UNTRUSTED,
                            chain[0],
                            "its certificate is not from a CA that is trusted here (no path)"));
        }

        private void requireNotRevoked(List<X509Certificate> path, boolean isOfDirectory)
                throws RejectedCertificateException {
            if (crls.isEmpty()) {
                return;
            }
            for (int i = 0; i + 1 < path.size(); i++) {
                X509Certificate certificate = path.get(i);
                X509Certificate signer = path.get(i + 1);
                if (isOfDirectory) {
                    crls.get().expect(signer);
                }
                Optional<CrlDirectory.Revocation> revoked = crls.get().revocation(certificate, signer);
                if (revoked.isPresent()) {
                    throw new RejectedCertificateException(
                            Tls.CERTIFICATE_REVOKED,
                            path.get(0),
                            (i == 0
                                            ? "its certificate"
                                            : "the certificate of its CA "
                                                    + name(certificate.getSubjectX500Principal()))
                                    + " with the serial number "
                                    + certificate.getSerialNumber().toString(16).toUpperCase(Locale.ROOT)
                                    + " was revoked on " + revoked.get().time() + ", says "
                                    + revoked.get().file());
                }
            }
        }

        /** Loads the CAs once for each list of issuers, for any number of connections. */
        private synchronized CaSet system(X509Certificate[] chain) throws CertificateException {
            List<X500Principal> issuers = new ArrayList<>();
            for (X509Certificate certificate : chain) {
                issuers.add(certificate.getIssuerX500Principal());
            }
            CaSet cached = system.get(issuers);
            if (cached == null) {
                try {
                    cached = loader.load(chain);
                } catch (EmptyBundleException e) {
                    throw e;
                } catch (GeneralSecurityException e) {
                    throw new CertificateException(e);
                }
                system.put(issuers, cached);
            }
            return cached;
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            String host = socket instanceof SSLSocket tls && tls.getHandshakeSession() != null
                    ? tls.getHandshakeSession().getPeerHost()
                    : null;
            check(chain, host, manager -> manager.checkServerTrusted(chain, type, socket));
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            check(chain, engine.getPeerHost(), manager -> manager.checkServerTrusted(chain, type, engine));
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            check(chain, null, manager -> manager.checkServerTrusted(chain, type));
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            throw new CertificateException("this program accepts no connections");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            throw new CertificateException("this program accepts no connections");
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
            throw new CertificateException("this program accepts no connections");
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0]; // only relevant for servers
        }
    }
}
