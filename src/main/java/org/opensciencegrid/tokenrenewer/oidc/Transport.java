package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.HostnameVerifier;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.tokenrenewer.oidc.OidcException.Kind;
import org.opensciencegrid.tokenrenewer.text.Printable;

/**
 * The one way to an issuer. A request is sent once, follows no redirect, ends at a total deadline, reads at most
 * {@value #BODY_LIMIT} bytes, asks for JSON, and goes over https (or http to a loopback host). Connections are kept
 * alive between requests. None of this holds for the SDK's own {@code HTTPRequest.send()}, which must not be called.
 */
public final class Transport {
    static final int BODY_LIMIT = 1 << 20;
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final String USER_AGENT = "osg-token-renewer";

    static {
        // HttpURLConnection sends a POST again by itself when the answer is lost: the issuer would see one refresh
        // token twice and revoke the account. It reads this once, before its first connection.
        System.setProperty("sun.net.http.retryPost", "false");
        // How many idle connections to one host it keeps; beyond five it would close them and greet the issuer anew.
        System.setProperty("http.maxConnections", "32");
        // Nothing older, whatever the machine's java.security allows. Read once, by the first TLS context.
        System.setProperty("jdk.tls.client.protocols", "TLSv1.3,TLSv1.2");
        Trust.nobodyByDefault();
    }

