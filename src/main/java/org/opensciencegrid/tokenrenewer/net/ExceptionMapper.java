package org.opensciencegrid.tokenrenewer.net;

import org.opensciencegrid.tokenrenewer.net.IssuerException.Tls;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Explains exceptions of the JDK's network classes to an operator. */
final class ExceptionMapper {
    private ExceptionMapper() {}

    /** The innermost reason: the cause of a TLS failure is clearer than "PKIX path building failed" around it. */
    static String reason(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null && root.getCause() != root && !(root instanceof TrustStore.Refused)) {
            root = root.getCause();
        }
        if (root instanceof TrustStore.Refused) {
            return root.getMessage(); // already has the text of this method
        }
        if (root instanceof java.net.UnknownHostException) {
            return "the host name is not known";
        }
        if (root instanceof java.nio.file.NoSuchFileException) {
            return "no such file";
        }
        if (root instanceof java.nio.file.AccessDeniedException) {
            return "permission denied";
        }
        String message = root.getMessage();
        String text = Printable.of(
                message == null || message.isBlank() ? root.getClass().getSimpleName() : message);
        if (root instanceof java.net.ConnectException) {
            return text.replace(" (connect failed)", ""); // only some updates of the JDK add it
        }
        if (root instanceof java.security.cert.CertificateExpiredException) {
            return "its certificate has expired (" + text + ")";
        }
        if (root instanceof java.security.cert.CertificateNotYetValidException) {
            return "its certificate is not valid yet (" + text + ")";
        }
        if (isOfPolicy(root)) {
            return "the crypto policy of this machine refuses what the server offers (" + text + ")";
        }
        if (root instanceof java.security.cert.CertPathBuilderException
                || root instanceof java.security.cert.CertPathValidatorException) {
            return "its certificate is not from a CA that is trusted here (" + text + ")";
        }
        return text;
    }

    /** Why TLS failed. */
    static Tls tls(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null && root.getCause() != root && !(root instanceof TrustStore.Refused)) {
            root = root.getCause();
        }
        if (root instanceof TrustStore.Refused refused) {
            return refused.why();
        }
        if (root instanceof java.security.cert.CertificateExpiredException) {
            return Tls.CERTIFICATE_EXPIRED;
        }
        if (root instanceof java.security.cert.CertificateNotYetValidException) {
            return Tls.CERTIFICATE_NOT_YET_VALID;
        }
        if (root instanceof javax.net.ssl.SSLPeerUnverifiedException) {
            return Tls.CERTIFICATE_OF_OTHER_HOST;
        }
        if (isOfPolicy(root)) {
            return Tls.CRYPTO_POLICY;
        }
        return root instanceof java.security.cert.CertPathBuilderException
                        || root instanceof java.security.cert.CertPathValidatorException
                ? Tls.CERTIFICATE_UNTRUSTED
                : Tls.OTHER;
    }

    /** Whether java.security forbids it. A distribution's crypto policy sets java.security. */
    private static boolean isOfPolicy(Throwable root) {
        boolean isOfCertificate = root instanceof java.security.cert.CertPathValidatorException path
                && path.getReason() == java.security.cert.CertPathValidatorException.BasicReason.ALGORITHM_CONSTRAINED;
        boolean isOfProtocol = root instanceof javax.net.ssl.SSLHandshakeException
                && root.getMessage() != null
                && root.getMessage().contains("appropriate protocol");
        return isOfCertificate || isOfProtocol;
    }
}
