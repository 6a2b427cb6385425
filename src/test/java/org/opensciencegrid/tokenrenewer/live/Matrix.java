package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A plain text table of issuers and cases. Each issuer's column is a file, so that separate runs create one matrix. */
final class Matrix {
    private static final String TAB = "\t";
    private static final String NOT_OFFERED = "not offered";
    private static final int SIDE_BY_SIDE = 6;

    /** The row that is not a case: the total of all cases. */
    static final String LOST = "refresh tokens lost";

    /**
     * @param note the issuer's response on one line, if it does not offer the case
     * @param failure null unless the case failed
     */
    record Cell(String row, String word, String note, Throwable failure) {
        static Cell ok(String row) {
            return of(row, "ok");
        }

        static Cell of(String row, String word) {
            return new Cell(row, word, "", null);
        }

        static Cell notOffered(String row, NotOffered answer) {
            return new Cell(row, NOT_OFFERED, answer.getMessage().replaceAll("\\s+", " "), answer);
        }

        static Cell failed(String row, Throwable failure) {
            return new Cell(row, "FAILED", "", failure);
        }

        /** Ends the test with the result of the case. */
        void require() throws Throwable {
            if (failure != null) {
                throw failure;
            }
        }
    }

    private final Path directory;

    Matrix(Path directory) {
        this.directory = directory;
    }

    void write(String issuer, List<Cell> column) throws IOException {
        Files.createDirectories(directory);
        Files.write(
                directory.resolve(issuer),
                column.stream()
                        .map(cell -> String.join(TAB, cell.row(), cell.word(), cell.note()))
                        .toList());
    }

    /** All existing columns, in groups next to each other; first whole servers, then their modes. */
    String text() throws IOException {
        Map<String, Map<String, String[]>> columns = new TreeMap<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Map<String, String[]> cells = new TreeMap<>();
                for (String line : Files.readAllLines(file)) {
                    String[] parts = line.split(TAB, -1);
                    cells.put(parts[0], parts);
                }
                columns.put(file.getFileName().toString(), cells);
            }
        }
        List<String> names = columns.keySet().stream()
                .sorted(Comparator.comparing((String name) -> -columns.get(name).size()))
                .toList();
        StringBuilder text = new StringBuilder();
        List<String> notes = new ArrayList<>();
        for (int from = 0; from < names.size(); from += SIDE_BY_SIDE) {
            table(text, names.subList(from, Math.min(names.size(), from + SIDE_BY_SIDE)), columns, notes);
        }
        for (int i = 0; i < notes.size(); i++) {
            text.append(String.format("[%d] %s%n", i + 1, notes.get(i)));
        }
        return text.toString();
    }

    private static void table(
            StringBuilder text, List<String> names, Map<String, Map<String, String[]>> columns, List<String> notes) {
        text.append(String.format("%n%-30s", "case"));
        names.forEach(issuer -> text.append(String.format("%-17s", issuer)));
        List<String> rows = new ArrayList<>();
        LiveCases.ROWS.forEach(row -> rows.add(row.name()));
        rows.add(LOST);
        for (String row : rows) {
            if (names.stream().noneMatch(issuer -> columns.get(issuer).containsKey(row))) {
                continue;
            }
            text.append(String.format("%n%-30s", row));
            for (String issuer : names) {
                String[] cell = columns.get(issuer).getOrDefault(row, new String[] {"", "", ""});
                String mark = "";
                if (!cell[2].isEmpty()) {
                    notes.add(issuer + ", " + row + ": " + cell[2]);
                    mark = " [" + notes.size() + "]";
                }
                text.append(String.format("%-17s", cell[1] + mark));
            }
        }
        text.append(String.format("%n"));
    }
}
