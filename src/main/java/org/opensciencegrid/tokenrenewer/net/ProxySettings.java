package org.opensciencegrid.tokenrenewer.net;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Which requests go through a proxy: {@code HTTPS_PROXY} and {@code NO_PROXY}, in upper or lower case, like curl;
 * {@code ALL_PROXY} if there is no {@code HTTPS_PROXY}. TLS with the issuer goes through the proxy's tunnel, so the
 * proxy only sees host names.
 *
 * @param noProxy entries of {@code NO_PROXY}, in lower case
 */
public record ProxySettings(Optional<Proxy> proxy, List<String> noProxy) {
    /** Connects to every host directly. */
    public static final ProxySettings NONE = new ProxySettings(Optional.empty(), List.of());

    /**
     * A proxy.
     *
     * @param isTls whether to use TLS with the proxy itself
     * @param credentials user name and password for Basic authentication, encoded
     * @param source where the proxy is configured: a variable or an option
     */
    record Proxy(String host, int port, boolean isTls, Optional<Secret> credentials, String source) {
        /** The name for messages. */
        @Override
        public String toString() {
            return "the proxy " + host + ":" + port + " of " + source;
        }
    }

    /**
     * @param variable reads an environment variable
     * @throws IllegalArgumentException if HTTPS_PROXY is not a proxy URL; the message does not contain the value,
     *     because it may include a password
     */
    public static ProxySettings of(Function<String, Optional<String>> variable) {
        Optional<String> url = eitherCase("https_proxy", variable);
        String noProxy = eitherCase("no_proxy", variable).orElse("");
        if (url.isPresent()) {
            return of("HTTPS_PROXY", url.get(), noProxy);
        }
        Optional<String> all = eitherCase("all_proxy", variable);
        // Desktops set ALL_PROXY to a SOCKS proxy, which this program does not support.
        if (all.isEmpty() || all.get().toLowerCase(Locale.ROOT).startsWith("socks")) {
            return NONE;
        }
        return of("ALL_PROXY", all.get(), noProxy);
    }

    /**
     * @param source where the proxy is configured, for messages
     * @param url of the proxy
     * @param noProxy hosts to connect to directly, as in {@code NO_PROXY}
     * @throws IllegalArgumentException if the URL is not a proxy URL; the message contains no part of it
     */
    public static ProxySettings of(String source, String url, String noProxy) {
        List<String> hosts = Arrays.stream(noProxy.toLowerCase(Locale.ROOT).split("[,\\s]+"))
                .filter(word -> !word.isEmpty())
                .toList();
        return new ProxySettings(Optional.of(proxy(source, url)), hosts);
    }

    private static Optional<String> eitherCase(String name, Function<String, Optional<String>> variable) {
        Optional<String> value = variable.apply(name);
        if (value.isEmpty()) {
            value = variable.apply(name.toUpperCase(Locale.ROOT));
        }
        String text = value.orElse("").strip();
        return text.isEmpty() ? Optional.empty() : Optional.of(text);
    }

    private static Proxy proxy(String source, String url) {
        try {
            URI uri = new URI(url.contains("://") ? url : "http://" + url);
            boolean isTls = "https".equalsIgnoreCase(uri.getScheme());
            boolean isProxy = isTls || "http".equalsIgnoreCase(uri.getScheme());
            if (isProxy && HostNames.of(uri).isPresent()) {
                int port = HostNames.port(uri);
                return new Proxy(
                        HostNames.of(uri).get(), port < 0 ? (isTls ? 443 : 80) : port, isTls, credentials(uri), source);
            }
        } catch (URISyntaxException | IllegalArgumentException e) {
            // reported below
        }
        throw new IllegalArgumentException(source
                + " must be http://HOST:PORT or https://HOST:PORT, or the same with USER:PASSWORD@ before HOST; write"
                + " special characters of the password as %XX (%%XX in a systemd unit); unset it to connect directly");
    }

    private static Optional<Secret> credentials(URI uri) {
        return Optional.ofNullable(uri.getRawUserInfo())
                .map(info -> URLDecoder.decode(info.replace("+", "%2B"), StandardCharsets.UTF_8))
                .map(info -> info.contains(":") ? info : info + ":")
                .map(info -> Secret.of(Base64.getEncoder().encodeToString(info.getBytes(StandardCharsets.UTF_8))));
    }

    /** The URL of the proxy for a host, without user name and password; empty if there is none. */
    public Optional<String> address(URI uri) {
        return proxy(uri)
                .map(candidate ->
                        (candidate.isTls() ? "https://" : "http://") + candidate.host() + ":" + candidate.port());
    }

    /** Whether the proxy needs a user name and a password. */
    public boolean hasPassword() {
        return proxy.flatMap(Proxy::credentials).isPresent();
    }

    /** The proxy for a request. Never used for this machine. */
    Optional<Proxy> proxy(URI uri) {
        String host = HostNames.name(uri);
        if (proxy.isEmpty() || Transport.isLoopback(host)) {
            return Optional.empty();
        }
        for (String entry : noProxy) {
            if (matches(entry, host, uri)) {
                return Optional.empty();
            }
        }
        return proxy;
    }

    /**
     * Whether an entry of no_proxy includes a host. An entry is {@code *}, a host, or a domain with all its subdomains
     * (with or without a leading dot or {@code *.}), each with or without a port. For an address it is the address or
     * its network, such as 192.0.2.0/24.
     */
    private static boolean matches(String entry, String host, URI uri) {
        if (entry.equals("*")) {
            return true;
        }
        int port = HostNames.port(uri) < 0 ? 443 : HostNames.port(uri);
        String name =
                entry.endsWith(":" + port) && !isAddress(entry) ? entry.substring(0, entry.lastIndexOf(':')) : entry;
        if (isAddress(host)) {
            return isIn(HostNames.bare(name), HostNames.bare(host));
        }
        String domain = HostNames.withoutDot(name.replaceFirst("^\\*?\\.", ""));
        return !domain.isEmpty() && (host.equals(domain) || host.endsWith("." + domain));
    }

    private static boolean isAddress(String host) {
        String bare = HostNames.bare(host);
        return bare.matches("[0-9.]+") || bare.matches("[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*");
    }

    /** Whether the network, or the single address, includes the address. */
    private static boolean isIn(String network, String address) {
        String[] parts = network.split("/", 2);
        if (!isAddress(parts[0]) || parts.length > 1 && !parts[1].matches("\\d{1,3}")) {
            return false;
        }
        try { // the texts are addresses, so this does not look up a name
            byte[] one = InetAddress.getByName(HostNames.bare(parts[0])).getAddress();
            byte[] other = InetAddress.getByName(address).getAddress();
            int bits = parts.length > 1 ? Integer.parseInt(parts[1]) : one.length * 8;
            int shift = one.length * 8 - bits;
            return one.length == other.length
                    && shift >= 0
                    && new BigInteger(1, one).shiftRight(shift).equals(new BigInteger(1, other).shiftRight(shift));
        } catch (UnknownHostException e) {
            return false;
        }
    }
}
