package org.opensciencegrid.tokenrenewer.net;

import java.util.Arrays;
import java.util.Iterator;

/**
 * A DER value (X.690) in a byte array. Nothing is copied. The end may be beyond the end of the array if only the start
 * of a file was read.
 *
 * @param from index of the tag
 * @param content index of the content
 */
public record Der(byte[] bytes, int from, int content, int end) {
    public static final int INTEGER = 0x02;
    public static final int BIT_STRING = 0x03;
    public static final int OBJECT = 0x06;
    public static final int SEQUENCE = 0x30;

    /** @throws IllegalArgumentException if there is no value at this index */
    public static Der at(byte[] bytes, int from) {
        if (from + 2 > bytes.length) {
            throw new IllegalArgumentException("it ends too early");
        }
        int length = bytes[from + 1] & 0xff;
        int content = from + 2;
        if (length > 0x7f) {
            int digits = length & 0x7f;
            if (digits == 0 || digits > 4 || content + digits > bytes.length) {
                throw new IllegalArgumentException("it is not DER");
            }
            length = 0;
            for (int i = 0; i < digits; i++) {
                length = length << 8 | bytes[content++] & 0xff;
            }
        }
        if (length < 0 || content + length < 0) {
            throw new IllegalArgumentException("it is not DER");
        }
        return new Der(bytes, from, content, content + length);
    }

    public int tag() {
        return bytes[from] & 0xff;
    }

    /**
     * Returns this value.
     *
     * @throws IllegalArgumentException if it has another tag
     */
    public Der require(int tag) {
        if (tag() != tag) {
            throw new IllegalArgumentException("it is not DER of this kind");
        }
        return this;
    }

    /** The first value inside this one. */
    public Der first() {
        return at(bytes, content);
    }

    /** The value after this one. */
    public Der next() {
        return at(bytes, end);
    }

    /** The values inside this one. Parses each of them when it is reached. */
    public Iterable<Der> children() {
        return () -> new Iterator<>() {
            private int position = content;

            @Override
            public boolean hasNext() {
                return position < end;
            }

            @Override
            public Der next() {
                Der child = at(bytes, position);
                position = child.end;
                return child;
            }
        };
    }

    public boolean hasNext(Der whole) {
        return end < whole.end;
    }

    public boolean hasContent(byte[] value) {
        return end <= bytes.length && Arrays.equals(bytes, content, end, value, 0, value.length);
    }

    public byte[] value() {
        return Arrays.copyOfRange(bytes, content, end);
    }

    /** Includes tag and length. */
    public byte[] encoded() {
        return Arrays.copyOfRange(bytes, from, end);
    }
}
