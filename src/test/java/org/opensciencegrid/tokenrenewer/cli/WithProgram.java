package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;

/** Base of tests of the program with their own directory and issuer. */
@Tag("program")
public abstract class WithProgram {
    @TempDir
    public Path directory;

    public Program program;

    @BeforeEach
    final void startProgram() {
        program = new Program(directory);
    }

    @AfterEach
    final void closeProgram() {
        program.close();
    }
}
