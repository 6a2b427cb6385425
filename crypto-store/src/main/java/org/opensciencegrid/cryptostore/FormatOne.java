package org.opensciencegrid.cryptostore;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.engines.AESEngine;
import org.bouncycastle.crypto.modes.AEADBlockCipher;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.opensciencegrid.cryptostore.StoreException.Kind;

/**
 * Encodes and decodes account file format 1. Specified in {@code docs/reference/account-file.md}.
 *
 * <p>Every file has exactly one valid encoding: the reader rejects everything that the writer would not write.
 */
final class FormatOne {
    static final int MAX_FILE_BYTES = 256 * 1024;
    static final long MAX_GENERATION = 999_999_999_999_999_999L;
    static final int SALT_BYTES = 16;
    static final int NONCE_BYTES = 12;
    private static final int CHECK_BYTES = 32;
    private static final int TAG_BYTES = 16;

    private static final String DECIMAL = "(0|[1-9][0-9]{0,17})";
    private static final String BASE64 = "([A-Za-z0-9+/]+={0,2})";
    private static final Pattern VERSION = Pattern.compile("osg-token-renewer-account ([1-9][0-9]{0,17})\n");
    private static final Pattern ACCOUNT = Pattern.compile("account: ([A-Za-z0-9._@+-]{1,100})");
    private static final Pattern GENERATION = Pattern.compile("generation: " + DECIMAL);
    private static final Pattern KDF =
            Pattern.compile("kdf: argon2id v=19 m=" + DECIMAL + " t=" + DECIMAL + " p=" + DECIMAL + " salt=" + BASE64);
    private static final Pattern CHECK = Pattern.compile("check: " + BASE64);
    private static final Pattern CIPHER = Pattern.compile("cipher: aes-256-gcm nonce=" + BASE64);
    private static final Pattern DATA = Pattern.compile("data: " + BASE64);
    private static final String END = "end: sha256=";
    private static final int END_LINE_BYTES = END.length() + 44 + 1;
    /** Number of lines above the end line. */
    private static final int LINES = 7;

    private FormatOne() {}

    /** A well-formed file with the right checksum and account name. Nothing is authenticated before {@link #open}. */
    record Sealed(
            Path file,
            String account,
            long generation,
            KdfParameters parameters,
            byte[] salt,
            byte[] check,
            byte[] nonce,
            byte[] authenticated,
            byte[] data,
            byte[] bytes) {

        /**
         * Decrypts. Compares the check value first, because AES-GCM alone cannot distinguish a wrong key from a changed
         * file.
         */
        byte[] open(DerivedKey key) throws StoreException {
            if (!constantTimeEquals(check, key.check())) {
                throw new StoreException(Kind.WRONG_PASSWORD, file, "the password is not the right one");
            }
            byte[] plaintext = new byte[data.length - TAG_BYTES];
            try {
                gcm(false, key.key(), nonce, authenticated, data, plaintext);
                return plaintext;
            } catch (InvalidCipherTextException e) {
                Arrays.fill(plaintext, (byte) 0);
                throw new StoreException(
                        Kind.TAMPERED,
                        file,
                        "the password is right, but the content was changed by somebody without it");
            }
        }
    }

    /**
     * Encrypts and encodes a file.
     *
     * @param nonce never used before with this key
     * @throws IllegalArgumentException if the plaintext is empty or the file would exceed its limit
     */
    static byte[] seal(String account, long generation, DerivedKey key, byte[] nonce, byte[] plaintext) {
        if (plaintext.length == 0 || generation < 1 || generation > MAX_GENERATION) {
            throw new IllegalArgumentException("plaintext is empty, or the generation is out of range");
        }
        KdfParameters kdf = key.parameters();
        // Everything above the data line is authenticated exactly as written, without another serialization.
        String head = "osg-token-renewer-account 1\naccount: " + account + "\ngeneration: " + generation
                + "\nkdf: argon2id v=19 m=" + kdf.memoryKiB() + " t=" + kdf.iterations() + " p=" + kdf.parallelism()
                + " salt=" + encode(key.salt()) + "\ncheck: " + encode(key.check()) + "\ncipher: aes-256-gcm nonce="
                + encode(nonce) + "\n";
        byte[] data = new byte[plaintext.length + TAG_BYTES];
        try {
            gcm(true, key.key(), nonce, head.getBytes(US_ASCII), plaintext, data);
        } catch (InvalidCipherTextException e) {
            throw new IllegalStateException("AES-GCM encryption cannot fail", e);
        }
        String body = head + "data: " + encode(data) + "\n";
        byte[] file = (body + endLine(body.getBytes(US_ASCII))).getBytes(US_ASCII);
        if (file.length > MAX_FILE_BYTES) {
            throw new IllegalArgumentException("plaintext is too long");
        }
        return file;
    }

