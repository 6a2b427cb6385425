package org.opensciencegrid.tokenrenewer.net;

import java.net.Socket;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.security.auth.x500.X500Principal;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Tls;

/**
 * Trusts what the added CAs signed, and otherwise asks the system's CAs. First only those with the name of an
 * issuer in the chain, because parsing all 140 takes longer than the connection; then all of them.
 */
final class IssuerTrustManager extends X509ExtendedTrustManager {
    private final Optional<CaSet> added;
    private final Optional<TrustStore> store;
    private final Optional<CrlDirectory> crls;
    private final Map<List<X500Principal>, CaSet> system = new HashMap<>();

    /** @param store of the system's CAs; empty to trust none of them */
    IssuerTrustManager(Optional<CaSet> added, Optional<TrustStore> store, Optional<CrlDirectory> crls) {
        this.added = added;
        this.store = store;
        this.crls = crls;
    }

    @FunctionalInterface
    private interface Check {
        void by(X509ExtendedTrustManager manager) throws CertificateException;
    }

    /** The check of each connection. Connections without a socket are not used. */
    private record SocketCheck(X509Certificate[] chain, String type, Socket socket) implements Check {
        @Override
        public void by(X509ExtendedTrustManager manager) throws CertificateException {
            manager.checkServerTrusted(chain, type, socket);
        }
    }

    private void check(X509Certificate[] chain, @Nullable String host, Check check) throws CertificateException {
        HostNames.require(chain[0], host);
        Optional<TrustStore.RejectedCertificateException> fileRejection = Optional.empty();
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
        Optional<TrustStore.RejectedCertificateException> systemRejection;
        try {
            systemRejection = rejection(system(new X509Certificate[0]), chain, check);
        } catch (EmptyBundleException atAll) {
            systemRejection = Optional.of(new TrustStore.RejectedCertificateException(
                    Tls.NO_SYSTEM_CAS, chain[0], ExceptionMapper.reason(atAll)));
        }
        if (systemRejection.isPresent()) {
            // Report the error of the store that knows the CA, because it is more precise.
            throw systemRejection
                    .filter(rejected -> !isUnknownCa(rejected))
                    .filter(rejected -> rejected.tls() != Tls.NO_SYSTEM_CAS)
                    .orElse(fileRejection.orElse(systemRejection.get()));
        }
    }

    private static boolean isUnknownCa(TrustStore.RejectedCertificateException rejected) {
        return rejected.tls() == Tls.CERTIFICATE_UNTRUSTED || rejected.tls() == Tls.CA_NOT_SENT;
    }

    /**
     * Why these CAs do not accept a chain; empty if they do.
     *
     * @throws TrustStore.RejectedCertificateException for a revoked certificate, even if other CAs would accept it
     */
    private Optional<TrustStore.RejectedCertificateException> rejection(CaSet cas, X509Certificate[] chain, Check check)
            throws TrustStore.RejectedCertificateException {
        List<X509Certificate> path = CertificatePath.of(chain, cas.certificates());
        boolean hasPath = !path.isEmpty();
        if (hasPath) {
            Optional<String> weakness = CertificateStrength.weakness(path);
            if (weakness.isPresent()) {
                return Optional.of(
                        new TrustStore.RejectedCertificateException(Tls.CERTIFICATE_WEAK, chain[0], weakness.get()));
            }
            requireNotRevoked(path, added.isPresent() && added.get() == cas);
        }
        try {
            check.by(cas.manager());
        } catch (CertificateException e) {
            Tls tls = ExceptionMapper.tls(e);
            if (tls == Tls.CERTIFICATE_UNTRUSTED && CertificatePath.isCaMissing(chain)) {
                return Optional.of(new TrustStore.RejectedCertificateException(
                        Tls.CA_NOT_SENT, chain[0], ExceptionMapper.reason(e) + CertificatePath.caLocation(chain[0])));
            }
            return Optional.of(new TrustStore.RejectedCertificateException(tls, chain[0], ExceptionMapper.reason(e)));
        }
        return hasPath
                ? Optional.empty()
                : Optional.of(new TrustStore.RejectedCertificateException(
                        Tls.CERTIFICATE_UNTRUSTED,
                        chain[0],
                        "its certificate is not from a CA that is trusted here (no path)"));
    }

    private void requireNotRevoked(List<X509Certificate> path, boolean isOfDirectory)
            throws TrustStore.RejectedCertificateException {
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
                throw new TrustStore.RejectedCertificateException(
                        Tls.CERTIFICATE_REVOKED,
                        path.get(0),
                        (i == 0
                                        ? "its certificate"
                                        : "the certificate of its CA "
                                                + TrustStore.name(certificate.getSubjectX500Principal()))
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
            if (store.isEmpty()) {
                throw new CertificateException("no certificate is believed by default");
            }
            try {
                cached = store.get().system(chain);
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
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        String host = socket instanceof SSLSocket tls && tls.getHandshakeSession() != null
                ? tls.getHandshakeSession().getPeerHost()
                : null;
        check(chain, host, new SocketCheck(chain, type, socket));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
        check(chain, engine.getPeerHost(), manager -> manager.checkServerTrusted(chain, type, engine));
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
        check(chain, null, manager -> manager.checkServerTrusted(chain, type));
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) throws CertificateException {
        throw new CertificateException("this program accepts no connections");
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) throws CertificateException {
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

    /** A set of CAs, and the JDK's trust manager for them. */
    record CaSet(Collection<X509Certificate> certificates, X509ExtendedTrustManager manager) {
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

    /** The system's bundle has no certificates, or none of those that were looked up. */
    static final class EmptyBundleException extends CertificateException {
        private static final long serialVersionUID = 1L;

        EmptyBundleException(Path bundle) {
            super("the system's bundle of CAs, " + bundle + ", holds no certificate");
        }
    }
}