    private static final ExecutorService WORKERS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "http");
        thread.setDaemon(true);
        return thread;
    });

    /** Loads what the first connection will need of the JDK, its TLS above all. Nothing is sent. */
    static void load() {
        try (Socket unconnected = SSLContext.getDefault().getSocketFactory().createSocket()) {
            unconnected.isConnected();
            new SNIHostName("localhost");
            CertificateFactory.getInstance("X.509");
        } catch (IOException | GeneralSecurityException e) {
            // The first connection will say so.
        }
    }

    private final Trust trust;
    private final Network network;
    private final Duration deadline;

    /**
     * @param deadline bound on one request from its first byte to the last of its answer, connecting included
     */
    Transport(Trust trust, Network network, Duration deadline) {
        this.trust = trust;
        this.network = network;
        this.deadline = deadline;
    }

    /** With the 15 seconds that fit an issuer of this trade. {@link Network#transport} makes them. */
    Transport(Trust trust, Network network) {
        this(trust, network, Duration.ofSeconds(15));
    }

    Transport(Trust trust, Duration deadline) {
        this(trust, Network.DIRECT, deadline);
    }

    /**
     * Sends the request and gives its answer, any status.
     *
     * @throws OidcException INSECURE, UNREACHABLE or TLS when nothing was sent; NO_ANSWER when it is not known what the
     *     issuer made of it
     */
    Answer send(HTTPRequest request) throws OidcException {
        URI uri = request.getURI();
        requireSafe(uri);
        if (Thread.currentThread().isInterrupted()) {
            throw new OidcException(Kind.UNREACHABLE, where(uri) + " was not asked, as we were interrupted");
        }
        network.tell(() -> ExchangeLog.request(request));
        try {
            Answer answer = exchange(request);
            network.tell(() -> ExchangeLog.answer(request, answer));
            return answer;
        } catch (OidcException e) {
            network.tell(() -> "< " + e.getMessage());
            throw e;
        }
    }

    private Answer exchange(HTTPRequest request) throws OidcException {
        Exchange exchange = new Exchange(request);
        Future<?> done = WORKERS.submit(exchange);
        try {
            done.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            // A socket timeout bounds each read, not their sum: a dripping body would hold us for ever.
            return exchange.giveUp("within " + deadline.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return exchange.giveUp("before we were interrupted");
        } catch (ExecutionException e) {
            // An answer can overflow the JDK's stack (100 Continue for ever) or the heap (trailers for ever).
            if (e.getCause() instanceof Error error && !(error instanceof VirtualMachineError)) {
                throw error;
            }
            return exchange.fail(e.getCause());
        }
        return exchange.answer();
    }

    /** How far a request has come; decides what its failure means. */
    private enum Stage {
        CONNECTING,
        SENT,
        /** Nobody waits for it any more: it must not be sent. */
        GIVEN_UP
    }

    /** One request on a worker's thread, and what has arrived of its answer so far. */
    private final class Exchange implements Callable<Void>, HostnameVerifier {
        private final HTTPRequest request;
        private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.CONNECTING);
        private final ByteArrayOutputStream body = new ByteArrayOutputStream(); // its methods are synchronized

        @SuppressWarnings("NullAway.Init") // by prepare(); fail() and giveUp() may come before
        private volatile HttpURLConnection connection;

        private volatile int status;
        private volatile boolean complete;
        private volatile long waitedNanos;
        private volatile boolean abandoned;
        private volatile @Nullable String otherHost;

        Exchange(HTTPRequest request) {
            this.request = request;
        }

        @Override
        public Void call() throws IOException, OidcException {
            prepare();
            connection.connect(); // TLS included
            // The one who waits may have gone while a name was looked up. Sent now, this would be a second request
            // beside its repeat: one refresh token used twice.
            if (!stage.compareAndSet(Stage.CONNECTING, Stage.SENT)) {
                connection.disconnect();
                return null;
            }
            if (request.getBody() != null) {
                try (OutputStream out = connection.getOutputStream()) {
                    out.write(request.getBody().getBytes(StandardCharsets.UTF_8));
                }
            }
            long asked = System.nanoTime();
            int code = connection.getResponseCode();
            waitedNanos = System.nanoTime() - asked;
            if (code < 100) {
                throw new IOException("the answer is not HTTP");
            }
            status = code;
            complete = read(code);
            return null;
        }

        /**
         * Asked by the JDK when a certificate is not for the host, by the JDK's own rules; before anything is sent. With the JDK's
         * default in our place those rules are the same, but for wildcards of public suffixes, and it would read its 150 CAs
         * to know to whom these apply.
         */
        @Override
        public boolean verify(String host, SSLSession session) {
            try {
                otherHost = session.getPeerCertificates()[0] instanceof X509Certificate certificate
                        ? Trust.described(certificate)
                        : "another kind of certificate";
            } catch (SSLPeerUnverifiedException e) {
                otherHost = "nobody";
            }
            return false;
        }

        private void prepare() throws IOException, OidcException {
            connection = (HttpURLConnection)
                    request.getURI().toURL().openConnection(network.proxies().proxy(request.getURI()));
            if (connection instanceof HttpsURLConnection https) {
                https.setSSLSocketFactory(trust.sockets());
                https.setHostnameVerifier(this);
            }
            connection.setRequestMethod(request.getMethod().name());
            connection.setInstanceFollowRedirects(false);
            connection.setUseCaches(false);
            connection.setConnectTimeout((int) CONNECT.toMillis());
            connection.setReadTimeout((int) deadline.toMillis());
            for (Map.Entry<String, List<String>> header : request.getHeaderMap().entrySet()) {
                String value = header.getValue().get(0);
                if (hasControls(value)) {
                    // The JDK lets some pass, and shows the others, secret or not, in its message.
                    throw new IOException("a control character in the header " + header.getKey());
                }
                connection.setRequestProperty(header.getKey(), value);
            }
            connection.setRequestProperty("Accept", "application/json");
            connection.setRequestProperty("User-Agent", USER_AGENT);
            connection.setDoOutput(request.getBody() != null);
        }

        private static boolean hasControls(String value) {
            for (int i = 0; i < value.length(); i++) {
                if (Character.isISOControl(value.charAt(i))) {
                    return true;
                }
            }
            return false;
        }

        /** Whether the whole body came. What did come is kept: it may hold a refresh token that replaces ours. */
        private boolean read(int code) throws IOException {
            try (InputStream in = code >= 400 ? connection.getErrorStream() : connection.getInputStream()) {
                if (in == null) {
                    return true;
                }
                byte[] buffer = new byte[8192];
                for (int n; (n = in.read(buffer)) >= 0; ) {
                    body.write(buffer, 0, n);
                    if (body.size() > BODY_LIMIT || abandoned) {
                        connection.disconnect();
                        return false;
                    }
                }
                // For a body with Content-Length the JDK reports an early end as a normal one.
                return body.size() >= connection.getContentLengthLong();
            } catch (IOException e) {
                return false;
            }
        }

        /** Ends the exchange for a reason of ours. */
        Answer giveUp(String when) throws OidcException {
            if (stage.compareAndSet(Stage.CONNECTING, Stage.GIVEN_UP)) {
                throw new OidcException(Kind.UNREACHABLE, where() + " could not be connected to " + when);
            }
            boolean hasHead = status != 0; // asked before the end, for which the JDK takes half a head as a whole one
            abandoned = true; // for who reads: closing it from here may wait for a pause between two reads
            WORKERS.execute(connection::disconnect);
            if (hasHead) {
                return answer();
            }
            throw new OidcException(Kind.NO_ANSWER, where() + " gave no answer " + when);
        }

        /** What an exception of the worker means. */
        Answer fail(Throwable cause) throws OidcException {
            if (connection != null) {
                connection.disconnect();
            }
            if (cause instanceof OidcException known) {
                throw known;
            }
            boolean wasSent = stage.get() == Stage.SENT;
            if (otherHost != null) {
                throw new OidcException(
                        Kind.TLS,
                        "the TLS connection to " + where() + " failed: the certificate is not for "
                                + request.getURI().getHost() + "; it is " + otherHost);
            }
            if (cause instanceof SSLException && !wasSent) {
                throw new OidcException(
                        Kind.TLS, "the TLS connection to " + where() + " failed: " + Exceptions.reason(cause));
            }
            String said = Exceptions.reason(cause);
            throw wasSent
                    ? new OidcException(Kind.NO_ANSWER, where() + " gave no answer: " + said + orHttps())
                    : new OidcException(Kind.UNREACHABLE, where() + " cannot be reached: " + said);
        }

        /** A port of TLS has no answer in plain text. */
        private String orHttps() {
            return "http".equalsIgnoreCase(request.getURI().getScheme())
                    ? "; it may speak https: try https://" + where() + " in the place of http://" + where()
                    : "";
        }

        Answer answer() {
            String encoding = connection.getContentEncoding();
            boolean isPlain = encoding == null || encoding.equalsIgnoreCase("identity"); // we ask for nothing else
            return new Answer(
                    status,
                    orEmpty(connection.getContentType()),
                    orEmpty(connection.getHeaderField("Location")),
                    retryAfter(connection.getHeaderField("Retry-After")),
                    orEmpty(connection.getHeaderField("Date")),
                    body.toString(StandardCharsets.UTF_8),
                    complete && isPlain,
                    Duration.ofNanos(waitedNanos));
        }

        private String where() {
            return Transport.where(request.getURI());
        }
    }

    /** RFC 9700 section 2.6: credentials only over TLS. Loopback never leaves the machine. */
    public static boolean isSafe(URI uri) {
        boolean isPlainLoopback = "http".equalsIgnoreCase(uri.getScheme()) && isLoopback(uri.getHost());
        return ("https".equalsIgnoreCase(uri.getScheme()) || isPlainLoopback)
                && uri.getHost() != null
                && isAscii(uri.toString()) // the JDK lets bidi controls pass
                && uri.getRawUserInfo() == null
                && uri.getRawFragment() == null;
    }

    private static boolean isAscii(String text) {
        boolean isAscii = true;
        for (int i = 0; i < text.length(); i++) {
            isAscii &= text.charAt(i) < 0x80;
        }
        return isAscii;
    }

    static void requireSafe(URI uri) throws OidcException {
        if (!isSafe(uri)) {
            throw new OidcException(
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

    /** How a server is called in messages: host and port, without path and query, which may hold anything. */
    static String where(URI uri) {
        return uri.getHost() + (uri.getPort() < 0 ? "" : ":" + uri.getPort());
    }

    static boolean isSameOrigin(URI a, URI b) {
        return where(a).equals(where(b)) && a.getScheme().equals(b.getScheme());
    }

    private static Optional<Duration> retryAfter(String header) {
        return header != null && header.matches("\\d{1,6}")
                ? Optional.of(Duration.ofSeconds(Long.parseLong(header)))
                : Optional.empty();
    }

    private static String orEmpty(String text) {
        return text == null ? "" : text;
    }
}
