package org.opensciencegrid.cryptostore;

import java.util.Arrays;

/** A password: 1 to 1024 bytes, taken as they are (no character set, no normalisation). {@link #close} wipes it. */
public final class Password implements AutoCloseable {
    /** The longest password in bytes. */
    public static final int MAX_BYTES = 1024;

    private final byte[] bytes;
    private boolean closed;

    private Password(byte[] bytes) {
        this.bytes = bytes;
    }

    /**
     * Copies the bytes; the caller may wipe its own.
     *
     * @throws IllegalArgumentException if there are none or more than {@value #MAX_BYTES}
     */
    public static Password of(byte[] bytes) {
        if (bytes.length == 0 || bytes.length > MAX_BYTES) {
            throw new IllegalArgumentException("a password has 1 to " + MAX_BYTES + " bytes");
        }
        return new Password(bytes.clone());
    }

    /** A copy that the caller wipes after use. */
    public byte[] copyBytes() {
        if (closed) {
            throw new IllegalStateException("the password is closed");
        }
        return bytes.clone();
    }

    @Override
    public void close() {
        closed = true;
        Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public String toString() {
        return "***";
    }
}
