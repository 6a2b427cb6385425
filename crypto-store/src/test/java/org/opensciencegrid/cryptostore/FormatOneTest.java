package org.opensciencegrid.cryptostore;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

class FormatOneTest {
    private static final Path VECTORS = Path.of("src/test/resources/vectors");
    private static final Path FILE = Path.of("x.account");
    private static final DerivedKey KEY = key(Given.PASSWORD);
    private static final byte[] NONCE = "unique nonce".getBytes(ISO_8859_1);

    @TempDir
    private Path directory;

    private static DerivedKey key(String password) {
        return new DerivedKey(KeyDerivation.argon2id(), Given.password(password), new byte[16], Given.CHEAP);
    }

    private static byte[] seal(String plaintext) {
        return FormatOne.seal(Given.NAME, 7, KEY, NONCE, Given.bytes(plaintext));
    }

    /**
     * Uses the right key regardless of the salt and cost in the file: authentication alone must reject a change of
     * them.
     */
    private static byte[] open(byte[] file) throws StoreException {
        return FormatOne.decode(FILE, file, Given.NAME).open(KEY);
    }

    private record Vector(String file, String kind, String reason) {}

    private static List<Vector> index() throws IOException {
        List<Vector> vectors = new ArrayList<>();
        for (String line : Files.readAllLines(VECTORS.resolve("index.txt"))) {
            String[] parts = line.split(" ", 3);
            vectors.add(new Vector(parts[0], parts[1], parts.length > 2 ? parts[2] : ""));
        }
        return vectors;
    }

    /** Files from src/test/vectors/make_vectors.py, each with one defect (or none), opened through the store. */
    @TestFactory
    Stream<DynamicTest> vectors() throws IOException {
        return index().stream()
                .map(vector -> DynamicTest.dynamicTest(vector.file(), () -> {
                    FileAccountStore store = Given.store(directory);
                    Path file = store.file(Given.NAME);
                    Files.createDirectories(file.getParent());
                    byte[] bytes = Files.readAllBytes(VECTORS.resolve(vector.file()));
                    Files.write(file, bytes);
                    if (vector.kind().equals("VALID")) {
                        assertEquals(
                                "{\"v\":1,\"refresh_token\":\"r\u00e9fresh\"}",
                                Given.open(store, Given.NAME).text());
                        return;
                    }
                    StoreException e = assertThrows(StoreException.class, () -> Given.open(store, Given.NAME));
                    assertEquals(StoreException.Kind.valueOf(vector.kind()), e.kind(), e.getMessage());
                    assertTrue(e.getMessage().startsWith(file.toRealPath() + ": " + vector.reason()), e.getMessage());
                    assertTrue(e.getMessage().chars().allMatch(c -> c >= ' ' && c < 127), "one printable line");
                    assertArrayEquals(bytes, Files.readAllBytes(file), "a refused file is never changed");
                    if (Set.of("CORRUPT", "UNSUPPORTED", "LIMITS", "WRONG_ACCOUNT")
                            .contains(vector.kind())) {
                        assertEquals(
                                e.kind(),
                                assertThrows(StoreException.class, () -> store.peek(Given.NAME))
                                        .kind(),
                                "found without a password");
                    }
                }));
    }

