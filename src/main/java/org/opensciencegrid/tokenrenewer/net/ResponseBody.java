package org.opensciencegrid.tokenrenewer.net;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/**
 * The body of a response as text. Some gateways compress every response, and some damage the header that declares it.
 * So gzip and zlib are detected by their first bytes.
 *
 * @param text what could be read, at most 1 MiB
 * @param isWhole whether the text is complete
 */
record ResponseBody(String text, boolean isWhole) {
    private static final int MAX_NESTED = 2;

    /**
     * @param coding header Content-Encoding
     * @param isWhole whether all bytes were received
     * @param memory taken for a long text and not released here
     * @param remaining how long to wait for the memory
     */
    static ResponseBody of(byte[] bytes, String coding, boolean isWhole, ResponseMemory memory, Duration remaining) {
        byte[] content = bytes;
        boolean isComplete = isWhole && bytes.length <= memory.bodyLimit();
        boolean isDeflate = coding.toLowerCase(Locale.ROOT).contains("deflate");
        for (int i = 0; i < MAX_NESTED && content.length > 1; i++) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            InputStream in = new ByteArrayInputStream(content);
            boolean isEnd;
            if (content[0] == 0x1f && (content[1] & 0xff) == 0x8b) {
                isEnd = decompress(() -> new GZIPInputStream(in), out, memory, remaining);
            } else if (content[0] == 0x78 && ((content[0] & 0xff) << 8 | content[1] & 0xff) % 31 == 0) {
                isEnd = decompress(() -> new InflaterInputStream(in), out, memory, remaining);
            } else if (isDeflate && i == 0 && content[0] != '{') {
                isEnd = decompress(() -> new InflaterInputStream(in, new Inflater(true)), out, memory, remaining);
            } else {
                break;
            }
            if (!isEnd && out.size() == 0) {
                break; // not compressed after all
            }
            isComplete &= isEnd;
            content = out.toByteArray();
        }
        return new ResponseBody(text(content, memory.bodyLimit()), isComplete);
    }

    @FunctionalInterface
    private interface Decompressor {
        InputStream open() throws IOException;
    }

    /** Whether the end was reached within the size limit. In any case, {@code out} has what was read. */
    private static boolean decompress(
            Decompressor decompressor, ByteArrayOutputStream out, ResponseMemory memory, Duration remaining) {
        try (InputStream in = decompressor.open()) {
            byte[] buffer = new byte[8192];
            for (int n; (n = in.read(buffer)) >= 0; ) {
                if (out.size() + n > ResponseMemory.SHORT_RESPONSE_BYTES && !memory.isHeld()) {
                    memory.acquire(remaining);
                }
                int space = memory.bodyLimit() - out.size();
                out.write(buffer, 0, Math.min(n, space));
                if (n > space) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static String text(byte[] bytes, int limit) {
        return new String(bytes, 0, Math.min(bytes.length, limit), charset(bytes));
    }

    /**
     * Detects the encoding as RFC 4627 section 3 describes: of two ASCII characters in UTF-16, each has one byte that
     * is 0.
     */
    private static Charset charset(byte[] bytes) {
        if (bytes.length < 2) {
            return StandardCharsets.UTF_8;
        }
        int start = (bytes[0] & 0xff) << 8 | bytes[1] & 0xff;
        if (start == 0xfeff || start == 0xfffe) {
            return StandardCharsets.UTF_16;
        }
        if (bytes[0] == 0 && bytes[1] != 0) {
            return StandardCharsets.UTF_16BE;
        }
        return bytes[1] == 0 && bytes[0] != 0 ? StandardCharsets.UTF_16LE : StandardCharsets.UTF_8;
    }
}
