package org.opensciencegrid.tokenrenewer.token;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;

class ResolvedAccessTest {
    private static final Set<PosixFilePermission> MODE = PosixFilePermissions.fromString("rw-r-----");

    @TempDir
    Path directory;

    @Test
    void aCopyIsLikeTheFileInOwnerGroupAndMode() throws Exception {
        ResolvedAccess asItWas = ResolvedAccess.of(TokenAccess.UNCHANGED, directory);
        ResolvedAccess.Status file = new ResolvedAccess.Status(1, 2, MODE);
        assertTrue(asItWas.isLike(new ResolvedAccess.Status(1, 2, MODE), file));
        assertFalse(asItWas.isLike(new ResolvedAccess.Status(0, 2, MODE), file));
        assertFalse(asItWas.isLike(new ResolvedAccess.Status(1, 0, MODE), file));
        assertFalse(asItWas.isLike(new ResolvedAccess.Status(1, 2, Set.of(PosixFilePermission.OWNER_READ)), file));
    }

    /** A name would have to be looked up for each token of each run. */
    @Test
    void whereNothingIsAskedForNumbersDo() throws Exception {
        Path file = Files.createFile(directory.resolve("file"), PosixFilePermissions.asFileAttribute(MODE));
        ResolvedAccess.Status status =
                ResolvedAccess.of(TokenAccess.UNCHANGED, file).status(file);
        assertEquals(Files.getAttribute(file, "unix:uid"), status.user());
        assertEquals(Files.getAttribute(file, "unix:gid"), status.group());
        assertEquals(MODE, status.permissions());
    }
}
