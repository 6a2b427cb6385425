package org.opensciencegrid.cryptostore.oidcagent;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.opensciencegrid.cryptostore.Given.CHEAP;
import static org.opensciencegrid.cryptostore.Given.PASSWORD;
import static org.opensciencegrid.cryptostore.Given.bytes;
import static org.opensciencegrid.cryptostore.Given.password;
import static org.opensciencegrid.cryptostore.Given.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bouncycastle.util.encoders.Hex;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.cryptostore.Given;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.oidcagent.AgentFileException.Kind;

/** Account files of oidc-agent: written by oidc-agent, written by this program, and damaged in every way. */
@Tag("slow")
class AgentFileTest {
    private static final String JSON =
            "{\n\t\"name\":\t\"agent\",\n\t\"refresh_token\":\t\"RT-1-\u00fcml\\\"aut'q\"\n}";
    private static final Path FILE = Path.of("agent");

    @TempDir
    Path directory;

    /** Created by Debian's oidc-gen 4.2.6, and by Python with libsodium in the formats of older versions. */
    @ParameterizedTest
    @ValueSource(strings = {"oidc-gen-4.2.6", "argon2i-2.1.3", "hex-argon2i-1.8", "hex-argon2id-2.0.3"})
    void opensWhatOidcAgentWrote(String name) throws IOException {
        byte[] expected = resource("oidc-gen-4.2.6.json");
        assertEquals(text(expected), text(AgentFile.decode(FILE, resource(name)).open(password())));
    }

