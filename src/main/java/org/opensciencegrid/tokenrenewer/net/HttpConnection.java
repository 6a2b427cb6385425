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
    private final List<String> failedAddresses;
    private boolean reusable = true;
    private long usableUntil;

    /**
     * @param wire the TCP connection below {@code socket}, which may use TLS
     * @param failedAddresses addresses that did not answer, with the reason
     */
    HttpConnection(LimitedSocket wire, Socket socket, List<String> failedAddresses) throws IOException {
        this.wire = wire;
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
        this.failedAddresses = failedAddresses;
    }

    List<String> failedAddresses() {
        return failedAddresses;
    }

    void close() {
        try {
            wire.close();
        } catch (IOException e) {
            // The connection is no longer used.
        }
    }

    /** Whether the last response was complete and the server did not announce that it closes the connection. */
    boolean isKeepAlive() {
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
        wire.limit(Duration.ofMillis(2), HEAD_LIMIT);
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
    static final class RawResponse {
        final int status;
        final Map<String, String> headers;
        final long waitedNanos;
        final ByteArrayOutputStream body = new ByteArrayOutputStream();
        boolean isComplete;
        /** The remaining time for the response. */
        Duration remaining = Duration.ZERO;

        private RawResponse(Head head, long waitedNanos) {
            this.status = head.status;
            this.headers = head.headers;
            this.waitedNanos = waitedNanos;
        }

        /** Empty if absent; the last one if there are several. */
        String header(String name) {
            return headers.getOrDefault(name, "");
        }
    }

    private record Head(int status, boolean isHttp11, Map<String, String> headers, boolean hasDuplicateLength) {}

    /**
     * Sends the request and reads the response.
     *
     * @param memory taken for a long body and not released here
     * @throws IOException if no complete response header was received
     */
    RawResponse exchange(byte[] request, Duration time, ResponseMemory memory) throws IOException {
        reusable = false;
        wire.limit(time, memory.bodyLimit() + HEAD_LIMIT);
        socket.getOutputStream().write(request);
        socket.getOutputStream().flush();
        long sentAt = System.nanoTime();
        Head head = head(in);
        RawResponse response = new RawResponse(head, System.nanoTime() - sentAt);
        try {
            response.isComplete = body(head, response.body, memory);
            response.remaining = wire.remaining();
        } catch (IOException e) {
            // The part that was received may contain the new refresh token.
            if (memory.isHeld() && wire.remaining().toMillis() == 0) {
                memory.deny();
            }
        }
        return response;
    }

    /** Reads the header of a proxy's response to CONNECT, without a body. */
    static int tunnelStatus(InputStream in) throws IOException {
        return head(in).status;
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
            boolean hasDuplicateLength = headers(lines, headers);
            if (status >= 200 || status == 101) {
                boolean isHttp11 = matcher.group(1).equals("1") && "1".equals(matcher.group(2));
                return new Head(status, isHttp11, headers, hasDuplicateLength);
            }
        }
    }

    /** Returns whether Content-Length occurs twice. */
    private static boolean headers(Lines lines, Map<String, String> headers) throws IOException {
        boolean hasDuplicateLength = false;
        String name = "";
        for (String line = lines.next(); !line.isEmpty(); line = lines.next()) {
            int colon = line.indexOf(':');
            if ((line.startsWith(" ") || line.startsWith("\t")) && !name.isEmpty()) {
                headers.merge(name, line.strip(), (value, more) -> value + " " + more);
            } else if (colon > 0) {
                name = line.substring(0, colon).strip().toLowerCase(Locale.ROOT);
                String before = headers.put(name, line.substring(colon + 1).strip());
                hasDuplicateLength |= before != null && name.equals("content-length");
            }
        }
        return hasDuplicateLength;
    }

    /** Returns whether the whole body was received. */
    private boolean body(Head head, ByteArrayOutputStream body, ResponseMemory memory) throws IOException {
        String coding = head.headers.getOrDefault("transfer-encoding", "").toLowerCase(Locale.ROOT);
        String length = head.headers.getOrDefault("content-length", "");
        boolean isComplete;
        boolean hasEnd = true; // whether the start of the next response is known
        if (head.status < 200 || head.status == 204 || head.status == 304) {
            isComplete = true;
        } else if (coding.contains("chunked")) {
            isComplete = chunks(body, memory);
        } else if (length.matches("\\d{1,18}")) {
            long contentLength = Long.parseLong(length);
            isComplete = copy(contentLength, body, memory) == contentLength;
            // Some servers count characters instead of bytes. There is only one request at a time, so further bytes
            // belong to this response.
            hasEnd = !isComplete || copy(in.available(), body, memory) == 0;
            isComplete &= body.size() <= memory.bodyLimit();
        } else {
            hasEnd = false;
            isComplete = copy(Long.MAX_VALUE, body, memory) <= memory.bodyLimit();
        }
        String connection = head.headers.getOrDefault("connection", "").toLowerCase(Locale.ROOT);
        reusable = isComplete && hasEnd && head.isHttp11 && !head.hasDuplicateLength && !connection.contains("close");
        usableUntil = System.nanoTime() + idle(head).toNanos();
        return isComplete;
    }

    private static Duration idle(Head head) {
        Matcher matcher = KEEP_ALIVE.matcher(head.headers.getOrDefault("keep-alive", ""));
        return matcher.find() ? Duration.ofSeconds(Math.max(0, Integer.parseInt(matcher.group(1)) - 1)) : IDLE;
    }

    private boolean chunks(ByteArrayOutputStream body, ResponseMemory memory) throws IOException {
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
            if (copy(length, body, memory) != length || !lines.next().isEmpty()) {
                return false;
            }
        }
    }

    /** Copies at most {@code length} bytes, fewer if the stream ends. Stops one byte above the size limit. */
    private long copy(long length, ByteArrayOutputStream body, ResponseMemory memory) throws IOException {
        byte[] buffer = new byte[8192];
        long copied = 0;
        while (copied < length) {
            int maxBytes = memory.bodyLimit() + 1 - body.size();
            int n = in.read(buffer, 0, (int) Math.min(buffer.length, Math.min(maxBytes, length - copied)));
            if (n < 0) {
                return copied;
            }
            if (body.size() + n > ResponseMemory.SHORT_RESPONSE_BYTES && !memory.isHeld()) {
                memory.acquire(wire.remaining());
                wire.limit(Limits.LONG_BODY);
            }
            body.write(buffer, 0, n);
            copied += n;
            if (body.size() > memory.bodyLimit()) {
                return copied;
            }
        }
        return copied;
    }

    /** Lines that end with LF or CRLF, with a limit on their total size. */
    private static final class Lines {
        private final InputStream in;
        private int bytesLeft;

        Lines(InputStream in, int maxBytes) {
            this.in = in;
            this.bytesLeft = maxBytes;
        }

        String next() throws IOException {
            ByteArrayOutputStream line = new ByteArrayOutputStream(80);
            for (int c; (c = in.read()) != '\n'; ) {
                if (c < 0) {
                    throw new EOFException("the connection was closed");
                }
                if (--bytesLeft < 0) {
                    throw new IOException("the head of the answer is too long");
                }
                line.write(c);
            }
            bytesLeft--;
            String text = line.toString(StandardCharsets.ISO_8859_1);
            return text.endsWith("\r") ? text.substring(0, text.length() - 1) : text;
        }
    }
}
