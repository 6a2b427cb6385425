package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.fixture.Result;

class SelfTestTest extends WithProgram {
    @Test
    void renewsInATemporaryDirectoryAndDeletesIt() {
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        String[] before = temporary.toFile().list((directory, name) -> name.startsWith("osg-token-renewer"));
        Result result = program.run("self-test");
        assertTrue(result.out().endsWith("passed\n"), result.out() + result.err());
        assertEquals(0, result.status(), result.err());
        assertEquals("", result.err());
        String[] after = temporary.toFile().list((directory, name) -> name.startsWith("osg-token-renewer"));
        assertEquals(before.length, after.length);
    }
}
