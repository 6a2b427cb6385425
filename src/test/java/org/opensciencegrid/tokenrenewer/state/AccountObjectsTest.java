package org.opensciencegrid.tokenrenewer.state;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opensciencegrid.tokenrenewer.kubernetes.ObjectName;
import org.opensciencegrid.tokenrenewer.net.Limits;

class AccountObjectsTest {
    @ParameterizedTest
    @CsvSource({
        "acct, acct",
        "a.b-c, a.b-c",
        "Acct, acct-x",
        "a@b, a-b-x",
        "a_b, a-b-x",
        "a-x0123456789abcdef0123, a-x0123456789abcdef0123-x"
    })
    void aNameThatKubernetesDoesNotAllowGetsAHash(String account, String name) {
        String encoded = AccountObjects.encode(account);
        assertTrue(ObjectName.isName(encoded), encoded);
        assertTrue(encoded.matches(name + (name.endsWith("-x") ? "[0-9a-f]{20}" : "")), encoded);
    }

    @Test
    void theLongestName() {
        String longest = "A".repeat(100);
        assertTrue(ObjectName.isName(new AccountObjects("n").account(longest).name()));
    }

    /** Otherwise a run that always waits for a crashed one to end would never get the lease. */
    @Test
    void oneRunWaitsLongEnoughForALease() {
        assertTrue(Limits.LOCK.compareTo(Limits.LEASE.plusSeconds(10)) > 0);
        assertTrue(Limits.LEASE_TO_ASK.compareTo(Limits.RESPONSE) > 0);
    }
}
