package org.opensciencegrid.tokenrenewer.token;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The /proc path of an open file, which stays valid if the file is renamed or replaced. Java does not expose a
 * channel's descriptor number.
 */
final class Descriptor {
    private static final File ALL = new File("/proc/self/fd");
    private static final File POSITIONS = new File("/proc/self/fdinfo");

    /** A position beyond the end of every token; each one is used once. */
    private static final AtomicLong MARK = new AtomicLong(1L << 30);

    private Descriptor() {}

    /** Finds the descriptor by its position, which is unique at this moment. Resets the position to 0. */
    static Path of(FileChannel channel) throws IOException {
        long mark = MARK.incrementAndGet();
        channel.position(mark);
        try {
            String[] numbers = Objects.requireNonNullElse(ALL.list(), new String[0]);
            for (int i = numbers.length - 1; i >= 0; i--) { // the newest is usually the last
                Path descriptor = ALL.toPath().resolve(numbers[i]);
                if (isOfFile(descriptor) && isAt(mark, numbers[i])) {
                    return descriptor;
                }
            }
        } finally {
            channel.position(0);
        }
        throw new FileSystemException(ALL.toString(), null, "an open file is not in it");
    }

    private static boolean isOfFile(Path descriptor) {
        try {
            return Files.readSymbolicLink(descriptor).isAbsolute();
        } catch (IOException e) {
            return false; // closed in the meantime
        }
    }

    private static boolean isAt(long mark, String number) {
        byte[] expected = ("pos:\t" + mark + "\n").getBytes(StandardCharsets.US_ASCII);
        try (InputStream in = new FileInputStream(new File(POSITIONS, number))) {
            return Arrays.equals(in.readNBytes(expected.length), expected);
        } catch (IOException e) {
            return false; // closed in the meantime
        }
    }
}
