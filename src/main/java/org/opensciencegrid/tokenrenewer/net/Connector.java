package org.opensciencegrid.tokenrenewer.net;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSocket;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.net.ProxySettings.Proxy;

/**
 * Opens connections. Tries each address of a name in the system's order until TCP, the proxy's tunnel and TLS all work.
 * No part of a request has been sent by this point.
 */
final class Connector {
    /** For TLS, and for the response of a proxy, which first connects to the issuer. */
    private static final Duration HANDSHAKE_TIMEOUT = Duration.ofSeconds(15);

    /** For certificates and everything else that TLS sends before the first response. */
    private static final int HANDSHAKE_BYTES = 1 << 18;

    private final TrustStore trust;
    private final ProxySettings proxies;
    private final Duration handshakeTimeout;
    /** Servers that do not accept what {@link KeyShares} leaves, as host:port. */
    private final Set<String> allShares = ConcurrentHashMap.newKeySet();

    /** @param maxHandshake maximum time for TLS and the proxy, for each address */
    Connector(TrustStore trust, ProxySettings proxies, Duration maxHandshake) {
        this.trust = trust;
        this.proxies = proxies;
        this.handshakeTimeout = maxHandshake.compareTo(HANDSHAKE_TIMEOUT) < 0 ? maxHandshake : HANDSHAKE_TIMEOUT;
    }

    /** Servers that get all key shares in the first TLS message, as host:port: {@link #allShares(Collection)} and more. */
    Set<String> allShares() {
        return Set.copyOf(allShares);
    }

    /** Servers that an earlier run added to {@link #allShares()}. */
    void allShares(Collection<String> servers) {
        allShares.addAll(servers);
    }

    /** The name of a server in messages, including the proxy if one is used. */
    String hostAndPort(URI uri) {
        return Transport.hostAndPort(uri) + proxyNote(uri);
    }

    /** The proxy for the request log; empty if none is used. */
    String proxyNote(URI uri) {
        return proxies.proxy(uri).map(proxy -> " through " + proxy).orElse("");
    }

    /** @throws IssuerException UNREACHABLE, TLS or PROXY; the message lists each address that was tried */
    HttpConnection open(URI uri) throws IssuerException {
        long end = System.nanoTime() + Limits.CONNECT_ALL.toNanos();
        Map<InetAddress, IOException> failures = new LinkedHashMap<>();
        for (InetAddress address : addresses(uri)) {
            if (System.nanoTime() - end >= 0 || Thread.currentThread().isInterrupted()) {
                break;
            }
            try {
                return open(uri, address, end, describe(failures));
            } catch (IOException e) {
                failures.put(address, e);
            }
        }
        throw failure(uri, failures);
    }

    /**
     * Connects to every address of the host, or of its proxy. Returns those that do not answer, each with the reason.
     */
    List<String> unreachableAddresses(URI uri) throws IssuerException {
        Map<InetAddress, IOException> failures = new LinkedHashMap<>();
        for (InetAddress address : addresses(uri)) {
            try {
                open(uri, address, System.nanoTime() + Limits.CONNECT_ALL.toNanos(), List.of())
                        .close();
            } catch (IOException e) {
                failures.put(address, e);
            } catch (IssuerException e) { // the proxy rejected the tunnel
                failures.put(address, new IOException(e.getMessage(), e));
            }
        }
        return describe(failures);
    }

    private InetAddress[] addresses(URI uri) throws IssuerException {
        Optional<Proxy> proxy = proxies.proxy(uri);
        String host = proxy.isPresent() ? proxy.get().host() : HostNames.of(uri).orElse("");
        try {
            return InetAddress.getAllByName(HostNames.bare(host));
        } catch (UnknownHostException e) {
            throw new IssuerException(
                    Kind.UNREACHABLE,
                    hostAndPort(uri) + " cannot be reached: the host name " + (proxy.isPresent() ? "of the proxy " : "")
                            + "is not known");
        }
    }

    /** @param end deadline for everything, by {@code System.nanoTime()} */
    private HttpConnection open(URI uri, InetAddress address, long end, List<String> failedAddresses)
            throws IOException, IssuerException {
        String server = Transport.hostAndPort(uri);
        if (allShares.contains(server)) {
            return open(uri, address, end, failedAddresses, false);
        }
        try {
            return open(uri, address, end, failedAddresses, true);
        } catch (KeyShares.NotAccepted e) {
            try {
                HttpConnection connection = open(uri, address, end, failedAddresses, false);
                allShares.add(server);
                return connection;
            } catch (SSLException second) {
                throw second;
            } catch (IOException second) { // what it said the first time tells more
                throw e.getCause() instanceof SSLException first ? first : second;
            }
        }
    }

