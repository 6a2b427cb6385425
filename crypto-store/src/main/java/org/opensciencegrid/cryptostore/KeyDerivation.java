package org.opensciencegrid.cryptostore;

/** Turns a password into key material. */
@FunctionalInterface
public interface KeyDerivation {
    /** Bytes of key material: 32 for AES-256, 32 for the check value. */
    int LENGTH = 64;

    /**
     * Derives {@value #LENGTH} bytes. The result belongs to the caller, who wipes it.
     *
     * @param salt 16 bytes
     */
    byte[] derive(Password password, byte[] salt, KdfParameters parameters);

    /** Argon2id v1.3 without secret and associated data (RFC 9106). At most two run at a time in this process. */
    static KeyDerivation argon2id() {
        return new Argon2id();
    }
}
