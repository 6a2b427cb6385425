package org.opensciencegrid.tokenrenewer.net;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BooleanSupplier;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import org.opensciencegrid.tokenrenewer.net.IssuerException.Kind;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Sends all requests to issuers. A request is sent once, follows no redirect, asks for JSON, and uses https (or http to
 * a loopback host). Every address of the host is tried before anything is sent. A response has a time limit and a size
 * limit, by default with at most {@value #BODY_LIMIT} bytes in its body. Connections are reused. None of this applies to the SDK's
 * own {@code HTTPRequest.send()}, which must not be called.
 */
public final class Transport {
    public static final int BODY_LIMIT = 1 << 20;
    private static final String USER_AGENT = "osg-token-renewer";

    static {
        // Use the addresses of a name in the system's order, IPv6 and IPv4. The JDK reads this once, before the first
        // lookup.
        System.setProperty("java.net.preferIPv6Addresses", "system");
        // The JDK caches a failed lookup for ten seconds, but we repeat a request sooner.
        Security.setProperty("networkaddress.cache.negative.ttl", "0");
        // Nothing older, regardless of the machine's java.security. The JDK reads this once, for the first TLS context.
        System.setProperty("jdk.tls.client.protocols", "TLSv1.3,TLSv1.2");
        TrustStore.disableDefaultSslContext();
    }

    /** Loads the classes for the first connection, especially TLS. Sends nothing. */
    static void load() {
        try (Socket unconnected = SSLContext.getDefault().getSocketFactory().createSocket()) {
            unconnected.isConnected();
            new SNIHostName("localhost");
            CertificateFactory.getInstance("X.509");
        } catch (IOException | GeneralSecurityException e) {
            // The first connection will report it.
        }
    }

    private final Network network;
    private final Connector connector;
    private final int bodyLimit;
    private final Map<String, Deque<HttpConnection>> idle = new ConcurrentHashMap<>();
    private final Map<String, ResponseMemory> memories = new ConcurrentHashMap<>();

    /** Called by {@link Network#transport}. */
    public Transport(TrustStore trust, Network network) {
        this(trust, network, BODY_LIMIT);
    }

    /** @param bodyLimit for the body of each response, in bytes */
    public Transport(TrustStore trust, Network network, int bodyLimit) {
        this.network = network;
        this.bodyLimit = bodyLimit;
        this.connector = new Connector(trust, network.proxies(), network.responseTimeout());
    }

    /** Without a proxy and without a log. */
    public Transport(TrustStore trust, Duration responseTimeout) {
        this(trust, new Network(ProxySettings.NONE, responseTimeout, Optional.empty()));
    }

    /**
     * Servers that did not accept the reduced key shares of a first connection, as host:port. The next run passes them
     * to {@link #allShares(Collection)}, so that it does not need a second connection.
     */
    public Set<String> allShares() {
        return connector.allShares();
    }

    /** The first connection to these servers offers all key shares. */
    public void allShares(Collection<String> servers) {
        connector.allShares(servers);
    }

    /** Reads a response. */
    @FunctionalInterface
    public interface ResponseHandler<T> {
        T handle(HttpResponse response) throws IssuerException;
    }

    /** Like {@link #send(HTTPRequest, ResponseHandler)}, for callers that send no other requests at the same time. */
    public HttpResponse send(HTTPRequest request) throws IssuerException {
        return send(request, response -> response);
    }

    /**
     * Sends the request and passes the response to the handler, whatever its status. Long responses are read one after
     * the other.
     *
     * @throws IssuerException INSECURE, UNREACHABLE, PROXY or TLS if nothing was sent; NO_ANSWER if it is not known
     *     whether the issuer processed the request, and its response can no longer arrive
     */
    public <T> T send(HTTPRequest request, ResponseHandler<T> handler) throws IssuerException {
        return send(request, () -> true, handler);
    }

    /** @param maySend called right before the first byte leaves; if it returns false, nothing is sent */
    public <T> T send(HTTPRequest request, BooleanSupplier maySend, ResponseHandler<T> handler) throws IssuerException {
        URI uri = request.getURI();
        requireSafe(uri);
        String origin = origin(uri);
        memories.putIfAbsent(origin, new ResponseMemory(bodyLimit));
        ResponseMemory memory = memories.get(origin);
        try {
            return handler.handle(send(request, maySend, memory));
        } catch (VirtualMachineError e) { // a response may exceed the stack or the heap
            throw noAnswer(uri, e);
        } finally {
            memory.release();
        }
    }

    private HttpResponse send(HTTPRequest request, BooleanSupplier maySend, ResponseMemory memory)
            throws IssuerException {
        URI uri = request.getURI();
        if (Thread.currentThread().isInterrupted()) {
            throw notSent(uri);
        }
        if (network.log().isPresent()) {
            network.log(RequestLog.request(request) + connector.proxyNote(uri));
        }
        try {
            HttpResponse raw = exchange(request, maySend, memory);
            if (network.log().isPresent()) {
                network.log(RequestLog.response(request, raw));
            }
            return raw;
        } catch (IssuerException e) {
            network.log("< " + e.getMessage());
            throw e;
        }
    }

    private static IssuerException notSent(URI uri) {
        return new IssuerException(Kind.UNREACHABLE, hostAndPort(uri) + " was not asked, as we were interrupted");
    }

    /**
     * The addresses of a host, or of its proxy, that do not answer, each with the reason; empty if all do. Names of
     * this machine are skipped, because names such as localhost often have an address without a listener.
     */
    public List<String> unreachableAddresses(URI uri) throws IssuerException {
        requireSafe(uri);
        return isLoopback(HostNames.name(uri)) ? List.of() : connector.unreachableAddresses(uri);
    }

    /** Connects to the host of a URL, with TLS if the URL has it, and sends no request. */
    public void requireReachable(URI uri) throws IssuerException {
        requireSafe(uri);
        connector.open(uri).close();
    }

    private HttpResponse exchange(HTTPRequest request, BooleanSupplier maySend, ResponseMemory memory)
            throws IssuerException {
        URI uri = request.getURI();
        byte[] bytes = bytes(request);
        HttpConnection connection = null;
        boolean isSent = false;
        try {
            connection = connection(uri);
            if (Thread.currentThread().isInterrupted()) {
                connection.close();
                throw notSent(uri);
            }
            if (!maySend.getAsBoolean()) {
                connection.close();
                throw new IssuerException(
                        Kind.UNREACHABLE,
                        hostAndPort(uri) + " was not asked: the lease of the account may end before the answer");
            }
            isSent = true;
            HttpConnection.RawResponse raw = connection.exchange(bytes, network.responseTimeout(), memory);
            keepOrClose(uri, connection);
            connection = null; // another thread may use it from here on
            return response(uri, raw, memory);
        } catch (IOException | VirtualMachineError e) {
            if (connection != null) {
                connection.close();
            }
            throw isSent
                    ? noAnswer(uri, e)
                    : new IssuerException(
                            Kind.UNREACHABLE,
                            connector.hostAndPort(uri) + " cannot be reached: " + ExceptionMapper.reason(e));
        }
    }

    /** A reusable connection, or else a new one. */
    private HttpConnection connection(URI uri) throws IssuerException {
        Deque<HttpConnection> open = idle.getOrDefault(origin(uri), new ArrayDeque<>());
        while (true) {
            HttpConnection idleConnection;
            synchronized (open) {
                idleConnection = open.pollLast();
            }
            if (idleConnection == null) {
                HttpConnection newConnection = connector.open(uri);
                for (String address : newConnection.failedAddresses()) {
                    network.log("> " + hostAndPort(uri) + ": no answer from " + address);
                }
                return newConnection;
            }
            if (idleConnection.isReusable()) {
                return idleConnection;
            }
            idleConnection.close();
        }
    }

    private void keepOrClose(URI uri, HttpConnection connection) {
        if (!connection.isKeepAlive()) {
            connection.close();
            return;
        }
        String origin = origin(uri);
        idle.putIfAbsent(origin, new ArrayDeque<>());
        Deque<HttpConnection> open = idle.get(origin);
        synchronized (open) {
            open.addLast(connection);
        }
    }

    /** Closes the connections that wait for another request. */
    public void closeIdle() {
        for (Deque<HttpConnection> open : idle.values()) {
            synchronized (open) {
                open.forEach(HttpConnection::close);
                open.clear();
            }
        }
    }

    private static String origin(URI uri) {
        return (uri.getScheme() + "://" + hostAndPort(uri)).toLowerCase(Locale.ROOT);
    }

    private static byte[] bytes(HTTPRequest request) throws IssuerException {
        URI uri = request.getURI();
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (Map.Entry<String, List<String>> header : request.getHeaderMap().entrySet()) {
            headers.put(header.getKey(), header.getValue().get(0));
        }
        headers.put("Accept", "application/json");
        headers.put("User-Agent", USER_AGENT);
        headers.put("Host", hostAndPort(uri));
        byte[] body = Optional.ofNullable(request.getBody()).orElse("").getBytes(StandardCharsets.UTF_8);
        if (body.length > 0 || request.getMethod() != HTTPRequest.Method.GET) {
            headers.put("Content-Length", String.valueOf(body.length));
        }
        String path = uri.getRawPath() == null || uri.getRawPath().isEmpty() ? "/" : uri.getRawPath();
        StringBuilder head = new StringBuilder()
                .append(request.getMethod())
                .append(' ')
                .append(path)
                .append(uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery())
                .append(" HTTP/1.1\r\n");
        for (Map.Entry<String, String> header : headers.entrySet()) {
            if (hasControls(header.getKey()) || hasControls(header.getValue())) {
                throw new IssuerException(
                        Kind.UNREACHABLE,
                        hostAndPort(uri) + " cannot be reached: a control character in the header "
                                + Printable.of(header.getKey()));
            }
            head.append(header.getKey()).append(": ").append(header.getValue()).append("\r\n");
        }
        byte[] start = head.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
        byte[] all = Arrays.copyOf(start, start.length + body.length);
        System.arraycopy(body, 0, all, start.length, body.length);
        return all;
    }

    private static boolean hasControls(String value) {
        for (int i = 0; i < value.length(); i++) {
            if (Character.isISOControl(value.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    private IssuerException noAnswer(URI uri, Throwable e) {
        if (e instanceof SocketTimeoutException) {
            return new IssuerException(
                    Kind.NO_ANSWER,
                    connector.hostAndPort(uri) + " gave no answer within "
                            + network.responseTimeout().toSeconds() + " s");
        }
        if (e instanceof VirtualMachineError) {
            return new IssuerException(
                    Kind.NO_ANSWER,
                    connector.hostAndPort(uri) + " gave an answer that takes more memory than a run has");
        }
        // A TLS port does not answer in plain text.
        String orHttps = "http".equalsIgnoreCase(uri.getScheme())
                ? "; it may speak https: try https://" + hostAndPort(uri) + " in the place of http://"
                        + hostAndPort(uri)
                : "";
        return new IssuerException(
                Kind.NO_ANSWER,
                connector.hostAndPort(uri) + " gave no answer: " + ExceptionMapper.reason(e)
                        + (e instanceof InterruptedIOException ? "" : orHttps));
    }

    private HttpResponse response(URI uri, HttpConnection.RawResponse raw, ResponseMemory memory)
            throws IssuerException {
        String coding = raw.header("content-encoding");
        ResponseBody body = ResponseBody.of(raw.body.toByteArray(), coding, raw.isComplete, memory, raw.remaining);
        if (body.isWhole() && !coding.isEmpty() && body.text().indexOf('\ufffd') >= 0) {
            boolean isSuccess = raw.status / 100 == 2;
            throw new IssuerException(
                    isSuccess ? Kind.UNUSABLE_ANSWER : Kind.TEMPORARY,
                    connector.hostAndPort(uri) + " answered " + raw.status + ", compressed with "
                            + Printable.of(coding, 40) + ", which was not asked for",
                    raw.status,
                    "",
                    retryAfter(raw.header("retry-after")));
        }
        return new HttpResponse(
                raw.status,
                raw.header("content-type"),
                raw.header("location"),
                raw.header("www-authenticate"),
                retryAfter(raw.header("retry-after")),
                raw.header("date"),
                body.text(),
                body.isWhole(),
                Duration.ofNanos(raw.waitedNanos));
    }

    /**
     * Whether credentials may be sent to the URL: only over TLS (RFC 9700 section 2.6) or to a loopback host, which is
     * on this machine.
     */
    public static boolean isSafe(URI uri) {
        boolean isPlainLoopback = "http".equalsIgnoreCase(uri.getScheme()) && isLoopback(uri.getHost());
        return ("https".equalsIgnoreCase(uri.getScheme()) || isPlainLoopback)
                && HostNames.of(uri).isPresent()
                && isAscii(uri.toString()) // the JDK accepts bidirectional controls
                && (uri.getRawAuthority() == null || uri.getRawAuthority().indexOf('@') < 0)
                && uri.getRawFragment() == null;
    }

    /** Like {@link #isSafe}, for a link that is shown to the user. It may have a fragment. */
    public static boolean isSafeToShow(URI link) {
        return isAscii(link.toString()) && isSafe(URI.create(link.toString().replaceFirst("#.*", "")));
    }

    private static boolean isAscii(String text) {
        boolean isAscii = true;
        for (int i = 0; i < text.length(); i++) {
            isAscii &= text.charAt(i) < 0x80;
        }
        return isAscii;
    }

    public static void requireSafe(URI uri) throws IssuerException {
        if (!isSafe(uri)) {
            throw new IssuerException(
                    Kind.INSECURE,
                    "refusing to use " + Printable.of(uri.toString())
                            + ": only https URLs without user info or fragment are used (plain http only to this machine)");
        }
    }

    static boolean isLoopback(String host) {
        if (host == null) {
            return false;
        }
        String name = host.toLowerCase(Locale.ROOT);
        return name.equals("localhost") || name.equals("[::1]") || name.matches("127(\\.\\d{1,3}){3}");
    }

    /** The name of a server in messages: host and port, without path and query, which may contain anything. */
    public static String hostAndPort(URI uri) {
        return HostNames.of(uri).orElse(null) + (HostNames.port(uri) < 0 ? "" : ":" + HostNames.port(uri));
    }

    public static boolean isSameOrigin(URI a, URI b) {
        return hostAndPort(a).equalsIgnoreCase(hostAndPort(b)) && a.getScheme().equalsIgnoreCase(b.getScheme());
    }

    private static Optional<Duration> retryAfter(String header) {
        return header != null && header.matches("\\d{1,6}")
                ? Optional.of(Duration.ofSeconds(Long.parseLong(header)))
                : Optional.empty();
    }
}
