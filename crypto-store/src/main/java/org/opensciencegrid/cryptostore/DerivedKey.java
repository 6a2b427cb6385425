package org.opensciencegrid.cryptostore;

import java.util.Arrays;

/** The result of one key derivation, with its salt and cost. Kept while an account is open. */
final class DerivedKey {
    private static final int HALF = KeyDerivation.LENGTH / 2;

    private final KdfParameters parameters;
    private final byte[] salt;
    private final byte[] bytes;

    DerivedKey(KeyDerivation derivation, Password password, byte[] salt, KdfParameters parameters) {
        this(derivation.derive(password, salt, parameters), salt, parameters);
    }

    /** @param bytes the result of a derivation; {@link #wipe} wipes it */
    DerivedKey(byte[] bytes, byte[] salt, KdfParameters parameters) {
        this.parameters = parameters;
        this.salt = salt;
        this.bytes = bytes;
        if (bytes.length != KeyDerivation.LENGTH) {
            throw new IllegalArgumentException("a key derivation must give " + KeyDerivation.LENGTH + " bytes");
        }
    }

    KdfParameters parameters() {
        return parameters;
    }

    byte[] salt() {
        return salt;
    }

    /** A copy of all derived bytes. The caller wipes it. */
    byte[] bytes() {
        return bytes.clone();
    }

    /** The AES-256 key. */
    byte[] key() {
        return Arrays.copyOf(bytes, HALF);
    }

    /** The commitment that distinguishes a wrong password from a changed file. */
    byte[] check() {
        return Arrays.copyOfRange(bytes, HALF, KeyDerivation.LENGTH);
    }

    boolean isFor(byte[] otherSalt, KdfParameters otherParameters) {
        return Arrays.equals(salt, otherSalt) && parameters.equals(otherParameters);
    }

    void wipe() {
        Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public String toString() {
        return "***";
    }
}
