package org.opensciencegrid.tokenrenewer.oidc;

import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLException;
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
        // token
        // twice and revoke the account. It reads this once, before its first connection.
        System.setProperty("sun.net.http.retryPost", "false");
    }

    private static final ExecutorService WORKERS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "http");
        thread.setDaemon(true);
        return thread;
    });

    private final Trust trust;
    private final Duration deadline;

    /**
     * @param deadline bound on one request from its first byte to the last of its answer, connecting included
     */
    public Transport(Trust trust, Duration deadline) {
        this.trust = trust;
        this.deadline = deadline;
    }

    /** As {@link #Transport(Trust, Duration)} with the 15 seconds that fit an issuer of this trade. */
    public Transport(Trust trust) {
        this(trust, Duration.ofSeconds(15));
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
        AtomicReference<HttpURLConnection> connection = new AtomicReference<>();
        Future<Answer> exchange = WORKERS.submit(() -> exchange(request, connection));
        try {
            return exchange.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            // A socket timeout bounds each read, not their sum: a dripping body would hold us for ever.
            HttpURLConnection open = connection.get();
            if (open != null) {
                WORKERS.execute(open::disconnect);
            }
            throw new OidcException(
                    OidcException.Kind.NO_ANSWER,
                    where(uri) + " gave no complete answer within " + deadline.toSeconds() + " s");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OidcException(OidcException.Kind.NO_ANSWER, "interrupted while waiting for " + where(uri));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof OidcException known) {
                throw known;
            }
            throw new OidcException(
                    OidcException.Kind.NO_ANSWER, where(uri) + " gave no answer: " + Exceptions.reason(e.getCause()));
        }
    }

    private Answer exchange(HTTPRequest request, AtomicReference<HttpURLConnection> open)
            throws OidcException, IOException {
        HttpURLConnection connection = connect(request, open);
        try {
            if (request.getBody() != null) {
                try (OutputStream out = connection.getOutputStream()) {
                    out.write(request.getBody().getBytes(StandardCharsets.UTF_8));
                }
            }
            int status = connection.getResponseCode();
            if (status < 100) {
                throw new IOException("the answer is not HTTP");
            }
            String encoding = connection.getContentEncoding();
            if (encoding != null && !encoding.equalsIgnoreCase("identity")) {
                throw new IOException("the answer has Content-Encoding " + encoding + ", which was not asked for");
            }
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            boolean complete = read(connection, status, body);
            return new Answer(
                    status,
                    orEmpty(connection.getContentType()),
                    orEmpty(connection.getHeaderField("Location")),
                    retryAfter(connection.getHeaderField("Retry-After")),
                    body.toString(StandardCharsets.UTF_8),
                    complete);
        } catch (IOException | RuntimeException e) {
            connection.disconnect();
            throw e;
        }
    }

    /** Opens the connection, TLS included. What fails here was never sent. */
    private HttpURLConnection connect(HTTPRequest request, AtomicReference<HttpURLConnection> open)
            throws OidcException {
        URI uri = request.getURI();
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) request.getURI().toURL().openConnection();
            open.set(connection);
            if (connection instanceof HttpsURLConnection https) {
                https.setSSLSocketFactory(trust.sockets());
            }
            connection.setRequestMethod(request.getMethod().name());
            connection.setInstanceFollowRedirects(false);
            connection.setUseCaches(false);
            connection.setConnectTimeout((int) CONNECT.toMillis());
            connection.setReadTimeout((int) deadline.toMillis());
            request.getHeaderMap().forEach((name, values) -> connection.setRequestProperty(name, values.get(0)));
            connection.setRequestProperty("Accept", "application/json");
            connection.setRequestProperty("User-Agent", USER_AGENT);
            connection.setDoOutput(request.getBody() != null);
            connection.connect();
            return connection;
        } catch (SSLException e) {
            throw new OidcException(
                    OidcException.Kind.TLS, "the TLS connection to " + where(uri) + " failed: " + Exceptions.reason(e));
        } catch (IOException e) {
            throw new OidcException(
                    OidcException.Kind.UNREACHABLE, where(uri) + " cannot be reached: " + Exceptions.reason(e));
        }
    }

    /** Reads the body into {@code into}; false when it ended too early. */
    private static boolean read(HttpURLConnection connection, int status, ByteArrayOutputStream into)
            throws IOException {
        try (InputStream in = status >= 400 ? connection.getErrorStream() : connection.getInputStream()) {
            if (in == null) {
                return true;
            }
            byte[] buffer = new byte[8192];
            for (int n; (n = in.read(buffer)) >= 0; ) {
                into.write(buffer, 0, n);
                if (into.size() > BODY_LIMIT) {
                    throw new TooLong();
                }
            }
            // For a body with Content-Length the JDK reports an early end as a normal one.
            long announced = connection.getContentLengthLong();
            return announced < 0 || announced == into.size();
        } catch (TooLong e) {
            throw e;
        } catch (IOException e) {
            return false; // what did arrive may still hold a rotated refresh token
        }
    }

    private static final class TooLong extends IOException {
        private static final long serialVersionUID = 1L;

        TooLong() {
            super("the answer is longer than 1 MiB");
        }
    }

    /** RFC 9700 section 2.6: credentials only over TLS. Loopback never leaves the machine. */
    static void requireSafe(URI uri) throws OidcException {
        boolean isPlainLoopback = "http".equalsIgnoreCase(uri.getScheme()) && isLoopback(uri.getHost());
        boolean isSafe = "https".equalsIgnoreCase(uri.getScheme()) || isPlainLoopback;
        if (!isSafe || uri.getHost() == null || uri.getUserInfo() != null || uri.getFragment() != null) {
            throw new OidcException(
                    OidcException.Kind.INSECURE,
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

    private static Optional<Duration> retryAfter(String header) {
        return header != null && header.matches("\\d{1,6}")
                ? Optional.of(Duration.ofSeconds(Long.parseLong(header)))
                : Optional.empty();
    }

    private static String orEmpty(String text) {
        return text == null ? "" : text;
    }
}
