package org.opensciencegrid.cryptostore;

/** Derives a key from a password. */
@FunctionalInterface
public interface KeyDerivation {
    /** Bytes of key material: 32 for AES-256, 32 for the check value. */
    int LENGTH = 64;

    /**
     * Derives {@value #LENGTH} bytes. The caller wipes them.
     *
     * @param salt 16 bytes
     */
    byte[] derive(Password password, byte[] salt, KdfParameters parameters);

    /**
     * Allocates the memory for derivations of this cost, and keeps it. So a machine without enough memory fails now and
     * not after a request to the issuer.
     */
    default void prepare(KdfParameters parameters) {}

    /** Argon2id v1.3 without secret and associated data (RFC 9106). One derivation at a time in this process. */
    static KeyDerivation argon2id() {
        return new Argon2id();
    }
}
