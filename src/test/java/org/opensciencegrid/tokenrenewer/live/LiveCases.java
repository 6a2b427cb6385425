package org.opensciencegrid.tokenrenewer.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.opensciencegrid.tokenrenewer.live.Operator.section;
import static org.opensciencegrid.tokenrenewer.live.Operator.token;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.live.LiveIssuer.Predefined;
import org.opensciencegrid.tokenrenewer.live.LiveIssuer.Registration;
import org.opensciencegrid.tokenrenewer.live.LiveIssuer.Role;
import org.opensciencegrid.tokenrenewer.live.Operator.Person;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;

/**
 * The rows of the matrix. Each case has its own operator, and all cases of a column share one issuer at the same time.
 */
final class LiveCases {
    /** A case. It returns, or throws {@link NotOffered} with the issuer's response, or fails. */
    @FunctionalInterface
    interface Play {
        void on(LiveIssuer issuer, Operator operator) throws Exception;
    }

    record LiveCase(String name, Play play) {}

    static final List<LiveCase> ALL = List.of(
            new LiveCase("dynamic registration", LiveCases::dynamicRegistration),
            new LiveCase("predefined client", LiveCases::predefinedClient),
            new LiveCase("public client", LiveCases::publicClient),
            new LiveCase("client credentials", LiveCases::clientCredentials),
            new LiveCase("issuer with the other slash", LiveCases::otherSlash),
            new LiveCase("three rotating renewals", LiveCases::threeRotatingRenewals),
            new LiveCase("fresh token", LiveCases::freshToken),
            new LiveCase("narrowing by scope", LiveCases::narrowingByScope),
            new LiveCase("narrowing by audience", LiveCases::narrowingByAudience),
            new LiveCase("scope never granted", LiveCases::scopeNeverGranted),
            new LiveCase("audience refused", LiveCases::audienceRefused),
            new LiveCase("denial", LiveCases::denial),
            new LiveCase("expired user code", LiveCases::expiredCode),
            new LiveCase("wrong client secret", LiveCases::wrongSecret),
            new LiveCase("revoked, then healed", LiveCases::revokedThenHealed),
            new LiveCase("client deleted, then anew", LiveCases::clientDeleted),
            new LiveCase("replayed refresh token", LiveCases::replayed),
            new LiveCase("registration refused", LiveCases::registrationRefused),
            new LiveCase("registration with a token", LiveCases::registrationWithToken),
            new LiveCase("no refresh token granted", LiveCases::noRefreshToken),
            new LiveCase("several audiences", LiveCases::severalAudiences),
            new LiveCase("user disabled, then enabled", LiveCases::userDisabled),
            new LiveCase("client secret changed", LiveCases::secretChanged),
            new LiveCase("discovery gone", LiveCases::discoveryGone),
            new LiveCase("clock off by an hour", LiveCases::clockSkew),
            new LiveCase("end of the authorization", LiveCases::endIsTold),
            new LiveCase("exchanges shown", LiveCases::exchangesShown));

    /** Includes cases that only run in some modes of a server. */
    static final List<LiveCase> ROWS = Stream.concat(
                    ALL.stream(), Stream.of(new LiveCase("authorization of 20 s", LiveCases::shortAuthorization)))
            .toList();

    private static final int QUOTED = 110;

    private LiveCases() {}

    static List<LiveCase> named(String... names) {
        List<LiveCase> rows =
                ROWS.stream().filter(row -> List.of(names).contains(row.name())).toList();
        assertEquals(names.length, rows.size(), () -> List.of(names) + " are not all rows");
        return rows;
    }

    private static void dynamicRegistration(LiveIssuer issuer, Operator operator) throws Exception {
        Result setup = register(issuer, operator);
        assertTrue(setup.out().contains("Registered client "), setup.out());
        operator.configure(section(setup), token("one", "acct"));
        renew(operator, "one");
        requireGoodToken(issuer, operator, "one");
        Result status = operator.run("status", "--long");
        requireSuccess(status);
        assertTrue(status.out().contains("account acct  " + issuer.issuer()), status.out());
        assertTrue(status.out().lines().anyMatch(line -> line.matches("ok +one +.*")), status.out());
    }

    private static void predefinedClient(LiveIssuer issuer, Operator operator) throws Exception {
        authorize(issuer, operator, Role.CONFIDENTIAL);
        renew(operator, "one");
        requireGoodToken(issuer, operator, "one");
    }

