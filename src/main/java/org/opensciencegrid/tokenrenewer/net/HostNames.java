package org.opensciencegrid.tokenrenewer.net;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Tls;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** The host of a URL, and whether a certificate is valid for it. */
public final class HostNames {
    /** Compiled when first used, because an ordinary run needs none. */
    private static final class Patterns {
        /** java.net.URI does not recognize a host with an underscore. */
        static final Pattern WITH_UNDERSCORE = Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*)(?::(\\d{1,5}))?");

        static final Pattern FULL_NAME = Pattern.compile(
                "([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]");
    }

    private static final int MAX_NAME = 253;

    private static final int DNS_NAME = 2;
    private static final int IP_ADDRESS = 7;

    private HostNames() {}

    /** The host as written in the URL: an IPv6 address has brackets. */
    static Optional<String> of(URI uri) {
        return uri.getHost() != null
                ? Optional.of(uri.getHost())
                : underscored(uri).map(matcher -> matcher.group(1));
    }

    /** The host for comparisons: in lower case and without a trailing dot; empty if there is none. */
    public static String name(URI uri) {
        return withoutDot(of(uri).orElse("").toLowerCase(Locale.ROOT));
    }

    /** The full name of this machine; empty if it has none, only a short one. */
    public static Optional<String> ofThisMachine() {
        try {
            String name = InetAddress.getLocalHost().getCanonicalHostName().toLowerCase(Locale.ROOT);
            return Optional.of(withoutDot(name)).filter(HostNames::isFull);
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }

    /** Whether it is a name with a domain, and no address. */
    public static boolean isFull(String name) {
        return name.length() <= MAX_NAME
                && Patterns.FULL_NAME.matcher(name).matches()
                && !name.startsWith("localhost.");
    }

    static String withoutDot(String name) {
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }

    /** An IPv6 address without its brackets. */
    static String bare(String host) {
        return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    }

    /** -1 if the URL has no port. */
    static int port(URI uri) {
        return uri.getHost() != null
                ? uri.getPort()
                : underscored(uri)
                        .map(matcher -> matcher.group(2))
                        .map(Integer::parseInt)
                        .orElse(-1);
    }

    private static Optional<Matcher> underscored(URI uri) {
        return Optional.ofNullable(uri.getRawAuthority())
                .filter(authority -> authority.contains("_"))
                .map(Patterns.WITH_UNDERSCORE::matcher)
                .filter(Matcher::matches);
    }

    /**
     * Whether the subject alternative names of a certificate include the host (RFC 9525): the name itself, or a
     * wildcard for its first label followed by at least two labels.
     *
     * @param address the bytes of the host if it is an address; then only addresses are compared
     */
    static boolean isFor(X509Certificate certificate, String host, Optional<byte[]> address) {
        for (List<?> name : alternativeNames(certificate)) {
            int type = (Integer) name.get(0);
            boolean isHost = address.isEmpty()
                    ? type == DNS_NAME && isFor((String) name.get(1), host)
                    : type == IP_ADDRESS && isAddress((String) name.get(1), address.get());
            if (isHost) {
                return true;
            }
        }
        return false;
    }

    /**
     * The same check before a CA is needed, because the message can say more then. Connector checks again, because a
     * resumed session skips this check.
     *
     * @param host null if the connection does not know it; addresses are only checked by Connector
     */
    static void require(X509Certificate certificate, @Nullable String host)
            throws TrustStore.RejectedCertificateException {
        if (host == null || host.indexOf(':') >= 0 || host.matches("[\\d.]+")) {
            return;
        }
        if (!isFor(certificate, withoutDot(host.toLowerCase(Locale.ROOT)), Optional.empty())) {
            boolean isNamed = alternativeNames(certificate).stream()
                    .anyMatch(name -> name.get(0).equals(DNS_NAME));
            throw new TrustStore.RejectedCertificateException(
                    Tls.CERTIFICATE_OF_OTHER_HOST,
                    certificate,
                    "the certificate is not for " + Printable.of(host)
                            + (isNamed ? "" : " (it names no host in a subjectAltName)"));
        }
    }

    private static Collection<List<?>> alternativeNames(X509Certificate certificate) {
        try {
            Collection<List<?>> names = certificate.getSubjectAlternativeNames();
            return names == null ? List.of() : names;
        } catch (CertificateParsingException e) {
            return List.of();
        }
    }

    private static boolean isFor(String pattern, String host) {
        String name = withoutDot(pattern.toLowerCase(Locale.ROOT));
        int dot = host.indexOf('.');
        return name.equals(host)
                || name.startsWith("*.")
                        && dot > 0
                        && host.indexOf('.', dot + 1) > 0
                        && name.substring(1).equals(host.substring(dot));
    }

    private static boolean isAddress(String text, byte[] address) {
        try { // the text is an address, so this does not look up a name
            return java.util.Arrays.equals(java.net.InetAddress.getByName(text).getAddress(), address);
        } catch (java.net.UnknownHostException e) {
            return false;
        }
    }
}
