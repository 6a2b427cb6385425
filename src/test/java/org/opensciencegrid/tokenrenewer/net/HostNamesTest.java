package org.opensciencegrid.tokenrenewer.net;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostNamesTest {
    @ParameterizedTest
    @ValueSource(strings = {"ce.example.org", "CE-1.example.org", "xn--bcher-kva.example"})
    void fullNames(String name) {
        assertTrue(HostNames.isFull(name));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "ce",
                "localhost",
                "localhost.localdomain",
                "192.0.2.1",
                "::1",
                "ce.example.org.",
                "a b.org",
                "-a.org"
            })
    void otherNames(String name) {
        assertFalse(HostNames.isFull(name));
    }

    /** Whatever this machine is called. */
    @Test
    void theNameOfThisMachineIsFullOrNotUsed() {
        assertTrue(HostNames.ofThisMachine()
                .filter(name -> !HostNames.isFull(name))
                .isEmpty());
    }
}
