package org.opensciencegrid.cryptostore;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import org.bouncycastle.crypto.digests.SHA256Digest;

/**
 * Arbitrary bytes as an account file: rejected with a reason, or opened, and then equal to what the writer writes. Run
 * by {@code .ci/fuzz/run}. Findings are stored below {@code fuzz/}, and {@link FuzzFindingsTest} runs them again.
 */
public final class AccountFileFuzz {
    private static final Path FILE = Path.of("/account");
    private static final int HASH = 32;

    private AccountFileFuzz() {}

    /** Called by the fuzzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        open(input);
        open(withChecksum(input)); // a fuzzer does not find a valid checksum by chance
        FormatOne.withoutReservedSpace(input);
    }

    private static void open(byte[] file) {
        try (Password password = Given.password()) {
            FormatOne.Sealed sealed = FormatOne.decode(FILE, file, Given.NAME);
            DerivedKey key = new DerivedKey(Given.HASH, password, sealed.salt(), sealed.parameters());
            byte[] text = sealed.open(key);
            byte[] again = FormatOne.seal(sealed.account(), sealed.generation(), key, sealed.nonce(), text);
            require(Arrays.equals(again, file), "two spellings of one account");
        } catch (StoreException e) {
            require(e.getMessage().startsWith(FILE + ": "), "no place");
            require(e.getMessage().length() < 200, "a long message");
            require(e.getMessage().chars().allMatch(c -> c >= ' ' && c < 0x7f), "not printable");
        }
    }

    private static byte[] withChecksum(byte[] body) {
        SHA256Digest digest = new SHA256Digest();
        digest.update(body, 0, body.length);
        byte[] hash = new byte[HASH];
        digest.doFinal(hash, 0);
        byte[] end =
                ("end: sha256=" + Base64.getEncoder().encodeToString(hash) + "\n").getBytes(StandardCharsets.US_ASCII);
        byte[] whole = Arrays.copyOf(body, body.length + end.length);
        System.arraycopy(end, 0, whole, body.length, end.length);
        return whole;
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
