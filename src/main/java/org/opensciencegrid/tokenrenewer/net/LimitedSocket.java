package org.opensciencegrid.tokenrenewer.net;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;

/**
 * A TCP connection with limits on bytes and time. They apply to everything that reads through it, TLS and HTTP alike.
 * An interrupted thread stops reading within a fifth of a second.
 */
final class LimitedSocket extends Socket {
    private static final int SLICE_MILLIS = 200;

    private long end;
    private long bytesLeft;

    /** Sets new limits, starting now. */
    void limit(Duration time, long bytes) {
        end = System.nanoTime() + time.toNanos();
        bytesLeft = bytes;
    }

    /** The remaining time. */
    Duration remaining() {
        return Duration.ofNanos(Math.max(0, end - System.nanoTime()));
    }

    /** Sets a new time limit, starting now, and keeps the byte limit. */
    void limit(Duration time) {
        end = System.nanoTime() + time.toNanos();
    }

    @Override
    public InputStream getInputStream() throws IOException {
        return new Bounded(super.getInputStream());
    }

    private final class Bounded extends FilterInputStream {
        Bounded(InputStream in) {
            super(in);
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] buffer, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (bytesLeft <= 0) {
                throw new IOException("it sent more bytes than are read");
            }
            while (true) {
                if (Thread.currentThread().isInterrupted()) {
                    throw new InterruptedIOException("we were interrupted");
                }
                long millis = (end - System.nanoTime()) / 1_000_000;
                if (millis <= 0) {
                    throw new SocketTimeoutException("the time was over");
                }
                setSoTimeout((int) Math.min(SLICE_MILLIS, millis));
                try {
                    int n = in.read(buffer, offset, (int) Math.min(length, bytesLeft));
                    bytesLeft -= Math.max(n, 0);
                    return n;
                } catch (SocketTimeoutException e) {
                    // One slice is over; the time limit may not be.
                }
            }
        }
    }
}
