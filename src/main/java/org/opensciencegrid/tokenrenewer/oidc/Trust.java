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
import java.util.Collection;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;

/**
 * Which certificates are believed: the system's, and those of {@code ca_file} in addition. There is no switch that turns
 * verification off.
 */
public final class Trust {
    private final Optional<Path> caFile;
    private SSLSocketFactory sockets;

    /**
     * @param caFile PEM file whose certificates are believed beside the system's
     */
    public Trust(Optional<Path> caFile) {
        this.caFile = caFile;
    }

    /** Made at the first connection and kept, so that TLS sessions are resumed. */
    synchronized SSLSocketFactory sockets() throws OidcException {
        if (sockets == null) {
            try {
                SSLContext context = SSLContext.getInstance("TLS");
                TrustManager[] managers =
                        caFile.isPresent() ? new TrustManager[] {new Added(read(caFile.get()))} : null;
                context.init(null, managers, null);
                sockets = context.getSocketFactory();
            } catch (IOException | GeneralSecurityException e) {
                String which = caFile.map(path -> "ca_file " + path + ": ").orElse("");
                throw new OidcException(
                        OidcException.Kind.TLS,
                        which + "cannot be read as PEM certificates (" + Exceptions.reason(e) + ")");
            }
        }
        return sockets;
    }

    private static X509ExtendedTrustManager read(Path pem) throws IOException, GeneralSecurityException {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream in = Files.newInputStream(pem)) {
            Collection<? extends Certificate> certificates =
                    CertificateFactory.getInstance("X.509").generateCertificates(in);
            if (certificates.isEmpty()) {
                throw new CertificateException("it holds no certificate");
            }
            int i = 0;
            for (Certificate certificate : certificates) {
                store.setCertificateEntry("ca" + i++, certificate);
            }
        }
        return manager(store);
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

    /** Believes what the added file vouches for, and else asks the system's store, which is read only then. */
    private static final class Added extends X509ExtendedTrustManager {
        private final X509ExtendedTrustManager added;
        private X509ExtendedTrustManager system;

        Added(X509ExtendedTrustManager added) {
            this.added = added;
        }

        @FunctionalInterface
        private interface Check {
            void by(X509ExtendedTrustManager manager) throws CertificateException;
        }

        private void check(Check check) throws CertificateException {
            try {
                check.by(added);
            } catch (CertificateException notByTheFile) {
                try {
                    check.by(system());
                } catch (CertificateException notByTheSystem) {
                    notByTheFile.addSuppressed(notByTheSystem);
                    throw notByTheFile;
                }
            }
        }

        private synchronized X509ExtendedTrustManager system() throws CertificateException {
            if (system == null) {
                try {
                    system = manager(null);
                } catch (GeneralSecurityException e) {
                    throw new CertificateException(e);
                }
            }
            return system;
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
                throws CertificateException {
            check(manager -> manager.checkServerTrusted(chain, type, socket));
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
                throws CertificateException {
            check(manager -> manager.checkServerTrusted(chain, type, engine));
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
            check(manager -> manager.checkServerTrusted(chain, type));
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
            return added.getAcceptedIssuers();
        }
    }
}
