package org.opensciencegrid.tokenrenewer.live;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.live.LiveCases.LiveCase;

/** Runs all cases with one issuer, which is started once. */
@TestInstance(Lifecycle.PER_CLASS)
abstract class LiveSuite {
    private LiveColumn column;

    /** Starts the issuer with its files in this directory; may abort the class. */
    abstract LiveIssuer issuer(Path directory) throws Exception;

    List<LiveCase> rows() {
        return LiveCases.ALL;
    }

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        column = new LiveColumn(issuer(Files.createDirectory(directory.resolve("issuer"))), rows(), directory);
    }

    @TestFactory
    Stream<DynamicTest> cases() {
        return column.tests();
    }

    @AfterAll
    void stop() throws Exception {
        if (column != null) { // otherwise aborted, or the start failed
            column.end();
        }
    }
}
