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
    private static final Semaphore PERMIT = new Semaphore(1, true);

    /** Up to this cost, the process keeps the memory for the next derivation. */
    private static final int MAX_POOL_KIB = 64 * 1024;

    @Override
    public void prepare(KdfParameters parameters) {
        PERMIT.acquireUninterruptibly();
        try {
            BlockPools.allocateAll(parameters);
        } finally {
            PERMIT.release();
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
        PERMIT.acquireUninterruptibly();
        try {
            Argon2BytesGenerator generator = new Argon2BytesGenerator();
            generator.init(new Argon2Parameters.Builder(type)
                    .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                    .withMemoryAsKB(parameters.memoryKiB())
                    .withIterations(parameters.iterations())
                    .withParallelism(parameters.parallelism())
                    .withSalt(salt)
                    .withBlockPool(BlockPools.of(parameters))
                    .build());
            generator.generateBytes(secret, out);
            return out;
        } finally {
            PERMIT.release();
            Arrays.fill(secret, (byte) 0);
        }
    }

    /**
     * A separate class, so that a run without a key derivation does not load BouncyCastle. Only used while holding
     * {@link #PERMIT}.
     */
    private static final class BlockPools {
        private static Argon2BytesGenerator.BlockPool pool = new Argon2BytesGenerator.FixedBlockPool(0);
        private static int pooledBlocks;

        /** A pool for this cost. A block is wiped when it is returned to the pool. */
        static Argon2BytesGenerator.BlockPool of(KdfParameters parameters) {
            int blocks = Argon2BytesGenerator.getBlockCount(parameters.memoryKiB(), parameters.parallelism());
            if (parameters.memoryKiB() > MAX_POOL_KIB) {
                return new Argon2BytesGenerator.FixedBlockPool(0);
            }
            if (blocks > pooledBlocks) {
                pool = new Argon2BytesGenerator.FixedBlockPool(blocks);
                pooledBlocks = blocks;
            }
            return pool;
        }

        static void allocateAll(KdfParameters parameters) {
            Argon2BytesGenerator.BlockPool source = of(parameters);
            List<Argon2BytesGenerator.Block> all = new ArrayList<>(pooledBlocks);
            for (int i = 0; i < pooledBlocks; i++) {
                all.add(source.allocate());
            }
            all.forEach(source::deallocate);
        }
    }
}
