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
    private static final int NESTED = 2;

    /**
     * @param coding header Content-Encoding
     * @param isWhole whether all bytes were received
     * @param room taken for a long text and not released here
     * @param left how long to wait for the room
     */
    static ResponseBody of(byte[] bytes, String coding, boolean isWhole, ResponseMemory room, Duration left) {
        byte[] plain = bytes;
        boolean whole = isWhole && bytes.length <= Transport.BODY_LIMIT;
        boolean isDeflate = coding.toLowerCase(Locale.ROOT).contains("deflate");
        for (int i = 0; i < NESTED && plain.length > 1; i++) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            InputStream in = new ByteArrayInputStream(plain);
            boolean ended;
            if (plain[0] == 0x1f && (plain[1] & 0xff) == 0x8b) {
                ended = unpack(() -> new GZIPInputStream(in), out, room, left);
            } else if (plain[0] == 0x78 && ((plain[0] & 0xff) << 8 | plain[1] & 0xff) % 31 == 0) {
                ended = unpack(() -> new InflaterInputStream(in), out, room, left);
            } else if (isDeflate && i == 0 && plain[0] != '{') {
                ended = unpack(() -> new InflaterInputStream(in, new Inflater(true)), out, room, left);
            } else {
                break;
            }
            if (!ended && out.size() == 0) {
                break; // not compressed after all
            }
            whole &= ended;
            plain = out.toByteArray();
        }
        return new ResponseBody(text(plain), whole);
    }

    @FunctionalInterface
    private interface Unpacking {
        InputStream open() throws IOException;
    }

    /** Whether the end was reached within the size limit. In any case, {@code out} has what was read. */
    private static boolean unpack(Unpacking unpacking, ByteArrayOutputStream out, ResponseMemory room, Duration left) {
        try (InputStream in = unpacking.open()) {
            byte[] buffer = new byte[8192];
            for (int n; (n = in.read(buffer)) >= 0; ) {
                if (out.size() + n > ResponseMemory.SHORT && !room.isTaken()) {
                    room.take(left);
                }
                int most = Transport.BODY_LIMIT - out.size();
                out.write(buffer, 0, Math.min(n, most));
                if (n > most) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, 0, Math.min(bytes.length, Transport.BODY_LIMIT), charset(bytes));
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
