package org.opensciencegrid.tokenrenewer.cli;

import io.nayuki.qrcodegen.DataTooLongException;
import io.nayuki.qrcodegen.QrCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A link as a QR code, two rows of it to a line of text. What is light is drawn, and what is dark is left blank: most
 * terminals are dark, and {@link #onBlack} makes the others so.
 */
final class QrPicture {
    /** ISO 18004 wants four modules of nothing around the code, and many cameras do need them. */
    private static final int QUIET = 4;

    /** One less above: a code has an odd number of rows, so that this saves a line, and all fits into 24. */
    private static final int QUIET_ABOVE = 3;

    private static final int COLUMNS = 80;

    /** White on black, whatever the terminal's colours are; as qrencode does it, as even the console of Linux knows these. */
    private static final String WHITE_ON_BLACK = "\u001b[40;37;1m";

    private static final String AS_BEFORE = "\u001b[0m";

    private QrPicture() {}

    /** The lines, all as long as the first; empty for a link that needs more columns than a terminal has. */
    static Optional<List<String>> of(String link) {
        QrCode code;
        try {
            code = QrCode.encodeText(link, QrCode.Ecc.LOW); // a screen has no scratches, but few rows
        } catch (DataTooLongException e) {
            return Optional.empty();
        }
        if (code.size + 2 * QUIET > COLUMNS) {
            return Optional.empty();
        }
        List<String> lines = new ArrayList<>();
        for (int y = -QUIET_ABOVE; y < code.size + QUIET; y += 2) {
            StringBuilder line = new StringBuilder();
            for (int x = -QUIET; x < code.size + QUIET; x++) {
                boolean upper = code.getModule(x, y); // what is outside is light
                boolean lower = code.getModule(x, y + 1);
                line.append(upper ? (lower ? ' ' : '▄') : (lower ? '▀' : '█'));
            }
            lines.add(line.toString());
        }
        return Optional.of(lines);
    }

    static String onBlack(String line) {
        return WHITE_ON_BLACK + line + AS_BEFORE;
    }
}
