package org.opensciencegrid.cryptostore;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.bouncycastle.crypto.digests.SHA256Digest;

/** See {@link KeyDerivation#once}. Knows passwords only by a hash that includes the salt. */
final class DerivedOnce implements KeyDerivation {
    /** More accounts than one host has; the oldest key is dropped. */
    private static final int MOST = 10_000;

    private final KeyDerivation derivation;
    private final Map<String, byte[]> keys = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, byte[]> eldest) {
            return size() > MOST;
        }
    };

    DerivedOnce(KeyDerivation derivation) {
        this.derivation = derivation;
    }

    @Override
    public void prepare(KdfParameters parameters) {
        derivation.prepare(parameters);
    }

    @Override
    public byte[] derive(Password password, byte[] salt, KdfParameters parameters) {
        String name = name(password, salt, parameters);
        return find(name).orElseGet(() -> {
            byte[] key = derivation.derive(password, salt, parameters);
            keep(name, key);
            return key;
        });
    }

    private synchronized Optional<byte[]> find(String name) {
        return Optional.ofNullable(keys.get(name)).map(byte[]::clone);
    }

    private synchronized void keep(String name, byte[] key) {
        keys.put(name, key.clone());
    }

    private static String name(Password password, byte[] salt, KdfParameters parameters) {
        byte[] secret = password.copyBytes();
        byte[] cost = ByteBuffer.allocate(12)
                .putInt(parameters.memoryKiB())
                .putInt(parameters.iterations())
                .putInt(parameters.parallelism())
                .array();
        SHA256Digest digest = new SHA256Digest();
        for (byte[] part : new byte[][] {"once 1\n".getBytes(StandardCharsets.US_ASCII), cost, salt, secret}) {
            digest.update(part, 0, part.length);
        }
        Arrays.fill(secret, (byte) 0);
        byte[] out = new byte[digest.getDigestSize()];
        digest.doFinal(out, 0);
        return Base64.getEncoder().encodeToString(out);
    }
}
