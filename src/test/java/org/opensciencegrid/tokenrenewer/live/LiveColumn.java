package org.opensciencegrid.tokenrenewer.live;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
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
import org.junit.jupiter.api.DynamicTest;
import org.opensciencegrid.tokenrenewer.live.LiveCases.LiveCase;
import org.opensciencegrid.tokenrenewer.live.Matrix.Cell;

/** The cases of one issuer, which run at the same time: a column of the matrix. */
final class LiveColumn {
    /** More than the number of processors, because most of a case is waiting for the next poll. */
    private static final int AT_ONCE = 5;

    private final ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
    private final Map<LiveCase, Future<Cell>> running = new LinkedHashMap<>();
    private final LiveIssuer issuer;
    private final Tally tally = new Tally();

    /** Starts the cases, each with its own directory below this one. */
    LiveColumn(LiveIssuer issuer, List<LiveCase> rows, Path directory) {
        this.issuer = issuer;
        for (LiveCase row : rows) {
            Path own = directory.resolve("case" + running.size());
            running.put(row, pool.submit(() -> play(row, own)));
        }
    }

    private Cell play(LiveCase row, Path directory) throws IOException {
        Operator operator = new Operator(directory, issuer);
        try {
            Cell cell;
            try {
                row.play().on(issuer, operator);
                cell = Cell.ok(row.name());
            } catch (NotOffered e) {
                cell = Cell.notOffered(row.name(), e);
            }
            operator.requireDiscretion();
            Tally own = new Tally();
            operator.settle(own);
            tally.add(own);
            assertEquals(List.of(), own.lost());
            return cell;
        } catch (Throwable e) { // includes assertions: the other cases continue, and the test of this case throws it
            return Cell.failed(row.name(), e);
        }
    }

    /** One test for each case, which waits for it. */
    Stream<DynamicTest> tests() {
        Stream<DynamicTest> rows = running.entrySet().stream()
                .map(row -> DynamicTest.dynamicTest(
                        issuer.name() + ": " + row.getKey().name(),
                        () -> row.getValue().get().require()));
        return Stream.concat(
                rows,
                Stream.of(
                        DynamicTest.dynamicTest(
                                issuer.name() + ": every request was as the RFCs want it",
                                () -> assertEquals(List.of(), issuer.violations())),
                        DynamicTest.dynamicTest(
                                issuer.name() + ": no refresh token was lost",
                                () -> assertEquals(List.of(), tally.lost()))));
    }

    /** Stops the issuer, writes the column and prints the current matrix. */
    void end() throws IOException, InterruptedException, ExecutionException {
        pool.shutdownNow();
        issuer.close();
        Matrix matrix = new Matrix(Path.of("target", "live-issuers"));
        List<Cell> column = new ArrayList<>();
        for (Future<Cell> cell : running.values()) {
            column.add(cell.get());
        }
        column.add(Cell.of(Matrix.LOST, tally.word()));
        matrix.write(issuer.name(), column);
        System.out.println(matrix.text() + issuer.name() + ": " + tally);
    }
}
