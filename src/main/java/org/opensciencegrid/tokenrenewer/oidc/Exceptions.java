package org.opensciencegrid.tokenrenewer.oidc;

import org.opensciencegrid.tokenrenewer.text.Printable;

/** What an exception of the JDK's network classes means, in words an operator can use. */
final class Exceptions {
    private Exceptions() {}

    /** The innermost reason: a TLS failure is told by its cause, not by "PKIX path building failed" around it. */
    static String reason(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null && root.getCause() != root && !(root instanceof Trust.Refused)) {
            root = root.getCause();
        }
        if (root instanceof Trust.Refused) {
            return root.getMessage(); // made of this method's words already
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
        if (root instanceof java.security.cert.CertificateExpiredException) {
            return "its certificate has expired (" + text + ")";
        }
        if (root instanceof java.security.cert.CertificateNotYetValidException) {
            return "its certificate is not valid yet (" + text + ")";
        }
        if (root instanceof java.security.cert.CertPathBuilderException
                || root instanceof java.security.cert.CertPathValidatorException) {
            return "its certificate is not from a CA that is trusted here (" + text + ")";
        }
        return text;
    }
}
