package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.generators.Argon2BytesGenerator;
import org.bouncycastle.crypto.params.Argon2Parameters;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Published test vectors for the code that encrypts accounts. It does not use HMAC and HKDF. */
class VectorsTest {
    private static final int TAG = 16;
    private static final int TESTS = 316;

    /** One case of Wycheproof; its members are texts and numbers. */
    record Case(Map<String, String> members) {
        private static final Pattern MEMBER = Pattern.compile("\"(\\w+)\"\\s*:\\s*\"?([^\",\\[\\]{}]*)");

        static Case of(String json) {
            return new Case(MEMBER.matcher(json).results().collect(Collectors.toMap(r -> r.group(1), r -> r.group(2))));
        }

        byte[] bytes(String name) {
            return HexFormat.of().parseHex(members.get(name));
        }

        @Override
        public String toString() {
            return members.get("tcId") + " " + members.get("result") + " " + members.get("comment");
        }
    }

    private static List<Case> wycheproof() throws IOException {
        String json = Files.readString(Given.shared("data/vectors/aes_gcm.json"));
        return Pattern.compile("\\{\\s*\"tcId\"[^{}]*}")
                .matcher(json)
                .results()
                .map(MatchResult::group)
                .map(Case::of)
                .toList();
    }

    @Test
    void allOfThemAreRead() throws IOException {
        assertEquals(TESTS, wycheproof().size());
    }

    @TestFactory
    Stream<DynamicTest> aesGcmOfWycheproof() throws IOException {
        return wycheproof().stream().map(test -> DynamicTest.dynamicTest(test.toString(), () -> aesGcm(test)));
    }

    private static void aesGcm(Case test) throws InvalidCipherTextException {
        byte[] text = test.bytes("msg");
        byte[] ciphertext = test.bytes("ct");
        byte[] sealed = Arrays.copyOf(ciphertext, ciphertext.length + TAG);
        System.arraycopy(test.bytes("tag"), 0, sealed, ciphertext.length, TAG);
        byte[] opened = new byte[text.length];
        if (test.members().get("result").equals("valid")) {
            gcm(false, test, sealed, opened);
            assertArrayEquals(text, opened);
            byte[] out = new byte[sealed.length];
            gcm(true, test, text, out);
            assertArrayEquals(sealed, out);
        } else {
            Exception e = assertThrows(Exception.class, () -> gcm(false, test, sealed, opened));
            assertEquals(
                    test.members().get("iv").isEmpty()
                            ? IllegalArgumentException.class
                            : InvalidCipherTextException.class,
                    e.getClass());
        }
    }

    private static void gcm(boolean encrypt, Case test, byte[] in, byte[] out) throws InvalidCipherTextException {
        byte[] key = test.bytes("key");
        FormatOne.gcm(encrypt, key, test.bytes("iv"), test.bytes("aad"), in, out);
        assertArrayEquals(new byte[key.length], key, "wiped");
    }

    /**
     * RFC 9106 sections 5.1 to 5.3. Its vectors have a secret and associated data, which account files do not have, so
     * they only test the library. {@link SecretsTest} has vectors for our own code.
     */
    @ParameterizedTest
    @CsvSource({
        "0, 512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb",
        "1, c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8",
        "2, 0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
    })
    void argon2OfTheRfc(int type, String tag) {
        Argon2BytesGenerator generator = new Argon2BytesGenerator();
        generator.init(new Argon2Parameters.Builder(type)
                .withVersion(Argon2Parameters.ARGON2_VERSION_13)
                .withMemoryAsKB(32)
                .withIterations(3)
                .withParallelism(4)
                .withSalt(filled(16, 2))
                .withSecret(filled(8, 3))
                .withAdditional(filled(12, 4))
                .build());
        byte[] out = new byte[32];
        generator.generateBytes(filled(32, 1), out);
        assertEquals(tag, HexFormat.of().formatHex(out));
    }

    private static byte[] filled(int length, int value) {
        byte[] bytes = new byte[length];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
