package org.opensciencegrid.tokenrenewer.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.dist.Installed;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.live.LiveIssuer.Predefined;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.FileStateStore;

/** An operator with a directory, who sets up accounts at one issuer and reads the output of the commands. */
final class Operator {
    /** How the user reacts to a request for approval. */
    enum Person {
        APPROVES,
        DENIES,
        IS_AWAY
    }

    private static final Pattern CODE = Pattern.compile("the code: +(\\S+)");

    private final LiveIssuer issuer;
    private final Installed site;
    private final List<Operator> others = new ArrayList<>();
    private String person = LiveIssuer.ALICE;
    private Optional<String> end = Optional.empty();
    private final List<Result> history = new ArrayList<>();
    private final Set<String> secrets = new HashSet<>(Set.of(LiveIssuer.REGISTRATION_TOKEN));

    Operator(Path directory, LiveIssuer issuer) throws IOException {
        this.issuer = issuer;
        this.site = new Installed(directory);
        site.cost = KdfParameters.DEFAULT; // as the program
        secrets.add(site.read("acct.pw").strip());
    }

    /** Another operator at another issuer. */
    Operator at(LiveIssuer other) throws IOException {
        Operator there = new Operator(site.file("other"), other);
        others.add(there);
        return there;
    }

    /** Changes the user who decides. */
    void letDecide(String who) {
        person = who;
    }

    Path file(String name) {
        return site.file(name);
    }

    Path writeSecret(String name, String secret) {
        secrets.add(secret);
        return site.secret(name, secret);
    }

    // Commands