    /**
     * Decodes as much as possible without a password. Uses at most a small multiple of the file size as memory.
     *
     * @throws StoreException CORRUPT, UNSUPPORTED, LIMITS or WRONG_ACCOUNT
     */
    static Sealed decode(Path file, byte[] bytes, String expectedAccount) throws StoreException {
        if (bytes.length > MAX_FILE_BYTES) {
            throw limits(file, "longer than " + MAX_FILE_BYTES + " bytes");
        }
        String text = new String(bytes, ISO_8859_1);
        // Only the first line determines the version: a later format may have another checksum.
        Matcher version = VERSION.matcher(text);
        if (!version.lookingAt()) {
            throw corrupt(file, bytes.length == 0 ? "empty" : "does not begin like an account file");
        }
        if (!version.group(1).equals("1")) {
            throw new StoreException(
                    Kind.UNSUPPORTED,
                    file,
                    "written by a newer program (format " + version.group(1) + "; this program knows format 1)");
        }
        int end = Math.max(0, bytes.length - END_LINE_BYTES);
        if (!text.startsWith(END, end) || !text.startsWith("\n", end - 1)) {
            throw corrupt(file, "the checksum line is missing: cut, or something was added");
        }
        byte[] body = Arrays.copyOf(bytes, end);
        if (!text.substring(end).equals(endLine(body))) {
            throw corrupt(file, "the checksum is wrong: damaged");
        }
        String[] lines = text.substring(0, end - 1).split("\n", -1);
        if (lines.length != LINES) {
            throw corrupt(file, lines.length + " lines above the checksum where format 1 has " + LINES);
        }
        Matcher account = line(file, lines, 2, ACCOUNT);
        Matcher generation = line(file, lines, 3, GENERATION);
        Matcher kdf = line(file, lines, 4, KDF);
        Matcher check = line(file, lines, 5, CHECK);
        Matcher cipher = line(file, lines, 6, CIPHER);
        byte[] sealedData = data(file, lines);
        if (!account.group(1).equals(expectedAccount)) {
            throw new StoreException(Kind.WRONG_ACCOUNT, file, "made for the account " + account.group(1));
        }
        if (sealedData.length <= TAG_BYTES) {
            throw corrupt(file, "the data is too short");
        }
        long number = Long.parseLong(generation.group(1));
        if (number == 0) {
            throw limits(file, "generation 0");
        }
        return new Sealed(
                file,
                expectedAccount,
                number,
                parameters(file, kdf),
                decode(file, "salt", kdf.group(4), SALT_BYTES),
                decode(file, "check value", check.group(1), CHECK_BYTES),
                decode(file, "nonce", cipher.group(1), NONCE_BYTES),
                Arrays.copyOf(bytes, end - lines[LINES - 1].length() - 1),
                sealedData,
                bytes);
    }

    /** Removes the zeros of a reservation that follow the sealed bytes (steps 3 and 6). */
    static byte[] withoutReservedSpace(byte[] bytes) {
        int length = bytes.length;
        while (length > 0 && bytes[length - 1] == 0) {
            length--;
        }
        return Arrays.copyOf(bytes, length);
    }

