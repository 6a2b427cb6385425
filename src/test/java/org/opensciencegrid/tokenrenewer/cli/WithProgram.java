package org.opensciencegrid.tokenrenewer.cli;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A test of the program with a directory and an issuer of its own. */
abstract class WithProgram {
    @TempDir
    Path directory;

    Program program;

    @BeforeEach
    final void startProgram() {
        program = new Program(directory);
    }

    @AfterEach
    final void closeProgram() {
        program.close();
    }
}
