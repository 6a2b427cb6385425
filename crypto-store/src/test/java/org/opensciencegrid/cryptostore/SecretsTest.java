package org.opensciencegrid.cryptostore;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Passwords, names, key derivation. */
class SecretsTest {
    @Test
    void aPasswordIsACopyAndIsWiped() {
        byte[] bytes = Given.bytes("secret");
        Password password = Password.of(bytes);
        bytes[0] = 'X';
        assertArrayEquals(Given.bytes("secret"), password.copyBytes());
        password.copyBytes()[0] = 'X';
        assertArrayEquals(Given.bytes("secret"), password.copyBytes());
        assertEquals("***", password.toString());
        Password same = password.withoutOrigin();
        password.close();
        assertArrayEquals(new byte[6], same.copyBytes(), "wiped");
        password.close();
        assertThrows(IllegalStateException.class, password::copyBytes);
    }

    @Test
    void aPasswordHas1To1024Bytes() {
        assertThrows(IllegalArgumentException.class, () -> Password.of(new byte[0]));
        assertThrows(IllegalArgumentException.class, () -> Password.of(new byte[1025]));
        Password.of(new byte[1]).close();
        Password.of(new byte[1024]).close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "7", "CILogon", "a.b_c@d+e-f", "a.account", "x.next"})
    void names(String name) {
        assertEquals(name, AccountName.check(name));
        assertEquals("a" + "b".repeat(99), AccountName.check("a" + "b".repeat(99)));
    }

    @Test
    void everyCharacterOfAName() {
        for (char c = 0; c < 0x200; c++) {
            assertEquals(("" + c).matches("[A-Za-z0-9]"), AccountName.isValid("" + c), "first: " + (int) c);
            assertEquals(("a" + c).matches("a[A-Za-z0-9._@+-]"), AccountName.isValid("a" + c), "second: " + (int) c);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                ".hidden",
                "-option",
                "_a",
                "@a",
                "+a",
                "a/b",
                "/etc/passwd",
                "../escaped",
                "a..b",
                "a\\b",
                "a b",
                "a\n",
                "a\u0000",
                "a:b",
                "\u00e9",
                "a\u0661",
                "a%2e",
                "~",
                "a*"
            })
    void namesThatCouldLeaveTheDirectory(String name) {
        assertThrows(IllegalArgumentException.class, () -> AccountName.check(name));
        assertThrows(IllegalArgumentException.class, () -> AccountName.check("a".repeat(101)));
    }

    /** Created by the argon2 program of the Argon2 authors (Debian package argon2 0~20171227), -id -v 13 -l 64 -r. */
    @ParameterizedTest
    @CsvSource({
        "65536, 3, 1, 35e6b1ff6d56ec8ccf8524278ffd77f8f7939032d8863e0d571da5e449e7861a2cd26c87c5321ba6e19302d3b1cde1200ddad6e7e3654b0a09136ae7e5674baa",
        "8, 1, 1, 39acdbb714111e13824f92c7a3065c10e09c6f685bcb6c69db780c933b1d641297c25ecb35e93fb4947558374028e05bfaa0eed9b8fb4cf30b0cbb48433748ec",
        "64, 4, 4, de520f10cf756ddfac352e44e78fab4c1e8d89ddbb1a814103b9e346fd2da0506b7944d3601ebe483552e1ebb8ccab56a4b8970b49d412892de7b0fae249b044"
    })
    void argon2idAsItsAuthorsHaveIt(int memory, int iterations, int lanes, String expected) {
        byte[] derived = KeyDerivation.argon2id()
                .derive(
                        Given.password(),
                        Given.bytes("sixteen bytes ok"),
                        new KdfParameters(memory, iterations, lanes));
        assertEquals(expected, HexFormat.of().formatHex(derived));
    }

    @ParameterizedTest
    @CsvSource({
        "7, 1, 1",
        "0, 1, 1",
        "-8, 1, 1",
        "15, 1, 2",
        "31, 1, 4",
        "262145, 1, 1",
        "8, 0, 1",
        "8, 11, 1",
        "8, 1, 0",
        "64, 1, 5",
        "262144, 5, 1",
        "104858, 10, 1",
        "2147483647, 1, 1",
        "8, -1, 1",
        "8, 1, -1"
    })
    void costsOutsideTheLimits(int memory, int iterations, int lanes) {
        assertThrows(IllegalArgumentException.class, () -> new KdfParameters(memory, iterations, lanes));
    }

    @ParameterizedTest
    @CsvSource({"8, 1, 1", "8, 10, 1", "32, 1, 4", "262144, 4, 1", "104857, 10, 4"})
    void costsAtTheLimits(int memory, int iterations, int lanes) {
        assertEquals(memory, new KdfParameters(memory, iterations, lanes).memoryKiB());
    }

    @Test
    void defaultsAreThoseOfTheSpecification() {
        assertEquals(new KdfParameters(65536, 3, 1), KdfParameters.DEFAULT);
    }

    @Test
    void aDerivationOfAnotherLengthIsABug() {
        KeyDerivation half = (password, salt, parameters) -> new byte[32];
        assertThrows(
                IllegalArgumentException.class,
                () -> new DerivedKey(half, Given.password(), new byte[16], Given.CHEAP));
        assertEquals("***", new DerivedKey(Given.HASH, Given.password(), new byte[16], Given.CHEAP).toString());
    }
}
