package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** The issuer is down: first while the token on disk is valid for long, and then later. */
class OutageTest extends WithProgram {
    @BeforeEach
    void aTokenForAnHourAndAnIssuerThatIsDown() {
        program.issuer.policy.accessSeconds = 3600;
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.accountWith(Program.ONE);
        assertEquals(0, program.run("renew").status());
        program.issuer.fault(Fault.on("/token").always().respond(503, "text/plain", "no"));
    }

    @Test
    void isAWarningWhileTwoRunsMayFail() {
        String token = program.read("one.token");
        Result early = program.run("renew");
        assertEquals(0, early.status(), early.err());
        assertTrue(early.err().startsWith("warning: Failed to get token 'one'"), early.err());
        assertTrue(early.err().contains("the current token is valid for 60 min"), early.err());
        assertEquals(token, program.read("one.token"));
    }

    @Test
    void isAFailureWhenTheEndComesNear() {
        program.clock.advance(Duration.ofSeconds(3600 - 2 * 14 * 60 + 1));
        String token = program.read("one.token");
        Result late = program.run("renew");
        assertEquals(1, late.status());
        assertTrue(late.err().startsWith("Failed to get token 'one'"), late.err());
        assertEquals(token, program.read("one.token"));
    }

    @Test
    void isAFailureAtOnceForTheStrict() {
        assertEquals(1, program.run("renew", "--strict").status());
    }

    @Test
    void aRefusalIsAFailureHoweverLongTheTokenLasts() {
        program.issuer.clearFaults();
        program.issuer.revokeAll();
        assertEquals(1, program.run("renew").status());
    }
}
