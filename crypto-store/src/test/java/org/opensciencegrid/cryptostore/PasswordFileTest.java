package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordFileTest {
    @TempDir
    private Path directory;

    private Path file(String content, String mode) throws IOException {
        Path file = directory.resolve("site.pw");
        Files.deleteIfExists(file); // a user cannot write a file that it can only read
        Files.write(file, content.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
    }

    private static void assertRefused(PasswordFileException.Kind kind, Path file) {
        PasswordFileException e = assertThrows(PasswordFileException.class, () -> PasswordFile.read(file));
        assertEquals(kind, e.kind(), e.getMessage());
        assertEquals(Optional.of(file), e.file());
        assertTrue(e.getMessage().startsWith("password file " + file + ": "), e.getMessage());
        assertFalse(e.getMessage().contains("\n"));
        assertEquals(
                kind,
                assertThrows(PasswordFileException.class, () -> PasswordFile.warnings(file))
                        .kind());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "secret, secret",
                "\"secret\n\", secret",
                "\"secret\nmore\n\", secret",
                "\"secret\r\nmore\", \"secret\r\"",
                "\" secret\t\n\", \" secret\t\"",
                "\"\uFEFFsecret\n\", \uFEFFsecret",
                "\"secret\nnul\u0000after\", secret"
            })
    void thePasswordIsEveryByteOfTheFirstLine(String content, String expected) throws IOException {
        try (Password password = PasswordFile.read(file(content, "r--------"))) {
            assertArrayEquals(Given.bytes(expected), password.copyBytes());
        }
        try (Password password = PasswordFile.readStream(new ByteArrayInputStream(Given.bytes(content)))) {
            assertArrayEquals(Given.bytes(expected), password.copyBytes());
        }
    }

    /** Empty if it would be the first line again, or longer than a password. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "\"one\ntwo\", \"one\ntwo\"",
                "\"one\ntwo\n\", \"one\ntwo\"",
                "\"one\n\n\", \"one\n\"",
                "\"\ntwo\", \"\ntwo\"",
                "\"one\n\", ",
                "one, ",
                "\"\n\", ",
                "\"\", "
            })
    void allLinesAreOnePasswordLessTheLastLineFeed(String content, String expected) throws IOException {
        Optional<String> read = PasswordFile.readAllLines(file(content, "rw-------"))
                .map(Password::copyBytes)
                .map(Given::text);
        assertEquals(Optional.ofNullable(expected), read);
        String longest = "x\n" + "y".repeat(Password.MAX_BYTES - 2);
        assertTrue(PasswordFile.readAllLines(file(longest + "\n", "rw-------")).isPresent());
        assertTrue(PasswordFile.readAllLines(file(longest + "y", "rw-------")).isEmpty());
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {"\"\", EMPTY", "\"\nsecret\n\", EMPTY", "\"sec\u0000ret\n\", BINARY", "\"\u0000\", BINARY"})
    void badContentIsRefused(String content, PasswordFileException.Kind kind) throws IOException {
        assertRefused(kind, file(content, "r--------"));
        PasswordFileException e = assertThrows(
                PasswordFileException.class,
                () -> PasswordFile.readStream(new ByteArrayInputStream(Given.bytes(content))));
        assertEquals(kind, e.kind());
        assertEquals(Optional.empty(), e.file());
    }

    @Test
    void lengthLimits() throws IOException {
        PasswordFile.read(file("x".repeat(1024), "r--------")).close();
        assertRefused(PasswordFileException.Kind.TOO_LONG, file("x".repeat(1025), "r--------"));
        String rest = "\n".repeat(64 * 1024 - 6);
        PasswordFile.read(file("secret" + rest, "r--------")).close();
        assertRefused(PasswordFileException.Kind.TOO_LONG, file("secret" + rest + "\n", "r--------"));
    }

    @Test
    void aBrokenStreamIsUnreadable() {
        InputStream broken = new InputStream() {
            @Override
            public int read() throws IOException {
                throw new IOException("Input/output error");
            }
        };
        PasswordFileException e = assertThrows(PasswordFileException.class, () -> PasswordFile.readStream(broken));
        assertEquals(PasswordFileException.Kind.UNREADABLE, e.kind());
        assertEquals("password from a stream: Input/output error", e.getMessage());
    }

    @Test
    void onlyRegularFilesAreOpened() throws Exception {
        assertRefused(PasswordFileException.Kind.MISSING, directory.resolve("none"));
        assertRefused(PasswordFileException.Kind.NOT_A_FILE, directory);
        assertRefused(PasswordFileException.Kind.NOT_A_FILE, Path.of("/dev/zero"));
        Path fifo = directory.resolve("fifo");
        assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
        assertRefused(PasswordFileException.Kind.NOT_A_FILE, fifo); // and it does not wait for a writer
        assertRefused(PasswordFileException.Kind.UNREADABLE, directory.resolve("x".repeat(300)));
    }

    /** As Kubernetes mounts a Secret, and as Puppet and Vault link files. */
    @Test
    void linksOfRootAndOfTheServiceAreFollowed() throws Exception {
        Path version = Files.createDirectory(directory.resolve("..2026_11_29"));
        Files.move(file("secret", "r--r-----"), version.resolve("site.pw"));
        Files.createSymbolicLink(directory.resolve("..data"), version.getFileName());
        Path link = Files.createSymbolicLink(directory.resolve("site.pw"), Path.of("..data/site.pw"));
        try (Password password = PasswordFile.read(link)) {
            assertEquals("secret", new String(password.copyBytes(), java.nio.charset.StandardCharsets.UTF_8));
        }
    }

    @Test
    void aLinkOfAnybodyElseIsNamedWithItsMaker() throws Exception {
        assumeTrue(Owners.CURRENT.user() == 0, "needs root");
        Path real = Files.move(file("secret", "r--------"), directory.resolve("real"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), real);
        Path directoryLink = Files.createSymbolicLink(directory.resolve("way"), directory);
        for (Path foreign : List.of(link, directoryLink)) {
            Files.setAttribute(foreign, "unix:uid", 65533, LinkOption.NOFOLLOW_LINKS);
        }
        for (Path file : List.of(link, directoryLink.resolve("real"))) {
            assertRefused(PasswordFileException.Kind.FOREIGN_LINK, file);
            String said = assertThrows(PasswordFileException.class, () -> PasswordFile.read(file))
                    .getMessage();
            assertTrue(said.contains("symbolic link made by 65533"), said);
        }
    }

    /** The file after the open must be the file that was checked before. */
    @Test
    void anotherFileOrAnotherOwnerOrModeIsNoticed() {
        Inode inode = inode("file", 0100600, 1);
        assertTrue(inode.isSameFileAs(inode("file", 0100600, 1)));
        assertFalse(inode.isSameFileAs(inode("other", 0100600, 1)));
        assertFalse(inode.isSameFileAs(inode("file", 0100640, 1)));
        assertFalse(inode.isSameFileAs(inode("file", 0100600, 2)));
    }

    /** A cached key is only valid for the content that was read. */
    @Test
    void aChangeOfTheContentIsNoticed() {
        Inode inode = inode(7, 12);
        assertTrue(inode.isSameContentAs(inode(7, 12)));
        assertFalse(inode.isSameContentAs(inode(8, 12)));
        assertFalse(inode.isSameContentAs(inode(7, 13)));
        assertFalse(inode.isSameContentAs(inode("other", 0100600, 1)));
    }

    private static Inode inode(String file, int mode, int owner) {
        return new Inode(Path.of(file), file, mode, owner, 1, FileTime.fromMillis(7), 12);
    }

    private static Inode inode(long changed, long size) {
        return new Inode(Path.of("file"), "file", 0100600, 1, 1, FileTime.fromMillis(changed), size);
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw--w----", "rw-----w-", "rw-rw-rw-"})
    void aFileThatOthersMayChangeIsRefused(String mode) throws IOException {
        assertRefused(PasswordFileException.Kind.WRITABLE_BY_OTHERS, file("secret", mode));
    }

    @Test
    void aFileOfSomebodyElseIsRefused() throws IOException {
        Path file = file("secret", "r--------");
        assumeTrue((int) Files.getAttribute(file, "unix:uid") == 0, "only root can give files away");
        Files.setAttribute(file, "unix:uid", 65534);
        assertRefused(PasswordFileException.Kind.FOREIGN_OWNER, file);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            delimiter = '|',
            value = {
                "\"long enough password\n\"|r--------|\"\"",
                "\"long enough password\n\"|rw-r-----|\"\"",
                "\"long enough password\n\"|r--r--r--|WORLD_READABLE",
                "\"long enough password\r\n\"|r--------|CARRIAGE_RETURN",
                "\"\rlong enough password\"|r--------|CARRIAGE_RETURN",
                "\"\uFEFFlong enough password\"|r--------|BYTE_ORDER_MARK",
                "\" long enough password\"|r--------|OUTER_BLANKS",
                "\"long enough password\t\r\n\"|r--------|CARRIAGE_RETURN OUTER_BLANKS",
                "\"eleven char\"|r--------|SHORT",
                "\"twelve chars\"|r--------|\"\"",
                "\"long enough password\n\n\"|r--------|MORE_LINES",
                "\"\uFEFF a\r\nb\"|r--r--r--|WORLD_READABLE CARRIAGE_RETURN BYTE_ORDER_MARK SHORT MORE_LINES"
            })
    void warnings(String content, String mode, String expected) throws IOException {
        List<String> warnings = PasswordFile.warnings(file(content, mode)).stream()
                .map(Enum::name)
                .toList();
        assertEquals(expected, String.join(" ", warnings));
    }
}
