package org.opensciencegrid.tokenrenewer.cli.terminal;

import io.nayuki.qrcodegen.DataTooLongException;
import io.nayuki.qrcodegen.QrCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Draws a link as a QR code, with two rows of it in each line of text. Draws the light modules and leaves the dark ones
 * empty: most terminals are dark, and {@link #onBlack} makes any terminal dark.
 */
final class QrPicture {
    /** ISO 18004 requires four light modules around the code, and many cameras need them. */
    private static final int QUIET = 4;

    /** One less above: a code has an odd number of rows, so that this saves a line and everything fits on 24 lines. */
    private static final int QUIET_ABOVE = 3;

    private static final int COLUMNS = 80;

    /**
     * White on black, whatever the terminal's colors are. qrencode uses the same codes, and even the Linux console
     * supports them.
     */
    private static final String WHITE_ON_BLACK = "\u001b[40;37;1m";

    private static final String AS_BEFORE = "\u001b[0m";

    private QrPicture() {}

    /** The lines, all of the same length; empty if the link needs more columns than a terminal has. */
    static Optional<List<String>> of(String link) {
        QrCode code;
        try {
            code = QrCode.encodeText(link, QrCode.Ecc.LOW); // a screen needs little error correction, and has few rows
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
                boolean upper = code.getModule(x, y); // outside the code is light
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
