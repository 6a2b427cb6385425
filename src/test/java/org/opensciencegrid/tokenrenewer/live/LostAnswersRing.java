package org.opensciencegrid.tokenrenewer.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.opensciencegrid.tokenrenewer.live.Operator.section;
import static org.opensciencegrid.tokenrenewer.live.Operator.token;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.FaultProxy;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.live.LiveIssuer.Role;
import org.opensciencegrid.tokenrenewer.live.Operator.Person;

/**
 * Responses of a real issuer, npm oidc-provider, that are lost, truncated, late or unreadable, in its three refresh
 * token modes. If an issuer accepts a token twice, or the new token of any response was readable, nothing may be lost.
 * If it ends the authorization because of the repeated request, the operator must see this and the command to run.
 */
class LostAnswersRing {
    private static final List<String> ROTATIONS = List.of("always", "lenient", "never");

    /**
     * @param requests how many requests the renewal sends
     * @param isReadable whether the new refresh token is readable in what arrives
     */
    private record Accident(String name, int requests, boolean isReadable, UnaryOperator<Fault> how) {
        Accident(String name, boolean isReadable, UnaryOperator<Fault> how) {
            this(name, 2, isReadable, how);
        }
    }

    private static final List<Accident> ACCIDENTS = List.of(
            new Accident("lost", false, Fault::loseAnswer),
            new Accident("cut before the refresh token", false, fault -> fault.truncate(40)),
            new Accident("cut after the refresh token", true, fault -> fault.truncate(Integer.MAX_VALUE)),
            new Accident(
                    "JSON without its end", true, fault -> fault.rewrite(body -> Arrays.copyOf(body, body.length - 4))),
            new Accident("17 s late", 1, true, fault -> fault.delayAfter(Duration.ofSeconds(17))),
            new Accident("compressed", 1, true, Fault::gzip),
            new Accident(
                    "unreadable", false, fault -> fault.rewrite(body -> "{upstream}".getBytes(StandardCharsets.UTF_8))),
            new Accident(
                    "502 in its place",
                    false,
                    fault -> fault.respondAfterProcessing(502, "text/html", "<h1>502</h1>")));

    private static final List<AutoCloseable> OPEN = new ArrayList<>();

    @TempDir
    static Path directory;

    @TestFactory
    Stream<DynamicTest> everyAccidentAtEveryRotation() {
        return ROTATIONS.stream().flatMap(this::cases);
    }

    @AfterAll
    static void close() throws Exception {
        for (AutoCloseable issuer : OPEN) {
            issuer.close();
        }
    }

    private Stream<DynamicTest> cases(String rotation) {
        Scene scene = new Scene(rotation);
        return Stream.concat(
                ACCIDENTS.stream()
                        .map(accident ->
                                DynamicTest.dynamicTest(rotation + ": " + accident.name(), () -> scene.once(accident))),
                Stream.of(DynamicTest.dynamicTest(rotation + ": every answer lost", scene::everyAnswerLost)));
    }

    /** An issuer and an account, which exist as long as their cases. */
    private static final class Scene {
        private final String rotation;
        private OidcProvider issuer;
        private Operator operator;

        private Scene(String rotation) {
            this.rotation = rotation;
        }

        private void begin() throws Exception {
            if (issuer == null) {
                issuer = OidcProvider.behindProxy(directory, rotation);
                OPEN.add(issuer);
                operator = new Operator(directory.resolve(rotation), issuer);
                Result setup = operator.setup(
                        Person.APPROVES,
                        "acct",
                        operator.predefined(issuer.issuer(), issuer.client(Role.CONFIDENTIAL)));
                assertEquals(0, setup.status(), setup.err());
                operator.configure(section(setup), token("one", "acct"));
            }
            assertEquals(0, operator.run("renew", "--force").status());
        }

        private void once(Accident accident) throws Exception {
            begin();
            FaultProxy proxy = issuer.proxy();
            proxy.fault(accident.how().apply(refresh()));
            int before = proxy.count(Policy.REFRESH_TOKEN);
            Result renew = operator.run("renew", "--force");
            assertEquals(accident.requests(), proxy.count(Policy.REFRESH_TOKEN) - before, "requests: " + renew);
            if (rotation.equals("always") && !accident.isReadable()) {
                lost(renew);
            } else {
                fine(renew);
            }
        }

        /** Undecided until the issuer answers again. */
        private void everyAnswerLost() throws Exception {
            begin();
            issuer.proxy().fault(refresh().always().loseAnswer());
            String token = operator.accessToken("one");
            Result renew = operator.run("renew", "--force");
            assertEquals(1, renew.status());
            assertEquals(token, operator.accessToken("one"), "the old one stays");
            assertTrue(status().contains("in doubt since"), status());
            issuer.proxy().clearFaults();
            Result next = operator.run("renew", "--force");
            if (rotation.equals("always")) {
                lost(next);
            } else {
                fine(next);
            }
        }

        private void fine(Result renew) throws Exception {
            assertEquals(0, renew.status(), renew.err());
            assertFalse(status().contains("in doubt"), status());
            assertEquals(0, operator.run("renew", "--force").status());
        }

        private void lost(Result renew) throws Exception {
            assertEquals(1, renew.status(), renew.toString());
            assertTrue(renew.err().contains("setup --reauthenticate acct"), renew.err());
            assertTrue(renew.err().contains("lost"), renew.err());
            assertTrue(status().contains("ACTION"), status());
            Result again = operator.setup(Person.APPROVES, "acct", "--reauthenticate");
            assertEquals(0, again.status(), again.err());
            assertEquals(0, operator.run("renew", "--force").status());
            assertFalse(status().contains("in doubt"), status());
        }

        private String status() throws Exception {
            return operator.run("status").out();
        }

        private static Fault refresh() {
            return Fault.on("/token").grant(Policy.REFRESH_TOKEN);
        }
    }
}
