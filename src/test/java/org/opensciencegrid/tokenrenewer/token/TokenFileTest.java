package org.opensciencegrid.tokenrenewer.token;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.cryptostore.TrustedPath;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.token.TokenFileException.Kind;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Every cell of the table in docs/reference/token-files.md. */
class TokenFileTest {
    private static final String OLD = "old-token";
    private static final String NEW = "new-token";
    private static final int NOBODY = 65534;
    private static final int SOMEBODY = 65533;
    private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2001-01-01T00:00:00Z"));

    @TempDir
    Path directory;

    private Path tokens;

    @BeforeEach
    void makeDirectory() throws Exception {
        mode(directory, "rwxr-xr-x"); // processes of other users need access
        tokens = Files.createDirectory(directory.resolve("tokens"));
    }

    // The existing file and a new token

    @Test
    void anAbsentFileIsMadeForItsOwnerOnly() throws Exception {
        Path path = tokens.resolve("t");

        write(path);

        assertEquals(NEW + "\n", Files.readString(path));
        assertEquals("rw-------", mode(path));
        assertEquals(List.of("t"), names());
    }

    @ParameterizedTest
    @ValueSource(strings = {"0000", "0022", "0077", "0277", "0777"})
    void anAbsentFileHasModeSixHundredWhateverTheUmask(String umask) throws Exception {
        Path path = tokens.resolve("t");

        assertEquals("ok", run("umask " + umask + "; exec " + program(path, 1, NEW)));

        assertEquals("rw-------", mode(path));
        assertEquals(List.of("t"), names());
    }

    @ParameterizedTest
    @ValueSource(strings = {"rw-------", "rw-r-----", "rw-r--r--", "r--------", "rw-rw-rw-", "rwxrwxrwx", "---------"})
    void aFileIsReplacedWithItsMode(String mode) throws Exception {
        if (mode.equals("---------")) {
            assumeRoot(); // no other user can open such a file
        }
        Path path = old("t");
        mode(path, mode);

        write(path);

        assertEquals(NEW + "\n", Files.readString(path));
        assertEquals(mode, mode(path));
        assertEquals(List.of("t"), names());
    }

    @Test
    void aReplacedFileKeepsOwnerAndGroupAndItsTimeAdvances() throws Exception {
        assumeRoot();
        Path path = old("t");
        mode(path, "rw-r-----");
        Files.setAttribute(path, "unix:uid", NOBODY);
        Files.setAttribute(path, "unix:gid", SOMEBODY);
        Files.setLastModifiedTime(path, LONG_AGO);
        Object inode = Files.getAttribute(path, "unix:ino");

        write(path);

        assertEquals(NOBODY, Files.getAttribute(path, "unix:uid"));
        assertEquals(SOMEBODY, Files.getAttribute(path, "unix:gid"));
        assertEquals("rw-r-----", mode(path));
        assertTrue(Files.getLastModifiedTime(path).compareTo(LONG_AGO) > 0);
        assertFalse(inode.equals(Files.getAttribute(path, "unix:ino")), "not by rename");
    }