    /** Samples with passwords and texts from outside the project, if they are present. */
    @TestFactory
    Stream<DynamicTest> everySampleGivesItsJson() throws IOException {
        Path samples = Given.shared("data/oidc-agent");
        Map<String, String> passwords = Map.of(
                "acct_crlf", "pw_crlf",
                "acct_cmd_crlf", "pw_crlf",
                "acct_multi_cmd", "pw_multi",
                "acct_multi_file", "pw_multi",
                "acct_utf8", "pw_utf8nonl");
        try (Stream<Path> files = Files.list(samples)) {
            return files.filter(file -> Files.exists(Path.of(file + ".json"))).sorted().toList().stream()
                    .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> {
                        String name = file.getFileName().toString();
                        Path secret = copy(samples.resolve(passwords.getOrDefault(name, "pw1")));
                        byte[] before = Files.readAllBytes(file);
                        assertEquals(
                                Files.readString(Path.of(file + ".json")).strip(),
                                text(open(file, secret)).strip());
                        assertArrayEquals(before, Files.readAllBytes(file));
                    }));
        }
    }

    /** Like an import: first with the first line and, if that is wrong, with all lines. */
    private static byte[] open(Path file, Path secret) throws IOException {
        try (Password line = PasswordFile.read(secret)) {
            return AgentFile.read(file).open(line);
        } catch (AgentFileException e) {
            assertEquals(Kind.WRONG_PASSWORD, e.kind());
            try (Password lines = PasswordFile.readAllLines(secret).orElseThrow()) {
                return AgentFile.read(file).open(lines);
            }
        }
    }

    private Path copy(Path secret) throws IOException {
        Path copy = directory.resolve("pw");
        Files.deleteIfExists(copy);
        return Files.write(copy, Files.readAllBytes(secret));
    }

    @Test
    void writesWhatItReads() throws IOException {
        byte[] file = AgentFile.seal(bytes(JSON), password());
        assertTrue(text(file).contains("\n24:16:16:32:1:2:67108864:2\n"), text(file));
        assertTrue(text(file).endsWith("\nGenerated using version: 4.2.6"));
        assertEquals(JSON, text(AgentFile.decode(FILE, file).open(password())));
    }

    /** NaCl's own test vector of crypto_secretbox_xsalsa20poly1305 (tests/secretbox.c). */
    @Test
    void secretBoxIsThatOfNaCl() {
        byte[] key = Hex.decode("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
        byte[] nonce = Hex.decode("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37");
        byte[] text = Hex.decode("be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc"
                + "e5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31"
                + "0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde"
                + "048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864"
                + "5e0705");
        byte[] sealed = Hex.decode("f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce"
                + "48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972"
                + "71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae"
                + "90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3"
                + "7973f622a43d14a6599b1f654cb45a74e355a5");
        assertArrayEquals(sealed, SecretBox.seal(key, nonce, text));
        assertArrayEquals(text, SecretBox.open(key, nonce, sealed).orElseThrow());
    }

    /**
     * Flips every bit of every byte and truncates at every byte: never returns another text or throws another
     * exception.
     */
    @Tag("slow")
    @Test
    void everyFlippedBitAndEveryCutIsToldOrHarmless() throws IOException {
        byte[] file = AgentFile.seal(resource("oidc-gen-4.2.6.json"), password(), CHEAP);
        Map<Kind, Integer> flips = new EnumMap<>(Kind.class);
        int harmless = 0;
        for (int i = 0; i < 8 * file.length; i++) {
            byte[] flipped = file.clone();
            flipped[i / 8] ^= (byte) (1 << i % 8);
            harmless += isHarmless(flipped, flips) ? 1 : 0;
        }
        System.out.println(8 * file.length + " flips: " + flips + ", right text in spite of it " + harmless);
        Map<Kind, Integer> cuts = new EnumMap<>(Kind.class);
        harmless = 0;
        for (int i = 0; i < file.length; i++) {
            harmless += isHarmless(Arrays.copyOf(file, i), cuts) ? 1 : 0;
        }
        System.out.println(file.length + " cuts: " + cuts + ", right text in spite of it " + harmless);
        assertEquals(1, cuts.get(Kind.EMPTY));
    }

    private static boolean isHarmless(byte[] file, Map<Kind, Integer> refusals) throws IOException {
        try {
            assertEquals(
                    text(resource("oidc-gen-4.2.6.json")),
                    text(AgentFile.decode(FILE, file).open(password())));
            return true;
        } catch (AgentFileException e) {
            refusals.merge(e.kind(), 1, Integer::sum);
            return false;
        }
    }

    @Test
    void damageOfTheContentIsNotTakenForAWrongPassword() throws IOException {
        String[] lines = text(AgentFile.seal(bytes(JSON), password(), CHEAP)).split("\n");
        assertEquals(Kind.WRONG_PASSWORD, refused(lines, "another password"));
        lines[1] = other(lines[1]);
        assertEquals(Kind.DAMAGED, refused(lines, PASSWORD));
        assertEquals(Kind.WRONG_PASSWORD, refused(lines, "another password"));
    }

    private static Kind refused(String[] lines, String secret) {
        return assertThrows(
                        AgentFileException.class,
                        () -> AgentFile.decode(FILE, bytes(String.join("\n", lines)))
                                .open(password(secret)))
                .kind();
    }

    /** The same line with another first character. */
    private static String other(String line) {
        return (line.charAt(0) == 'A' ? 'B' : 'A') + line.substring(1);
    }

    @Test
    void theOldFormCannotTellAndSaysSo() throws IOException {
        AgentFile old = AgentFile.decode(FILE, resource("hex-argon2i-1.8"));
        AgentFileException e = assertThrows(AgentFileException.class, () -> old.open(password("another password")));
        assertEquals(Kind.WRONG_PASSWORD_OR_DAMAGED, e.kind());
    }

    @ParameterizedTest
    @CsvSource({
        "2:1099511627776:2, LIMITS",
        "1000000000:67108864:2, LIMITS",
        "2:999999999999999999:2, LIMITS",
        "0:67108864:2, LIMITS",
        "2:0:2, LIMITS",
        "10:268435456:2, LIMITS",
        "2:67108864:3, DAMAGED",
        "2:67108864:0, DAMAGED",
        "-1:67108864:2, DAMAGED",
        "2:9999999999999999999999:2, DAMAGED"
    })
    void costsAreBoundedBeforeMemoryIsTaken(String cost, Kind kind) {
        String file = text(AgentFile.seal(bytes(JSON), password(), CHEAP)).replace("1:8192:2\n", cost + "\n");
        AgentFileException e = assertThrows(AgentFileException.class, () -> AgentFile.decode(FILE, bytes(file)));
        assertEquals(kind, e.kind());
    }

    @Test
    void whatIsNotAnAccountOfOidcAgentIsNamed() throws IOException {
        assertEquals(Kind.EMPTY, kind(""));
        assertEquals(Kind.EMPTY, kind("\n"));
        assertEquals(Kind.PGP, kind("-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n"));
        assertEquals(Kind.DAMAGED, kind("{\"name\": \"plain\"}"));
        assertEquals(Kind.DAMAGED, kind("\0".repeat(1000)));
        assertEquals(Kind.LIMITS, kind("A".repeat(AgentFile.MAX_FILE_BYTES + 1)));
        assertEquals(Kind.DAMAGED, kind("A".repeat(AgentFile.MAX_FILE_BYTES)));
        assertEquals(Kind.DAMAGED, kind("515:" + "a".repeat(32) + ":" + "b".repeat(48) + ":" + "c".repeat(1029)));
        assertEquals(Kind.MISSING, read(directory.resolve("none")));
        assertEquals(Kind.UNREADABLE, read(directory));
        Path link = Files.createSymbolicLink(directory.resolve("link"), Files.writeString(directory.resolve("f"), ""));
        assertEquals(Kind.UNREADABLE, read(link));
    }

    private static Kind kind(String text) {
        return assertThrows(AgentFileException.class, () -> AgentFile.decode(FILE, text.getBytes(ISO_8859_1)))
                .kind();
    }

    private static Kind read(Path file) {
        return assertThrows(AgentFileException.class, () -> AgentFile.read(file))
                .kind();
    }

    @Test
    void aFileIsWrittenWholeForItsOwnerOnlyAndNeverOverAnother() throws IOException {
        Path file = directory.resolve("agent");
        AgentFile.write(file, bytes("content"));
        assertEquals("content", Files.readString(file));
        assertEquals(
                "[OWNER_READ, OWNER_WRITE]",
                Files.getPosixFilePermissions(file).stream().sorted().toList().toString());
        AgentFileException e = assertThrows(AgentFileException.class, () -> AgentFile.write(file, bytes("other")));
        assertEquals(Kind.UNWRITABLE, e.kind());
        assertEquals("content", Files.readString(file));
        try (Stream<Path> files = Files.list(directory)) {
            assertEquals(List.of(file), files.toList());
        }
        assertFalse(Files.exists(directory.resolve(".agent.part")));
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = AgentFileTest.class.getResourceAsStream("/oidc-agent/" + name)) {
            return in.readAllBytes();
        }
    }
}
