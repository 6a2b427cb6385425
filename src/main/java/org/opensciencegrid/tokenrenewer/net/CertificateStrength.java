package org.opensciencegrid.tokenrenewer.net;

import java.io.IOException;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.interfaces.DSAKey;
import java.security.interfaces.ECKey;
import java.security.interfaces.RSAKey;
import java.security.spec.PSSParameterSpec;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The minimum strength of a certificate on every machine, regardless of its java.security: RSA with 2048 bits, elliptic
 * curves with 256 bits, and signatures with SHA-2 or better. The signature of the trusted CA itself is not checked.
 */
final class CertificateStrength {
    private static final Pattern BROKEN_HASH = Pattern.compile("MD[245]|SHA-?1(?!\\d)|NONE");

    private CertificateStrength() {}

    /** @param path from the server's certificate to the trusted one */
    static Optional<String> weakness(List<X509Certificate> path) {
        for (int i = 0; i < path.size(); i++) {
            X509Certificate certificate = path.get(i);
            String which = i == 0
                    ? "its certificate"
                    : "the certificate of its CA " + TrustStore.name(certificate.getSubjectX500Principal());
            Optional<String> key = weakKey(certificate.getPublicKey());
            if (key.isPresent()) {
                return Optional.of(which + " is too weak: it has a key of " + key.get());
            }
            String signature = signature(certificate);
            boolean isTrusted = i == path.size() - 1;
            if (!isTrusted
                    && BROKEN_HASH.matcher(signature.toUpperCase(Locale.ROOT)).find()) {
                return Optional.of(which + " is too weak: it is signed with " + signature);
            }
        }
        return Optional.empty();
    }

    private static Optional<String> weakKey(PublicKey key) {
        if (key instanceof RSAKey rsa) {
            return tooShort("RSA", rsa.getModulus().bitLength(), 2048);
        }
        if (key instanceof ECKey ec) {
            return tooShort("EC", ec.getParams().getOrder().bitLength(), 256);
        }
        if (key instanceof DSAKey dsa) {
            return tooShort(
                    "DSA", dsa.getParams() == null ? 0 : dsa.getParams().getP().bitLength(), 2048);
        }
        return Optional.empty();
    }

    private static Optional<String> tooShort(String algorithm, int bits, int least) {
        return bits < least
                ? Optional.of(bits + " bits (" + algorithm + ", " + least + " are needed)")
                : Optional.empty();
    }

    /** The algorithm, including the hash if its name does not contain it. */
    private static String signature(X509Certificate certificate) {
        String name = certificate.getSigAlgName();
        if (!name.equals("RSASSA-PSS")) {
            return name;
        }
        try {
            AlgorithmParameters parameters = AlgorithmParameters.getInstance(name);
            parameters.init(certificate.getSigAlgParams());
            PSSParameterSpec pss = parameters.getParameterSpec(PSSParameterSpec.class);
            return pss.getDigestAlgorithm() + "with" + name;
        } catch (GeneralSecurityException | IOException e) {
            return name + " with NONE"; // the JDK could not verify it either
        }
    }
}
