package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/**
 * Token directories on a file system that does not support fsync for a directory: SMB, FUSE, a failing disk. The rename
 * succeeds before the fsync.
 */
class TokenFaultsRing {
    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"EINVAL, 0", "EOPNOTSUPP, 0", "ENOSYS, 0", "EIO, 0", "EINVAL, 65533", "EIO, 65533"})
    void aDirectoryThatRefusesFsyncIsNoFailure(String error, int owner) throws Exception {
        assumeTrue(AccessPoint.has("strace"), "needs strace: apt-get install strace");
        try (AccessPoint point = new AccessPoint(directory)) {
            Path tokens = point.file("tokens");
            Files.setAttribute(tokens, "unix:uid", owner);
            point.authorize();
            String old = Files.readString(tokens.resolve("one.token"));
            Path log = point.file("strace.log");
            point.prefix.addAll(List.of("strace", "-f", "-qq", "-o", log.toString(), "-P", tokens.toString()));
            point.prefix.addAll(List.of("-e", "inject=fsync:error=" + error));

            Result ended = point.run("renew", "--force");

            assertTrue(Files.readString(log).contains("INJECTED"), "no fsync of the directory");
            assertEquals(0, ended.status(), ended.said());
            assertNotEquals(old, Files.readString(tokens.resolve("one.token")));
            assertArrayEquals(new String[] {"one.token"}, tokens.toFile().list());
        }
    }
}
