package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.fixture.Result;

/** What a hostile issuer can make a person see. CanaryRing tests the rest with the packaged program. */
@Tag("slow")
class HostileIssuerTest extends WithProgram {
    private static final String HOSTILE = "\u001b]0;owned\u0007\u001b[2J\r\nfake line\u202e\u2028\u0085\u009b";

    @ParameterizedTest
    @ValueSource(strings = {"verification_uri", "verification_uri_complete"})
    void aLinkToAnotherHostIsNoted(String member) {
        program.issuer.fault(Fault.on("/device_authorization").set(member, "https://elsewhere.example.org/device"));
        Result setup = program.setup("--scope=openid offline_access");
        assertTrue(setup.out().contains("Note: the link's host is not the issuer's"), setup.out());
    }

    @Test
    void theIssuersOwnLinkIsNotNoted() {
        assertFalse(program.setup("--scope=openid offline_access").out().contains("Note: the link's host"));
    }

    /** Tests each field that is printed, where it is printed. */
    @Test
    void noControlCharacterReachesTheTerminalOrTheJournal() {
        program.accountWith("[token t]\naccount = acct\ntoken_path = DIR/t.token\n");
        program.issuer.fault(Fault.on("/register").set("client_id", "c" + HOSTILE));
        assertClean(program.setup("--scope=openid offline_access"));
        program.issuer.clearFaults();
        program.issuer.fault(Fault.on("/device_authorization").set("user_code", "AB" + HOSTILE));
        Result setup = program.setup("--scope=openid offline_access");
        assertEquals(0, setup.status(), setup.err());
        assertClean(setup);
        for (String body : List.of(
                "{\"error\":\"invalid_" + json() + "\",\"error_description\":\"" + json() + "\",\"scope\":\"" + json()
                        + "\"}",
                HOSTILE,
                "error=\"" + HOSTILE + "\"")) {
            program.issuer.fault(
                    Fault.on("/token").respond(400, "text/" + "x", body).times(9));
            assertClean(program.run("renew", "--force", "--verbose"));
            assertClean(program.run("status"));
            assertClean(program.run("status", "--json"));
            assertClean(program.run("check"));
            program.issuer.clearFaults();
        }
        program.issuer.fault(Fault.on("/token").set("scope", "a " + HOSTILE).set("token_type", "Bearer"));
        assertClean(program.run("renew", "--force", "--verbose"));
        assertClean(program.run("status", "t"));
    }

    private static String json() {
        StringBuilder json = new StringBuilder();
        HOSTILE.chars().forEach(c -> json.append(String.format("\\u%04x", c)));
        return json.toString();
    }

    private static void assertClean(Result result) {
        (result.out() + result.err()).codePoints().filter(c -> c != '\n').forEach(c -> {
            int type = Character.getType(c);
            assertFalse(
                    type == Character.CONTROL || type == Character.FORMAT || type == Character.LINE_SEPARATOR,
                    () -> String.format("U+%04X in ", c) + result);
        });
    }
}
