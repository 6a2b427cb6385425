package org.opensciencegrid.tokenrenewer.cli;

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

/** A phone's camera before a dark terminal: draws the characters as their cells look, and lets zxing find the code. */
public final class QrReader {
    private static final int WIDTH = 8;
    private static final int HEIGHT = 16;
    private static final int WHITE = 0xffffff;

    private QrReader() {}

    /** What the first lines with block characters say; the words beside them are seen as bars. */
    public static String read(List<String> screen) throws ReaderException {
        List<String> lines = screen.stream()
                .map(line -> line.replaceAll("\u001b\\[[0-9;]*m", "").replaceAll("\r", ""))
                .dropWhile(line -> !line.startsWith("█"))
                .takeWhile(line -> line.startsWith("█"))
                .toList();
        if (lines.isEmpty()) {
            throw NotFoundException.getNotFoundInstance();
        }
        int columns = lines.stream().mapToInt(String::length).max().orElseThrow() + 2;
        int width = columns * WIDTH;
        int[] pixels = new int[width * (lines.size() + 2) * HEIGHT]; // black
        for (int row = 0; row < lines.size(); row++) {
            for (int column = 0; column < lines.get(row).length(); column++) {
                char c = lines.get(row).charAt(column);
                int x = (column + 1) * WIDTH;
                int y = (row + 1) * HEIGHT;
                if (c == '█' || c == '▀') {
                    fill(pixels, width, x, y, WIDTH);
                }
                if (c == '█' || c == '▄') {
                    fill(pixels, width, x, y + HEIGHT / 2, WIDTH);
                }
                if (c > ' ' && c < 0x7f) {
                    fill(pixels, width, x, y + HEIGHT / 4, WIDTH / 2); // a letter, more or less
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

    /** Half a cell. */
    private static void fill(int[] pixels, int width, int x, int y, int length) {
        for (int row = y; row < y + HEIGHT / 2; row++) {
            Arrays.fill(pixels, row * width + x, row * width + x + length, WHITE);
        }
    }
}
