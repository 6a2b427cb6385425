package org.opensciencegrid.tokenrenewer.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.cli.Program;
import org.opensciencegrid.tokenrenewer.dist.Installed;
import org.opensciencegrid.tokenrenewer.dist.Installed.Ended;
import org.opensciencegrid.tokenrenewer.dist.Installed.Running;
import org.opensciencegrid.tokenrenewer.live.LiveIssuer.Predefined;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateFiles;
import org.opensciencegrid.tokenrenewer.text.Json;
import org.opensciencegrid.tokenrenewer.text.Members;

/** An operator with a directory of their own, who sets accounts up at one issuer and reads what the commands print. */
final class Operator {
    /** What the person in front of the browser does with a request for approval. */
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
    private final List<Ended> history = new ArrayList<>();
    private final Set<String> secrets = new HashSet<>(Set.of(LiveIssuer.REGISTRATION_TOKEN));

    Operator(Path directory, LiveIssuer issuer) throws IOException {
        this.issuer = issuer;
        this.site = new Installed(Files.createDirectories(directory));
        secrets.add(site.read("acct.pw").strip());
    }

    /** Another operator, at another issuer. */
    Operator at(LiveIssuer other) throws IOException {
        Operator there = new Operator(site.file("other"), other);
        others.add(there);
        return there;
    }

    /** Whose browser it is from now on. */
    void letDecide(String who) {
        person = who;
    }

    Path file(String name) {
        return site.file(name);
    }

    Path writeSecret(String name, String secret) throws IOException {
        site.write(name, secret + "\n");
        Files.setPosixFilePermissions(site.file(name), PosixFilePermissions.fromString("rw-------"));
        secrets.add(secret);
        return site.file(name);
    }

    // Commands

    /** {@code setup} with a registered client. The last of several options with one name counts. */
    Ended setup(Person person, String account, String... options) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("setup", "--pw-file=" + site.file("acct.pw")));
        if (!List.of(options).contains("--reauthenticate")) {
            words.addAll(List.of("--ca-file=" + issuer.caFile(), "--scope=" + String.join(" ", issuer.scope())));
        }
        words.addAll(List.of(options));
        words.add(account);
        Ended ended = setup(person, words);
        // MITREid, busy, answers one winning poll in some hundred with a 500. We do what the message says. Keycloak,
        // busy,
        // tells of an approval before it has written the person's consent down, and the poll that comes between ends
        // the code.
        boolean again = Stream.of("was lost on its way", "no longer has requested consent")
                .anyMatch(ended.err()::contains);
        return again ? setup(person, words) : ended;
    }

    private Ended setup(Person person, List<String> words) throws IOException, InterruptedException {
        Running running = site.start("usr/bin/osg-token-renewer", words.toArray(String[]::new));
        running.awaitOutput("Waiting for your approval");
        Matcher code = CODE.matcher(Files.readString(running.out()));
        if (person != Person.IS_AWAY && code.find()) {
            issuer.decide(code.group(1), this.person, person == Person.APPROVES);
        }
        return keep(running.await());
    }

    /** The options that name the issuer and a predefined client, its secret in a file. */
    String[] predefined(String url, Predefined client) throws IOException {
        String id = "--client-id=" + client.id();
        if (client.secret().isEmpty()) {
            return new String[] {"--issuer=" + url, "--public", id};
        }
        Path secret = writeSecret("client.secret", client.secret().get());
        return new String[] {"--issuer=" + url, "--manual", id, "--client-secret-file=" + secret};
    }

    /** {@code setup --client-credentials}, with the secret in a file. */
    Ended setupService(String url, Predefined client, String scope) throws IOException, InterruptedException {
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

    Ended run(String... words) throws IOException, InterruptedException {
        return keep(site.run(words));
    }

    /** A command on a machine whose clock is off. */
    Ended runAt(Duration off, String... words) throws IOException {
        Program.Result result = Program.at(Clock.offset(Clock.systemUTC(), off), Map.copyOf(site.variables), words);
        return keep(new Ended(result.status(), result.out(), result.err()));
    }

    private Ended keep(Ended ended) throws IOException {
        history.add(ended);
        try (Stream<Path> files = Files.list(site.directory)) {
            for (Path token :
                    files.filter(file -> file.toString().endsWith(".token")).toList()) {
                secrets.add(Files.readString(token).strip()); // now: the next run may write another one
            }
        }
        return ended;
    }

    /** The section that setup says to add to config.ini. */
    static String section(Ended setup) {
        int start = setup.out().indexOf("[account ");
        int end = setup.out().indexOf("[token ");
        if (start < 0 || end < start) {
            throw new AssertionError("no section was printed: " + setup);
        }
        return setup.out().substring(start, end);
    }

    // config.ini

    static String token(String name, String account, String... options) {
        return "[token " + name + "]\naccount = " + account + "\ntoken_path = DIR/" + name + ".token\n"
                + String.join("\n", options) + "\n";
    }

    void configure(String... sections) {
        site.write("config.ini", String.join("\n", sections));
    }

    // What is on disk

    String accessToken(String name) {
        return site.read(name + ".token").strip();
    }

    /** The claims of a token file that has to hold a JWT. */
    Map<String, Object> claims(String name) {
        String[] parts = accessToken(name).split("\\.");
        assertEquals(3, parts.length, "not a JWT: token " + name);
        String json = new String(Base64.getUrlDecoder().decode(parts[1]), StandardCharsets.UTF_8);
        return Json.object(json).orElseThrow();
    }

    /** The account as the program would read it. What is secret in it is from now on looked for in every output. */
    Account account(String name) throws IOException {
        AccountStore store = store();
        try (Password password = PasswordFile.read(site.file("acct.pw"));
                LockedAccount locked = store.lock(name, Duration.ofSeconds(30));
                OpenAccount open = locked.open(password)) {
            Account account = Account.decode(open.plaintext());
            secrets.add(account.refreshToken().reveal());
            account.client().secret().ifPresent(secret -> secrets.add(secret.reveal()));
            account.registrationAccessToken().ifPresent(token -> secrets.add(token.reveal()));
            return account;
        }
    }

    /** Makes the account remember something else. */
    void forge(String name, String member, String value) throws IOException {
        AccountStore store = store();
        try (Password password = PasswordFile.read(site.file("acct.pw"));
                LockedAccount locked = store.lock(name, Duration.ofSeconds(30));
                OpenAccount open = locked.open(password)) {
            Members members = Members.parse(new String(open.plaintext(), StandardCharsets.UTF_8))
                    .orElseThrow();
            open.save(members.with(member, value).toJson().getBytes(StandardCharsets.UTF_8));
        }
    }

    private AccountStore store() {
        return new AccountStore(site.file("state/accounts"), site.file("state/rescue"), KdfParameters.DEFAULT);
    }

    AccountState state(String name) throws IOException {
        return new StateFiles(site.file("state/state")).read(name);
    }

    // What is left in the end

    /** The case itself ended the account's authorization, or knows of the issuer that it does. */
    void ends(String why) {
        end = Optional.of(why);
    }

    /**
     * Uses the refresh token that is stored in the end, and counts. One that the issuer does not take any more, although
     * the case did nothing to end it, is lost.
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

    /** That a setup which failed left nothing behind that a later run could take for an account. */
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

    /** That no output of any command so far holds a secret. */
    void requireDiscretion() {
        secrets.addAll(issuer.secrets());
        for (Ended ended : history) {
            for (String secret : secrets) {
                assertFalse((ended.out() + ended.err()).contains(secret), () -> "a secret was printed: " + ended);
            }
        }
    }
}