    /** In a separate JVM, because a hostile file must be rejected before memory is allocated for it. */
    @Test
    void hostileFilesAreRefusedWithinSixtyFourMebibytes() throws Exception {
        Set<String> refusals = Set.of("CORRUPT", "UNSUPPORTED", "LIMITS", "WRONG_ACCOUNT");
        List<Vector> hostile = index().stream()
                .filter(vector -> refusals.contains(vector.kind()))
                .toList();
        assertTrue(hostile.size() >= 40, hostile.size() + " files");
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                FormatOneTest.class.getName()));
        hostile.forEach(vector -> line.add(VECTORS.resolve(vector.file()).toString()));
        line.add(VECTORS.resolve("valid-default-cost.account").toString());
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        List<String> said = process.inputReader().lines().toList();
        List<String> expected =
                new ArrayList<>(hostile.stream().map(Vector::kind).toList());
        expected.add("LIMITS"); // a valid file that needs more memory than this heap
        assertEquals(expected, said);
    }

    /** The main method of the separate JVM. */
    public static void main(String[] files) throws IOException {
        for (String file : files) {
            try (Password password = Given.password()) {
                FormatOne.Sealed sealed = FormatOne.decode(
                        FILE,
                        RegularFile.read(Path.of(file), FormatOne.MAX_FILE_BYTES)
                                .bytes(),
                        Given.NAME);
                sealed.open(new DerivedKey(KeyDerivation.argon2id(), password, sealed.salt(), sealed.parameters()));
                System.out.println("opened");
            } catch (StoreException e) {
                System.out.println(e.kind());
            }
        }
    }

    @Test
    void everyVectorIsInTheIndex() throws IOException {
        Set<String> indexed = index().stream().map(Vector::file).collect(Collectors.toCollection(TreeSet::new));
        indexed.add("index.txt");
        try (Stream<Path> files = Files.list(VECTORS)) {
            assertEquals(
                    indexed,
                    files.map(file -> file.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new)));
        }
        assertTrue(indexed.size() > 60);
    }

    @Test
    void theWriterWritesWhatTheSpecificationShows() {
        String file = new String(seal("x"), ISO_8859_1);
        String base64 = "[A-Za-z0-9+/=]";
        assertTrue(
                file.matches("osg-token-renewer-account 1\naccount: cilogon-example\ngeneration: 7\n"
                        + "kdf: argon2id v=19 m=8 t=1 p=1 salt=AAAAAAAAAAAAAAAAAAAAAA==\ncheck: " + base64 + "{44}\n"
                        + "cipher: aes-256-gcm nonce=dW5pcXVlIG5vbmNl\ndata: " + base64 + "{24}\nend: sha256=" + base64
                        + "{44}\n"),
                file);
    }

    @Test
    void theWriterGivesTheBytesOfTheOtherImplementation() throws IOException {
        byte[] vector = Files.readAllBytes(VECTORS.resolve("valid.account"));
        FormatOne.Sealed sealed = FormatOne.decode(FILE, vector, Given.NAME);
        DerivedKey key = new DerivedKey(KeyDerivation.argon2id(), Given.password(), sealed.salt(), sealed.parameters());
        assertArrayEquals(vector, FormatOne.seal(Given.NAME, 7, key, sealed.nonce(), sealed.open(key)));
    }

    @Test
    void sizesFromOneByteToTheLimit() throws StoreException {
        for (int size : new int[] {1, 2, 3, 15, 16, 17, 1000, 190 * 1024}) {
            String content = "x".repeat(size);
            assertEquals(content, Given.text(open(seal(content))));
        }
        assertThrows(IllegalArgumentException.class, () -> seal(""));
        assertThrows(IllegalArgumentException.class, () -> seal("x".repeat(197_000)));
        assertThrows(IllegalArgumentException.class, () -> seal("x".repeat(262_145)));
    }

    /** Base64 grows by four characters, the number of a generation by one: a combination reaches the limit exactly. */
    @Test
    void aFileOfTheLongestAndOneMore() throws StoreException {
        int met = 0;
        for (long generation = 1; generation < 100_000; generation *= 10) {
            byte[] small = FormatOne.seal(Given.NAME, generation, KEY, NONCE, new byte[3]);
            int content = 3 + (FormatOne.MAX_FILE_BYTES - small.length) / 4 * 3;
            byte[] file = FormatOne.seal(Given.NAME, generation, KEY, NONCE, new byte[content]);
            assertEquals(content, FormatOne.decode(FILE, file, Given.NAME).open(KEY).length);
            met += file.length == FormatOne.MAX_FILE_BYTES ? 1 : 0;
            long same = generation;
            assertThrows(
                    IllegalArgumentException.class,
                    () -> FormatOne.seal(Given.NAME, same, KEY, NONCE, new byte[content + 3]));
        }
        assertTrue(met > 0, "no file had the length of the limit");
    }

    @Test
    void generationsAtTheLimits() throws StoreException {
        for (long generation : new long[] {1, FormatOne.MAX_GENERATION}) {
            byte[] file = FormatOne.seal(Given.NAME, generation, KEY, NONCE, new byte[1]);
            assertEquals(generation, FormatOne.decode(FILE, file, Given.NAME).generation());
        }
        for (long generation : new long[] {-1, 0, FormatOne.MAX_GENERATION + 1}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> FormatOne.seal(Given.NAME, generation, KEY, NONCE, new byte[1]));
        }
    }

    @Test
    void anyFlippedBitIsRefused() {
        byte[] file = seal("{\"refresh_token\":\"abc\"}");
        for (int bit = 0; bit < file.length * 8; bit++) {
            byte[] changed = file.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);
            StoreException e = assertThrows(StoreException.class, () -> open(changed), "bit " + bit);
            assertTrue(
                    Set.of(StoreException.Kind.CORRUPT, StoreException.Kind.UNSUPPORTED)
                            .contains(e.kind()),
                    e.getMessage());
        }
    }

    /** An attacker can correct the checksum. Then the tag must reject the file: all lines above the data are AAD. */
    @Test
    void anyFlippedBitWithARightChecksumIsRefused() {
        byte[] file = seal("{\"refresh_token\":\"abc\"}");
        int body = new String(file, ISO_8859_1).indexOf("end: ");
        for (int bit = 0; bit < body * 8; bit++) {
            byte[] changed = file.clone();
            changed[bit / 8] ^= (byte) (1 << bit % 8);
            assertThrows(StoreException.class, () -> open(withRightChecksum(changed, body)), "bit " + bit);
        }
    }

    private static byte[] withRightChecksum(byte[] file, int body) {
        SHA256Digest digest = new SHA256Digest();
        digest.update(file, 0, body);
        byte[] hash = new byte[32];
        digest.doFinal(hash, 0);
        return (new String(file, 0, body, ISO_8859_1) + "end: sha256="
                        + Base64.getEncoder().encodeToString(hash) + "\n")
                .getBytes(ISO_8859_1);
    }

    @Test
    void anyTruncationIsCorrupt() {
        byte[] file = seal("{\"refresh_token\":\"abc\"}");
        for (int length = 0; length < file.length; length++) {
            byte[] cut = Arrays.copyOf(file, length);
            StoreException e = assertThrows(StoreException.class, () -> open(cut), "length " + length);
            assertEquals(StoreException.Kind.CORRUPT, e.kind());
        }
    }

    @Test
    void aThousandWrongPasswordsAreWrongPasswords() throws StoreException {
        FormatOne.Sealed sealed = FormatOne.decode(FILE, seal("x"), Given.NAME);
        for (int i = 0; i < 1000; i++) {
            DerivedKey key = key("guess " + i);
            assertEquals(
                    StoreException.Kind.WRONG_PASSWORD,
                    assertThrows(StoreException.class, () -> sealed.open(key)).kind());
        }
        assertArrayEquals(Given.bytes("x"), sealed.open(KEY));
    }

    @Test
    void reservedSpaceIsCutOffOnlyAtTheEnd() {
        assertArrayEquals(new byte[] {1, 0, 2}, FormatOne.withoutReservedSpace(new byte[] {1, 0, 2, 0, 0}));
        assertEquals(0, FormatOne.withoutReservedSpace(new byte[64]).length);
        assertFalse(Arrays.equals(new byte[] {1}, FormatOne.withoutReservedSpace(new byte[] {0, 1})));
    }
}