    /**
     * Checks the limits before any memory is allocated: an attacker can choose the numbers until the tag is verified.
     */
    private static KdfParameters parameters(Path file, Matcher kdf) throws StoreException {
        try {
            KdfParameters parameters = new KdfParameters(
                    Math.toIntExact(Long.parseLong(kdf.group(1))),
                    Math.toIntExact(Long.parseLong(kdf.group(2))),
                    Math.toIntExact(Long.parseLong(kdf.group(3))));
            // Two derivations may run at the same time, and one array cannot use the whole heap.
            if (parameters.memoryKiB() > Runtime.getRuntime().maxMemory() / 1024 / 3) {
                throw limits(file, "Argon2id memory of " + parameters.memoryKiB() + " KiB is more than there is here");
            }
            return parameters;
        } catch (ArithmeticException e) {
            throw limits(file, "an Argon2id parameter exceeds all limits");
        } catch (IllegalArgumentException e) {
            throw limits(file, e.getMessage());
        }
    }

    private static Matcher line(Path file, String[] lines, int number, Pattern pattern) throws StoreException {
        Matcher matcher = pattern.matcher(lines[number - 1]);
        if (!matcher.matches()) {
            String word = pattern.pattern().substring(0, pattern.pattern().indexOf(':'));
            throw corrupt(file, "line " + number + " is not a valid \"" + word + "\" line");
        }
        return matcher;
    }

    /**
     * Decodes the data line, which is by far the longest. Matching a pattern would take longer than everything else, so
     * this is only done for an invalid line, to report the reason.
     */
    private static byte[] data(Path file, String[] lines) throws StoreException {
        String line = lines[LINES - 1];
        if (line.startsWith("data: ")) {
            Optional<byte[]> data = canonical(line.substring("data: ".length()));
            if (data.isPresent() && data.get().length > 0) {
                return data.get();
            }
        }
        return decode(file, "data", line(file, lines, LINES, DATA).group(1));
    }

    private static byte[] decode(Path file, String what, String text, int length) throws StoreException {
        byte[] bytes = decode(file, what, text);
        if (bytes.length != length) {
            throw corrupt(file, "the " + what + " has " + bytes.length + " bytes and not " + length);
        }
        return bytes;
    }

    private static byte[] decode(Path file, String what, String text) throws StoreException {
        Optional<byte[]> bytes = canonical(text);
        if (bytes.isEmpty()) {
            throw corrupt(file, "the " + what + " is not canonical base64");
        }
        return bytes.get();
    }

    /** Accepts only canonical Base64 (RFC 4648 section 3.5): the unused bits of the last character must be zero. */
    private static Optional<byte[]> canonical(String text) {
        try {
            byte[] bytes = Base64.getDecoder().decode(text);
            return encode(bytes).equals(text) ? Optional.of(bytes) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static String encode(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static String endLine(byte[] body) {
        return END + encode(sha256(body)) + "\n";
    }

    static byte[] sha256(byte[] bytes) {
        SHA256Digest digest = new SHA256Digest();
        digest.update(bytes, 0, bytes.length);
        byte[] hash = new byte[digest.getDigestSize()];
        digest.doFinal(hash, 0);
        return hash;
    }

    /** @param secret wiped by this method */
    static void gcm(boolean encrypt, byte[] secret, byte[] nonce, byte[] authenticated, byte[] input, byte[] output)
            throws InvalidCipherTextException {
        AEADBlockCipher cipher = GCMBlockCipher.newInstance(AESEngine.newInstance());
        cipher.init(encrypt, new AEADParameters(new KeyParameter(secret), TAG_BYTES * 8, nonce, authenticated));
        Arrays.fill(secret, (byte) 0);
        int done = cipher.processBytes(input, 0, input.length, output, 0);
        cipher.doFinal(output, done);
    }

    private static boolean constantTimeEquals(byte[] left, byte[] right) {
        return org.bouncycastle.util.Arrays.constantTimeAreEqual(left, right);
    }

    private static StoreException corrupt(Path file, String reason) {
        return new StoreException(Kind.CORRUPT, file, reason);
    }

    private static StoreException limits(Path file, String reason) {
        return new StoreException(Kind.LIMITS, file, reason);
    }
}
