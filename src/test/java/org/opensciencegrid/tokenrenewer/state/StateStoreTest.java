package org.opensciencegrid.tokenrenewer.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.failure.Failure;

class StateStoreTest {
    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
    private static final Failure FAILURE = new Failure(Failure.Kind.SCOPE_REFUSED, "https://issuer", "invalid_scope");

    @TempDir
    Path directory;

    private StateStore states;

    @BeforeEach
    void open() {
        states = new FileStateStore(directory.resolve("state"), directory.resolve("spare"));
    }

    @Test
    void whatIsWrittenIsRead() throws Exception {
        TokenState token = AccountState.UNKNOWN
                .token("t")
                .tried(NOW, List.of("a", "b"), List.of("aud"), Optional.empty())
                .renewed(
                        NOW,
                        "/tokens/t",
                        "0123456789abcdef",
                        Optional.of(NOW.plusSeconds(300)),
                        List.of("a"),
                        List.of("aud", "aud2"));
        states.write(
                "acct",
                AccountState.UNKNOWN
                        .withClient("https://issuer", "client")
                        .withAuthorization(Optional.of(NOW), Optional.of("alice"), List.of("a", "b"), Optional.of(NOW))
                        .withRotations(3, Optional.of(NOW.plusSeconds(1000)))
                        .withDoubt(Optional.of(NOW))
                        .withOutcome(Optional.of(FAILURE), Optional.of(NOW.plusSeconds(3600)), "section")
                        .withToken("t", token)
                        .withToken("u", AccountState.UNKNOWN.token("u").failed(NOW, FAILURE, Optional.of(NOW))));

        AccountState state = states.read("acct");

        assertEquals(Optional.of("https://issuer"), state.issuer());
        assertEquals(Optional.of("client"), state.clientId());
        assertEquals(Optional.of(NOW), state.authorizedAt());
        assertEquals(Optional.of("alice"), state.subject());
        assertEquals(List.of("a", "b"), state.scope());
        assertEquals(Optional.of(NOW), state.clientSecretExpiresAt());
        assertEquals(Optional.of(NOW.plusSeconds(1000)), state.refreshTokenExpiresAt());
        assertEquals(3, state.rotations());
        assertEquals(5, state.withRotations(2, Optional.empty()).rotations());
        assertEquals(
                Optional.of(NOW.plusSeconds(1000)),
                state.withRotations(2, Optional.empty()).refreshTokenExpiresAt());
        assertEquals(Optional.of(NOW), state.inDoubtSince());
        assertEquals(Optional.of(FAILURE), state.failure());
        assertEquals(Optional.of("section"), state.sectionFingerprint());
        assertEquals(Optional.of(NOW.plusSeconds(3600)), state.nextTry());
        TokenState read = state.token("t");
        assertEquals("/tokens/t", read.path());
        assertEquals(Optional.of("0123456789abcdef"), read.fingerprint());
        assertEquals(Optional.of(NOW), read.renewedAt());
        assertEquals(Optional.of(NOW.plusSeconds(300)), read.expiresAt());
        assertEquals(List.of("a", "b"), read.requestedScope());
        assertEquals(List.of("aud"), read.requestedAudience());
        assertEquals(List.of("a"), read.grantedScope());
        assertEquals(List.of("aud", "aud2"), read.grantedAudience());
        assertEquals(Optional.of(NOW), read.triedAt());
        assertEquals(Optional.empty(), read.failure());
        assertEquals(Optional.of(FAILURE), state.token("u").failure());
        assertEquals(Optional.of(NOW), state.token("u").failingSince());
        assertEquals(Optional.empty(), states.read("other").issuer());
    }

