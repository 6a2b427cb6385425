package org.opensciencegrid.tokenrenewer.live;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.live.LiveCases.LiveCase;

/** Issuer by case, as plain text. Each issuer's column is a file, so that runs of their own make one matrix together. */
final class Matrix {
    private static final String TAB = "\t";
    private static final String NOT_OFFERED = "not offered";

    /**
     * @param note the issuer's answer where it does not offer the case, on one line
     * @param failure null unless the case failed
     */
    record Cell(String row, String word, String note, Throwable failure) {
        static Cell ok(String row) {
            return new Cell(row, "ok", "", null);
        }

        static Cell notOffered(String row, NotOffered answer) {
            return new Cell(row, NOT_OFFERED, answer.getMessage().replaceAll("\\s+", " "), answer);
        }

        static Cell failed(String row, Throwable failure) {
            return new Cell(row, "FAILED", "", failure);
        }

        /** Ends the case's test as the case ended. */
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

    /** All columns that there are. */
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
        StringBuilder text = new StringBuilder();
        List<String> notes = new ArrayList<>();
        text.append(String.format("%n%-32s", "case"));
        columns.keySet().forEach(issuer -> text.append(String.format("%-18s", issuer)));
        for (LiveCase row : LiveCases.ALL) {
            text.append(String.format("%n%-32s", row.name()));
            columns.forEach((issuer, cells) -> {
                String[] cell = cells.getOrDefault(row.name(), new String[] {"", "-", ""});
                String mark = "";
                if (!cell[2].isEmpty()) {
                    notes.add(issuer + ": " + cell[2]);
                    mark = " [" + notes.size() + "]";
                }
                text.append(String.format("%-18s", cell[1] + mark));
            });
        }
        for (int i = 0; i < notes.size(); i++) {
            text.append(String.format("%n[%d] %s", i + 1, notes.get(i)));
        }
        return text.append(System.lineSeparator()).toString();
    }
}
