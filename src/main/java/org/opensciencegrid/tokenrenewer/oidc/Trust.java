package org.opensciencegrid.tokenrenewer.oidc;

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
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.text.Printable;

/**
 * Which certificates are believed: the system's, and those of {@code ca_file} in addition. There is no switch that turns
 * verification off.
 */
public final class Trust {
    /** What the administrator maintains, on Enterprise Linux and on Debian. A JDK from elsewhere knows nothing of it. */
    private static final List<Path> SYSTEM =
            List.of(Path.of("/etc/pki/tls/certs/ca-bundle.crt"), Path.of("/etc/ssl/certs/ca-certificates.crt"));

    private final Optional<Path> ca;
    private final List<Path> system;
    private @Nullable SSLSocketFactory sockets;

    /**
     * @param ca PEM file whose certificates are believed beside the system's, or a directory of such files, as that of the
     *     IGTF
     */
    public Trust(Optional<Path> ca) {
        this(ca, SYSTEM);
    }

    /**
     * @param system bundles, of which the first that can be read is the system's; without any it is the JDK's
     */
    Trust(Optional<Path> ca, List<Path> system) {
        this.ca = ca;
        this.system = system;
    }

    /** Made at the first connection and kept, so that TLS sessions are resumed. */
    synchronized SSLSocketFactory sockets() throws OidcException {
        if (sockets == null) {
            try {
                Optional<X509ExtendedTrustManager> added =
                        ca.isPresent() ? Optional.of(manager(read(ca.get()))) : Optional.empty();
                SSLContext context = SSLContext.getInstance("TLS");
                context.init(null, new TrustManager[] {new Believed(added, this::system)}, null);
                sockets = context.getSocketFactory();
            } catch (IOException | GeneralSecurityException e) {
                String which = ca.map(path -> "ca_file " + path + ": ").orElse("");
                throw new OidcException(
                        OidcException.Kind.TLS,
                        which + "cannot be read as PEM certificates (" + Exceptions.reason(e) + ")");
            }
        }
        return sockets;
    }

