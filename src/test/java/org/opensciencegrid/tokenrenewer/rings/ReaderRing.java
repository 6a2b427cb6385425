package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.tokenrenewer.config.TokenAccess;
import org.opensciencegrid.tokenrenewer.token.TokenFile;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * A program opens a token file in a tight loop during at least 1,000 renewals and a million opens. The file is never
 * missing or empty, and always contains exactly one whole token.
 */
class ReaderRing {
    private static final int RENEWALS = 1_000;
    private static final int OPENS = 1_000_000;

    @TempDir
    Path directory;

    @Test
    void aReaderSeesWholeTokensOnly() throws Exception {
        Path path = directory.resolve("one.token");
        TokenFile file = new TokenFile(path);
        byte[][] contents = new byte[2][];
        for (int i = 0; i < 2; i++) { // a long one and a short one, so that a mixture would be noticed
            contents[i] =
                    (String.valueOf((char) ('A' + i)).repeat(1500 + 1400 * i) + "\n").getBytes(StandardCharsets.UTF_8);
        }
        file.write(token(contents[0]), TokenAccess.UNCHANGED);
        AtomicLong opens = new AtomicLong();
        AtomicLong absent = new AtomicLong();
        AtomicLong empty = new AtomicLong();
        AtomicLong partial = new AtomicLong();
        AtomicLong changes = new AtomicLong();
        long renewals = 0;
        Thread reader = new Thread(() -> {
            byte first = 0;
            while (opens.get() < OPENS && !Thread.currentThread().isInterrupted()) {
                try {
                    byte[] read = Files.readAllBytes(path);
                    if (read.length == 0) {
                        empty.incrementAndGet();
                    } else if (!java.util.Arrays.equals(read, contents[read[0] - 'A' == 0 ? 0 : 1])) {
                        partial.incrementAndGet();
                    } else if (read[0] != first) {
                        first = read[0];
                        changes.incrementAndGet();
                    }
                } catch (NoSuchFileException e) {
                    absent.incrementAndGet();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
                opens.incrementAndGet();
            }
        });
        reader.start();
        // Spread over the whole time of the reader, and more until it ends.
        for (; reader.isAlive() || renewals < RENEWALS; renewals++) {
            file.write(token(contents[(int) (renewals % 2)]), TokenAccess.UNCHANGED);
        }
        reader.join();

        System.out.println("--- a reader during renewals of a token file");
        System.out.println("renewals: " + renewals + ", of which the reader saw " + changes);
        System.out.println("opens: " + opens + ", absent: " + absent + ", empty: " + empty + ", partial: " + partial);
        assertTrue(renewals >= RENEWALS && opens.get() >= OPENS);
        assertTrue(changes.get() >= RENEWALS / 10, "the reader and the renewals did not meet");
        assertEquals(0, absent.get() + empty.get() + partial.get());
    }

    private static Secret token(byte[] content) {
        return Secret.of(new String(content, StandardCharsets.UTF_8).strip());
    }
}
