package org.opensciencegrid.tokenrenewer.util;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Optional;
import org.junit.jupiter.api.Test;

class SecretTest {
    private record Holder(String id, Optional<Secret> secret) {}

    @Test
    void printsAsNothing() {
        assertEquals("***", Secret.of("value").toString());
        assertEquals("Holder[id=a, secret=Optional[***]]", new Holder("a", Optional.of(Secret.of("value"))).toString());
        assertEquals("***", String.valueOf(Secret.of("value")));
        assertEquals("value", Secret.of("value").reveal());
    }

    @Test
    void isEqualByValue() {
        assertEquals(Secret.of("value"), Secret.of("value"));
        assertEquals(Secret.of("value").hashCode(), Secret.of("other").hashCode());
        assertNotEquals(Secret.of("value"), Secret.of("valuf"));
        assertNotEquals(Secret.of("value"), Secret.of("value "));
        assertNotEquals(Secret.of("value"), (Object) "value");
        assertNotEquals(Secret.of("value"), null);
    }

    @Test
    void isNeverEmpty() {
        assertThrows(IllegalArgumentException.class, () -> Secret.of(""));
    }
}
