package org.opensciencegrid.tokenrenewer.net;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Finds the path of signatures in the chain that a server sends. The JDK validates a chain but does not return its
 * path.
 */
final class CertificatePath {
    private static final String CA_ISSUERS = "1.3.6.1.5.5.7.1.1";
    private static final byte[] ID_CA_ISSUERS = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x02};
    private static final int URI = 0x86;

    private CertificatePath() {}

    /** The path from the server's certificate to a trusted one, each signed by the next; empty if there is none. */
    static List<X509Certificate> of(X509Certificate[] chain, Collection<X509Certificate> trusted) {
        List<X509Certificate> path = new ArrayList<>();
        return search(path, chain[0], chain, trusted) ? path : List.of();
    }

    private static boolean search(
            List<X509Certificate> path,
            X509Certificate certificate,
            X509Certificate[] chain,
            Collection<X509Certificate> trusted) {
        path.add(certificate);
        if (trusted.contains(certificate)) {
            return true;
        }
        for (X509Certificate ca : trusted) {
            if (isSigned(certificate, ca)) {
                path.add(ca);
                return true;
            }
        }
        for (X509Certificate ca : chain) {
            if (!path.contains(ca) && isSigned(certificate, ca) && search(path, ca, chain, trusted)) {
                return true;
            }
        }
        path.remove(path.size() - 1);
        return false;
    }

    private static boolean isSigned(X509Certificate certificate, X509Certificate ca) {
        if (!certificate.getIssuerX500Principal().equals(ca.getSubjectX500Principal())) {
            return false;
        }
        try {
            certificate.verify(ca.getPublicKey());
            return true;
        } catch (GeneralSecurityException e) {
            return false;
        }
    }

    /** Whether the server omitted the CA certificate that signed its own certificate. */
    static boolean isCaMissing(X509Certificate[] chain) {
        for (X509Certificate each : chain) {
            if (isSigned(chain[0], each)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Where the certificate says that its CA certificate can be downloaded (RFC 5280 section 4.2.2.1), as the end of a
     * sentence.
     */
    static String caLocation(X509Certificate certificate) {
        String missing = "; the server does not send the certificate of the CA that signed it";
        byte[] extension = certificate.getExtensionValue(CA_ISSUERS);
        if (extension == null) {
            return missing;
        }
        try {
            for (Der description :
                    Der.at(extension, 0).first().require(Der.SEQUENCE).children()) {
                Der method = description.require(Der.SEQUENCE).first();
                if (method.hasContent(ID_CA_ISSUERS) && method.next().tag() == URI) {
                    return missing + ", which is at "
                            + Printable.of(new String(method.next().value(), StandardCharsets.ISO_8859_1), 200);
                }
            }
        } catch (IllegalArgumentException e) {
            // The extension is malformed.
        }
        return missing;
    }
}
