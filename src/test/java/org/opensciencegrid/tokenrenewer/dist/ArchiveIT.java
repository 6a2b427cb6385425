package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** Tests the class archive: the launcher uses it if it fits, and otherwise ignores it silently. */
class ArchiveIT {
    @TempDir
    Path directory;

    private Path tree;
    private Installed installed;

    @BeforeEach
    void copy() throws Exception {
        tree = directory.resolve("tree");
        Installed.sh("cp -a " + Installed.DIST_WORD + " " + tree);
        installed = new Installed(tree, directory);
    }

    private static void sh(String command) throws Exception {
        assertEquals(
                0, new ProcessBuilder("sh", "-c", command).inheritIO().start().waitFor(), command);
    }

    private Path archive() throws IOException {
        return archive(tree);
    }

    private static Path archive(Path tree) throws IOException {
        try (Stream<Path> files = Files.list(tree.resolve("var/cache/osg-token-renewer"))) {
            List<Path> all =
                    files.filter(file -> file.toString().endsWith(".jsa")).toList();
            assertEquals(1, all.size(), all.toString());
            return all.get(0);
        }
    }

    private void makeArchive() throws Exception {
        Result made =
                installed.launch("usr/libexec/osg-token-renewer/make-archive").await();
        assertEquals("", made.out() + made.err());
        assertEquals(0, made.status());
    }

    private void runsAndSaysNothingMore() throws Exception {
        Result version = installed.run("--version");
        assertTrue(version.out().matches("osg-token-renewer \\d+\\.\\d+\\.\\d+\\n"), version.out());
        assertEquals("", version.err());
        assertEquals(0, version.status());
        installed.config("");
        Result renew = installed.run("renew");
        assertEquals("", renew.out() + renew.err());
        assertEquals(0, renew.status());
    }

    /** Whether a JVM from the launcher has mapped the archive into memory. */
    private static boolean isMapped(Installed installed, Path archive) throws Exception {
        // The JVM waits for the end of the FIFO, so that we can inspect it.
        Installed.sh("mkfifo " + installed.file("config.ini"));
        var run = installed.start("renew");
        try {
            Path maps = Path.of("/proc/" + run.process().pid() + "/maps");
            for (int i = 0; i < 600; i++) {
                String text = Files.readString(maps);
                if (text.contains("libnio.so")) {
                    return text.contains(archive.toString());
                }
                Thread.sleep(20);
            }
            throw new AssertionError("did not start: " + run.await());
        } finally {
            run.process().destroyForcibly().waitFor();
            Files.delete(installed.file("config.ini"));
        }
    }

    @Test
    void theBuildMadeOneAndItIsUsed() throws Exception {
        assertTrue(isMapped(new Installed(directory), archive(Installed.DIST)));
    }

    /** Without this, Java creates about seventy modules at every start. */
    @ParameterizedTest
    @ValueSource(strings = {"$options", "$options $deriving"})
    void itHoldsTheModulesOfTheJdk(String flags) throws Exception {
        String log = Installed.java(flags + " -XX:SharedArchiveFile=" + Installed.word(archive(Installed.DIST))
                + " -Xlog:all=info -cp \"$jar\" -version");
        List<String> lines =
                log.lines().filter(line -> line.contains("full module graph:")).toList();
        assertFalse(lines.isEmpty());
        assertTrue(lines.stream().allMatch(line -> line.endsWith("enabled")), lines.toString());
    }

    @Test
    void oneIsMadeAnewWhereTheTreeIs() throws Exception {
        makeArchive();
        makeArchive();
        assertTrue(isMapped(installed, archive()));
        assertEquals("r--r--r--", PosixFilePermissions.toString(Files.getPosixFilePermissions(archive())));
        runsAndSaysNothingMore();
    }

    @Test
    void withoutOneEverythingWorks() throws Exception {
        Files.delete(archive());
        runsAndSaysNothingMore();
        Files.delete(tree.resolve("var/cache/osg-token-renewer"));
        runsAndSaysNothingMore();
    }

    @Test
    void oneOfAnotherTreeOrJarIsPassedOver() throws Exception {
        runsAndSaysNothingMore(); // the archive of the copy is for target/dist
        makeArchive();
        Installed.sh("touch -d 2001-01-01 " + tree + "/usr/share/osg-token-renewer/osg-token-renewer.jar");
        runsAndSaysNothingMore();
    }