    private static void publicClient(LiveIssuer issuer, Operator operator) throws Exception {
        authorize(issuer, operator, Role.PUBLIC);
        renew(operator, "one");
        requireGoodToken(issuer, operator, "one");
    }

    private static void clientCredentials(LiveIssuer issuer, Operator operator) throws Exception {
        Predefined client = issuer.client(Role.SERVICE);
        String scope = issuer.narrowScope();
        Result setup = operator.setupService(issuer.issuer(), client, scope);
        requireSuccess(setup);
        String secret = "client_secret = " + client.secret().orElseThrow().replace("%", "%%");
        String inline = section(setup)
                .lines()
                .map(line -> line.startsWith("client_secret_file") ? secret : line)
                .map(line -> line.replace("[account service]", "[account inline]"))
                .reduce("", (text, line) -> text + line + "\n");
        assertTrue(inline.contains(secret), inline);
        operator.configure(
                section(setup),
                inline,
                token("one", "service", "scope = " + scope),
                token("two", "inline", "scope = " + scope));
        renew(operator, "one", "two");
        requireGoodToken(issuer, operator, "one");
        requireGoodToken(issuer, operator, "two");
        operator.requireNoAccount(); // it exists only in config.ini
    }

    private static void otherSlash(LiveIssuer issuer, Operator operator) throws Exception {
        String bare = withoutSlash(issuer.issuer());
        String other = issuer.issuer().equals(bare) ? bare + "/" : bare;
        Result setup = operator.setup(Person.APPROVES, "acct", "--issuer=" + other);
        requireSuccess(setup);
        operator.configure(section(setup), token("one", "acct"));
        renew(operator, "one");
        requireSuccess(operator.setupService(other, issuer.client(Role.SERVICE), issuer.narrowScope()));
    }

    private static void threeRotatingRenewals(LiveIssuer issuer, Operator operator) throws Exception {
        authorize(issuer, operator, Role.CONFIDENTIAL);
        Set<String> refreshTokens = new HashSet<>(Set.of(refreshToken(operator)));
        Set<String> accessTokens = new HashSet<>();
        for (int run = 0; run < 3; run++) {
            renew(operator, "one");
            refreshTokens.add(refreshToken(operator));
            accessTokens.add(operator.accessToken("one"));
        }
        assertEquals(3, accessTokens.size(), "access tokens");
        assertEquals(issuer.rotates() ? 4 : 1, refreshTokens.size(), "refresh tokens");
        if (!issuer.rotates()) {
            throw new NotOffered("three renewals, and the refresh token is the same");
        }
    }

    private static void freshToken(LiveIssuer issuer, Operator operator) throws Exception {
        String account = section(register(issuer, operator));
        operator.configure(account, token("one", "acct", "min_lifetime = 60"));
        renew(operator, "one");
        String token = operator.accessToken("one");
        String client = operator.account("acct").client().id();
        OptionalInt requests = issuer.tokenRequests(client);
        Files.delete(operator.file("acct.pw")); // not needed if nothing is due
        Result fresh = operator.run("renew");
        requireSuccess(fresh);
        assertTrue(fresh.out().contains("seconds remaining in 'one', not renewing"), fresh.out());
        assertEquals(token, operator.accessToken("one"));
        assertEquals(requests, issuer.tokenRequests(client));

        operator.writeSecret("acct.pw", SiteDirectory.PASSWORD);
        operator.configure(account, token("one", "acct", "min_lifetime = 60", "scope = " + issuer.narrowScope()));
        renew(operator, "one"); // now another token was requested
        assertNotEquals(token, operator.accessToken("one"));
    }

    private static void narrowingByScope(LiveIssuer issuer, Operator operator) throws Exception {
        Result setup = register(issuer, operator);
        operator.configure(
                section(setup),
                token("narrow", "acct", "scope = " + issuer.narrowScope()),
                token("whole", "acct")); // after the narrow one: it must not stay narrow
        renew(operator, "narrow", "whole");
        assertEquals(Set.of(issuer.narrowScope()), grantedScope(operator, "narrow"));
        assertTrue(grantedScope(operator, "whole").containsAll(ofTheToken(issuer.scope())));
        List<String> claimed = issuer.hasOpaqueTokens() ? List.of() : Json.words(operator.claims("narrow"), "scope");
        assertTrue(claimed.isEmpty() || claimed.equals(List.of(issuer.narrowScope())), claimed.toString());
    }

