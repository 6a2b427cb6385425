package org.opensciencegrid.tokenrenewer.util;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * A value that must not be shown: client secrets, refresh and access tokens, device codes. It prints as {@code ***}.
 * Only {@link #reveal()} returns the value, so you can search for every use.
 */
public final class Secret {
    private final String value;

    private Secret(String value) {
        this.value = value;
    }

    public static Secret of(String value) {
        if (value.isEmpty()) {
            throw new IllegalArgumentException("an empty secret");
        }
        return new Secret(value);
    }

    public String reveal() {
        return value;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Secret secret && MessageDigest.isEqual(bytes(value), bytes(secret.value));
    }

    @Override
    public int hashCode() {
        return 0; // not usable as a key: a hash would reveal something about the value
    }

    @Override
    public String toString() {
        return "***";
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
