package org.opensciencegrid.cryptostore;

import java.util.Arrays;
import java.util.concurrent.Semaphore;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/** {@link KeyDerivation} of account file format 1. */
final class Argon2id implements KeyDerivation {
    /** Each derivation takes 64 MiB by default: many accounts at once must not exhaust the heap. */
    private static final Semaphore TURNS =
            new Semaphore(Math.min(2, Runtime.getRuntime().availableProcessors()), true);

    @Override
    public byte[] derive(Password password, byte[] salt, KdfParameters parameters) {
        return derive(Argon2Parameters.ARGON2_id, password, salt, parameters, LENGTH);
    }

    /** Any form of Argon2 v1.3; oidc-agent's older files need Argon2i. */
    static byte[] derive(int type, Password password, byte[] salt, KdfParameters parameters, int length) {
        byte[] secret = password.copyBytes();
        byte[] out = new byte[length];
        TURNS.acquireUninterruptibly();
        try {
            Argon2BytesGenerator generator = new Argon2BytesGenerator();
            generator.init(new Argon2Parameters.Builder(type)
                    .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                    .withMemoryAsKB(parameters.memoryKiB())
                    .withIterations(parameters.iterations())
                    .withParallelism(parameters.parallelism())
                    .withSalt(salt)
                    .build());
            generator.generateBytes(secret, out);
            return out;
        } finally {
            TURNS.release();
            Arrays.fill(secret, (byte) 0);
        }
    }
}
