package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which users can change a file of the service. */
class OwnersTest {
    private static final int SERVICE = 54321;

    @TempDir
    Path directory;

    @Test
    void rootIsAlwaysAmongThem() {
        assertEquals(Set.of(0), Owners.of(0, Set.of()).users());
        Owners owners = Owners.of(SERVICE, Set.of(7));
        assertEquals(SERVICE, owners.user());
        assertEquals(Set.of(0, SERVICE), owners.users());
        assertEquals(Set.of(0, 7), owners.groups());
    }

    /** The directory belongs to the user and group of this process. */
    @ParameterizedTest
    @CsvSource({
        "rwx------, true, true",
        "rwxr-xr-x, false, true",
        "rwxrwx---, true, true",
        "rwxrwx---, false, false",
        "rwxrwxrwx, true, false",
        "rwx---rwx, true, false"
    })
    void aDirectoryThatOthersCanChange(String mode, boolean isOurGroup, boolean isAlone) throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(mode));
        Inode node = Inode.of(directory);
        Set<Integer> groups = isOurGroup ? Set.of(node.group()) : Set.of(node.group() + 1);
        assertEquals(isAlone, new Owners(node.user(), Set.of(node.user()), groups).areOnlyWritersOf(node));
        assertFalse(new Owners(node.user() + 1, Set.of(node.user() + 1), groups).areOnlyWritersOf(node));
        assertTrue(new Owners(node.user(), Set.of(node.user()), groups).own(node));
    }
}