    /**
     * Whoever asks the JDK for TLS without one of ours gets connections that fail. The SDK does so when its request class is
     * loaded, though we never send with it: the JDK would read its 150 CAs for that, the largest single cost of a run.
     */
    static void nobodyByDefault() {
        try {
            SSLContext nobody = SSLContext.getInstance("TLS");
            nobody.init(
                    null,
                    new TrustManager[] {
                        new Believed(Optional.empty(), chain -> {
                            throw new GeneralSecurityException("no certificate is believed by default");
                        })
                    },
                    null);
            SSLContext.setDefault(nobody);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e); // a JDK without TLS
        }
    }

    /**
     * What the system believes, as far as it may matter to a chain.
     *
     * @param chain whose issuers are looked for by name; for an empty one everything
     */
    private X509ExtendedTrustManager system(X509Certificate[] chain) throws GeneralSecurityException {
        for (Path bundle : system) {
            Collection<Certificate> certificates;
            try {
                certificates = chain.length == 0
                        ? certificates(bundle)
                        : Bundle.read(bundle).issuers(chain);
            } catch (IOException | GeneralSecurityException e) {
                continue; // not this distribution's place
            }
            return manager(certificates); // or nobody: the JDK's store may hold CAs that the administrator took out
        }
        return jdk();
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
                // One of hundreds, and not of the issuer asked; if it is, TLS says so.
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
        try (InputStream in =
                new BufferedInputStream(Files.newInputStream(pem))) { // the factory asks for byte after byte
            return List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(in));
        }
    }

    /** By the rules that the JDK has for a key store, without making one. */
    private static X509ExtendedTrustManager manager(Collection<Certificate> certificates)
            throws GeneralSecurityException {
        if (certificates.isEmpty()) {
            throw new CertificateException("it holds no certificate");
        }
        Set<TrustAnchor> anchors = new HashSet<>();
        for (Certificate certificate : certificates) {
            anchors.add(new TrustAnchor((X509Certificate) certificate, null));
        }
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(anchors, new X509CertSelector());
        parameters.setRevocationEnabled(false); // as for a key store
        TrustManagerFactory factory = factory();
        factory.init(new CertPathTrustManagerParameters(parameters));
        return manager(factory);
    }

    /** The JDK's own store. */
    private static X509ExtendedTrustManager jdk() throws GeneralSecurityException {
        TrustManagerFactory factory = factory();
        factory.init((KeyStore) null);
        return manager(factory);
    }

    private static TrustManagerFactory factory() throws GeneralSecurityException {
        return TrustManagerFactory.getInstance("PKIX");
    }

    private static X509ExtendedTrustManager manager(TrustManagerFactory factory) throws GeneralSecurityException {
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager x509) {
                return x509;
            }
        }
        throw new GeneralSecurityException("no X.509 trust manager");
    }

    @FunctionalInterface
    private interface Loading {
        X509ExtendedTrustManager load(X509Certificate[] chain) throws GeneralSecurityException;
    }

    /** A server's certificate that nobody vouches for; its message says which and why. */
    static final class Refused extends CertificateException {
        private static final long serialVersionUID = 1L;

        Refused(X509Certificate certificate, CertificateException cause) {
            super(Exceptions.reason(cause) + "; it is " + described(certificate), cause);
        }
    }

    /** Whose a certificate is, in words. */
    static String described(X509Certificate certificate) {
        return "for " + name(certificate.getSubjectX500Principal()) + ", from "
                + name(certificate.getIssuerX500Principal());
    }

    private static String name(X500Principal principal) {
        return Printable.of(principal.getName(), 100);
    }

    /**
     * Believes what the added file vouches for, and else asks the system's store: first those of its CAs that have the name of
     * an issuer in the chain, as parsing all 140 costs more than the connection, and then all of them.
     */
    private static final class Believed extends X509ExtendedTrustManager {
        private final Optional<X509ExtendedTrustManager> added;
        private final Loading loading;
        private final Map<List<X500Principal>, X509ExtendedTrustManager> system = new HashMap<>();

        Believed(Optional<X509ExtendedTrustManager> added, Loading loading) {
            this.added = added;
            this.loading = loading;
        }

        @FunctionalInterface
        private interface Check {
            void by(X509ExtendedTrustManager manager) throws CertificateException;
        }

        private void check(X509Certificate[] chain, Check check) throws CertificateException {
            CertificateException first = null;
            if (added.isPresent()) {
                try {
                    check.by(added.get());
                    return;
                } catch (CertificateException notByTheFile) {
                    first = notByTheFile;
                }
            }
            try {
                check.by(system(chain));
                return;
            } catch (CertificateException notByThoseOfThatName) {
                // A name may be written in more ways than one.
            }
            try {
                check.by(system(new X509Certificate[0]));
            } catch (CertificateException notByTheSystem) {
                throw new Refused(chain[0], first == null ? notByTheSystem : first);
            }
        }

        /** Loaded once for each row of issuers, however many connections there are. */
        private synchronized X509ExtendedTrustManager system(X509Certificate[] chain) throws CertificateException {
            List<X500Principal> issuers = new ArrayList<>();
            for (X509Certificate certificate : chain) {
                issuers.add(certificate.getIssuerX500Principal());
            }
            X509ExtendedTrustManager known = system.get(issuers);
            if (known == null) {
                try {
                    known = loading.load(chain);
                } catch (GeneralSecurityException e) {
                    throw new CertificateException(e);
                }
                system.put(issuers, known);
            }
            return known;
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            check(chain, manager -> manager.checkServerTrusted(chain, type, socket));
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            check(chain, manager -> manager.checkServerTrusted(chain, type, engine));
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            check(chain, manager -> manager.checkServerTrusted(chain, type));
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
            return new X509Certificate[0]; // asked only of servers
        }
    }
}
