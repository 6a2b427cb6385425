package org.opensciencegrid.tokenrenewer.oidc;

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
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.security.auth.x500.X500Principal;
import org.opensciencegrid.tokenrenewer.text.Printable;

/**
 * Which certificates are believed: the system's, and those of {@code ca_file} in addition. There is no switch that turns
 * verification off.
 */
public final class Trust {
    /** What the administrator maintains, on Enterprise Linux and on Debian. A JDK from elsewhere knows nothing of it. */
    private static final List<Path> SYSTEM =
            List.of(Path.of("/etc/pki/tls/certs/ca-bundle.crt"), Path.of("/etc/ssl/certs/ca-certificates.crt"));

    private static final Pattern CERTIFICATE_FILE = Pattern.compile(".*\\.(pem|crt|cer|[0-9])");

    private final Optional<Path> ca;
    private final List<Path> system;
    private SSLSocketFactory sockets;

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

    private X509ExtendedTrustManager system() throws GeneralSecurityException {
        for (Path bundle : system) {
            try {
                return manager(read(bundle));
            } catch (IOException | GeneralSecurityException e) {
                // Not this distribution's place.
            }
        }
        return manager(null);
    }

    private static KeyStore read(Path pem) throws IOException, GeneralSecurityException {
        List<Certificate> certificates = new ArrayList<>();
        if (Files.isDirectory(pem)) {
            for (Path file : files(pem)) {
                try {
                    certificates.addAll(certificates(file));
                } catch (IOException | GeneralSecurityException e) {
                    // One of hundreds, and not of the issuer asked; if it is, TLS says so.
                }
            }
        } else {
            certificates.addAll(certificates(pem));
        }
        if (certificates.isEmpty()) {
            throw new CertificateException("it holds no certificate");
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        for (Certificate certificate : certificates) {
            store.setCertificateEntry("ca" + store.size(), certificate);
        }
        return store;
    }

    private static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> CERTIFICATE_FILE
                            .matcher(file.getFileName().toString())
                            .matches())
                    .toList();
        }
    }

    private static Collection<? extends Certificate> certificates(Path pem)
            throws IOException, GeneralSecurityException {
        try (InputStream in = Files.newInputStream(pem)) {
            return CertificateFactory.getInstance("X.509").generateCertificates(in);
        }
    }

    private static X509ExtendedTrustManager manager(KeyStore store) throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509ExtendedTrustManager x509) {
                return x509;
            }
        }
        throw new GeneralSecurityException("no X.509 trust manager");
    }

    @FunctionalInterface
    private interface Loading {
        X509ExtendedTrustManager load() throws GeneralSecurityException;
    }

    /** A server's certificate that nobody vouches for; its message says which and why. */
    static final class Refused extends CertificateException {
        private static final long serialVersionUID = 1L;

        Refused(X509Certificate certificate, CertificateException cause) {
            super(
                    Exceptions.reason(cause) + "; it is for " + name(certificate.getSubjectX500Principal()) + ", from "
                            + name(certificate.getIssuerX500Principal()),
                    cause);
        }

        private static String name(X500Principal principal) {
            return Printable.of(principal.getName(), 100);
        }
    }

    /** Believes what the added file vouches for, and else asks the system's store, which is read only then. */
    private static final class Believed extends X509ExtendedTrustManager {
        private final Optional<X509ExtendedTrustManager> added;
        private final Loading loading;
        private X509ExtendedTrustManager system;

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
                check.by(system());
            } catch (CertificateException notByTheSystem) {
                throw new Refused(chain[0], first == null ? notByTheSystem : first);
            }
        }

        private synchronized X509ExtendedTrustManager system() throws CertificateException {
            if (system == null) {
                try {
                    system = loading.load();
                } catch (GeneralSecurityException e) {
                    throw new CertificateException(e);
                }
            }
            return system;
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