    private static void narrowingByAudience(LiveIssuer issuer, Operator operator) throws Exception {
        Result setup = register(issuer, operator, "--audience=" + LiveIssuer.AUDIENCE);
        boolean canTell = issuer.grantsAudience() && !issuer.hasOpaqueTokens();
        assertEquals( // found and stored
                canTell ? Optional.of(issuer.audienceParameter()) : Optional.empty(),
                operator.account("acct").audienceParameter().map(AudienceParameter::word));
        operator.configure(section(setup), token("one", "acct", "audience = " + LiveIssuer.AUDIENCE));
        Result renew = operator.run("renew");
        assertEquals(0, renew.status(), renew.toString());
        requireGoodToken(issuer, operator, "one");
        if (issuer.hasOpaqueTokens()) {
            throw new NotOffered("the token is opaque: nobody sees its audience");
        }
        List<String> audience = Json.words(operator.claims("one"), "aud");
        if (!issuer.grantsAudience()) {
            String warning = "requested audience was not granted: " + LiveIssuer.AUDIENCE;
            assertTrue(renew.err().contains(warning), () -> "no warning in: " + renew);
            throw new NotOffered("asked for audience " + LiveIssuer.AUDIENCE + ", and the token's aud is "
                    + operator.claims("one").get("aud"));
        }
        assertEquals(List.of(LiveIssuer.AUDIENCE), audience);
        assertEquals("", renew.err());
    }

    private static void scopeNeverGranted(LiveIssuer issuer, Operator operator) throws Exception {
        String account = section(register(issuer, operator));
        operator.configure(account, token("one", "acct", "scope = no.such.scope"), token("two", "acct"));
        Result renew = operator.run("renew");
        if (renew.status() == 0) {
            Object granted = issuer.hasOpaqueTokens()
                    ? "unknown"
                    : operator.claims("one").get("scope");
            // If neither the response nor the token contains the scope, nothing can be checked. An empty scope must
            // also be reported.
            assertEquals(
                    granted != null && !granted.equals("unknown"),
                    renew.err().contains("requested scope was not granted: no.such.scope"),
                    renew.err());
            throw new NotOffered("asked for scope no.such.scope, and gives a token with scope " + granted);
        }
        requireFailure(renew, "Failed to get token 'one': the issuer refuses the scope: ", "invalid_scope");
        assertTrue(renew.out().contains("token two: renewed"), renew.out());
        assertFalse(Files.exists(operator.file("one.token")));
    }

    private static void audienceRefused(LiveIssuer issuer, Operator operator) throws Exception {
        String account = section(register(issuer, operator, "--audience=" + LiveIssuer.AUDIENCE));
        operator.configure(
                account, token("one", "acct", "audience = " + LiveIssuer.FORBIDDEN_AUDIENCE), token("two", "acct"));
        Result renew = operator.run("renew");
        if (renew.status() == 0) {
            throw new NotOffered("asked for audience " + LiveIssuer.FORBIDDEN_AUDIENCE + ", and gives a token with aud "
                    + (issuer.hasOpaqueTokens()
                            ? "unknown"
                            : operator.claims("one").get("aud")));
        }
        requireFailure(renew, "Failed to get token 'one': the issuer refuses the audience: ");
        assertTrue(renew.out().contains("token two: renewed"), renew.out());
        // Each such request may use up a refresh token.
        Result next = operator.run("renew");
        requireFailure(next, "not retried before ");
        assertTrue(next.out().contains("token two: renewed"), next.out());
    }

    private static void denial(LiveIssuer issuer, Operator operator) throws Exception {
        if (issuer.tellsDenial()) {
            Result setup = operator.setup(Person.DENIES, "acct", "--issuer=" + issuer.issuer());
            requireFailure(setup, "the request was denied", "run setup again");
            assertEquals(issuer.deletesClients(), setup.out().contains("was deleted"), setup.out());
            operator.requireNoAccount();
            return;
        }
        LiveIssuer hasty = issuer.hasty();
        Operator there = operator.at(hasty);
        Result setup = there.setup(Person.DENIES, "acct", there.predefined(hasty.issuer(), hasty.client(Role.HASTY)));
        requireFailure(setup, "the request was not approved in time");
        there.requireNoAccount();
        there.requireDiscretion();
        throw new NotOffered("a denied code is polled: " + pollOfDeniedCode(issuer));
    }

