package org.opensciencegrid.tokenrenewer.net;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/** The system's CAs in one PEM file (RFC 7468). Only the CAs that are requested by name are parsed. */
record PemBundle(String pem) {
    private static final String BEGIN = "-----BEGIN CERTIFICATE-----";
    private static final String END = "-----END CERTIFICATE-----";

    static PemBundle read(Path file) throws IOException {
        return new PemBundle(Files.readString(file, StandardCharsets.ISO_8859_1));
    }

    /** The CAs whose DER contains the name of an issuer in the chain; may be empty. */
    List<Certificate> issuers(X509Certificate[] chain) throws CertificateException {
        List<String> names = new ArrayList<>();
        for (X509Certificate certificate : chain) {
            names.add(latin1(certificate.getIssuerX500Principal().getEncoded()));
        }
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        List<Certificate> issuers = new ArrayList<>();
        for (int begin = pem.indexOf(BEGIN); begin >= 0; begin = pem.indexOf(BEGIN, begin + 1)) {
            int end = pem.indexOf(END, begin);
            if (end < 0) {
                break;
            }
            byte[] der = decoded(pem.substring(begin + BEGIN.length(), end));
            if (containsAny(latin1(der), names)) {
                issuers.add(factory.generateCertificate(new ByteArrayInputStream(der)));
            }
        }
        return issuers;
    }

    private static boolean containsAny(String text, List<String> parts) {
        for (String part : parts) {
            if (text.contains(part)) {
                return true;
            }
        }
        return false;
    }

    private static byte[] decoded(String base64) {
        try {
            return Base64.getMimeDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            return new byte[0]; // one of many certificates; ignore it
        }
    }

    /** One character for each byte, because the JDK can only search in texts. */
    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
