package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.tokenrenewer.fixture.Result;

class SelfTestTest extends WithProgram {
    @Test
    void renewsInATemporaryDirectoryAndDeletesIt() {
        Result result = program.run("self-test");
        assertTrue(result.out().endsWith("passed\n"), result.out() + result.err());
        assertEquals(0, result.status(), result.err());
        assertEquals("", result.err());
        Path token = Path.of(result.out().replaceAll("(?s).* > (\\S+)\n.*", "$1"));
        assertTrue(token.getParent().getFileName().toString().startsWith("osg-token-renewer"), token.toString());
        assertFalse(Files.exists(token.getParent()));
    }
}
