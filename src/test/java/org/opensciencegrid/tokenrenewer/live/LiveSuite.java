package org.opensciencegrid.tokenrenewer.live;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.live.LiveCases.LiveCase;
import org.opensciencegrid.tokenrenewer.live.Matrix.Cell;

/** All cases on one issuer, which is started once for them. */
@TestInstance(Lifecycle.PER_CLASS)
abstract class LiveSuite {
    /** More than there are processors: most of a case is waiting for the next poll. */
    private static final int AT_ONCE = 5;

    private final ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
    private final Map<LiveCase, Future<Cell>> running = new LinkedHashMap<>();
    private LiveIssuer issuer;

    /** Starts the issuer, with its files in a directory of its own; may abort the class. */
    abstract LiveIssuer issuer(Path directory) throws Exception;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        issuer = issuer(Files.createDirectory(directory.resolve("issuer")));
        for (LiveCase row : LiveCases.ALL) {
            Path own = directory.resolve("case" + running.size());
            running.put(row, pool.submit(() -> play(row, own)));
        }
    }

    private Cell play(LiveCase row, Path directory) throws IOException {
        Operator operator = new Operator(directory, issuer);
        try {
            row.play().on(issuer, operator);
            operator.requireDiscretion();
            return Cell.ok(row.name());
        } catch (NotOffered e) {
            operator.requireDiscretion();
            return Cell.notOffered(row.name(), e);
        } catch (Throwable e) { // also assertions: the others go on, and the test of this case throws it
            return Cell.failed(row.name(), e);
        }
    }

    @TestFactory
    Stream<DynamicTest> cases() {
        Stream<DynamicTest> rows = running.entrySet().stream()
                .map(row -> DynamicTest.dynamicTest(
                        row.getKey().name(), () -> row.getValue().get().require()));
        DynamicTest last = DynamicTest.dynamicTest(
                "every request was as the RFCs want it", () -> assertEquals(List.of(), issuer.violations()));
        return Stream.concat(rows, Stream.of(last));
    }

    @AfterAll
    void stop() throws IOException, InterruptedException, ExecutionException {
        pool.shutdownNow();
        if (issuer == null) {
            return; // aborted, or the start failed
        }
        issuer.close();
        Matrix matrix = new Matrix(Path.of("target", "live-issuers"));
        List<Cell> column = new ArrayList<>();
        for (Future<Cell> cell : running.values()) {
            column.add(cell.get());
        }
        matrix.write(issuer.name(), column);
        System.out.println(matrix.text());
    }
}
