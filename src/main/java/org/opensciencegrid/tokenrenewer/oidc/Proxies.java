package org.opensciencegrid.tokenrenewer.oidc;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;

/**
 * Which requests go through a proxy: {@code HTTPS_PROXY} and {@code NO_PROXY}, in upper or lower case, as curl reads them.
 * TLS is spoken with the issuer through the proxy's tunnel, so the proxy sees host names only.
 */
public final class Proxies {
    /** Every host is reached directly. */
    public static final Proxies NONE = new Proxies(Optional.empty(), List.of());

    private final Optional<InetSocketAddress> proxy;
    private final List<String> direct;

    private Proxies(Optional<InetSocketAddress> proxy, List<String> direct) {
        this.proxy = proxy;
        this.direct = direct;
    }

    /**
     * @param variable reads an environment variable
     * @throws IllegalArgumentException when HTTPS_PROXY is not the URL of a plain proxy; the message holds no value, as one
     *     with a password in it is among them
     */
    public static Proxies of(Function<String, Optional<String>> variable) {
        Optional<String> url = eitherCase("https_proxy", variable);
        if (url.isEmpty()) {
            return NONE;
        }
        List<String> direct = eitherCase("no_proxy", variable)
                .map(list -> Arrays.stream(list.toLowerCase(Locale.ROOT).split("[,\\s]+"))
                        .filter(word -> !word.isEmpty())
                        .toList())
                .orElse(List.of());
        return new Proxies(Optional.of(address(url.get())), direct);
    }

    private static Optional<String> eitherCase(String name, Function<String, Optional<String>> variable) {
        return variable.apply(name)
                .or(() -> variable.apply(name.toUpperCase(Locale.ROOT)))
                .map(String::strip)
                .filter(value -> !value.isEmpty());
    }

    private static InetSocketAddress address(String url) {
        try {
            URI uri = new URI(url.contains("://") ? url : "http://" + url);
            boolean isPlain = "http".equalsIgnoreCase(uri.getScheme()) && uri.getHost() != null;
            if (isPlain && uri.getRawUserInfo() == null) {
                return InetSocketAddress.createUnresolved(uri.getHost(), uri.getPort() < 0 ? 80 : uri.getPort());
            }
        } catch (URISyntaxException e) {
            // said below
        }
        throw new IllegalArgumentException(
                "HTTPS_PROXY must be http://HOST:PORT, without user name and password; unset it to connect directly");
    }

    /** How to reach the host of a request. This machine is never asked of a proxy. */
    Proxy proxy(URI uri) {
        boolean isDirect = proxy.isEmpty()
                || Transport.isLoopback(uri.getHost())
                || direct.stream().anyMatch(entry -> covers(entry, uri));
        return isDirect
                ? Proxy.NO_PROXY
                : new Proxy(
                        Proxy.Type.HTTP,
                        new InetSocketAddress(
                                proxy.get().getHostString(), proxy.get().getPort()));
    }

    /** {@code *}, a host, a domain with all below it (with or without a leading dot), each with or without a port. */
    private static boolean covers(String entry, URI uri) {
        if (entry.equals("*")) {
            return true;
        }
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        int port = uri.getPort() < 0 ? 443 : uri.getPort();
        String name = entry.endsWith(":" + port) ? entry.substring(0, entry.lastIndexOf(':')) : entry;
        String domain = name.startsWith(".") ? name.substring(1) : name;
        return host.equals(domain) || host.endsWith("." + domain);
    }
}
