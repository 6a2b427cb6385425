package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DerivedOnceTest {
    private static final KdfParameters COST = new KdfParameters(8, 1, 1);
    private static final byte[] SALT = new byte[16];

    private int derivations;
    private final KeyDerivation counted = (password, salt, parameters) -> {
        derivations++;
        return KeyDerivation.argon2id().derive(password, salt, parameters);
    };
    private final KeyDerivation once = KeyDerivation.once(counted);

    private static Password password(String text) {
        return Password.of(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aKeyIsDerivedOnceAndIsRight() {
        byte[] expected = KeyDerivation.argon2id().derive(password("one"), SALT, COST);
        byte[] first = once.derive(password("one"), SALT, COST);
        assertArrayEquals(expected, first);
        Arrays.fill(first, (byte) 0); // as every caller does
        assertArrayEquals(expected, once.derive(password("one"), SALT, COST));
        assertEquals(1, derivations);
    }

    @Test
    void anotherPasswordSaltOrCostIsAnotherKey() {
        byte[] otherSalt = new byte[16];
        otherSalt[0] = 1;
        byte[] key = once.derive(password("one"), SALT, COST);
        assertFalse(Arrays.equals(key, once.derive(password("two"), SALT, COST)));
        assertFalse(Arrays.equals(key, once.derive(password("one"), otherSalt, COST)));
        assertFalse(Arrays.equals(key, once.derive(password("one"), SALT, new KdfParameters(16, 1, 1))));
        assertFalse(Arrays.equals(key, once.derive(password("one"), SALT, new KdfParameters(8, 2, 1))));
        assertEquals(5, derivations);
    }
}
