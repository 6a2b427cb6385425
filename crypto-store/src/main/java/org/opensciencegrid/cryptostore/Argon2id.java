package org.opensciencegrid.cryptostore;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;

/** The {@link KeyDerivation} of account file format 1. */
public final class Argon2id implements KeyDerivation {
    /** Allows one derivation at a time, because each needs 64 MiB by default. */
    private static final Semaphore TURN = new Semaphore(1, true);

    /** Up to this cost, the process keeps the memory for the next derivation. */
    private static final int KEPT_KIB = 64 * 1024;

    @Override
    public void prepare(KdfParameters parameters) {
        TURN.acquireUninterruptibly();
        try {
            WorkArea.take(parameters);
        } finally {
            TURN.release();
        }
    }

    @Override
    public byte[] derive(Password password, byte[] salt, KdfParameters parameters) {
        return derive(Argon2Parameters.ARGON2_id, password, salt, parameters, LENGTH);
    }

    /** Any variant of Argon2 v1.3. Older files of oidc-agent need Argon2i. */
    public static byte[] derive(int type, Password password, byte[] salt, KdfParameters parameters, int length) {
        byte[] secret = password.copyBytes();
        byte[] out = new byte[length];
        TURN.acquireUninterruptibly();
        try {
            Argon2BytesGenerator generator = new Argon2BytesGenerator();
            generator.init(new Argon2Parameters.Builder(type)
                    .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                    .withMemoryAsKB(parameters.memoryKiB())
                    .withIterations(parameters.iterations())
                    .withParallelism(parameters.parallelism())
                    .withSalt(salt)
                    .withBlockPool(WorkArea.of(parameters))
                    .build());
            generator.generateBytes(secret, out);
            return out;
        } finally {
            TURN.release();
            Arrays.fill(secret, (byte) 0);
        }
    }

    /**
     * A separate class, so that a run without a key derivation does not load BouncyCastle. Only used while holding
     * {@link #TURN}.
     */
    private static final class WorkArea {
        private static Argon2BytesGenerator.BlockPool kept = new Argon2BytesGenerator.FixedBlockPool(0);
        private static int keptBlocks;

        /** A pool for this cost. A block is wiped when it is returned to the pool. */
        static Argon2BytesGenerator.BlockPool of(KdfParameters parameters) {
            int blocks = Argon2BytesGenerator.getBlockCount(parameters.memoryKiB(), parameters.parallelism());
            if (parameters.memoryKiB() > KEPT_KIB) {
                return new Argon2BytesGenerator.FixedBlockPool(0);
            }
            if (blocks > keptBlocks) {
                kept = new Argon2BytesGenerator.FixedBlockPool(blocks);
                keptBlocks = blocks;
            }
            return kept;
        }

        static void take(KdfParameters parameters) {
            Argon2BytesGenerator.BlockPool pool = of(parameters);
            List<Argon2BytesGenerator.Block> all = new ArrayList<>(keptBlocks);
            for (int i = 0; i < keptBlocks; i++) {
                all.add(pool.allocate());
            }
            all.forEach(pool::deallocate);
        }
    }
}
