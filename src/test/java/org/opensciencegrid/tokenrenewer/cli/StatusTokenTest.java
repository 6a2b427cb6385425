package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/** Tests {@code status TOKEN}. */
class StatusTokenTest extends WithProgram {
    @BeforeEach
    void site() {
        assertEquals(
                0, program.setup("--scope=openid offline_access compute.read").status());
        program.accountWith(
                Program.ONE + "scope = compute.read\naudience = https://ce.example.org:9619\nmin_lifetime = 100\n");
        assertEquals(0, program.run("renew").status());
    }

    private String explained(String payload) {
        long now = program.clock.instant().getEpochSecond();
        String json = payload.replace("NOW", String.valueOf(now)).replace("LATER", String.valueOf(now + 600));
        program.write(
                "one.token",
                "e30." + Base64.getUrlEncoder().encodeToString(json.getBytes(StandardCharsets.UTF_8)) + ".c2ln\n");
        return program.run("status", "one").out();
    }

    @Test
    void tellsWhatIsInTheTokenAndNotTheToken() {
        Result result = program.run("status", "one");
        assertEquals(0, result.status(), result.err());
        for (String words : new String[] {
            "token one",
            "account               acct",
            "a JWT",
            "issuer (iss)          " + program.issuer.issuer(),
            "subject (sub)         alice",
            "audience (aud)        https://ce.example.org:9619",
            "scope                 compute.read",
            "issued (iat)",
            "expires (exp)",
            "min_lifetime          100 s"
        }) {
            assertTrue(result.out().contains(words), result.out());
        }
        assertFalse(result.out().contains("not granted"), result.out());
        String signature = program.read("one.token").strip().split("\\.")[2];
        assertFalse(result.out().contains(signature));
    }

    @Test
    void comparesWithTheSection() {
        String text = explained("{\"scope\":\"compute.modify\",\"aud\":[\"ANY\"],\"nbf\":LATER,\"exp\":LATER}");
        String unwrapped = text.replaceAll("\\s+", " ");
        assertTrue(unwrapped.contains("requested by scope, not granted: compute.read"), text);
        assertTrue(unwrapped.contains("granted, not requested by scope: compute.modify"), text);
        assertTrue(unwrapped.contains("requested by audience, not granted: https://ce.example.org:9619"), text);
        assertTrue(unwrapped.contains("not valid yet"), text);
        assertTrue(text.lines().allMatch(line -> line.length() <= 80 || line.contains("/")), text);
    }

    @Test
    void foreignTextCannotMoveTheCursor() {
        assertFalse(explained("{\"sub\":\"\\u001b[2J\",\"exp\":LATER}").contains("\u001b"));
    }

    @Test
    void opaqueExpiredAndNone() {
        program.write("one.token", "opaque\n");
        assertTrue(program.run("status", "one").out().contains("an opaque token"));
        Result expired = new Result(0, explained("{\"exp\":1}"), "");
        assertTrue(expired.out().contains("expires (exp)         1970-01-01T00:00:01Z"), expired.out());
        assertEquals(1, program.run("status", "one").status());
    }

    @Test
    void whatFailedIsToldWithItsRepair() {
        program.issuer.revokeAll();
        assertEquals(1, program.run("renew", "--force").status());
        Result result = program.run("status", "one");
        assertEquals(1, result.status());
        assertTrue(result.out().contains("setup --reauthenticate acct"), result.out());
    }

    /** Only a refresh token is narrowed: without scope, its token has the scopes of the account. */
    @Test
    void anExchangeWithoutScopeLacksNone() {
        program.issuer.policy.tokenExchange = true;
        program.issuer.policy.opaqueAccessTokens = true;
        for (String client : program.issuer.registeredClients()) {
            program.issuer.addGrant(client, Policy.TOKEN_EXCHANGE);
        }
        for (boolean isExchange : new boolean[] {true, false}) {
            program.accountWith(Program.ONE + (isExchange ? "exchange = yes\n" : ""));
            String grant = isExchange ? Policy.TOKEN_EXCHANGE : Policy.REFRESH_TOKEN;
            program.issuer.fault(Fault.on("/token").grant(grant).set("scope", "offline_access"));
            assertEquals(0, program.run("renew").status());
            JsonObject state =
                    JsonObject.parse(program.read("state/state/acct.json")).orElseThrow();
            program.write("state/state/acct.json", state.with("narrows", "yes").toJson() + "\n");
            String status = program.run("status").said();
            assertEquals(!isExchange, status.contains("compute.read"), status);
        }
    }

    @Test
    void anUnknownTokenNamesThoseThereAre() {
        Result result = program.run("status", "none");
        assertEquals(2, result.status());
        assertTrue(result.err().contains("no [token none]") && result.err().contains("there are: one"), result.err());
        assertEquals(2, program.run("status", "one", "--json").status());
    }
}