    private static void expiredCode(LiveIssuer issuer, Operator operator) throws Exception {
        LiveIssuer hasty = issuer.hasty();
        Operator there = operator.at(hasty);
        Result setup = there.setup(Person.IS_AWAY, "acct", there.predefined(hasty.issuer(), hasty.client(Role.HASTY)));
        requireFailure(setup, "the request was not approved in time", "run setup again");
        there.requireNoAccount();
        there.requireDiscretion();
    }

    private static void wrongSecret(LiveIssuer issuer, Operator operator) throws Exception {
        Predefined manual = wrong(issuer.client(Role.CONFIDENTIAL));
        Result setup = operator.setup(Person.APPROVES, "acct", operator.predefined(issuer.issuer(), manual));
        requireFailure(setup, "the issuer refuses this client: ");
        operator.requireNoAccount();

        Predefined service = issuer.client(Role.SERVICE);
        Result good = operator.setupService(issuer.issuer(), service, issuer.narrowScope());
        requireSuccess(good);
        operator.writeSecret("service.secret", wrong(service).secret().orElseThrow());
        operator.configure(section(good), token("one", "service"));
        requireFailure(
                operator.run("renew"), "Failed to get token 'one': the issuer refuses this client: ", "answered 401");
        assertFalse(Files.exists(operator.file("one.token")));
    }

    private static void revokedThenHealed(LiveIssuer issuer, Operator operator) throws Exception {
        Result setup = register(issuer, operator);
        Result service = operator.setupService(issuer.issuer(), issuer.client(Role.SERVICE), issuer.narrowScope());
        operator.configure(
                section(setup),
                section(service),
                token("one", "acct"),
                token("two", "service", "scope = " + issuer.narrowScope()));
        renew(operator, "one", "two");
        String one = operator.accessToken("one");
        String two = operator.accessToken("two");
        Account account = operator.account("acct");
        HttpResponse<String> revocation = post(
                issuer,
                "revocation_endpoint",
                basic(account),
                Map.of("token", account.refreshToken().reveal()));
        assertEquals(200, revocation.statusCode(), revocation.body());

        Result renew = operator.run("renew");
        String repair = "osg-token-renewer --config=" + operator.file("config.ini") + " --state-dir="
                + operator.file("state") + " setup --reauthenticate acct";
        requireFailure(renew, "Failed to get token 'one': the authorization has ended: ", repair);
        assertEquals(one, operator.accessToken("one"), "the token that there is stays");
        assertTrue(renew.out().contains("token two: renewed"), renew.out());
        assertNotEquals(two, operator.accessToken("two"), "the other account goes on");
        assertEquals(1, operator.run("status").status());
        requireFailure(operator.run("renew"), "not retried before ");

        requireSuccess(operator.setup(Person.APPROVES, "acct", "--reauthenticate"));
        renew(operator, "one", "two");
        assertNotEquals(one, operator.accessToken("one"));
    }

    /** For example by the issuer's administrator. The stored account stays until setup replaces it. */
    private static void clientDeleted(LiveIssuer issuer, Operator operator) throws Exception {
        String section = section(register(issuer, operator));
        operator.configure(section, token("one", "acct"));
        renew(operator, "one");
        String one = operator.accessToken("one");
        Registered registered = operator.account("acct").registration();
        if (registered.clientUri().isEmpty() || registered.accessToken().isEmpty()) {
            throw new NotOffered("a registration cannot be deleted: no registration_client_uri (RFC 7592)");
        }
        HttpResponse<String> deletion = issuer.browser()
                .ask(
                        "DELETE",
                        registered.clientUri().get(),
                        registered.accessToken().get().reveal(),
                        "");
        assertEquals(2, deletion.statusCode() / 100, deletion.body());

        Result renew = operator.run("renew");
        assertEquals(1, renew.status(), renew.toString());
        assertTrue(renew.err().contains("setup ") && renew.err().contains(" acct"), renew.err());
        assertEquals(one, operator.accessToken("one"), "the token that there is stays");
        assertTrue(Files.exists(operator.file("state/accounts/acct.account")), "and the account");

        register(issuer, operator);
        renew(operator, "one");
        assertNotEquals(one, operator.accessToken("one"));
    }