    /** A Java that claims to be newer than those of our tests. Put beside a tested one, it is preferred. */
    private void newerJava(String program) throws Exception {
        Path real = Path.of(System.getProperty("java.home"));
        Path home = Files.createDirectories(directory.resolve("jvm/newer"));
        Files.createDirectories(home.resolve("bin"));
        for (String part : List.of("lib", "conf")) {
            Files.createSymbolicLink(home.resolve(part), real.resolve(part));
        }
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"99.0.1\"\n");
        Files.writeString(home.resolve("bin/java"), "#!/bin/sh\n" + program + "\nexec " + real + "/bin/java \"$@\"\n");
        assertTrue(home.resolve("bin/java").toFile().setExecutable(true, false));
        sh("chmod 0755 " + directory + "; sed -i 's|/usr/lib/jvm|" + directory + "/jvm|' " + tree
                + "/usr/share/osg-token-renewer/java.sh");
        installed.variables.remove("OSG_TOKEN_RENEWER_JAVA_HOME");
    }

    @Test
    void aNewerJavaIsUsedOnlyAfterItPassedTheSelfTest() throws Exception {
        newerJava("");
        Result before = installed.run("--version");
        assertEquals(2, before.status());
        assertEquals(1, before.err().lines().count(), before.err());
        assertTrue(before.err().contains("Java 99 is newer than Java 25"), before.err());
        assertTrue(before.err().contains("run " + tree + "/usr/libexec/osg-token-renewer/make-archive"), before.err());
        makeArchive();
        assertTrue(Files.exists(tree.resolve("var/cache/osg-token-renewer/self-tests")));
        runsAndSaysNothingMore();
        sh("rm " + tree + "/var/cache/osg-token-renewer/classes-99-*");
        runsAndSaysNothingMore();
        sh("sed -i s/99.0.1/99.0.2/ " + directory + "/jvm/newer/release");
        assertEquals(2, installed.run("--version").status());
    }

    @Test
    void aNewerJavaThatFailsTheSelfTestIsPassedOver() throws Exception {
        newerJava("case \"$*\" in *self-test*) exit 1 ;; esac");
        Files.createSymbolicLink(directory.resolve("jvm/tested"), Path.of(System.getProperty("java.home")));
        Path selfTests = tree.resolve("var/cache/osg-token-renewer/self-tests");
        Files.writeString(selfTests, "99.0.1 " + directory + "/jvm/newer\n"); // it passed before an update
        makeArchive();
        assertEquals("", Files.readString(selfTests));
        assertTrue(
                archive().getFileName().toString().startsWith("classes-" + major() + "-"),
                archive().toString());
        runsAndSaysNothingMore();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 100, 4096, 100_000, 9_000_000, -4096, -1})
    void oneThatWasCutIsPassedOver(long size) throws Exception {
        makeArchive();
        Path archive = archive();
        Files.setPosixFilePermissions(archive, PosixFilePermissions.fromString("rw-r--r--"));
        try (FileChannel channel = FileChannel.open(archive, StandardOpenOption.WRITE)) {
            channel.truncate(size < 0 ? channel.size() + size : size);
        }
        runsAndSaysNothingMore();
    }

    @Test
    void garbageOfTheRightSizeIsPassedOver() throws Exception {
        Files.delete(archive());
        Path garbage = tree.resolve("var/cache/osg-token-renewer/classes-" + major() + "-100000.jsa");
        Files.write(garbage, new byte[100_000]);
        runsAndSaysNothingMore();
    }

    @Test
    void oneOfAnotherJavaIsPassedOver() throws Exception {
        Path other = null;
        try (Stream<Path> homes = Files.list(Path.of("/usr/lib/jvm"))) {
            for (Path home : homes.filter(Files::isDirectory).toList()) {
                Path release = home.resolve("release");
                if (Files.exists(release)
                        && !Files.isSameFile(home, Path.of(System.getProperty("java.home")))
                        && Files.readString(release).contains("JAVA_VERSION=\"")
                        && !Files.readString(release).contains("JAVA_VERSION=\"" + major() + ".")) {
                    other = home;
                }
            }
        }
        assumeTrue(other != null, "only one Java here");
        String home = installed.variables.put("OSG_TOKEN_RENEWER_JAVA_HOME", other.toString());
        makeArchive();
        runsAndSaysNothingMore();
        String name = archive().getFileName().toString();
        Files.move(archive(), archive().resolveSibling(name.replaceFirst("-\\d+-", "-" + major() + "-")));
        installed.variables.put("OSG_TOKEN_RENEWER_JAVA_HOME", home);
        runsAndSaysNothingMore();
    }

    @Test
    void whereNoneCanBeWrittenOneLineSaysSo() throws Exception {
        Files.delete(archive());
        Files.delete(tree.resolve("var/cache/osg-token-renewer"));
        Result made =
                installed.launch("usr/libexec/osg-token-renewer/make-archive").await();
        assertNotEquals(0, made.status());
        assertEquals(1, made.err().lines().count(), made.err());
        assertTrue(made.err().contains("no class archive for"), made.err());
        runsAndSaysNothingMore();
    }

    private static String major() {
        return Integer.toString(Runtime.version().feature());
    }
}
