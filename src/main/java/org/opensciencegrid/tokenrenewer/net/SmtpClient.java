package org.opensciencegrid.tokenrenewer.net;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Delivers a mail to a relay (RFC 5321), without TLS and without a password: the relay is on this machine or in the
 * site's own network. Addresses and message are ASCII.
 */
public final class SmtpClient implements AutoCloseable {
    private static final int MOST_BYTES = 1 << 16;
    private static final int LONGEST_LINE = 2000;
    private static final int READY = 220;
    private static final int OK = 250;
    private static final int START_INPUT = 354;

    private final LimitedSocket socket;
    private final InputStream in;
    private final OutputStream out;

    private SmtpClient(LimitedSocket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
        this.out = socket.getOutputStream();
    }

    /** The relay got the whole message, and perhaps delivers it. */
    public static final class NoAnswerException extends IOException {
        private static final long serialVersionUID = 1;

        NoAnswerException(IOException cause) {
            super("it did not say whether it took the message: " + ExceptionMapper.reason(cause), cause);
        }
    }

    /** An answer of the relay. */
    private record Reply(int code, String text) {}

    /**
     * Tries each address of the relay.
     *
     * @param name of this host
     * @param time for the connection and the whole conversation
     * @throws IOException if no address answers as a mail server; the message names the relay
     */
    public static SmtpClient connect(String host, int port, String name, Duration time) throws IOException {
        long end = System.nanoTime() + time.toNanos();
        IOException failure = new IOException("there is no time left");
        InetAddress[] addresses;
        try {
            addresses = InetAddress.getAllByName(HostNames.bare(host));
        } catch (UnknownHostException e) {
            throw new IOException("the relay " + host + ":" + port + " cannot be reached: its name is not known", e);
        }
        for (InetAddress address : addresses) {
            Duration left = Duration.ofNanos(end - System.nanoTime());
            if (left.toMillis() > 0) {
                try {
                    return connect(new InetSocketAddress(address, port), name, left);
                } catch (IOException e) {
                    failure = e;
                }
            }
        }
        throw new IOException(
                "the relay " + host + ":" + port + " cannot be used: " + ExceptionMapper.reason(failure), failure);
    }

    private static SmtpClient connect(InetSocketAddress address, String name, Duration left) throws IOException {
        LimitedSocket socket = new LimitedSocket();
        try {
            Duration connect = left.compareTo(Limits.CONNECT) < 0 ? left : Limits.CONNECT;
            socket.connect(address, (int) Math.max(1, connect.toMillis()));
            socket.limit(left, MOST_BYTES);
            SmtpClient client = new SmtpClient(socket);
            client.require(READY, client.reply(), "it does not greet");
            Reply greeted = client.command("EHLO " + name);
            if (greeted.code() != OK) {
                client.require(OK, client.command("HELO " + name), "it rejects the name of this host");
            }
            return client;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Names sender and recipient. If nothing follows, the relay forgets them. */
    public void envelope(String from, String to) throws IOException {
        require(OK, command("MAIL FROM:<" + address(from) + ">"), "it rejects the sender " + from);
        Reply recipient = command("RCPT TO:<" + address(to) + ">");
        if (recipient.code() / 100 != 2) {
            throw rejected(recipient, "it rejects the recipient " + to);
        }
    }

    /**
     * Sends the message after the {@link #envelope}.
     *
     * @param message headers, an empty line and the text, in ASCII; the lines end with LF
     * @throws NoAnswerException if all of it was sent, and the relay did not say whether it took it
     * @throws IOException if the relay did not take it
     */
    public void send(String message) throws IOException {
        require(START_INPUT, command("DATA"), "it takes no message");
        StringBuilder data = new StringBuilder(message.length() + 100);
        for (String line : message.split("\n", -1)) {
            data.append(line.startsWith(".") ? "." : "").append(line).append("\r\n"); // RFC 5321 section 4.5.2
        }
        write(data + ".\r\n");
        Reply taken;
        try {
            taken = reply();
        } catch (IOException e) {
            throw new NoAnswerException(e);
        }
        require(OK, taken, "it rejects the message");
    }

    /** Ends the conversation. The relay keeps a message that it took. */
    @Override
    public void close() {
        try (socket) {
            write("QUIT\r\n");
        } catch (IOException e) {
            // The result is known without it.
        }
    }

    /** The caller validates addresses; this prevents a second command in any case. */
    private static String address(String text) throws IOException {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c <= ' ' || c >= 0x7f || c == '<' || c == '>') {
                throw new IOException("'" + Printable.of(text) + "' is not a mail address");
            }
        }
        return text;
    }

    private Reply command(String line) throws IOException {
        write(line + "\r\n");
        return reply();
    }

    private void write(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.US_ASCII));
        out.flush();
    }

    /** The last line has a space after the code (RFC 5321 section 4.2.1). */
    private Reply reply() throws IOException {
        while (true) {
            String line = line();
            if (!line.matches("[2-5][0-9]{2}([ -].*)?")) {
                throw new IOException("it is not a mail server: it says '" + Printable.of(line, 80) + "'");
            }
            if (line.length() == 3 || line.charAt(3) == ' ') {
                return new Reply(Integer.parseInt(line.substring(0, 3)), line);
            }
        }
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream(80);
        for (int c; (c = in.read()) != '\n'; ) {
            if (c < 0) {
                throw new EOFException("it closed the connection");
            }
            if (line.size() >= LONGEST_LINE) {
                throw new IOException("its answer is too long");
            }
            line.write(c);
        }
        return line.toString(StandardCharsets.UTF_8).stripTrailing();
    }

    private void require(int code, Reply reply, String otherwise) throws IOException {
        if (reply.code() != code) {
            throw rejected(reply, otherwise);
        }
    }

    private static IOException rejected(Reply reply, String why) {
        return new IOException(why + ": " + Printable.of(reply.text(), 200));
    }
}
