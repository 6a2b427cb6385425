package org.opensciencegrid.tokenrenewer.net;

import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.PSSParameterSpec;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.Locale;
import java.util.Optional;
import javax.security.auth.x500.X500Principal;

/**
 * A certificate revocation list (RFC 5280 section 5) from a file, DER or PEM. It is parsed in place: the JDK's class
 * creates ten objects for each entry, which takes 60 MB and one second for a list of 4 MB.
 *
 * @param signedPart the signed part
 * @param revoked the entries, if there are any
 */
record Crl(
        Path file,
        X500Principal issuer,
        Instant thisUpdate,
        Optional<Instant> nextUpdate,
        Der signedPart,
        Optional<Der> revoked,
        Optional<Der> extensions) {
    private static final int MAX_BYTES = 64 << 20;
    private static final int HEADER_BYTES = 8 << 10;
    private static final String BEGIN = "-----BEGIN X509 CRL-----";
    private static final String END = "-----END X509 CRL-----";
    private static final int UTC_TIME = 0x17;
    private static final int GENERALIZED_TIME = 0x18;
    private static final int EXTENSIONS = 0xa0;
    private static final byte[] DELTA_CRL_INDICATOR = {0x55, 0x1d, 0x1b};
    private static final int CRL_SIGN = 6;
    private static final String RSASSA_PSS = "1.2.840.113549.1.1.10";

    /**
     * The issuer of the list in a file, of which only the start is read; empty if the file is not a revocation list.
     */
    static Optional<X500Principal> issuer(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            Der signedPart = Der.at(der(in.readNBytes(HEADER_BYTES)), 0)
                    .require(Der.SEQUENCE)
                    .first();
            return Optional.of(new X500Principal(name(signedPart).encoded()));
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    /** @throws IllegalArgumentException if the file is not a revocation list */
    static Crl read(Path file) throws IOException {
        if (Files.size(file) > MAX_BYTES) {
            throw new IllegalArgumentException("it is longer than " + MAX_BYTES + " bytes");
        }
        byte[] bytes = der(Files.readAllBytes(file));
        Der whole = Der.at(bytes, 0).require(Der.SEQUENCE);
        if (whole.end() > bytes.length) {
            throw new IllegalArgumentException("it ends too early");
        }
        Der signedPart = whole.first().require(Der.SEQUENCE);
        Der name = name(signedPart);
        Der thisUpdate = name.next();
        Optional<Der> nextUpdate = after(thisUpdate, signedPart).filter(Crl::isTime);
        Optional<Der> revoked =
                after(nextUpdate.orElse(thisUpdate), signedPart).filter(next -> next.tag() == Der.SEQUENCE);
        Optional<Der> extensions = after(revoked.or(() -> nextUpdate).orElse(thisUpdate), signedPart)
                .filter(next -> next.tag() == EXTENSIONS)
                .map(Der::first);
        return new Crl(
                file,
                new X500Principal(name.encoded()),
                time(thisUpdate),
                nextUpdate.map(Crl::time),
                signedPart,
                revoked,
                extensions);
    }

    /** Whether this CA signed the list and the list is complete. A delta CRL is not. */
    boolean isSignedAndComplete(X509Certificate ca) {
        boolean[] usage = ca.getKeyUsage();
        return issuer.equals(ca.getSubjectX500Principal())
                && (usage == null || usage[CRL_SIGN])
                && !isDelta()
                && isSignedBy(ca);
    }

    private boolean isSignedBy(X509Certificate ca) {
        try {
            Der algorithm = signedPart.next().require(Der.SEQUENCE);
            Der bits = algorithm.next().require(Der.BIT_STRING);
            Der oid = algorithm.first().require(Der.OBJECT);
            Signature signature = Signature.getInstance(dottedOid(oid));
            if (dottedOid(oid).equals(RSASSA_PSS)) {
                AlgorithmParameters parameters = AlgorithmParameters.getInstance("RSASSA-PSS");
                parameters.init(oid.next().encoded());
                signature.setParameter(parameters.getParameterSpec(PSSParameterSpec.class));
            }
            signature.initVerify(ca.getPublicKey());
            signature.update(signedPart.bytes(), signedPart.from(), signedPart.end() - signedPart.from());
            return signature.verify(signedPart.bytes(), bits.content() + 1, bits.end() - bits.content() - 1);
        } catch (GeneralSecurityException | IOException | IllegalArgumentException e) {
            return false;
        }
    }

    private boolean isDelta() {
        if (extensions.isPresent()) {
            for (Der extension : extensions.get().children()) {
                if (extension.first().hasContent(DELTA_CRL_INDICATOR)) {
                    return true;
                }
            }
        }
        return false;
    }

    /**
     * When a certificate of this CA was revoked; empty if it was not.
     *
     * @throws IllegalArgumentException if the list is malformed
     */
    Optional<Instant> revocation(BigInteger serial) {
        if (revoked.isPresent()) {
            byte[] serialBytes = serial.toByteArray();
            for (Der entry : revoked.get().children()) {
                Der number = entry.require(Der.SEQUENCE).first();
                if (number.hasContent(serialBytes)) {
                    return Optional.of(isTime(number.next()) ? time(number.next()) : thisUpdate);
                }
            }
        }
        return Optional.empty();
    }

    private static Der name(Der signedPart) {
        Der first = signedPart.require(Der.SEQUENCE).first();
        Der algorithm = first.tag() == Der.INTEGER ? first.next() : first; // the version is optional
        return algorithm.require(Der.SEQUENCE).next().require(Der.SEQUENCE);
    }

    private static Optional<Der> after(Der value, Der whole) {
        return value.hasNext(whole) ? Optional.of(value.next()) : Optional.empty();
    }

    private static boolean isTime(Der value) {
        return value.tag() == UTC_TIME || value.tag() == GENERALIZED_TIME;
    }

    private static Instant time(Der value) {
        String text = new String(value.value(), StandardCharsets.US_ASCII);
        // RFC 5280 section 4.1.2.5.1: years below 50 are in this century.
        String century = value.tag() == GENERALIZED_TIME ? "" : text.compareTo("50") < 0 ? "20" : "19";
        try {
            return LocalDateTime.parse(century + text, DateTimeFormatter.ofPattern("uuuuMMddHHmmss'Z'", Locale.ROOT))
                    .toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw new IllegalArgumentException("it has no time where one must be", e);
        }
    }

    private static String dottedOid(Der oid) {
        byte[] content = oid.value();
        StringBuilder dottedOid = new StringBuilder();
        long number = 0;
        for (int i = 0; i < content.length; i++) {
            number = number << 7 | content[i] & 0x7f;
            if (content[i] >= 0) {
                dottedOid.append(
                        dottedOid.isEmpty()
                                ? Math.min(number / 40, 2) + "." + (number - Math.min(number / 40, 2) * 40)
                                : "." + number);
                number = 0;
            }
        }
        return dottedOid.toString();
    }

    private static byte[] der(byte[] file) {
        String text = new String(file, StandardCharsets.ISO_8859_1);
        int begin = text.indexOf(BEGIN);
        if (begin < 0) {
            return file;
        }
        int end = text.indexOf(END, begin);
        String body = text.substring(begin + BEGIN.length(), end < 0 ? text.length() : end);
        String base64 = body.replaceAll("[\\x00- ]+", "");
        return Base64.getDecoder().decode(base64.substring(0, base64.length() - base64.length() % 4));
    }
}