    private HttpConnection open(
            URI uri, InetAddress address, long end, List<String> failedAddresses, boolean reducesShares)
            throws IOException, IssuerException {
        Optional<Proxy> proxy = proxies.proxy(uri);
        boolean isTls = "https".equalsIgnoreCase(uri.getScheme());
        int port = HostNames.port(uri) < 0 ? (isTls ? 443 : 80) : HostNames.port(uri);
        if (port > 65_535) {
            throw new ConnectException("there is no port " + port);
        }
        LimitedSocket wire = new LimitedSocket();
        try {
            wire.setTcpNoDelay(true);
            InetSocketAddress target = new InetSocketAddress(
                    address, proxy.isPresent() ? proxy.get().port() : port);
            wire.connect(target, (int) Math.max(1, shorter(Limits.CONNECT, end).toMillis())); // 0 would mean no limit
            wire.limit(shorter(handshakeTimeout, end), HANDSHAKE_BYTES);
            Socket socket = wire;
            if (proxy.isPresent()) {
                socket = tunnel(proxy.get(), wire, uri, port);
            }
            if (isTls) {
                socket = tls(socket, HostNames.name(uri), port, reducesShares ? Optional.of(wire) : Optional.empty());
            }
            return new HttpConnection(wire, socket, failedAddresses);
        } catch (IOException | IssuerException | RuntimeException | Error e) {
            wire.close();
            if (e instanceof SocketTimeoutException) {
                throw new SocketTimeoutException(
                        wire.isConnected()
                                ? "it took the connection, and then said nothing within " + handshakeTimeout.toSeconds()
                                        + " s"
                                : "no connection within " + Limits.CONNECT.toSeconds() + " s");
            }
            throw e;
        }
    }

    private static Duration shorter(Duration time, long end) {
        Duration left = Duration.ofNanos(end - System.nanoTime());
        return left.compareTo(time) < 0 ? left : time;
    }

    /** Uses TLS with the proxy if configured, and asks it for a tunnel. */
    private Socket tunnel(Proxy proxy, LimitedSocket wire, URI uri, int port) throws IOException, IssuerException {
        Socket socket = proxy.isTls()
                ? tls(wire, HostNames.withoutDot(proxy.host().toLowerCase(Locale.ROOT)), proxy.port(), Optional.empty())
                : wire;
        String target = HostNames.of(uri).orElse("") + ":" + port;
        String credentials = proxy.credentials()
                .map(secret -> "Proxy-Authorization: Basic " + secret.reveal() + "\r\n")
                .orElse("");
        String request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n" + credentials + "\r\n";
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().flush();
        int status = HttpConnection.tunnelStatus(socket.getInputStream());
        if (status / 100 == 2) {
            return socket;
        }
        if (status == 407) {
            String problem = proxy.credentials().isPresent()
                    ? " does not accept the user name and password (407)"
                    : " wants a user name and a password (407)";
            throw new IssuerException(Kind.PROXY, proxy + problem);
        }
        if (status / 100 == 4) {
            throw new IssuerException(Kind.PROXY, proxy + " refuses to connect to " + target + " (" + status + ")");
        }
        throw new ConnectException("the proxy answered " + status);
    }

    /** @param reducing for the first try with {@link KeyShares}, which takes less time, so that some is left for the second */
    private SSLSocket tls(Socket below, String host, int port, Optional<LimitedSocket> reducing)
            throws IOException, IssuerException {
        String name = HostNames.bare(host);
        Optional<byte[]> address = host.matches("[0-9.]+") || host.startsWith("[")
                ? Optional.of(InetAddress.getByName(name).getAddress())
                : Optional.empty();
        SSLSocket socket = (SSLSocket) trust.sockets().createSocket(below, name, port, true);
        SSLParameters parameters = socket.getSSLParameters();
        boolean isReduced = reducing.isPresent() && KeyShares.reduce(parameters);
        if (isReduced) {
            LimitedSocket wire = reducing.get();
            wire.limit(wire.remaining().dividedBy(3));
        }
        if (address.isEmpty()) {
            // As bytes, because the JDK would omit a name with an underscore.
            parameters.setServerNames(List.of(new SNIHostName(name.getBytes(StandardCharsets.US_ASCII))));
        }
        socket.setSSLParameters(parameters);
        try {
            socket.startHandshake();
        } catch (IOException e) {
            throw isReduced && !ExceptionMapper.isCertificate(e) ? new KeyShares.NotAccepted(e) : e;
        }
        X509Certificate certificate = (X509Certificate) socket.getSession().getPeerCertificates()[0];
        if (!HostNames.isFor(certificate, name, address)) {
            throw new SSLPeerUnverifiedException(
                    "the certificate is not for " + name + "; it is " + TrustStore.describe(certificate));
        }
        return socket;
    }

    private IssuerException failure(URI uri, Map<InetAddress, IOException> failures) {
        if (failures.isEmpty()) {
            return new IssuerException(
                    Kind.UNREACHABLE, hostAndPort(uri) + " was not asked: the look-up of its name took too long");
        }
        List<String> lines = describe(failures);
        String reasons = lines.size() == 1
                ? ExceptionMapper.reason(failures.values().iterator().next())
                : String.join("; ", lines);
        for (IOException e : failures.values()) {
            if (e instanceof SSLException) {
                String message = "the TLS connection to " + hostAndPort(uri) + " failed: " + reasons;
                return new IssuerException(ExceptionMapper.tls(e), message);
            }
        }
        return new IssuerException(Kind.UNREACHABLE, hostAndPort(uri) + " cannot be reached: " + reasons);
    }

    private static List<String> describe(Map<InetAddress, IOException> failures) {
        List<String> lines = new ArrayList<>();
        for (Map.Entry<InetAddress, IOException> failure : failures.entrySet()) {
            lines.add(failure.getKey().getHostAddress() + ": " + ExceptionMapper.reason(failure.getValue()));
        }
        return lines;
    }
}