    @Test
    void whoHasTheOldFileOpenReadsTheOldToken() throws Exception {
        Path path = old("t");
        try (InputStream in = Files.newInputStream(path)) {
            write(path);

            assertEquals(OLD + "\n", new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    @Test
    void anAclIsKept() throws Exception {
        assumeTrue(has("setfacl") && has("getfacl"), "Debian package acl is not installed");
        Path path = old("t");
        assumeTrue(succeeds("setfacl -m u:65534:r,g:65533:rw,m::rw " + path), "no ACLs on this file system");
        String before = run("getfacl -cn " + path);
        assertTrue(before.contains("user:65534:r--"), before);

        write(path);

        assertEquals(before, run("getfacl -cn " + path));
        assertEquals(NEW + "\n", Files.readString(path));
    }

    @Test
    void aDefaultAclOfTheDirectoryOpensNoPrivateFile() throws Exception {
        assumeTrue(has("setfacl") && has("getfacl"), "Debian package acl is not installed");
        Path path = old("t");
        mode(path, "rw-------");
        assumeTrue(succeeds("setfacl -d -m u:65534:rw " + tokens), "no ACLs on this file system");

        write(path);
        write(tokens.resolve("fresh"));

        assertEquals("rw-------", mode(path)); // the group bits are the mask of all named entries
        assertEquals("rw-------", mode(tokens.resolve("fresh")));
        assertFalse(run("getfacl -cn " + path).contains("user:65534:rw-\n"), "effective");
    }

    @Test
    void anExtendedAttributeIsKept() throws Exception {
        Path path = old("t");
        try {
            Files.setAttribute(path, "user:site", ByteBuffer.wrap(new byte[] {42}));
        } catch (IOException e) {
            assumeTrue(false, "no extended attributes on this file system");
        }

        write(path);

        assertEquals(42, ((byte[]) Files.getAttribute(path, "user:site"))[0]);
    }

    @Test
    void anEmptyFileAndOneOfManyLinesAreReplacedToo() throws Exception {
        for (String content : List.of("", "a\nb\nc\n", "x".repeat(2_000_000))) {
            Path path = tokens.resolve("t");
            Files.writeString(path, content);

            write(path);

            assertEquals(NEW + "\n", Files.readString(path));
        }
    }

    @Test
    void otherNamesOfTheSameFileKeepTheOldToken() throws Exception {
        Path path = old("t");
        Path other = Files.createLink(tokens.resolve("other"), path);

        write(path);

        assertEquals(NEW + "\n", Files.readString(path));
        assertEquals(OLD + "\n", Files.readString(other));
    }

    @Test
    void aFileNameOfAnyLengthIsFine() throws Exception {
        Path path = old("n".repeat(255));

        write(path);

        assertEquals(NEW + "\n", Files.readString(path));
    }

    @Test
    void aRelativePathBeginsAtTheWorkingDirectory() throws Exception {
        assertEquals("ok", run("cd " + tokens + "; exec " + program(Path.of("t"), 2, NEW)));

        assertEquals(NEW + "\n", Files.readString(tokens.resolve("t")));
    }

    // Links

    @Test
    void aLinkIsFollowedAndKept() throws Exception {
        Path target = Files.writeString(
                Files.createDirectory(directory.resolve("real")).resolve("t"), OLD);
        Path link = Files.createSymbolicLink(tokens.resolve("t"), Path.of("../real/t"));
        Path second = Files.createSymbolicLink(tokens.resolve("second"), link);

        write(second);

        assertTrue(Files.isSymbolicLink(second) && Files.isSymbolicLink(link));
        assertFalse(Files.isSymbolicLink(target));
        assertEquals(NEW + "\n", Files.readString(target));
        assertEquals(Optional.of(NEW), new TokenFile(second).read().map(Secret::reveal));
        assertEquals(List.of("second", "t"), names());
    }

    @Test
    void aLinkBehindALinkedDirectoryMeansWhatTheKernelMeans() throws Exception {
        Path far = Files.createDirectories(directory.resolve("srv/far/tokens"));
        Path target = Files.writeString(directory.resolve("srv/far/real"), OLD);
        Path alias = Files.createSymbolicLink(directory.resolve("alias"), far);
        Files.createSymbolicLink(far.resolve("t"), Path.of("../real"));

        write(alias.resolve("t"));

        assertEquals(NEW + "\n", Files.readString(target));
        assertFalse(Files.exists(directory.resolve("real")));
    }

    @Test
    void aDanglingLinkIsKeptAndItsTargetMade() throws Exception {
        Path link = Files.createSymbolicLink(tokens.resolve("t"), directory.resolve("made"));

        write(link);

        assertTrue(Files.isSymbolicLink(link));
        assertEquals(NEW + "\n", Files.readString(directory.resolve("made")));
        assertEquals("rw-------", mode(directory.resolve("made")));
    }

    @Test
    void aDanglingLinkIntoNowhereIsAMissingDirectory() throws Exception {
        Path link = Files.createSymbolicLink(tokens.resolve("t"), Path.of("no/where"));

        assertEquals(Kind.DIRECTORY_MISSING, refused(link).kind());
    }

    @Test
    void aLinkOfAnotherUserIsRefused() throws Exception {
        assumeRoot();
        Path target = Files.writeString(directory.resolve("precious"), OLD);
        Path link = Files.createSymbolicLink(tokens.resolve("t"), target);
        Files.setAttribute(link, "unix:uid", NOBODY, LinkOption.NOFOLLOW_LINKS);

        TokenFileException e = refused(link);

        assertEquals(Kind.FOREIGN_LINK, e.kind());
        assertEquals(link, e.path());
        assertEquals(OLD, Files.readString(target));
        assertEquals(Optional.empty(), new TokenFile(link).read());
    }

    @Test
    void aForeignLinkBehindOneOfOursIsRefused() throws Exception {
        assumeRoot();
        Path target = Files.writeString(directory.resolve("precious"), OLD);
        Path foreign = Files.createSymbolicLink(tokens.resolve("foreign"), target);
        Files.setAttribute(foreign, "unix:uid", NOBODY, LinkOption.NOFOLLOW_LINKS);
        Path link = Files.createSymbolicLink(tokens.resolve("t"), foreign);

        assertEquals(Kind.FOREIGN_LINK, refused(link).kind());
        assertEquals(OLD, Files.readString(target));
    }

    @Test
    void linksOfRootAndOfTheServiceAreFollowedByTheService() throws Exception {
        assumeService();
        give(tokens, NOBODY);
        Path target = give(old("real"), NOBODY);
        Path ofRoot = Files.createSymbolicLink(tokens.resolve("root"), target);
        Path own = Files.createSymbolicLink(tokens.resolve("own"), target);
        Files.setAttribute(own, "unix:uid", NOBODY, LinkOption.NOFOLLOW_LINKS);
        Path foreign = Files.createSymbolicLink(tokens.resolve("foreign"), target);
        Files.setAttribute(foreign, "unix:uid", SOMEBODY, LinkOption.NOFOLLOW_LINKS);

        assertEquals("ok", run(service(program(ofRoot, 1, "by-root"))));
        assertEquals("by-root\n", Files.readString(target));
        assertEquals("ok", run(service(program(own, 1, "by-own"))));
        assertEquals("by-own\n", Files.readString(target));
        assertTrue(run(service(program(foreign, 1, "by-foreign"))).startsWith("FOREIGN_LINK"));
        assertEquals("by-own\n", Files.readString(target));
    }

    @Test
    void aLoopOfLinksIsRefused() throws Exception {
        Path a = Files.createSymbolicLink(tokens.resolve("a"), Path.of("b"));
        Files.createSymbolicLink(tokens.resolve("b"), Path.of("a"));

        assertEquals(Kind.OTHER, refused(a).kind());
        assertEquals(Optional.empty(), new TokenFile(a).read());
    }

    // Directories of the path

    /** Row by row: the owner and mode of /a, /a/b and the link that may replace b. */
    @ParameterizedTest
    @CsvSource({
        // owner:mode of a, of a/b, result for the service
        "0:755, 65533:777, ok",
        "65533:755, 65533:777, ok",
        "65533:777, 65533:777, ok",
        "65533:755, 65534:755, ok",
        "65533:755, 65532:777, FOREIGN_DIRECTORY",
        "0:777, 65533:777, FOREIGN_DIRECTORY",
        "0:777, 65534:755, FOREIGN_DIRECTORY",
        "0:1777, 65534:755, ok",
        "0:1777, 65533:777, FOREIGN_DIRECTORY",
        "65534:755, 65533:777, ok"
    })
    void directoriesAreThoseOfRootOfTheServiceAndOfOneUser(String a, String b, String outcome) throws Exception {
        assumeService();
        Path first = Files.createDirectory(tokens.resolve("a"));
        Path second = Files.createDirectory(first.resolve("b"));
        chown(second, b);
        chown(first, a);

        String said = run(service(program(second.resolve("t"), 1, NEW)));

        assertEquals(outcome, said.split(" ")[0], said);
        assertEquals(outcome.equals("ok"), Files.exists(second.resolve("t")));
    }

    /** The group of a directory that belongs to root. It is neither root's group nor the service's. */
    @ParameterizedTest
    @CsvSource({"65533, FOREIGN_DIRECTORY", "65534, ok", "0, ok"})
    void aDirectoryOnTheWayIsNoGroups(int group, String outcome) throws Exception {
        assumeService();
        Path first = Files.createDirectory(tokens.resolve("a"));
        Path second = give(Files.createDirectory(first.resolve("b")), NOBODY);
        Files.setAttribute(first, "unix:gid", group);
        mode(first, "rwxrwxr-x");

        String said = run(service(program(second.resolve("t"), 1, NEW)));

        assertEquals(outcome, said.split(" ")[0], said);
    }

    /**
     * The owner of the link's directory, the owner of the link, and its target: a directory of bob, of alice or of
     * neither.
     */
    @ParameterizedTest
    @CsvSource({
        "0, 0, bob, ok",
        "0, 65534, bob, ok",
        "0, 65533, bob, FOREIGN_LINK",
        "65533, 0, bob, FOREIGN_DIRECTORY",
        "65533, 65534, bob, FOREIGN_DIRECTORY",
        "65533, 0, ../bob, FOREIGN_DIRECTORY",
        "65533, 65533, bob, FOREIGN_LINK",
        "65533, 0, alice/own, ok",
        "65533, 65534, ours, ok"
    })
    @Tag("slow")
    void aLinkLeadsToTheUserInWhoseDirectoryItIs(int owner, int maker, String target, String outcome) throws Exception {
        assumeService();
        Path alice = Files.createDirectory(tokens.resolve("alice"));
        chown(Files.createDirectory(tokens.resolve("bob")), "65532:777");
        chown(Files.createDirectory(alice.resolve("own")), "65533:777");
        chown(Files.createDirectory(tokens.resolve("ours")), NOBODY + ":755");
        Path to = tokens.resolve(target).normalize();
        Path at = target.startsWith("..") ? tokens.resolve("bob") : to;
        Path old = give(Files.writeString(at.resolve("bearer_token"), OLD + "\n"), NOBODY);
        mode(old, "rw-------");
        Path link = Files.createSymbolicLink(alice.resolve("out"), target.startsWith("..") ? Path.of(target) : to);
        Files.setAttribute(link, "unix:uid", maker, LinkOption.NOFOLLOW_LINKS);
        chown(alice, owner + ":755");

        String said =
                run(service(program(link.resolve("bearer_token"), 1, NEW).replace(" -cp ", " -Dmode=rw-r--r-- -cp ")));

        assertEquals(outcome, said.split(" ")[0], said);
        assertEquals((outcome.equals("ok") ? NEW : OLD) + "\n", Files.readString(old));
        assertEquals(outcome.equals("ok") ? "rw-r--r--" : "rw-------", mode(old));
    }

    @Test
    void aFileWhoseOwnerDelaysEachOpenIsNotWaitedFor() throws Exception {
        Path path = old("t");
        assumeRoot();
        give(path, SOMEBODY);

        assertEquals(Optional.empty(), readUnderLease(path));
    }

    /** Its owner can replace the service's directory. */
    @Test
    void aFileBelowAnotherUsersDirectoryIsNotWaitedForEither() throws Exception {
        assumeRoot();
        Path alice = Files.createDirectory(tokens.resolve("alice"));
        Path ours = Files.createDirectory(alice.resolve("ours"));
        Path path = Files.writeString(ours.resolve("t"), OLD);
        chown(alice, "65533:755");

        assertEquals(Optional.empty(), readUnderLease(path));
    }

    /** The kernel ends a lease after /proc/sys/fs/lease-break-time: an open that waits for that finds the token. */
    private static Optional<Secret> readUnderLease(Path path) throws Exception {
        assumeTrue(has("python3"), "python3 is not installed");
        Process lease = new ProcessBuilder(
                        "python3",
                        "-c",
                        "import fcntl,os,signal,sys\nsignal.signal(signal.SIGIO,signal.SIG_IGN)\n"
                                + "fcntl.fcntl(os.open(sys.argv[1],os.O_RDWR),fcntl.F_SETLEASE,fcntl.F_WRLCK)\n"
                                + "print('held',flush=True)\nsys.stdin.read()",
                        path.toString())
                .start();
        try {
            assumeTrue(lease.getInputStream().read() == 'h', "no leases on this file system");
            return new TokenFile(path).read();
        } finally {
            lease.destroyForcibly().waitFor();
        }
    }

    @Test
    void inADirectoryOfEverybodyNoModeIsTakenOver() throws Exception {
        assumeService();
        mode(tokens, "rwxrwxrwx");
        Path path = give(old("t"), SOMEBODY);
        mode(path, "rw-rw-rw-");

        assertEquals("ok", run(service(program(path, 1, NEW))));

        assertEquals("rw-------", mode(path));
        assertEquals(NOBODY, Files.getAttribute(path, "unix:uid"));
        assertEquals(List.of("t"), names());
    }

    /** Its owner keeps replacing the directory with a link to another one. */
    @Tag("slow")
    @Test
    void aDirectoryThatIsSwappedForALinkNeverLeadsElsewhere() throws Exception {
        assumeService();
        assumeTrue(has("python3"), "python3 is not installed");
        Path bob = Files.createDirectory(tokens.resolve("bob"));
        Path his = give(Files.writeString(bob.resolve("t"), OLD + "\n"), NOBODY);
        chown(bob, "65532:777");
        Path alice = Files.createDirectory(tokens.resolve("alice"));
        Path out = Files.createDirectory(alice.resolve("out"));
        Path link = Files.createSymbolicLink(alice.resolve("link"), bob);
        Files.setAttribute(link, "unix:uid", SOMEBODY, LinkOption.NOFOLLOW_LINKS);
        chown(out, "65533:777");
        chown(alice, "65533:755");

        Swapper swapper = new Swapper(out, link);
        try {
            for (int i = 0; i < 30; i++) {
                run(service(program(out.resolve("t"), 100, NEW)));
            }
        } finally {
            swapper.stop();
        }

        assertEquals(OLD + "\n", Files.readString(his));
        assertEquals(List.of("t"), Arrays.stream(bob.toFile().list()).sorted().toList());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("slow")
    void aFileThatIsSwappedForAPipeIsWaitedForASecondAtMost(boolean isRead) throws Exception {
        assumeTrue(has("python3"), "python3 is not installed");
        Path path = old("t");
        mode(tokens, "rwxrwxr-x");
        if (isRoot()) {
            Files.setAttribute(tokens, "unix:gid", SOMEBODY); // others can write to the directory
        }
        Path pipe = tokens.resolve("pipe");
        assumeTrue(succeeds("mkfifo " + pipe), "no mkfifo");

        assertTimeoutPreemptively(Duration.ofSeconds(120), () -> {
            Swapper swapper = new Swapper(path, pipe);
            try {
                for (int i = 0; i < 200; i++) {
                    TokenFile file = new TokenFile(path);
                    if (isRead) {
                        file.read();
                    } else {
                        try {
                            file.write(Secret.of(NEW), TokenAccess.UNCHANGED);
                        } catch (TokenFileException e) {
                            assertEquals(Kind.NOT_A_FILE, e.kind(), e.getMessage());
                        }
                    }
                }
            } finally {
                swapper.stop();
            }
        });
    }

    /** Exchanges two names as fast as possible, with renameat2(2). */
    private static final class Swapper {
        private final Process process;

        Swapper(Path a, Path b) throws IOException {
            process = new ProcessBuilder(
                            "python3",
                            "-c",
                            "import ctypes,sys\nr=ctypes.CDLL(None).renameat2\n"
                                    + "while True: r(-100,sys.argv[1].encode(),-100,sys.argv[2].encode(),2)",
                            a.toString(),
                            b.toString())
                    .start();
        }

        void stop() throws Exception {
            process.destroyForcibly().waitFor();
        }
    }

    private static void chown(Path path, String ownerAndMode) throws Exception {
        String[] words = ownerAndMode.split(":");
        give(path, Integer.parseInt(words[0]));
        run("chmod " + words[1] + " " + path);
    }

    // Paths that are not a regular file

    /** The old content is never copied: a terabyte would fill the disk, and it may belong to another user. */
    @Test
    void anOldFileOfATerabyteCostsNoSpace() throws Exception {
        Path path = tokens.resolve("t");

        String said = runOnOwnFileSystem("truncate -s 1T " + path + "; chmod 666 " + path + "; " + program(path, 1, NEW)
                + "; cat " + path + "; ls -A " + tokens);

        assertEquals(List.of("ok", NEW, "t"), said.lines().toList());
    }

    @Test
    void aDirectoryIsRefused() throws Exception {
        Path path = Files.createDirectory(tokens.resolve("t"));

        assertEquals(Kind.NOT_A_FILE, refused(path).kind());
        assertEquals(
                Kind.NOT_A_FILE,
                refused(Files.createSymbolicLink(tokens.resolve("l"), path)).kind());
        assertTrue(Files.isDirectory(path));
        assertEquals(Optional.empty(), new TokenFile(path).read());
    }

    @Test
    void aPipeIsRefusedAndNeverWaitedFor() throws Exception {
        Path path = tokens.resolve("t");
        assumeTrue(succeeds("mkfifo " + path), "no mkfifo");

        assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            assertEquals(Kind.NOT_A_FILE, refused(path).kind());
            assertEquals(Optional.empty(), new TokenFile(path).read());
        });
        assertTrue(Files.readAttributes(path, PosixFileAttributes.class).isOther());
    }

    @Test
    void aDeviceIsRefused() throws Exception {
        Path path = tokens.resolve("null");
        assumeTrue(succeeds("mknod " + path + " c 1 3"), "mknod needs root");

        assertEquals(Kind.NOT_A_FILE, refused(path).kind());
        assertTrue(Files.readAttributes(path, PosixFileAttributes.class).isOther());
        assertEquals(
                Kind.NOT_A_FILE,
                refused(Files.createSymbolicLink(tokens.resolve("l"), path)).kind());
    }

    // Directory permissions

    @Test
    void aMissingDirectoryIsNotMade() {
        TokenFileException e = refused(tokens.resolve("no/t"));

        assertEquals(Kind.DIRECTORY_MISSING, e.kind());
        assertTrue(e.getMessage().contains(tokens.resolve("no").toString()), e.getMessage());
        assertFalse(Files.exists(tokens.resolve("no")));
    }

    @Test
    void aFileInPlaceOfTheDirectoryIsAMissingDirectory() throws Exception {
        assertEquals(Kind.DIRECTORY_MISSING, refused(old("f").resolve("t")).kind());
    }

    @Test
    void aFileThatMayNotBeWrittenIsReplacedWhereTheDirectoryAllowsIt() throws Exception {
        assumeService();
        give(tokens, NOBODY);
        Path path = give(old("t"), NOBODY);
        mode(path, "r--r-----");

        assertEquals("ok", run(service(program(path, 1, NEW))));

        assertEquals(NEW + "\n", Files.readString(path));
        assertEquals("r--r-----", mode(path));
        assertEquals(List.of("t"), names());
    }

    @Test
    void aFileIsOverwrittenInPlaceWhereTheDirectoryIsNotWritable() throws Exception {
        assumeService();
        Path path = give(old("t"), NOBODY);
        Object inode = Files.getAttribute(path, "unix:ino");
        Files.setLastModifiedTime(path, LONG_AGO);

        assertEquals("ok", run(service(program(path, 1, NEW))));

        assertEquals(NEW + "\n", Files.readString(path));
        assertEquals(inode, Files.getAttribute(path, "unix:ino"));
        assertTrue(Files.getLastModifiedTime(path).compareTo(LONG_AGO) > 0);
        assertEquals(List.of("t"), names());
    }

    @Test
    void aFileThatMayBeWrittenAndNotReadIsOverwrittenInPlace() throws Exception {
        assumeService();
        give(tokens, NOBODY);
        Path path = give(old("t"), NOBODY);
        mode(path, "-w-r-----");

        assertEquals("ok", run(service(program(path, 1, NEW))));

        assertEquals(NEW + "\n", Files.readString(path));
        assertEquals("-w-r-----", mode(path));
        assertEquals(List.of("t"), names());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFileThatIsAMountPointIsOverwrittenInPlace(boolean readOnlyDirectory) throws Exception {
        Path path = tokens.resolve("t");
        String readOnly = readOnlyDirectory ? "mount -o remount,bind,ro " + tokens + "; " : "";

        String said = runOnOwnFileSystem("echo " + OLD + " > " + path + "; mount --bind " + path + " " + path + "; "
                + readOnly + program(path, 1, NEW) + "; cat " + path + "; ls -A " + tokens);

        assertEquals(List.of("ok", NEW, "t"), said.lines().toList());
    }

    @Test
    void aWritableFileOfAnotherUserIsOverwrittenInPlace() throws Exception {
        assumeService();
        give(tokens, NOBODY);
        Path path = give(old("t"), SOMEBODY);
        mode(path, "rw-rw-rw-");
        Object inode = Files.getAttribute(path, "unix:ino");

        assertEquals("ok", run(service(program(path, 1, "short") + " && " + program(path, 1, "a-longer-token"))));

        assertEquals("a-longer-token\n", Files.readString(path));
        assertEquals(inode, Files.getAttribute(path, "unix:ino"));
        assertEquals(SOMEBODY, Files.getAttribute(path, "unix:uid"));
        assertEquals("rw-rw-rw-", mode(path));
        assertEquals(List.of("t"), names());
    }

    @Test
    void aFileOfAGroupThatIsNotOursIsOverwrittenInPlace() throws Exception {
        assumeService();
        give(tokens, NOBODY);
        Path path = give(old("t"), NOBODY);
        Files.setAttribute(path, "unix:gid", SOMEBODY);
        mode(path, "rw-r-----");

        assertEquals("ok", run(service(program(path, 1, NEW))));

        assertEquals(NEW + "\n", Files.readString(path));
        assertEquals(SOMEBODY, Files.getAttribute(path, "unix:gid"));
        assertEquals("rw-r-----", mode(path));
    }

    @ParameterizedTest
    @CsvSource({"true, rw-r--r--", "true, ---------", "false, rw-r--r--", "false, r--------"})
    void whatNeitherFileNorDirectoryAllowsIsRefused(boolean writableDirectory, String mode) throws Exception {
        assumeService();
        if (writableDirectory) {
            give(tokens, NOBODY);
        }
        Path path = give(old("t"), SOMEBODY);
        mode(path, mode);

        assertEquals("NOT_PERMITTED permission denied", run(service(program(path, 1, NEW))));

        assertEquals(OLD + "\n", Files.readString(path));
        assertEquals(mode, mode(path));
        assertEquals(List.of("t"), names());
    }

    @Test
    void anAbsentFileInADirectoryThatIsNotWritableIsRefused() throws Exception {
        assumeService();

        assertEquals("NOT_PERMITTED permission denied", run(service(program(tokens.resolve("t"), 1, NEW))));
        assertEquals(List.of(), names());

        mode(tokens, "rw-------");
        assertEquals("NOT_PERMITTED permission denied", run(service(program(tokens.resolve("t"), 1, NEW))));
    }

    @Test
    void aDirectoryThatMayBeWrittenButNotListedIsFine() throws Exception {
        assumeService();
        Path path = give(old("t"), NOBODY);
        give(tokens, NOBODY);
        mode(tokens, "-wx------");

        assertEquals("ok", run(service(program(path, 1, NEW))));

        assertEquals(NEW + "\n", Files.readString(path));
        assertEquals(List.of("t"), names());
    }

    @Test
    void anImmutableFileIsRefused() throws Exception {
        Path path = old("t");
        assumeTrue(has("chattr") && succeeds("chattr +i " + path), "no chattr +i here");
        try {
            assertEquals(Kind.NOT_PERMITTED, refused(path).kind());
            assertEquals(OLD + "\n", Files.readString(path));
            assertEquals(List.of("t"), names());
        } finally {
            run("chattr -i " + path);
        }
    }

    // Full and read-only disks

    @Test
    void aReadOnlyFileSystemIsSaid() throws Exception {
        Path path = tokens.resolve("t");

        String said = runOnOwnFileSystem("echo " + OLD + " > " + path + "; mount -o remount,ro " + tokens + "; "
                + program(path, 1, NEW) + "; " + program(tokens.resolve("absent"), 1, NEW) + "; cat " + path
                + "; ls -A " + tokens);

        assertEquals(
                List.of("READ_ONLY Read-only file system", "READ_ONLY Read-only file system", OLD, "t"),
                said.lines().toList());
    }

    @Test
    void aFullDiskLeavesTheOldToken() throws Exception {
        Path path = tokens.resolve("t");
        String filled = "echo " + OLD + " > " + path + "; cat /dev/zero > " + tokens.resolve("fill") + " 2>&-; ";

        String said = runOnOwnFileSystem(filled + program(path, 1, NEW) + "; "
                + program(tokens.resolve("absent"), 1, NEW) + "; cat " + path + "; ls -A " + tokens);

        assertEquals(
                List.of("FULL No space left on device", "FULL No space left on device", OLD, "fill", "t"),
                said.lines().toList());
    }

    @Test
    void aDiskWithRoomForHalfATokenLeavesTheOldToken() throws Exception {
        Path path = tokens.resolve("t");
        String setting = "echo " + OLD + " > " + path + "; cat /dev/zero > " + tokens.resolve("fill") + " 2>&-; "
                + "truncate -s -4096 " + tokens.resolve("fill") + "; ";

        String said = runOnOwnFileSystem(
                setting + program(path, 1, "n".repeat(9000)) + "; cat " + path + "; ls -A " + tokens);

        assertEquals(
                List.of("FULL No space left on device", OLD, "fill", "t"),
                said.lines().toList());
    }

    /** A file that is overwritten in place may need one more block. */
    @Test
    void aFullDiskLeavesTheOldTokenAlsoWhereItIsOverwrittenInPlace() throws Exception {
        assumeService();
        Path path = tokens.resolve("t");
        String setting = "echo " + OLD + " > " + path + "; chown 65534 " + path + "; cat /dev/zero > "
                + tokens.resolve("fill") + " 2>&-; chmod 755 " + tokens + "; ";

        String said = runOnOwnFileSystem(
                setting + service(program(path, 1, "n".repeat(9000))) + "; cat " + path + "; ls -A " + tokens);

        assertEquals(
                List.of("FULL No space left on device", OLD, "fill", "t"),
                said.lines().toList());
    }

    @Test
    void aTooLongPathIsNoCrash() {
        assertEquals(Kind.OTHER, refused(tokens.resolve("n".repeat(300))).kind());
    }

    // Leftover files

    /** ctime cannot be set, so this uses a clock that is two hours ahead. */
    @Test
    void whatACrashLeftIsRemovedOnceItIsOld() throws Exception {
        String left = ".osg-token-renewer.0123456789abcdef.tmp";
        Files.writeString(tokens.resolve(left), "half a tok");

        write(tokens.resolve("t"));
        assertEquals(List.of(left, "t"), names(), "it may be another run's");

        assumeTrue(has("faketime"), "faketime is not installed");
        assertEquals("ok", run("faketime -f +2h " + program(tokens.resolve("t"), 1, "third")));
        assertEquals(List.of("t"), names());
    }

    // What a reader sees during a write

    @Tag("slow")
    @Test
    void aReaderSeesOneOfTheTokensAndNothingElse() throws Exception {
        Path path = tokens.resolve("t");
        String a = "A".repeat(1500);
        String b = "B".repeat(2900);
        new TokenFile(path).write(Secret.of(a), TokenAccess.UNCHANGED);

        long reads = readWhile(path, Set.of(a, b), 0, () -> {
            TokenFile file = new TokenFile(path);
            for (int i = 0; i < 2000; i++) {
                file.write(Secret.of(i % 2 == 0 ? b : a), TokenAccess.UNCHANGED);
            }
            return "ok";
        });

        assertTrue(reads >= 2000, reads + " reads");
    }

    /** Two sections may have the same path, which causes a warning. Their accounts run at the same time. */
    @Tag("slow")
    @Test
    void twoWritersOfOnePathMixNothing() throws Exception {
        Path path = tokens.resolve("t");
        String a = "A".repeat(1500);
        String b = "B".repeat(2900);
        new TokenFile(path).write(Secret.of(a), TokenAccess.UNCHANGED);
        ExecutorService second = Executors.newSingleThreadExecutor();
        try {
            readWhile(path, Set.of(a, b), 0, () -> {
                Future<String> other = second.submit(() -> writeOften(path, b));
                writeOften(path, a);
                return other.get(60, TimeUnit.SECONDS);
            });
        } finally {
            second.shutdownNow();
        }
        assertEquals(List.of("t"), names());
    }

    private static String writeOften(Path path, String token) throws TokenFileException {
        for (int i = 0; i < 500; i++) {
            new TokenFile(path).write(Secret.of(token), TokenAccess.UNCHANGED);
        }
        return "ok";
    }

    /**
     * Overwritten in place, from long to short and back. Linux locks no reader out of a write(2), so a read at that
     * very moment sees both tokens (about 1 of 2,500 here). No read ever sees an empty file.
     */
    @Tag("slow")
    @Test
    void aReaderOfAnOverwrittenFileSeesNoEmptyFileAndHardlyEverTwoTokens() throws Exception {
        assumeService();
        Path path = tokens.resolve("t");
        String a = "A".repeat(700);
        String b = "B".repeat(2900);
        Files.writeString(path, a + "\n");
        give(path, NOBODY);

        long reads = readWhile(path, Set.of(a, b), 100, () -> run(service(program(path, 2000, b, a))));

        assertTrue(reads >= 2000, reads + " reads");
        assertEquals(a + "\n", Files.readString(path));
    }

    /** @param tolerated how many of 10,000 reads may see something else, except an empty file */
    private static long readWhile(Path path, Set<String> tokens, int tolerated, Callable<String> writer)
            throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        List<String> odd = Collections.synchronizedList(new ArrayList<>());
        ExecutorService reader = Executors.newSingleThreadExecutor();
        try {
            Future<Long> reads = reader.submit(() -> {
                long count = 0;
                ByteBuffer bytes = ByteBuffer.allocateDirect(16_384);
                while (!over.get()) {
                    bytes.clear();
                    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
                        channel.read(bytes); // one read(2), like most programs
                    }
                    byte[] read = new byte[bytes.flip().remaining()];
                    bytes.get(read);
                    String text = new String(read, StandardCharsets.US_ASCII).strip();
                    assertFalse(text.isEmpty(), "an empty file");
                    if (!tokens.contains(text)) {
                        odd.add(shortly(text));
                    }
                    count++;
                }
                return count;
            });
            String said;
            try {
                said = writer.call();
            } finally {
                over.set(true);
            }
            assertEquals("ok", said);
            long count = reads.get(60, TimeUnit.SECONDS);
            assertTrue(
                    odd.size() <= count * tolerated / 10_000,
                    () -> odd.size() + " of " + count + ", such as "
                            + odd.stream().limit(3).toList());
            return count;
        } finally {
            reader.shutdownNow();
        }
    }

    private static String shortly(String text) {
        return text.length() + " characters: " + text.replaceAll("(?s)(.)\\1{9,}", "$1...");
    }

    // With token_mode, token_owner and token_group

    @Tag("slow")
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void theFileHasItsModeBeforeItHasItsName(boolean isThere) throws Exception {
        Path path = tokens.resolve("t");
        AtomicBoolean over = new AtomicBoolean();
        Set<String> seen = Collections.synchronizedSet(new TreeSet<>());
        ExecutorService onlooker = Executors.newSingleThreadExecutor();
        try {
            Future<?> looking = onlooker.submit(() -> {
                while (!over.get()) {
                    try {
                        seen.add(mode(path));
                    } catch (NoSuchFileException e) {
                        // between two rounds
                    }
                }
                return null;
            });
            for (int i = 0; i < 300; i++) {
                if (isThere) {
                    old("u");
                    mode(tokens.resolve("u"), "rw-r-----");
                    Files.move(tokens.resolve("u"), path, StandardCopyOption.ATOMIC_MOVE);
                } else {
                    Files.deleteIfExists(path);
                }
                new TokenFile(path).write(Secret.of(NEW), access(isThere ? "rw-r--r--" : "rw-r-----", null, null));
            }
            over.set(true);
            looking.get(60, TimeUnit.SECONDS);
        } finally {
            over.set(true);
            onlooker.shutdownNow();
        }
        assertEquals(isThere ? Set.of("rw-r-----", "rw-r--r--") : Set.of("rw-r-----"), seen);
        assertEquals(NEW + "\n", Files.readString(path));
        assertEquals(List.of("t"), names());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void rootGivesItToWhomItIsFor(boolean isThere) throws Exception {
        assumeRoot();
        Path path = isThere ? old("t") : tokens.resolve("t");

        new TokenFile(path).write(Secret.of(NEW), access("r--r-----", "65534", "65533"));

        assertEquals(NOBODY, Files.getAttribute(path, "unix:uid"));
        assertEquals(SOMEBODY, Files.getAttribute(path, "unix:gid"));
        assertEquals("r--r-----", mode(path));
        assertEquals(NEW + "\n", Files.readString(path));
        assertEquals(List.of("t"), names());
    }

    @Test
    void whatIsNotAskedForStaysAsItWas() throws Exception {
        assumeRoot();
        Path path = give(old("t"), NOBODY);
        mode(path, "rw-r--r--");

        new TokenFile(path).write(Secret.of(NEW), access(null, null, "65533"));

        assertEquals(NOBODY, Files.getAttribute(path, "unix:uid"));
        assertEquals(SOMEBODY, Files.getAttribute(path, "unix:gid"));
        assertEquals("rw-r--r--", mode(path));
    }

    @Test
    void anAclStaysUnderAnotherMode() throws Exception {
        assumeTrue(has("setfacl"), "acl is not installed");
        Path path = old("t");
        assumeTrue(succeeds("setfacl -m u:65533:rw " + path), "no ACLs here");

        new TokenFile(path).write(Secret.of(NEW), access("rw-r-----", null, null));

        assertTrue(run("getfacl -nc " + path).contains("user:65533:rw-"), "the entry");
        assertTrue(run("getfacl -nc " + path).contains("mask::r--"), "what it comes to");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aNameThatNobodyHasChangesNothing(boolean isOwner) throws Exception {
        Path path = old("t");
        TokenAccess access = access(null, isOwner ? "no-such-name" : null, isOwner ? null : "no-such-name");

        TokenFileException e =
                assertThrows(TokenFileException.class, () -> new TokenFile(path).write(Secret.of(NEW), access));

        assertEquals(Kind.NO_SUCH_NAME, e.kind());
        assertEquals("no-such-name", e.getMessage());
        assertEquals(OLD + "\n", Files.readString(path));
        assertEquals(List.of("t"), names());
    }

    @ParameterizedTest
    @CsvSource({
        "-Dgroup=65533, 65533, ok, rw-r----- 65534 65533",
        "-Dgroup=65533, 65532, GROUP_NOT_OURS 65533, ",
        "-Downer=65533, 65532, OWNER_NOT_US 65533, ",
        "-Downer=65534, 65532, ok, rw-r----- 65534 65534"
    })
    void aServiceGivesToItsOwnGroupsAndToNobodyElse(String asked, String groups, String outcome, String after)
            throws Exception {
        assumeService();
        mode(tokens, "rwxrwxrwx");
        Path path = tokens.resolve("t");
        for (boolean isThere : List.of(false, true)) {
            if (isThere) {
                Files.deleteIfExists(path);
                mode(give(old("t"), NOBODY), "rw-------");
            }
            assertEquals(
                    outcome,
                    run("setpriv --reuid=65534 --regid=65534 --groups=" + groups + " "
                            + program(path, 1, NEW).replace(" -cp ", " -Dmode=rw-r----- " + asked + " -cp ")));
            if (outcome.equals("ok")) {
                assertEquals(
                        after,
                        mode(path) + " " + Files.getAttribute(path, "unix:uid") + " "
                                + Files.getAttribute(path, "unix:gid"));
                assertEquals(NEW + "\n", Files.readString(path));
            } else {
                assertEquals(isThere, Files.exists(path));
                assertTrue(!isThere || Files.readString(path).equals(OLD + "\n"));
            }
            assertEquals(Files.exists(path) ? List.of("t") : List.of(), names());
        }
    }

    @ParameterizedTest
    @CsvSource({"-Dgroup=65533, ok", "-Dmode=rw-r-----, NOT_PERMITTED it must be replaced to get another mode"})
    void aFileThatCanOnlyBeOverwrittenMustHaveItsAccessAlready(String asked, String outcome) throws Exception {
        assumeService();
        Path path = old("t");
        Files.setAttribute(path, "unix:uid", NOBODY);
        Files.setAttribute(path, "unix:gid", SOMEBODY);

        String said = run(service(program(path, 1, NEW).replace(" -cp ", " " + asked + " -cp ")));

        assertTrue(said.startsWith(outcome), said);
        assertEquals((outcome.equals("ok") ? NEW : OLD) + "\n", Files.readString(path));
    }

    private static TokenAccess access(String mode, String owner, String group) {
        return new TokenAccess(
                Optional.ofNullable(mode).map(PosixFilePermissions::fromString),
                Optional.ofNullable(owner),
                Optional.ofNullable(group));
    }

    // Reading

    @ParameterizedTest
    @ValueSource(strings = {"tok.en", "tok.en\n", "  tok.en \r\n", "\n\ntok.en\n\n\n"})
    void aTokenIsReadWithoutTheSpaceAroundIt(String content) throws Exception {
        Files.writeString(tokens.resolve("t"), content);

        assertEquals(Optional.of(Secret.of("tok.en")), new TokenFile(tokens.resolve("t")).read());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "\n",
                " \t\r\n",
                "to ken",
                "a.b.c\nd.e.f\n",
                "# a comment\ntoken\n",
                "\u0000\u0001",
                "tok\u00e9n",
                "\ufefftok.en"
            })
    void whatIsNoTokenIsNotRead(String content) throws Exception {
        Files.writeString(tokens.resolve("t"), content);

        assertEquals(Optional.empty(), new TokenFile(tokens.resolve("t")).read());
    }

    @Test
    void nothingIsReadFromAnAbsentFileOrAHugeOne() throws Exception {
        assertEquals(Optional.empty(), new TokenFile(tokens.resolve("absent")).read());
        assertEquals(Optional.empty(), new TokenFile(tokens.resolve("no/directory")).read());
        Files.writeString(tokens.resolve("t"), "x".repeat(1 << 20));
        assertTrue(new TokenFile(tokens.resolve("t")).read().isPresent());
        Files.writeString(tokens.resolve("t"), "x".repeat((1 << 20) + 1));
        assertEquals(Optional.empty(), new TokenFile(tokens.resolve("t")).read());
    }

    @Test
    void noMessageHoldsTheToken() throws Exception {
        for (Path path : List.of(tokens, tokens.resolve("no/t"), tokens.resolve("n".repeat(300)))) {
            TokenFileException e = refused(path);
            assertFalse((e + " " + e.getMessage()).contains(NEW));
        }
    }

    // Tools

    private static void write(Path path) throws TokenFileException {
        new TokenFile(path).write(Secret.of(NEW), TokenAccess.UNCHANGED);
    }

    private static TokenFileException refused(Path path) {
        return assertThrows(TokenFileException.class, () -> write(path));
    }

    private Path old(String name) throws IOException {
        return Files.writeString(tokens.resolve(name), OLD + "\n");
    }

    private static Path give(Path path, int user) throws IOException {
        Files.setAttribute(path, "unix:uid", user);
        Files.setAttribute(path, "unix:gid", user);
        return path;
    }

    private static void mode(Path path, String mode) throws IOException {
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(tokens)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private static void assumeRoot() throws IOException {
        assumeTrue(isRoot(), "needs root");
    }

    private static boolean isRoot() throws IOException {
        return Integer.valueOf(0).equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
    }

    private static void assumeService() throws Exception {
        assumeRoot();
        assumeTrue(has("setpriv"), "setpriv (util-linux) is not installed");
    }

    private static boolean has(String tool) throws Exception {
        return !run("command -v " + tool).isEmpty();
    }

    private static boolean succeeds(String command) throws Exception {
        return run(command + " && echo yes").endsWith("yes");
    }

    private static String service(String command) {
        return Arrays.stream(command.split(" && "))
                .map(part -> "setpriv --reuid=65534 --regid=65534 --clear-groups " + part)
                .reduce((a, b) -> a + " >&2 && " + b)
                .orElseThrow();
    }

    /** The command line of {@link TokenFileProgram}, with copies of its classes that every user can read. */
    private String program(Path path, int times, String... written) throws IOException {
        Path classes = directory.resolve("classes");
        if (!Files.exists(classes)) {
            for (Class<?> needed : List.of(
                    TokenFile.class, TrustedPath.class, TokenAccess.class, Printable.class, TokenFileProgram.class)) {
                copyPackage(needed, classes);
            }
        }
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-XX:-UsePerfData",
                "--add-opens=java.base/sun.nio.fs=ALL-UNNAMED", // as in the jar's manifest
                "-cp",
                classes.toString(),
                TokenFileProgram.class.getName(),
                path.toString(),
                Integer.toString(times)));
        command.addAll(List.of(written));
        return String.join(" ", command);
    }

    /** From a directory of classes, or from the jar that {@code verify} built. */
    private static void copyPackage(Class<?> one, Path to) throws IOException {
        Path from = Path.of(URI.create(
                one.getProtectionDomain().getCodeSource().getLocation().toString()));
        String folder = one.getPackageName().replace('.', '/');
        Files.createDirectories(to.resolve(folder));
        if (Files.isDirectory(from)) {
            copyClasses(from.resolve(folder), to.resolve(folder));
        } else {
            try (FileSystem jar = FileSystems.newFileSystem(from)) {
                copyClasses(jar.getPath(folder), to.resolve(folder));
            }
        }
    }

    private static void copyClasses(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
                Path copy = to.resolve(file.getFileName().toString());
                Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
                mode(copy, "rw-r--r--");
            }
        }
    }

    /** Runs it with a tmpfs of 64 KiB as the tokens directory, visible only to this process. */
    private String runOnOwnFileSystem(String command) throws Exception {
        assumeRoot();
        assumeTrue(has("unshare") && succeeds("unshare -m true"), "no mount namespaces here");
        Path script = Files.writeString(
                directory.resolve("script"),
                "mount -t tmpfs -o size=64k,mode=0777 tmpfs " + tokens + " || exit 99\n" + command + "\n");
        String said = run("unshare -m sh " + script);
        assumeTrue(!said.isEmpty(), "no tmpfs can be mounted here");
        return said;
    }

    /** Standard output without the last line feed. */
    private static String run(String command) throws Exception {
        Process process = new ProcessBuilder("sh", "-c", command)
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        process.getOutputStream().close();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(120, TimeUnit.SECONDS));
        return out.stripTrailing();
    }
}
