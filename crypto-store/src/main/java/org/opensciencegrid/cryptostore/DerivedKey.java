package org.opensciencegrid.cryptostore;

import java.util.Arrays;

/** What one derivation gave, with the salt and cost that lead to it: kept while an account is open. */
final class DerivedKey {
    private static final int HALF = KeyDerivation.LENGTH / 2;

    private final KdfParameters parameters;
    private final byte[] salt;
    private final byte[] bytes;

    DerivedKey(KeyDerivation derivation, Password password, byte[] salt, KdfParameters parameters) {
        this(derivation.derive(password, salt, parameters), salt, parameters);
    }

    /** @param bytes what a derivation gave; wiped with this */
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

    /** A copy of all that was derived, which the caller wipes. */
    byte[] bytes() {
        return bytes.clone();
    }

    /** The AES-256 key. */
    byte[] key() {
        return Arrays.copyOf(bytes, HALF);
    }

    /** The commitment that tells a wrong password from a changed file. */
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
