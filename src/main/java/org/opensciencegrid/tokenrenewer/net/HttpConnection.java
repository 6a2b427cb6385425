package org.opensciencegrid.tokenrenewer.net;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One HTTP/1.1 connection. Sends one request after the other, and each request once. */
final class HttpConnection {
    /**
     * The maximum for the headers of one response, including interim responses, and for what chunks and TLS add to a
     * body.
     */
    private static final int HEAD_LIMIT = 1 << 17;

    /** Servers close idle connections after 5 seconds or more. A request sent at that moment is lost. */
    private static final Duration IDLE = Duration.ofSeconds(4);

    private static final Pattern STATUS = Pattern.compile("HTTP/(\\d)(?:\\.(\\d))? +(\\d{3})(?: .*)?");
    private static final Pattern KEEP_ALIVE = Pattern.compile("timeout *= *(\\d{1,4})");

    private final LimitedSocket wire;
    private final Socket socket;
    private final InputStream in;
    private final List<String> passedOver;
    private boolean reusable = true;
    private long usableUntil;

    /**
     * @param wire the TCP connection below {@code socket}, which may use TLS
     * @param passedOver addresses that did not answer, with the reason
     */
    HttpConnection(LimitedSocket wire, Socket socket, List<String> passedOver) throws IOException {
        this.wire = wire;
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
        this.passedOver = passedOver;
    }

    List<String> passedOver() {
        return passedOver;
    }

    void close() {
        try {
            wire.close();
        } catch (IOException e) {
            // The connection is no longer used.
        }
    }

    /** Whether the last response was complete and the server did not announce that it closes the connection. */
    boolean mayBeKept() {
        return reusable;
    }