    /** {@code setup} with a registered client. The last of several options with the same name counts. */
    Result setup(Person person, String account, String... options) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("setup", "--pw-file=" + site.file("acct.pw")));
        if (!List.of(options).contains("--reauthenticate")) {
            words.addAll(List.of("--ca-file=" + issuer.caFile(), "--scope=" + String.join(" ", issuer.scope())));
        }
        words.addAll(List.of(options));
        words.add(account);
        Result ended = setup(person, words);
        // A busy MITREid answers about one successful poll in some hundred with a 500. This does what the message says.
        // A busy Keycloak reports an approval before it has stored the user's consent, and a poll at that moment ends
        // the code.
        boolean again = Stream.of("the answer of the issuer was lost", "no longer has requested consent")
                .anyMatch(ended.err()::contains);
        return again ? setup(person, words) : ended;
    }

    private Result setup(Person person, List<String> words) throws IOException, InterruptedException {
        Running running = site.start(words.toArray(String[]::new));
        running.awaitOutput("Waiting for your approval");
        Matcher code = CODE.matcher(Files.readString(running.out()));
        if (person != Person.IS_AWAY && code.find()) {
            issuer.decide(code.group(1), this.person, person == Person.APPROVES);
        }
        return keep(running.await());
    }

    /** The options for the issuer and a predefined client, with its secret in a file. */
    String[] predefined(String url, Predefined client) throws IOException {
        String id = "--client-id=" + client.id();
        if (client.secret().isEmpty()) {
            return new String[] {"--issuer=" + url, "--public", id};
        }
        Path secret = writeSecret("client.secret", client.secret().get());
        return new String[] {"--issuer=" + url, "--manual", id, "--client-secret-file=" + secret};
    }

    /** {@code setup --client-credentials}, with the secret in a file. */
    Result setupService(String url, Predefined client, String scope) throws IOException, InterruptedException {
        return run(
                "setup",
                "--client-credentials",
                "--issuer=" + url,
                "--ca-file=" + issuer.caFile(),
                "--client-id=" + client.id(),
                "--client-secret-file="
                        + writeSecret("service.secret", client.secret().orElseThrow()),
                "--scope=" + scope,
                "service");
    }

    Result run(String... words) throws IOException, InterruptedException {
        return keep(site.run(words));
    }

    /** Runs a command with a clock that is wrong. */
    Result runAt(Duration off, String... words) throws IOException {
        return keep(site.inProcess("", Clock.offset(Clock.systemUTC(), off), Sleeper.REAL, words));
    }

    private Result keep(Result ended) throws IOException {
        history.add(ended);
        try (Stream<Path> files = Files.list(site.directory)) {
            for (Path token :
                    files.filter(file -> file.toString().endsWith(".token")).toList()) {
                secrets.add(Files.readString(token).strip()); // read it now: the next run may replace it
            }
        }
        return ended;
    }

    /** The section for config.ini in the output of setup. */
    static String section(Result setup) {
        int start = setup.out().indexOf("[account ");
        int end = setup.out().indexOf("[token ");
        if (start < 0 || end < start) {
            throw new AssertionError("no section was printed: " + setup);
        }
        return setup.out().substring(start, end);
    }

    // config.ini

    static String token(String name, String account, String... options) {
        return Installed.tokenSection(name, account, "DIR/" + name + ".token") + String.join("\n", options) + "\n";
    }

    void configure(String... sections) {
        site.config(String.join("\n", sections));
    }

    // Files

    String accessToken(String name) {
        return site.read(name + ".token").strip();
    }

    /** The claims of a token file, which must contain a JWT. */
    Map<String, Object> claims(String name) {
        String[] parts = accessToken(name).split("\\.");
        assertEquals(3, parts.length, "not a JWT: token " + name);
        String json = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
        return Json.object(json).orElseThrow();
    }

    /** The account as the program reads it. From here on, all outputs are checked for its secrets. */
    Account account(String name) throws IOException {
        Account account = site.account(name);
        secrets.add(account.refreshToken().reveal());
        account.client().secret().ifPresent(secret -> secrets.add(secret.reveal()));
        account.registrationAccessToken().ifPresent(token -> secrets.add(token.reveal()));
        return account;
    }

    /** Changes a member of the stored account. */
    void forge(String name, String member, String value) throws IOException {
        site.forge(name, member, value);
    }

    AccountState state(String name) throws IOException {
        return new FileStateStore(site.file("state/state"), site.file("state/rescue/state")).read(name);
    }

    // Final checks

    /** The case ended the account's authorization, or knows that the issuer does. */
    void ends(String why) {
        end = Optional.of(why);
    }

    /**
     * Uses the stored refresh token at the end, and counts the result. A token that the issuer rejects is lost if the
     * case did not end its authorization.
     */
    void settle(Tally tally) throws IOException, InterruptedException {
        for (Operator there : others) {
            there.settle(tally);
        }
        if (!Files.exists(site.file("state/accounts/acct.account"))) {
            return;
        }
        Account account = account("acct");
        Map<String, String> form = new LinkedHashMap<>(Map.of(
                "grant_type",
                "refresh_token",
                "refresh_token",
                account.refreshToken().reveal()));
        List<String> basic = new ArrayList<>();
        account.client()
                .secret()
                .ifPresent(secret -> basic.addAll(List.of(account.client().id(), secret.reveal())));
        if (basic.isEmpty()) {
            form.put("client_id", account.client().id());
        }
        HttpResponse<String> answer =
                issuer.browser().postForm(account.tokenEndpoint().toString(), basic, form);
        tally.count(1 + state("acct").rotations(), answer.statusCode() == 200, end, answer.statusCode());
    }

    /** A failed setup left nothing that a later run could mistake for an account. */
    void requireNoAccount() throws IOException {
        Path accounts = site.file("state/accounts");
        if (Files.isDirectory(accounts)) {
            try (Stream<Path> files = Files.list(accounts)) {
                List<String> left = files.map(file -> file.getFileName().toString())
                        .filter(file -> !file.endsWith(".lock"))
                        .toList();
                assertEquals(List.of(), left);
            }
        }
    }

    /** No output of any command so far contains a secret. */
    void requireDiscretion() {
        secrets.addAll(issuer.secrets());
        for (Result ended : history) {
            for (String secret : secrets) {
                assertFalse(ended.said().contains(secret), () -> "a secret was printed: " + ended);
            }
        }
    }
}