    /** For a run that cannot write; the next successful write ends it. */
    @Test
    void whatCannotBeWrittenIsKeptUntilSomebodyWrites() throws Exception {
        states.write("acct", AccountState.UNKNOWN.withClient("https://issuer", "before"));
        states.keepUnwritten("acct", AccountState.UNKNOWN.withClient("https://issuer", "kept"));

        assertEquals(Optional.of("kept"), states.read("acct").clientId());
        assertEquals(Optional.of("kept"), another().read("acct").clientId(), "by another process");
        Files.setLastModifiedTime(
                directory.resolve("state/acct.json"), java.nio.file.attribute.FileTime.from(NOW)); // advance the time
        another().write("acct", AccountState.UNKNOWN.withClient("https://issuer", "after"));
        assertEquals(Optional.of("after"), another().read("acct").clientId());
        states.delete("acct");
        assertEquals(Optional.empty(), another().read("acct").clientId());
    }

    @Test
    void aRunThatCannotWriteWhenItEndedSaysSoElsewhere() throws Exception {
        Files.writeString(directory.resolve("state"), "a file where the directory should be");
        assertTrue(states.recordRun(NOW).isPresent());
        assertEquals(Optional.of(NOW), another().lastRun());
        assertTrue(another().mayBeUnwritable());
        Files.delete(directory.resolve("state"));
        Files.createDirectory(directory.resolve("state"));
        assertTrue(states.recordRun(NOW.plusSeconds(600)).isEmpty());
        assertEquals(Optional.of(NOW.plusSeconds(600)), another().lastRun());
    }

    private StateStore another() {
        return new FileStateStore(directory.resolve("state"), directory.resolve("spare"));
    }

    @Test
    void aRowOfFailuresKeepsItsBeginningAndASuccessEndsIt() {
        TokenState token = AccountState.UNKNOWN
                .token("t")
                .failed(NOW, FAILURE, Optional.of(NOW.plusSeconds(60)))
                .failed(NOW.plusSeconds(600), FAILURE, Optional.empty());

        assertEquals(Optional.of(NOW), token.failingSince());
        assertEquals(Optional.empty(), token.nextTry());

        TokenState renewed = token.renewed(NOW, "/t", "f", Optional.empty(), List.of(), List.of());
        assertEquals(Optional.empty(), renewed.failure());
        assertEquals(Optional.empty(), renewed.failingSince());
        assertEquals(Optional.empty(), renewed.nextTry());
        assertEquals(Optional.empty(), renewed.expiresAt());
    }

    @Test
    void whatANewerVersionAddedIsWrittenBack() throws Exception {
        Files.createDirectory(directory.resolve("state"));
        Path file = Files.writeString(
                directory.resolve("state/acct.json"),
                "{\"v\":2,\"new\":{\"a\":[1,2]},\"tokens\":{\"t\":{\"newer\":true},\"other\":{\"x\":1}},"
                        + "\"failure\":{\"kind\":\"fell_off_the_table\"}}");

        AccountState state = states.read("acct");
        assertEquals(Optional.of(Failure.Kind.INTERNAL), state.failure().map(Failure::kind));
        assertEquals("fell_off_the_table", state.failure().orElseThrow().detail());
        states.write("acct", state.withToken("t", state.token("t").failed(NOW, FAILURE, Optional.empty())));

        String text = Files.readString(file);
        assertTrue(text.contains("\"new\":{\"a\":[1,2]}"), text);
        assertTrue(text.contains("\"newer\":true"), text);
        assertTrue(text.contains("\"other\":{\"x\":1}"), text);
        assertTrue(text.contains("\"account\":\"acct\""), text);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", " ", "{", "null", "[]", "\"text\"", "{\"v\":1}x", "\u0000\u0001", "{\"tokens\":", "nonsense"
            })
    void whatCannotBeUnderstoodIsUnknown(String content) throws Exception {
        Files.createDirectory(directory.resolve("state"));
        Files.writeString(directory.resolve("state/acct.json"), content);

        assertUnknown(states.read("acct"));
    }