    private static void replayed(LiveIssuer issuer, Operator operator) throws Exception {
        authorize(issuer, operator, Role.CONFIDENTIAL);
        Account before = operator.account("acct");
        renew(operator, "one");
        String token = operator.accessToken("one");
        String old = before.refreshToken().reveal();
        HttpResponse<String> replay = post(
                issuer,
                "token_endpoint",
                basic(before),
                Map.of("grant_type", Policy.REFRESH_TOKEN, "refresh_token", old));
        if (!issuer.punishesReplay()) {
            renew(operator, "one");
            throw new NotOffered("to a replay: "
                    + (replay.statusCode() == 200 ? "200 and a token" : quote(replay, old))
                    + "; the newest refresh token stays good");
        }
        assertEquals(4, replay.statusCode() / 100, replay.body());
        operator.ends("the old token was replayed");
        requireFailure(
                operator.run("renew"),
                "Failed to get token 'one': the authorization has ended: ",
                "setup --reauthenticate acct");
        assertEquals(token, operator.accessToken("one"));
    }

    private static void registrationRefused(LiveIssuer issuer, Operator operator) throws Exception {
        LiveIssuer closed = closed(issuer, Registration.NOBODY);
        Operator there = operator.at(closed);
        requireFailure(there.setup(Person.IS_AWAY, "acct", "--issuer=" + closed.issuer()), "--manual");
        there.requireNoAccount();
        there.requireDiscretion();
    }

    private static void registrationWithToken(LiveIssuer issuer, Operator operator) throws Exception {
        LiveIssuer closed = closed(issuer, Registration.WITH_TOKEN);
        Operator there = operator.at(closed);
        String url = "--issuer=" + closed.issuer();
        requireFailure(there.setup(Person.IS_AWAY, "acct", url), "--registration-token-file");
        there.requireNoAccount();

        String file =
                "--registration-token-file=" + there.writeSecret("registration.token", LiveIssuer.REGISTRATION_TOKEN);
        Result setup = there.setup(Person.APPROVES, "acct", url, file);
        requireSuccess(setup);
        there.configure(section(setup), token("one", "acct"));
        renew(there, "one");
        there.requireDiscretion();
    }

    private static void noRefreshToken(LiveIssuer issuer, Operator operator) throws Exception {
        Result setup = operator.setup(
                Person.APPROVES, "acct", operator.predefined(issuer.issuer(), issuer.client(Role.WITHOUT_REFRESH)));
        requireFailure(setup, "granted no refresh token", "offline_access");
        operator.requireNoAccount();
    }

    /** One token for each audience, and one for both if the issuer supports it. A host and port is also an audience. */
    private static void severalAudiences(LiveIssuer issuer, Operator operator) throws Exception {
        String other = "ce2.example.org:9619";
        String both = LiveIssuer.AUDIENCE + " " + other;
        String account = section(register(issuer, operator, "--audience=" + both));
        operator.configure(
                account,
                token("one", "acct", "audience = " + LiveIssuer.AUDIENCE),
                token("two", "acct", "audience = " + other));
        Result renew = operator.run("renew");
        assertEquals(0, renew.status(), renew.err());
        if (!issuer.grantsAudience()) {
            assertTrue(renew.err().contains("requested audience was not granted: " + other), renew.err());
            throw new NotOffered("asked for audience " + other + ", and the token's aud is "
                    + operator.claims("two").get("aud"));
        }
        assertEquals(List.of(LiveIssuer.AUDIENCE), Json.words(operator.claims("one"), "aud"));
        assertEquals(List.of(other), Json.words(operator.claims("two"), "aud"));
        if (issuer.grantsSeveralAudiences()) {
            operator.configure(account, token("both", "acct", "audience = " + both));
            renew(operator, "both");
            assertEquals(Set.of(both.split(" ")), Set.copyOf(Json.words(operator.claims("both"), "aud")));
        }
    }

    /** The same token works again later: nothing that is stored is deleted because an issuer rejected it. */
    private static void userDisabled(LiveIssuer issuer, Operator operator) throws Exception {
        operator.letDecide(LiveIssuer.BOB);
        operator.configure(section(register(issuer, operator)), token("one", "acct"));
        renew(operator, "one");
        String token = operator.accessToken("one");
        String stored = refreshToken(operator);
        issuer.enable(LiveIssuer.BOB, false);
        Result renew = operator.run("renew");
        issuer.enable(LiveIssuer.BOB, true);
        requireFailure(renew, "Failed to get token 'one': ");
        assertEquals(stored, refreshToken(operator), "the refresh token stays");
        assertEquals(token, operator.accessToken("one"), "and the token that there is");

        if (!renew.err().contains("refuses this user")) { // the response only said that the refresh token is invalid
            requireFailure(operator.run("renew"), "not retried before ");
        }
        requireSuccess(operator.run("renew", "--force"));
        assertNotEquals(token, operator.accessToken("one"));
    }

