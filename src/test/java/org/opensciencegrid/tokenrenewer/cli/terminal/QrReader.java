package org.opensciencegrid.tokenrenewer.cli.terminal;

import com.google.zxing.BarcodeFormat;
import com.google.zxing.BinaryBitmap;
import com.google.zxing.DecodeHintType;
import com.google.zxing.NotFoundException;
import com.google.zxing.RGBLuminanceSource;
import com.google.zxing.ReaderException;
import com.google.zxing.common.HybridBinarizer;
import com.google.zxing.qrcode.QRCodeReader;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Reads a QR code like a phone camera in front of a dark terminal: draws the characters as pixels, and lets zxing find
 * the code.
 */
public final class QrReader {
    /** The width of a cell in pixels, at several distances: at a single one, zxing sometimes misses a code. */
    private static final int[] WIDTHS = {8, 5, 11, 3, 4, 2, 17};

    private static final int WHITE = 0xffffff;

    private QrReader() {}

    /** Returns the content of the first code; words next to it are drawn as bars. */
    public static String read(List<String> screen) throws ReaderException {
        List<String> lines = screen.stream()
                .map(line -> line.replaceAll("\u001b\\[[0-9;]*m", "").replaceAll("\r", ""))
                .dropWhile(line -> !line.startsWith("█"))
                .takeWhile(line -> line.startsWith("█"))
                .toList();
        if (lines.isEmpty()) {
            throw NotFoundException.getNotFoundInstance();
        }
        ReaderException missed = NotFoundException.getNotFoundInstance();
        for (int width : WIDTHS) {
            try {
                return read(lines, width);
            } catch (ReaderException e) {
                missed = e;
            }
        }
        throw missed;
    }

    private static String read(List<String> lines, int cell) throws ReaderException {
        int columns = lines.stream().mapToInt(String::length).max().orElseThrow() + 2;
        int width = columns * cell;
        int[] pixels = new int[width * (lines.size() + 2) * 2 * cell]; // black
        for (int row = 0; row < lines.size(); row++) {
            for (int column = 0; column < lines.get(row).length(); column++) {
                char c = lines.get(row).charAt(column);
                int x = (column + 1) * cell;
                int y = (row + 1) * 2 * cell;
                if (c == '█' || c == '▀') {
                    fill(pixels, width, x, y, cell, cell);
                }
                if (c == '█' || c == '▄') {
                    fill(pixels, width, x, y + cell, cell, cell);
                }
                if (c > ' ' && c < 0x7f) {
                    fill(pixels, width, x, y + cell / 2, cell / 2, cell); // roughly a letter
                }
            }
        }
        RGBLuminanceSource source = new RGBLuminanceSource(width, pixels.length / width, pixels);
        return new QRCodeReader()
                .decode(
                        new BinaryBitmap(new HybridBinarizer(source)),
                        Map.of(
                                DecodeHintType.POSSIBLE_FORMATS,
                                List.of(BarcodeFormat.QR_CODE),
                                DecodeHintType.TRY_HARDER,
                                true))
                .getText();
    }

    /** Fills half a cell. */
    private static void fill(int[] pixels, int width, int x, int y, int length, int height) {
        for (int row = y; row < y + height; row++) {
            Arrays.fill(pixels, row * width + x, row * width + x + length, WHITE);
        }
    }
}