    @Test
    void aHugeFileIsUnknown() throws Exception {
        Files.createDirectory(directory.resolve("state"));
        Files.writeString(
                directory.resolve("state/acct.json"), "{\"issuer\":\"https://issuer\"}" + " ".repeat(1 << 24));

        assertUnknown(states.read("acct"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"issuer\":7,\"rotations\":\"many\",\"next_try\":\"soon\",\"tokens\":[],\"failure\":\"yes\"}",
                "{\"issuer\":null,\"rotations\":{},\"next_try\":7,\"tokens\":{\"t\":7},\"failure\":{}}",
                "{}"
            })
    void membersOfTheWrongTypeAreAbsent(String content) throws Exception {
        Files.createDirectory(directory.resolve("state"));
        Files.writeString(directory.resolve("state/acct.json"), content);

        assertUnknown(states.read("acct"));
    }

    private static void assertUnknown(AccountState state) {
        assertEquals(Optional.empty(), state.issuer());
        assertEquals(0, state.rotations());
        assertEquals(Optional.empty(), state.nextTry());
        assertEquals(Optional.empty(), state.failure());
        assertEquals("", state.token("t").path());
        assertEquals(Optional.empty(), state.token("t").failure());
        assertEquals(List.of(), state.token("t").requestedScope());
    }

    @Test
    void anAbsentFileIsUnknownAndAnUnreadableOneIsSaid() throws Exception {
        assertUnknown(states.read("acct"));

        Files.createDirectories(directory.resolve("state/acct.json"));
        assertThrows(IOException.class, () -> states.read("acct"));
    }

    @Test
    void onlyItsOwnerReachesIt() throws Exception {
        states.write("acct", AccountState.UNKNOWN.withClient("https://issuer", "client"));

        assertEquals("rwx------", mode(directory.resolve("state")));
        assertTrue(mode(directory.resolve("state/acct.json")).matches("rw-..-..-"), "writable by others");
    }

    @Test
    void nothingElseIsLeftBehind() throws Exception {
        states.write("acct", AccountState.UNKNOWN);
        states.write("acct", AccountState.UNKNOWN);
        assertEquals(List.of("acct.json"), names());

        Files.delete(directory.resolve("state/acct.json"));
        Files.createDirectories(directory.resolve("state/acct.json/x"));
        assertThrows(IOException.class, () -> states.write("acct", AccountState.UNKNOWN));
        assertEquals(List.of("acct.json"), names());
    }

    @ParameterizedTest
    @EnumSource(Failure.Kind.class)
    void everyKindOfFailureIsReadAgain(Failure.Kind kind) throws Exception {
        Failure failure = new Failure(kind, "/where", "");
        states.write("acct", AccountState.UNKNOWN.withOutcome(Optional.of(failure), Optional.empty(), "section"));

        assertEquals(Optional.of(kind), states.read("acct").failure().map(Failure::kind));
        assertEquals("/where", states.read("acct").failure().orElseThrow().where());
        assertFalse(kind.needsPerson() && kind.passesByItself());
        // These are tried again in the next run: the clock may be correct then, or the failure sent no request.
        boolean isCheap = kind == Failure.Kind.TOKEN_NOT_VALID || kind == Failure.Kind.ACCOUNT_SHARED;
        assertTrue(kind.needsPerson() || !kind.isSingleTokenFailure() || isCheap);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("state"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    /** The service's user can create a FIFO there, and root's status and check must not wait for it. */
    @Test
    void aPipeIsNeverWaitedFor(@TempDir Path places) throws Exception {
        StateStore files = new FileStateStore(places, directory.resolve("spare"));
        for (String name : List.of("a.json", ".a.json.tmp", ".last-run")) {
            assertEquals(
                    0,
                    new ProcessBuilder("mkfifo", places.resolve(name).toString())
                            .start()
                            .waitFor());
        }

        assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
            assertThrows(IOException.class, () -> files.read("a"));
            files.write("a", AccountState.UNKNOWN);
            files.recordRun(Instant.EPOCH);
        });

        assertTrue(Files.isRegularFile(places.resolve("a.json")));
        assertEquals(Optional.of(Instant.EPOCH), files.lastRun());
    }
}