    private static void secretChanged(LiveIssuer issuer, Operator operator) throws Exception {
        operator.configure(section(register(issuer, operator)), token("one", "acct"));
        renew(operator, "one");
        String token = operator.accessToken("one");
        String stored = refreshToken(operator);
        Account account = operator.account("acct");
        String secret = issuer.changeSecret(account);
        requireFailure(operator.run("renew"), "Failed to get token 'one': the issuer refuses this client: ");
        assertEquals(stored, refreshToken(operator), "the refresh token stays");
        assertEquals(token, operator.accessToken("one"), "and the token that there is");

        Predefined client = new Predefined(account.client().id(), Optional.of(secret));
        Result again = operator.setup(Person.APPROVES, "acct", operator.predefined(issuer.issuer(), client));
        requireSuccess(again);
        renew(operator, "one");
    }

    /** The issuer's metadata moved. A renewal does not need it, and only setup reports it. */
    private static void discoveryGone(LiveIssuer issuer, Operator operator) throws Exception {
        operator.configure(section(register(issuer, operator)), token("one", "acct"));
        String gone = withoutSlash(issuer.issuer()) + "/gone";
        operator.forge("acct", "issuer", gone);
        renew(operator, "one");
        renew(operator, "one");
        Result setup = operator.setup(Person.IS_AWAY, "acct", "--reauthenticate");
        requireFailure(setup, "no OpenID or OAuth metadata found for " + gone);
        renew(operator, "one");
    }

    /**
     * The local clock is an hour ahead of the issuer's or behind it. Tokens are still renewed and no request is
     * repeated. If the local clock says that the token is not valid, the run reports which clock to set.
     */
    private static void clockSkew(LiveIssuer issuer, Operator operator) throws Exception {
        operator.configure(section(register(issuer, operator)), token("one", "acct", "min_lifetime = 60"));
        Set<String> tokens = new HashSet<>();
        for (Duration off : List.of(Duration.ofHours(1), Duration.ofHours(-1))) {
            Result renew = operator.runAt(off, "renew");
            assertEquals(0, renew.status(), renew.toString());
            String side = off.isNegative() ? "behind" : "ahead of";
            String clock = "warning: token one: this machine's clock is (59|60|61) min " + side
                    + " the issuer's. To fix: set this machine's clock";
            assertTrue(
                    renew.err().isEmpty() || renew.err().strip().matches(clock + "(: timedatectl set-ntp true)?"),
                    renew.err());
            assertTrue(renew.out().contains("token one: renewed"), renew.out());
            tokens.add(operator.accessToken("one"));
        }
        assertEquals(2, tokens.size(), "each run got a token");
        requireSuccess(operator.run("renew", "--force"));
    }

    /** The end of the authorization, if the issuer returns it, is stored for status. */
    private static void endIsTold(LiveIssuer issuer, Operator operator) throws Exception {
        operator.configure(section(register(issuer, operator)), token("one", "acct"));
        Optional<Instant> atSetup = operator.state("acct").refreshTokenExpiresAt();
        Result renew = operator.run("renew", "--verbose");
        assertEquals(0, renew.status(), renew.err());
        Optional<Instant> end = operator.state("acct").refreshTokenExpiresAt();
        assertEquals(issuer.tellsEnd(), end.isPresent(), renew.err());
        assertEquals(atSetup.isPresent(), end.isPresent());
        if (end.isEmpty()) {
            String answer = renew.err()
                    .lines()
                    .filter(line -> line.startsWith("< 200"))
                    .reduce((first, last) -> last)
                    .orElseThrow();
            throw new NotOffered("the answer tells no end: " + answer);
        }
        assertTrue(end.get().isAfter(Instant.now()), end.toString());
        String status = operator.run("status", "--account=acct").out();
        assertTrue(status.contains("authorization ends"), status);
    }

