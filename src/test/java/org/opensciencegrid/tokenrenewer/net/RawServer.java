package org.opensciencegrid.tokenrenewer.net;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An HTTP server on 127.0.0.1 that answers the n-th request with the n-th of its replies, and all later ones with the
 * last.
 */
public final class RawServer implements AutoCloseable {
    private static final Pattern LENGTH = Pattern.compile("(?m)^content-length: (\\d+)");

    /** Answers one request. The connection is closed afterwards unless this returns true. */
    @FunctionalInterface
    public interface Reply {
        boolean to(Socket connection) throws IOException;
    }

    private final ServerSocket listener;
    private final List<Reply> replies;
    private final List<String> requests = new CopyOnWriteArrayList<>();
    private final List<Socket> open = new CopyOnWriteArrayList<>();
    private final AtomicInteger connections = new AtomicInteger();

    public RawServer(Reply... replies) throws IOException {
        this.replies = List.of(replies);
        listener = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        inBackground(() -> {
            while (true) {
                Socket connection = listener.accept();
                connections.incrementAndGet();
                open.add(connection);
                inBackground(() -> serve(connection));
            }
        });
    }

    /** Sends these bytes and closes the connection. */
    static Reply last(String text) {
        return connection -> {
            write(connection.getOutputStream(), text);
            return false;
        };
    }

    /** Sends this body in a valid response; the connection stays open. */
    public static Reply ok(String body) {
        return answer("200 OK", body);
    }

    public static Reply answer(String status, String body, String... headers) {
        return connection -> {
            StringBuilder head = new StringBuilder("HTTP/1.1 " + status + "\r\n");
            for (String header : headers) {
                head.append(header).append("\r\n");
            }
            int length = body.getBytes(StandardCharsets.UTF_8).length;
            write(connection.getOutputStream(), head + "Content-Length: " + length + "\r\n\r\n" + body);
            return true;
        };
    }

    /** Sends nothing and closes the connection normally. */
    public static Reply hangUp() {
        return connection -> false;
    }

    /** Sends nothing and resets the connection. */
    static Reply reset() {
        return connection -> {
            connection.setSoLinger(true, 0);
            return false;
        };
    }

    public static void write(OutputStream out, String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    public URI uri(String path) {
        return URI.create("http://localhost:" + listener.getLocalPort() + path);
    }

    public int port() {
        return listener.getLocalPort();
    }

    /** Every request as received: header and body. */
    public List<String> requests() {
        return List.copyOf(requests);
    }

    public int connections() {
        return connections.get();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket connection : open) {
            connection.close();
        }
    }

    private void serve(Socket connection) throws IOException {
        try (connection) {
            InputStream in = connection.getInputStream();
            for (String request; (request = read(in)) != null; ) {
                requests.add(request);
                int n = Math.min(requests.size(), replies.size());
                if (!replies.get(n - 1).to(connection)) {
                    return;
                }
            }
        }
    }

    private static String read(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int c = in.read();
            if (c < 0) {
                return null;
            }
            head.write(c);
        }
        String text = head.toString(StandardCharsets.ISO_8859_1);
        Matcher length = LENGTH.matcher(text.toLowerCase(Locale.ROOT));
        byte[] body = in.readNBytes(length.find() ? Integer.parseInt(length.group(1)) : 0);
        return text + new String(body, StandardCharsets.UTF_8);
    }

    @FunctionalInterface
    public interface Work {
        void run() throws Exception;
    }

    /** A daemon thread that ends at the first exception, when its socket is closed. */
    public static Thread inBackground(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (Exception e) {
                // The client closed the connection, or the test is over.
            }
        });
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
