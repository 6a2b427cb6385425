package org.opensciencegrid.cryptostore;

import java.util.Arrays;
import java.util.Optional;

/** A password: 1 to 1024 bytes, used unchanged (no character set, no normalization). {@link #close} wipes it. */
public final class Password implements AutoCloseable {
    /** The maximum length in bytes. */
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

    /** The same password, marked with the file that it was read from. The mark changes with the content of the file. */
    Password from(Optional<String> file) {
        return new Password(bytes, file);
    }

    /** The same password without the mark of its file. Its key is derived each time and never cached. */
    public Password withoutOrigin() {
        return from(Optional.empty());
    }

    Optional<String> origin() {
        return origin;
    }

    /** A copy of the bytes. The caller wipes it. */
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
