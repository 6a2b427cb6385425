package org.opensciencegrid.cryptostore;

import java.util.Arrays;
import java.util.Optional;

/** A password: 1 to 1024 bytes, taken as they are (no character set, no normalisation). {@link #close} wipes it. */
public final class Password implements AutoCloseable {
    /** The longest password in bytes. */
    public static final int MAX_BYTES = 1024;

    private final byte[] bytes;
    private final Optional<String> origin;
    private boolean closed;

    private Password(byte[] bytes, Optional<String> origin) {
        this.bytes = bytes;
        this.origin = origin;
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
        return new Password(bytes.clone(), Optional.empty());
    }

    /** The same with a mark of the file that it was read from; another content of that file has another mark. */
    Password from(Optional<String> file) {
        return new Password(bytes, file);
    }

    /** The same, as if it came from nowhere: its key is derived each time, and never kept. */
    public Password withoutOrigin() {
        return from(Optional.empty());
    }

    Optional<String> origin() {
        return origin;
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
