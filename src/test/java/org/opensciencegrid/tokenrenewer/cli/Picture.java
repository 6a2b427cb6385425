package org.opensciencegrid.tokenrenewer.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Draws what a terminal of 80 columns shows as an SVG, whose text can be searched and compared. */
final class Picture {
    private static final int COLUMNS = 80;
    private static final double WIDTH = 8.4;
    private static final int HEIGHT = 18;
    private static final int MARGIN = 16;
    private static final Pattern CODE = Pattern.compile("\u001b\\[([0-9;]*)m");

    private Picture() {}

    /** Characters of the same style. */
    private record Run(String text, String codes) {}

    static String of(String command, String printed) {
        List<List<Run>> rows = new ArrayList<>();
        rows.add(List.of(new Run("$ ", "2"), new Run(command, "1")));
        for (String line : printed.stripTrailing().split("\n", -1)) {
            rows.addAll(rows(line));
        }
        StringBuilder svg = new StringBuilder();
        int width = (int) Math.ceil(COLUMNS * WIDTH) + 2 * MARGIN;
        int height = rows.size() * HEIGHT + 2 * MARGIN;
        svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " + width + " " + height + "\" width=\""
                + width + "\" height=\"" + height + "\">\n");
        svg.append("<title>" + escaped(command) + "</title>\n");
        svg.append("<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1c2028\"/>\n");
        svg.append("<g font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"14\""
                + " xml:space=\"preserve\">\n");
        for (int row = 0; row < rows.size(); row++) {
            int column = 0;
            for (Run run : rows.get(row)) {
                if (!run.text().isBlank()) {
                    svg.append(String.format(
                            Locale.ROOT,
                            "<text x=\"%.1f\" y=\"%d\" textLength=\"%.1f\"%s>%s</text>\n",
                            MARGIN + column * WIDTH,
                            MARGIN + row * HEIGHT + 14,
                            run.text().length() * WIDTH,
                            look(run.codes()),
                            escaped(run.text())));
                }
                column += run.text().length();
            }
        }
        return svg.append("</g>\n</svg>\n").toString();
    }

    /** Wraps a line as a terminal does. */
    private static List<List<Run>> rows(String line) {
        List<List<Run>> rows = new ArrayList<>();
        List<Run> row = new ArrayList<>();
        int column = 0;
        Matcher code = CODE.matcher(line);
        String codes = "";
        int at = 0;
        while (at <= line.length()) {
            boolean found = code.find(at);
            String text = line.substring(at, found ? code.start() : line.length());
            while (column + text.length() > COLUMNS) {
                row.add(new Run(text.substring(0, COLUMNS - column), codes));
                text = text.substring(COLUMNS - column);
                rows.add(row);
                row = new ArrayList<>();
                column = 0;
            }
            row.add(new Run(text, codes));
            column += text.length();
            if (!found) {
                break;
            }
            codes = code.group(1).equals("0") ? "" : code.group(1);
            at = code.end();
        }
        rows.add(row);
        return rows;
    }

    private static String look(String codes) {
        String color = "#d8dee9";
        String weight = "";
        for (String code : codes.split(";")) {
            switch (code) {
                case "1" -> weight = " font-weight=\"bold\"";
                case "2" -> color = "#7f8a9c";
                case "31" -> color = "#ff6b6b";
                case "32" -> color = "#7fd88f";
                case "33" -> color = "#f2c55c";
                case "" -> {}
                default -> throw new AssertionError("a code that no picture knows: " + code);
            }
        }
        return " fill=\"" + color + "\"" + weight;
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