    /** With --verbose at every command. Every case asserts that no output contains a secret. */
    private static void exchangesShown(LiveIssuer issuer, Operator operator) throws Exception {
        Result setup = operator.setup(Person.APPROVES, "acct", "--verbose", "--issuer=" + issuer.issuer());
        assertEquals(0, setup.status(), setup.err());
        operator.account("acct"); // from here on, outputs are checked for its secrets
        operator.configure(section(setup), token("one", "acct"));
        Result renew = operator.run("renew", "--verbose");
        assertEquals(0, renew.status(), renew.err());
        Account account = operator.account("acct");
        post(
                issuer,
                "revocation_endpoint",
                basic(account),
                Map.of("token", account.refreshToken().reveal()));
        operator.ends("it was revoked");
        Result refused = operator.run("renew", "--verbose");
        assertEquals(1, refused.status(), refused.err());
        Predefined wrong = wrong(issuer.client(Role.CONFIDENTIAL));
        String[] manual = operator.predefined(issuer.issuer(), wrong);
        List<String> verbose = new ArrayList<>(List.of(manual));
        verbose.add("--verbose");
        Result wrongSecret = operator.setup(Person.APPROVES, "other", verbose.toArray(String[]::new));
        assertEquals(1, wrongSecret.status(), wrongSecret.err());

        assertShown(setup, "> GET ", "/.well-known/openid-configuration", "> POST ", "device_code=***");
        assertShown(renew, "> POST ", "grant_type=refresh_token", "refresh_token=***", "< 200", "access_token=***");
        assertShown(refused, "< 40", "error=");
        assertShown(wrongSecret, "Authorization: Basic ***", "< 40");
    }

    private static void assertShown(Result ended, String... words) {
        for (String word : words) {
            assertTrue(ended.err().contains(word), () -> "no '" + word + "' in: " + ended.err());
        }
    }

    /** With refresh tokens of 20 seconds and access tokens of 5. */
    private static void shortAuthorization(LiveIssuer issuer, Operator operator) throws Exception {
        operator.configure(section(register(issuer, operator)), token("one", "acct"));
        renew(operator, "one");
        String token = operator.accessToken("one");
        Thread.sleep(21_000); // nothing renews it during this time
        Result renew = operator.run("renew");
        requireFailure(renew, "Failed to get token 'one': the authorization has ended: ", "setup --reauthenticate");
        assertEquals(token, operator.accessToken("one"));
        assertEquals(1, operator.run("status").status());
        operator.ends("it lives for 20 seconds");
        requireSuccess(operator.setup(Person.APPROVES, "acct", "--reauthenticate"));
        renew(operator, "one");
    }

    // Helpers of the cases

    /** Sets up an account with its own client. */
    private static Result register(LiveIssuer issuer, Operator operator, String... options) throws Exception {
        String[] all = new String[options.length + 1];
        all[0] = "--issuer=" + issuer.issuer();
        System.arraycopy(options, 0, all, 1, options.length);
        Result setup = operator.setup(Person.APPROVES, "acct", all);
        requireSuccess(setup);
        return setup;
    }

    /** Sets up an account with a predefined client, and renews a token. */
    private static void authorize(LiveIssuer issuer, Operator operator, Role role) throws Exception {
        String[] client = operator.predefined(issuer.issuer(), issuer.client(role));
        Result setup = operator.setup(Person.APPROVES, "acct", client);
        requireSuccess(setup);
        operator.configure(section(setup), token("one", "acct"));
    }

    private static void requireSuccess(Result ended) {
        assertEquals(0, ended.status(), ended.toString());
        assertEquals("", ended.err());
    }

    private static void requireFailure(Result ended, String... words) {
        assertEquals(1, ended.status(), ended.toString());
        assertEquals(1, ended.err().lines().count(), ended.err());
        for (String word : words) {
            assertTrue(ended.err().contains(word), () -> "no '" + word + "' in: " + ended.err());
        }
    }

    /** Runs {@code renew}, which must renew exactly this many tokens, without a warning. */
    private static void renew(Operator operator, String... tokens) throws Exception {
        Result renew = operator.run("renew");
        requireSuccess(renew);
        assertEquals(
                tokens.length,
                renew.out().lines().filter(line -> line.startsWith("token ")).count(),
                renew.out());
        for (String token : tokens) {
            assertTrue(renew.out().contains("token " + token + ": renewed, expires in "), renew.out());
        }
    }

    private static void requireGoodToken(LiveIssuer issuer, Operator operator, String name) throws Exception {
        if (!issuer.hasOpaqueTokens()) {
            Map<String, Object> claims = operator.claims(name);
            assertEquals(
                    withoutSlash(issuer.issuer()),
                    withoutSlash(Json.string(claims, "iss").orElseThrow()));
            assertTrue(Json.number(claims, "exp").orElseThrow() > Instant.now().getEpochSecond(), "expired");
        }
        assertEquals(
                "[OWNER_READ, OWNER_WRITE]",
                Files.getPosixFilePermissions(operator.file(name + ".token")).stream()
                        .sorted()
                        .toList()
                        .toString());
    }

