package org.opensciencegrid.cryptostore;

/**
 * The cost of one Argon2id v1.3 derivation (RFC 9106).
 *
 * <p>The limits are those of account file format 1. They keep a hostile file from using too much memory or time: at
 * most 256 MiB, and at most 1 GiB of memory traffic (memory times iterations).
 *
 * @param memoryKiB memory in KiB, 8 to 262144, and at least 8 per lane (RFC 9106 section 3.1)
 * @param iterations passes over the memory, 1 to 10
 * @param parallelism lanes, 1 to 4
 */
public record KdfParameters(int memoryKiB, int iterations, int parallelism) {
    /** 64 MiB, three passes, one lane. Not weaker than oidc-agent's 64 MiB and two passes. */
    public static final KdfParameters DEFAULT = new KdfParameters(64 * 1024, 3, 1);

    private static final int MAX_MEMORY_KIB = 256 * 1024;
    private static final int MAX_ITERATIONS = 10;
    private static final int MAX_PARALLELISM = 4;
    private static final long MAX_MEMORY_TIMES_ITERATIONS_KIB = 1024 * 1024;

    /** @throws IllegalArgumentException if a value is outside the limits */
    public KdfParameters {
        if (parallelism < 1 || parallelism > MAX_PARALLELISM) {
            throw new IllegalArgumentException("Argon2id parallelism must be 1 to " + MAX_PARALLELISM);
        }
        if (iterations < 1 || iterations > MAX_ITERATIONS) {
            throw new IllegalArgumentException("Argon2id iterations must be 1 to " + MAX_ITERATIONS);
        }
        if (memoryKiB < 8 * parallelism || memoryKiB > MAX_MEMORY_KIB) {
            throw new IllegalArgumentException("Argon2id memory must be 8 KiB per lane to " + MAX_MEMORY_KIB + " KiB");
        }
        if ((long) memoryKiB * iterations > MAX_MEMORY_TIMES_ITERATIONS_KIB) {
            throw new IllegalArgumentException("Argon2id memory times iterations must not exceed 1 GiB");
        }
    }
}
