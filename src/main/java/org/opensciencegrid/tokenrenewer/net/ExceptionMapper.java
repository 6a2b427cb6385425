package org.opensciencegrid.tokenrenewer.net;

import java.net.ConnectException;
import java.net.UnknownHostException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Tls;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Explains exceptions of the JDK's network classes to an operator. */
final class ExceptionMapper {
    private ExceptionMapper() {}

    /** The innermost reason: the cause of a TLS failure is clearer than "PKIX path building failed" around it. */
    static String reason(Throwable e) {
        Throwable root = root(e);
        if (root instanceof TrustStore.RejectedCertificateException) {
            return root.getMessage(); // already has the text of this method
        }
        if (root instanceof UnknownHostException) {
            return "the host name is not known";
        }
        if (root instanceof NoSuchFileException) {
            return "no such file";
        }
        if (root instanceof AccessDeniedException) {
            return "permission denied";
        }
        String message = root.getMessage();
        String text = Printable.of(
                message == null || message.isBlank() ? root.getClass().getSimpleName() : message);
        if (root instanceof ConnectException) {
            return text.replace(" (connect failed)", ""); // only some updates of the JDK add it
        }
        if (root instanceof CertificateExpiredException) {
            return "its certificate has expired (" + text + ")";
        }
        if (root instanceof CertificateNotYetValidException) {
            return "its certificate is not valid yet (" + text + ")";
        }
        if (isOfPolicy(root)) {
            return "the crypto policy of this machine refuses what the server offers (" + text + ")";
        }
        if (root instanceof CertPathBuilderException || root instanceof CertPathValidatorException) {
            return "its certificate is not from a CA that is trusted here (" + text + ")";
        }
        return text;
    }

    private static Throwable root(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null
                && root.getCause() != root
                && !(root instanceof TrustStore.RejectedCertificateException)) {
            root = root.getCause();
        }
        return root;
    }

    /** Whether TLS failed because of the server's certificate. */
    static boolean isCertificate(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof CertificateException || cause instanceof SSLPeerUnverifiedException) {
                return true;
            }
        }
        return false;
    }

    /** Why TLS failed. */
    static Tls tls(Throwable e) {
        Throwable root = root(e);
        if (root instanceof TrustStore.RejectedCertificateException rejected) {
            return rejected.tls();
        }
        if (root instanceof CertificateExpiredException) {
            return Tls.CERTIFICATE_EXPIRED;
        }
        if (root instanceof CertificateNotYetValidException) {
            return Tls.CERTIFICATE_NOT_YET_VALID;
        }
        if (root instanceof SSLPeerUnverifiedException) {
            return Tls.CERTIFICATE_OF_OTHER_HOST;
        }
        if (isOfPolicy(root)) {
            return Tls.CRYPTO_POLICY;
        }
        return root instanceof CertPathBuilderException || root instanceof CertPathValidatorException
                ? Tls.CERTIFICATE_UNTRUSTED
                : Tls.OTHER;
    }

    /** Whether java.security forbids it. A distribution's crypto policy sets java.security. */
    private static boolean isOfPolicy(Throwable root) {
        boolean isOfCertificate = root instanceof CertPathValidatorException path
                && path.getReason() == CertPathValidatorException.BasicReason.ALGORITHM_CONSTRAINED;
        boolean isOfProtocol = root instanceof SSLHandshakeException
                && root.getMessage() != null
                && root.getMessage().contains("appropriate protocol");
        return isOfCertificate || isOfProtocol;
    }
}