    /**
     * Whether another request can be sent: the last response was complete, and the server has not closed the connection
     * since.
     */
    boolean isReusable() {
        if (!reusable || System.nanoTime() - usableUntil > 0) {
            return false;
        }
        wire.allow(Duration.ofMillis(2), HEAD_LIMIT);
        try {
            in.read(); // end of stream, or bytes that belong to no request
            return false;
        } catch (SocketTimeoutException e) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** A response. If the connection ended within the body, this has the part that was received. */
    static final class Received {
        final int status;
        final Map<String, String> headers;
        final long waitedNanos;
        final ByteArrayOutputStream body = new ByteArrayOutputStream();
        boolean isComplete;
        /** The remaining time for the response. */
        Duration left = Duration.ZERO;

        private Received(Head head, long waitedNanos) {
            this.status = head.status;
            this.headers = head.headers;
            this.waitedNanos = waitedNanos;
        }

        /** Empty if absent; the last one if there are several. */
        String header(String name) {
            return headers.getOrDefault(name, "");
        }
    }

    private record Head(int status, boolean isHttp11, Map<String, String> headers, boolean hasTwoLengths) {}

    /**
     * Sends the request and reads the response.
     *
     * @param room taken for a long body and not released here
     * @throws IOException if no complete response header was received
     */
    Received exchange(byte[] request, Duration time, ResponseMemory room) throws IOException {
        reusable = false;
        wire.allow(time, Transport.BODY_LIMIT + HEAD_LIMIT);
        socket.getOutputStream().write(request);
        socket.getOutputStream().flush();
        long asked = System.nanoTime();
        Head head = head();
        Received received = new Received(head, System.nanoTime() - asked);
        try {
            received.isComplete = body(head, received.body, room);
            received.left = wire.left();
        } catch (IOException e) {
            // The part that was received may contain the new refresh token.
            if (room.isTaken() && wire.left().toMillis() == 0) {
                room.refuse();
            }
        }
        return received;
    }

    /** Reads the header of a proxy's response to CONNECT, without a body. */
    static int tunnelStatus(InputStream in) throws IOException {
        return head(in).status;
    }

    private Head head() throws IOException {
        return head(in);
    }

    private static Head head(InputStream in) throws IOException {
        Lines lines = new Lines(in, HEAD_LIMIT);
        while (true) {
            String first = lines.next();
            Matcher matcher = STATUS.matcher(first);
            if (!matcher.matches()) {
                throw new IOException("the answer is not HTTP");
            }
            int status = Integer.parseInt(matcher.group(3));
            if (status < 100) {
                throw new IOException("the answer is not HTTP");
            }
            Map<String, String> headers = new HashMap<>();
            boolean hasTwoLengths = headers(lines, headers);
            if (status >= 200 || status == 101) {
                boolean isHttp11 = matcher.group(1).equals("1") && "1".equals(matcher.group(2));
                return new Head(status, isHttp11, headers, hasTwoLengths);
            }
        }
    }

    /** Returns whether Content-Length occurs twice. */
    private static boolean headers(Lines lines, Map<String, String> headers) throws IOException {
        boolean hasTwoLengths = false;
        String name = "";
        for (String line = lines.next(); !line.isEmpty(); line = lines.next()) {
            int colon = line.indexOf(':');
            if ((line.startsWith(" ") || line.startsWith("\t")) && !name.isEmpty()) {
                headers.merge(name, line.strip(), (value, more) -> value + " " + more);
            } else if (colon > 0) {
                name = line.substring(0, colon).strip().toLowerCase(Locale.ROOT);
                String before = headers.put(name, line.substring(colon + 1).strip());
                hasTwoLengths |= before != null && name.equals("content-length");
            }
        }
        return hasTwoLengths;
    }

    /** Returns whether the whole body was received. */
    private boolean body(Head head, ByteArrayOutputStream body, ResponseMemory room) throws IOException {
        String coding = head.headers.getOrDefault("transfer-encoding", "").toLowerCase(Locale.ROOT);
        String length = head.headers.getOrDefault("content-length", "");
        boolean isWhole;
        boolean hasEnd = true; // whether the start of the next response is known
        if (head.status < 200 || head.status == 204 || head.status == 304) {
            isWhole = true;
        } else if (coding.contains("chunked")) {
            isWhole = chunks(body, room);
        } else if (length.matches("\\d{1,18}")) {
            long wanted = Long.parseLong(length);
            isWhole = copy(wanted, body, room) == wanted;
            // Some servers count characters instead of bytes. There is only one request at a time, so further bytes
            // belong to this response.
            hasEnd = !isWhole || copy(in.available(), body, room) == 0;
            isWhole &= body.size() <= Transport.BODY_LIMIT;
        } else {
            hasEnd = false;
            isWhole = copy(Long.MAX_VALUE, body, room) <= Transport.BODY_LIMIT;
        }
        String connection = head.headers.getOrDefault("connection", "").toLowerCase(Locale.ROOT);
        reusable = isWhole && hasEnd && head.isHttp11 && !head.hasTwoLengths && !connection.contains("close");
        usableUntil = System.nanoTime() + idle(head).toNanos();
        return isWhole;
    }

    private static Duration idle(Head head) {
        Matcher matcher = KEEP_ALIVE.matcher(head.headers.getOrDefault("keep-alive", ""));
        return matcher.find() ? Duration.ofSeconds(Math.max(0, Integer.parseInt(matcher.group(1)) - 1)) : IDLE;
    }

    private boolean chunks(ByteArrayOutputStream body, ResponseMemory room) throws IOException {
        while (true) {
            Lines lines = new Lines(in, HEAD_LIMIT);
            String size = lines.next().replaceFirst(";.*", "").strip();
            if (!size.matches("[0-9a-fA-F]{1,8}")) {
                return false;
            }
            long length = Long.parseLong(size, 16);
            if (length == 0) {
                headers(lines, new HashMap<>());
                return true;
            }
            if (copy(length, body, room) != length || !lines.next().isEmpty()) {
                return false;
            }
        }
    }

    /** Copies at most {@code length} bytes, fewer if the stream ends. Stops one byte above the size limit. */
    private long copy(long length, ByteArrayOutputStream body, ResponseMemory room) throws IOException {
        byte[] buffer = new byte[8192];
        long copied = 0;
        while (copied < length) {
            int most = Transport.BODY_LIMIT + 1 - body.size();
            int n = in.read(buffer, 0, (int) Math.min(buffer.length, Math.min(most, length - copied)));
            if (n < 0) {
                return copied;
            }
            if (body.size() + n > ResponseMemory.SHORT && !room.isTaken()) {
                room.take(wire.left());
                wire.allow(Limits.REST);
            }
            body.write(buffer, 0, n);
            copied += n;
            if (body.size() > Transport.BODY_LIMIT) {
                return copied;
            }
        }
        return copied;
    }

    /** Lines that end with LF or CRLF, with a limit on their total size. */
    private static final class Lines {
        private final InputStream in;
        private int left;

        Lines(InputStream in, int most) {
            this.in = in;
            this.left = most;
        }

        String next() throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream(80);
            for (int c; (c = in.read()) != '\n'; ) {
                if (c < 0) {
                    throw new EOFException("the connection was closed");
                }
                if (--left < 0) {
                    throw new IOException("the head of the answer is too long");
                }
                line.write(c);
            }
            left--;
            String text = line.toString(StandardCharsets.ISO_8859_1);
            return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
        }
    }
}