    private static String refreshToken(Operator operator) throws Exception {
        return operator.account("acct").refreshToken().reveal();
    }

    /** The granted scope of a token in the output of status. */
    private static Set<String> grantedScope(Operator operator, String name) throws Exception {
        Map<String, Object> report =
                Json.object(operator.run("status", "--json").out()).orElseThrow();
        for (Map<String, Object> account : members(report, "accounts")) {
            for (Map<String, Object> token : members(account, "tokens")) {
                if (name.equals(token.get("token"))) {
                    return ofTheToken(Json.words(token, "granted_scope"));
                }
            }
        }
        throw new AssertionError("no token " + name + " in " + report);
    }

    private static List<Map<String, Object>> members(Map<String, Object> object, String list) {
        return ((List<?>) object.get(list))
                .stream()
                        .map(member -> {
                            Map<String, Object> copy = new LinkedHashMap<>();
                            ((Map<?, ?>) member).forEach((key, value) -> copy.put((String) key, value));
                            return copy;
                        })
                        .toList();
    }

    /** Without the scopes for the grant itself, because a response need not list them. */
    private static Set<String> ofTheToken(List<String> scope) {
        Set<String> rest = new HashSet<>(scope);
        rest.removeAll(List.of("openid", "offline_access"));
        return rest;
    }

    private static Predefined wrong(Predefined client) {
        return new Predefined(client.id(), client.secret().map(secret -> "not-" + secret));
    }

    private static String withoutSlash(String url) {
        return url.endsWith("/") ? url.substring(0, url.length() - 1) : url;
    }

    // Requests of the cases to the issuer

    private static LiveIssuer closed(LiveIssuer issuer, Registration registration) throws Exception {
        Optional<LiveIssuer> closed = issuer.with(registration);
        if (closed.isPresent()) {
            return closed.get();
        }
        HttpResponse<String> answer = issuer.browser().postJson(endpoint(issuer, "registration_endpoint"), """
                {"client_name": "anybody", "redirect_uris": ["http://localhost:8080"]}""");
        String secret = Json.object(answer.body())
                .flatMap(json -> Json.string(json, "client_secret"))
                .orElse("");
        throw new NotOffered("registration cannot be closed: " + quote(answer, secret));
    }

    private static String pollOfDeniedCode(LiveIssuer issuer) throws Exception {
        String id = issuer.client(Role.PUBLIC).id();
        String authorization = post(
                        issuer,
                        "device_authorization_endpoint",
                        List.of(),
                        Map.of("client_id", id, "scope", String.join(" ", issuer.scope())))
                .body();
        Map<String, Object> codes = Json.object(authorization).orElseThrow();
        issuer.decide(Json.string(codes, "user_code").orElseThrow(), LiveIssuer.ALICE, false);
        String code = Json.string(codes, "device_code").orElseThrow();
        return quote(
                post(
                        issuer,
                        "token_endpoint",
                        List.of(),
                        Map.of("client_id", id, "grant_type", Policy.DEVICE_CODE, "device_code", code)),
                code);
    }

    private static List<String> basic(Account account) {
        return List.of(
                account.client().id(), account.client().secret().orElseThrow().reveal());
    }

    private static HttpResponse<String> post(
            LiveIssuer issuer, String endpoint, List<String> basic, Map<String, String> form) throws Exception {
        return issuer.browser().postForm(endpoint(issuer, endpoint), basic, form);
    }

    private static String endpoint(LiveIssuer issuer, String name) throws Exception {
        String place = withoutSlash(issuer.issuer()) + "/.well-known/openid-configuration";
        String metadata = issuer.browser().getJson(place).body();
        return Json.string(Json.object(metadata).orElseThrow(), name).orElseThrow();
    }

    /** The beginning of a response without secrets. */
    private static String quote(HttpResponse<String> answer, String... secrets) {
        String body = answer.body().strip();
        for (String secret : secrets) {
            body = secret.isEmpty() ? body : body.replace(secret, "...");
        }
        return answer.statusCode() + " " + (body.length() > QUOTED ? body.substring(0, QUOTED) + "..." : body);
    }
}
