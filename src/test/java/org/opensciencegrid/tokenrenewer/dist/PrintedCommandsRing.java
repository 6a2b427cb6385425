package org.opensciencegrid.tokenrenewer.dist;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.oidcagent.AgentFile;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.json.Json;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/**
 * Breaks an installed service in one way after another, pastes the command that the program prints for it, and checks
 * that the service renews again.
 */
@Timeout(1200)
class PrintedCommandsRing {
    private static final String STATE = "/var/lib/osg-token-renewer";
    private static final String CONFIG = "/etc/osg/token-renewer/config.ini";
    private static final String ACCOUNT_FILE = STATE + "/accounts/acct.account";
    private static final String PASSWORD_FILE = "/etc/osg/tokens/acct.pw";
    private static final String TOKEN_FILE = "/etc/osg/tokens/one.token";
    private static final String PASSWORD = Installed.PASSWORD;
    private static final String SETUP = "osg-token-renewer-setup acct";
    private static final String REAUTHENTICATE = "osg-token-renewer-setup --reauthenticate acct";
    private static final String RENEW = "OSG_TOKEN_RENEWER_LOG_FORMAT=json osg-token-renewer renew";
    private static final String TOKEN = "[token one]\naccount = acct\ntoken_path = " + TOKEN_FILE + "\n";

    @TempDir
    Path directory;

    private EmbeddedIssuer issuer;
    private InstalledHost host;
    private String answers;

    @BeforeEach
    void renewed() throws Exception {
        host = new InstalledHost();
        Installed site = new Installed(directory);
        site.mode("", "rwxr-xr-x");
        issuer = site.startIssuer();
        issuer.policy.accessSeconds = 3600;
        answers = issuer.issuer() + "\nopenid offline_access\n";
        host.must("cp " + site.caFile() + " /etc/osg/ca.pem");
        config(TOKEN);
        host.must(SETUP, answers);
        host.must("osg-token-renewer renew && osg-token-renewer check");
    }

    @AfterEach
    void end() throws IOException {
        if (host != null) {
            host.close();
        }
        if (issuer != null) {
            issuer.close();
        }
    }

    private void config(String tokens) throws IOException {
        write(CONFIG, "[account acct]\npassword_file = " + PASSWORD_FILE + "\nca_file = /etc/osg/ca.pem\n" + tokens);
    }

    /** Keeps owner and mode. */
    private void write(String file, String text) throws IOException {
        host.must("cat > " + file, text);
    }

    /** What a command printed as JSON about one problem. */
    private record Printed(String kind, String command) {
        static Printed of(String kind, JsonObject repair, String text) {
            List<String> words = repair.words("command");
            assertFalse(words.isEmpty(), kind + " has no command: " + text);
            String line = words.get(0).equals("sh")
                    ? words.get(2)
                    : text.substring(text.lastIndexOf(": " + words.get(0)) + 2);
            return new Printed(kind, line);
        }
    }

    /** Renews, and returns the failure of the token, which is always due. */
    private Printed failure() throws IOException {
        Result renew = host.run(RENEW);
        assertNotEquals(0, renew.status(), renew.out());
        JsonObject failure = renew.out()
                .lines()
                .map(line -> JsonObject.parse(line).orElse(JsonObject.NONE))
                .map(event -> event.member("failure"))
                .filter(why -> !why.names().isEmpty())
                .findFirst()
                .orElseThrow(() -> new AssertionError(renew.out()));
        return Printed.of(
                failure.string("kind").orElseThrow(),
                failure,
                failure.string("repair").orElseThrow());
    }

    private List<JsonObject> findings() throws IOException {
        return JsonObject.parse(host.run("osg-token-renewer check --json").out().strip())
                .orElseThrow()
                .list("findings");
    }

    private Printed finding(String kind) throws IOException {
        List<JsonObject> all = findings();
        JsonObject found = all.stream()
                .filter(one -> one.string("kind").orElse("").equals(kind))
                .findFirst()
                .orElseThrow(() -> new AssertionError(kind + " is not among "
                        + all.stream().map(JsonObject::toJson).toList()));
        List<String> words = found.words("command");
        return Printed.of(kind, found, ": " + String.join(" ", words)); // none has a word that needs quotes
    }

    private static final Pattern COMMAND =
            Pattern.compile(".*To fix: (?:.*?: )?((?:osg-token-renewer|chown|setfacl|install)\\b.*)");

    /** The command of a message in text. */
    private static String pasted(String out) {
        return out.lines()
                .map(COMMAND::matcher)
                .filter(Matcher::matches)
                .map(line -> line.group(1))
                .findFirst()
                .orElseThrow(() -> new AssertionError(out));
    }

    private interface Step {
        void run() throws Exception;
    }

    private void nothing() {}

    private final List<String> wrong = new ArrayList<>();

    /**
     * The command must be the printed one, and must end the failure of the token.
     *
     * @param fix what a person must do first, as the advice says
     */
    private void repairs(String kind, String command, Step spoil, Step fix) throws Exception {
        spoil.run();
        Printed printed = failure();
        fix.run();
        Result pasted = host.run(printed.command(), answers);
        Result after = host.run("osg-token-renewer renew && osg-token-renewer check");
        if (!printed.equals(new Printed(kind, command)) || pasted.status() != 0 || after.status() != 0) {
            wrong.add(kind + ": " + printed + "\n" + pasted + "\n" + after);
        }
    }

    /** The same for a finding of check. */
    private void repairsFinding(String kind, String command, Step spoil, Step fix) throws Exception {
        spoil.run();
        Printed printed = finding(kind);
        fix.run();
        Result pasted = host.run(printed.command(), answers);
        boolean isLeft = findings().stream()
                .filter(one ->
                        !kind.equals("unused_account") || !one.words("command").isEmpty())
                .anyMatch(one -> one.string("kind").orElse("").equals(kind));
        if (!printed.command().equals(command) || pasted.status() != 0 || isLeft) {
            wrong.add(kind + ": " + printed + "\n" + pasted + (isLeft ? " is left" : ""));
        }
    }

    private Step shell(String line) {
        return () -> host.must(line);
    }

    @Test
    void whatRenewPrints() throws Exception {
        repairs("account_missing", SETUP, shell("rm " + ACCOUNT_FILE + "*"), this::nothing);
        repairs("wrong_password", SETUP, () -> write(PASSWORD_FILE, "another good password\n"), this::nothing);
        repairs(
                "account_damaged",
                SETUP,
                shell("rm " + ACCOUNT_FILE + ".prev && echo x > " + ACCOUNT_FILE),
                this::nothing);
        repairs("account_foreign", SETUP, this::useTheFileOfAnotherAccount, this::nothing);
        repairs(
                "account_older",
                REAUTHENTICATE,
                shell("cp -a " + STATE
                        + " /run/kept && osg-token-renewer renew --force && osg-token-renewer renew --force"
                        + " && cp -a /run/kept/accounts/. " + STATE + "/accounts/"),
                this::nothing);
        repairs(
                "account_copied",
                REAUTHENTICATE,
                shell("cp -a " + STATE + " /run/copy && rm -r " + STATE + " && cp -a /run/copy " + STATE
                        + " && rm -f /var/cache/osg-token-renewer/host/* /run/osg-token-renewer/*"),
                this::nothing);
        repairs("refresh_token_lost", REAUTHENTICATE, this::loseTheRefreshToken, this::openTheStateAgain);
        repairs("authorization_dead", REAUTHENTICATE, issuer::revokeAll, this::nothing);
        repairs(
                "authorization_lost",
                REAUTHENTICATE,
                () -> issuer.fault(Fault.on("/token").grant("refresh_token").loseAnswer()),
                issuer::clearFaults);
        repairs(
                "person_refused",
                REAUTHENTICATE,
                () -> issuer.disableUser("alice", true),
                () -> issuer.disableUser("alice", false));
        repairs(
                "client_refused",
                SETUP,
                () -> List.copyOf(issuer.registeredClients()).forEach(issuer::removeClient),
                this::nothing);
        repairs(
                "request_refused",
                REAUTHENTICATE,
                () -> issuer.fault(Fault.on("/token")
                        .grant("refresh_token")
                        .always()
                        .respond(400, "application/json", "{\"error\":\"invalid_request\"}")),
                issuer::clearFaults);
        repairs(
                "identity_changed",
                REAUTHENTICATE,
                () -> issuer.policy.idTokenSubject = "mallory",
                () -> issuer.policy.idTokenSubject = null);
        repairs(
                "scope_refused",
                "osg-token-renewer-setup '--scope=openid offline_access compute.create' acct",
                () -> config(TOKEN + "scope = openid compute.create\n"),
                this::nothing);
        assertEquals(List.of(), wrong);
    }

    private void useTheFileOfAnotherAccount() throws IOException {
        host.must("(umask 077; echo another good password > /etc/osg/tokens/other.pw) && osg-token-renewer-setup"
                + " --ca-file=/etc/osg/ca.pem --issuer=" + issuer.issuer() + " --scope='openid offline_access' other");
        host.must("cp -a " + STATE + "/accounts/other.account " + ACCOUNT_FILE + " && osg-token-renewer remove other");
    }

    private static final String SAVING = STATE + " " + STATE + "/accounts /run/osg-token-renewer";

    /** While the answer is on its way, the directories in which it could be saved become read-only. */
    private void loseTheRefreshToken() throws IOException {
        Path asked = directory.resolve("asked");
        Path closed = directory.resolve("closed");
        issuer.fault(Fault.on("/token").grant("refresh_token").rewrite(answer -> {
            try {
                Files.createFile(asked);
                for (int i = 0; i < 1000 && !Files.exists(closed); i++) {
                    Thread.sleep(20);
                }
                return answer;
            } catch (IOException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }));
        host.must("(for i in $(seq 400); do [ -e " + asked + " ] && break; sleep 0.05; done; rm " + ACCOUNT_FILE
                + ".next; chmod a-w " + SAVING + "; touch " + closed + ") > /dev/null 2>&1 &");
    }

    private void openTheStateAgain() throws IOException {
        issuer.clearFaults();
        host.run("chmod u+w " + SAVING);
    }

    @Test
    void whatTheHostBreaks() throws Exception {
        repairs(
                "store_read_only",
                "mount -o remount,rw \"$(findmnt -no TARGET -T " + STATE + "/accounts)\"",
                shell("cp -a " + STATE + " /run/state && mount -t tmpfs -o mode=0700 state " + STATE
                        + " && cp -a /run/state/. " + STATE + " && mount -o remount,ro " + STATE),
                this::nothing);
        repairs(
                "token_not_permitted",
                "chown -h osg-token-svc: " + TOKEN_FILE,
                shell("chown 12345 " + TOKEN_FILE),
                this::nothing);
        host.must("printf '#!/bin/sh\\nexit 1\\n' > /etc/osg/hook && chmod 755 /etc/osg/hook");
        repairs(
                "hook_failed",
                "osg-token-renewer renew",
                () -> config(TOKEN + "post_renewal = /etc/osg/hook\n"),
                shell("echo '#!/bin/sh' > /etc/osg/hook"));
        repairs(
                "hook_timeout",
                "osg-token-renewer renew",
                () -> {
                    config(TOKEN + "post_renewal = /etc/osg/hook\npost_renewal_timeout = 1\n");
                    host.must("printf '#!/bin/sh\\nsleep 9\\n' > /etc/osg/hook");
                },
                () -> {
                    config(TOKEN + "post_renewal = /etc/osg/hook\n");
                    host.must("echo '#!/bin/sh' > /etc/osg/hook");
                });
        repairs(
                "token_owner_closed",
                "setfacl -m u:nobody:r " + TOKEN_FILE,
                () -> config(TOKEN + "token_owner = nobody\n"),
                () -> config(TOKEN));
        if (Files.isExecutable(Path.of("/usr/sbin/update-ca-certificates"))) {
            host.must(
                    "mkdir -p /usr/local/share/ca-certificates && mount -t tmpfs none /usr/local/share/ca-certificates"
                            + " && cp /etc/osg/ca.pem /usr/local/share/ca-certificates/site.crt && update-ca-certificates"
                            + " && osg-token-renewer remove acct");
            write(CONFIG, "[account acct]\npassword_file = " + PASSWORD_FILE + "\n" + TOKEN);
            host.must(SETUP, answers);
            repairs(
                    "no_system_cas",
                    "update-ca-certificates --fresh",
                    () -> write("/etc/ssl/certs/ca-certificates.crt", ""),
                    this::nothing);
        }
        assertEquals(List.of(), wrong);
        assertTrue(host.must("getfacl -p " + TOKEN_FILE).contains("user:nobody:r"), "also after a renewal");
    }

    @Test
    void whatCheckAndStatusPrint() throws Exception {
        repairsFinding(
                "in_doubt",
                REAUTHENTICATE,
                () -> {
                    issuer.fault(
                            Fault.on("/token").grant("refresh_token").times(9).loseAnswer());
                    issuer.policy.killFamilyOnReuse = false;
                    host.run(RENEW);
                },
                issuer::clearFaults);
        repairsFinding(
                "two_hosts",
                REAUTHENTICATE,
                shell("echo 0123456789abcdef0123456789abcdef > /etc/machine-id"),
                this::nothing);
        issuer.policy.secretExpiresAt = Instant.now().plus(Duration.ofDays(2)).getEpochSecond();
        repairsFinding("secret_ends", SETUP, () -> host.must(SETUP, answers), () -> issuer.policy.secretExpiresAt = 0L);
        issuer.policy.tellsRefreshLife = true;
        issuer.policy.refreshLife = Duration.ofDays(2);
        repairsFinding(
                "authorization_ends",
                REAUTHENTICATE,
                shell("osg-token-renewer renew --force"),
                () -> issuer.policy.refreshLife = Duration.ofDays(30));
        repairsFinding(
                "no_class_archive",
                "/usr/libexec/osg-token-renewer/make-archive",
                shell("rm -f /var/cache/osg-token-renewer/*.jsa"),
                this::nothing);
        int clients = issuer.registeredClients().size();
        repairsFinding(
                "unused_account",
                "osg-token-renewer remove --revoke --delete-client acct",
                () -> config(""),
                this::nothing);
        assertEquals(clients - 1, issuer.registeredClients().size());
        assertEquals(List.of(), wrong);
    }

    @Test
    void whatStatusPrints() throws Exception {
        host.must("chmod 0666 " + PASSWORD_FILE);
        String status = host.run("osg-token-renewer status").out();
        String line = status.lines()
                .map(String::strip)
                .filter(text -> text.startsWith("chown "))
                .findFirst()
                .orElseThrow(() -> new AssertionError(status));
        host.must(line);
        assertEquals("640 root:osg-token-svc\n", host.must("stat -c '%a %U:%G' " + PASSWORD_FILE));
        assertFalse(host.run("osg-token-renewer status").out().contains("ACTION"));
        host.must("osg-token-renewer renew --force");
    }

    @Test
    void whatSetupPrints() throws Exception {
        issuer.addClient(
                "mine",
                "s3cret",
                "client_secret_basic",
                List.of(Policy.DEVICE_CODE, Policy.REFRESH_TOKEN),
                List.of("openid", "offline_access"));
        host.must("osg-token-renewer remove acct");
        issuer.policy.openRegistration = false;
        String refused = pasted(host.run(SETUP, answers).out());
        assertEquals("osg-token-renewer-setup --manual acct", refused);
        host.must(refused, answers + "mine\ns3cret\n");
        host.must("osg-token-renewer renew --force");
        issuer.policy.openRegistration = true;

        host.must("rm " + PASSWORD_FILE);
        config("");
        String missing = host.run(
                        "osg-token-renewer-setup --issuer=" + issuer.issuer() + " --scope='openid offline_access' acct")
                .out();
        String create = missing.substring(missing.indexOf("(set -C")).strip();
        host.must(create);
        host.must(SETUP, answers);

        config(TOKEN);
        host.must("mv " + PASSWORD_FILE + " /etc/osg/acct.pw && (umask 077; echo " + PASSWORD + " > " + PASSWORD_FILE
                + ") && sed -i 's,/etc/osg/tokens/acct.pw,/etc/osg/acct.pw,' /etc/osg/token-renewer/config.ini");
        String other = pasted(host.run(REAUTHENTICATE).out());
        assertEquals("osg-token-renewer-setup --pw-file=/etc/osg/acct.pw --reauthenticate acct", other);
        host.must(other);
        host.must("rm " + PASSWORD_FILE + " && chown root: /etc/osg/acct.pw && chmod 0600 /etc/osg/acct.pw");
        String closed = pasted(host.run(SETUP, answers).out());
        assertEquals("osg-token-renewer-setup --pw-file=/etc/osg/acct.pw acct", closed);
        host.must(closed, answers);
        host.must("osg-token-renewer renew --force");

        host.must("chown 12345 /etc/osg/acct.pw && mv /etc/osg/acct.pw " + PASSWORD_FILE);
        String foreign = pasted(host.run(SETUP).out());
        assertEquals("chown root: " + PASSWORD_FILE, foreign);
        host.must(foreign);
        config(TOKEN);
        host.must(SETUP, answers);
        host.must("osg-token-renewer renew --force");

        String without =
                pasted(host.run(SETUP + " --state-dir=/srv/'a state'", answers).out());
        assertEquals("install -d -m 0700 -o osg-token-svc -g osg-token-svc /srv/a\\ state", without);
        host.must("mount -t tmpfs none /srv && " + without);
        host.must(SETUP + " --state-dir=/srv/'a state'", answers);

        host.must("install -d -m 0700 /srv/site && install -d /srv/site/tokens");
        String write = "osg-token-renewer-setup --write-config --token=two --token-path=/srv/site/tokens/two acct";
        for (String repair : List.of("x /srv/site", "rwx /srv/site/tokens")) {
            String inVain = pasted(host.run(write, answers).out());
            assertEquals("setfacl -m u:osg-token-svc:" + repair, inVain);
            host.must(inVain);
        }
        host.must(write, answers);
        host.must("osg-token-renewer renew --force && test -s /srv/site/tokens/two");
    }

    @Test
    void whatOtherCommandsPrint() throws Exception {
        String reader = host.run("setpriv --reuid=nobody --regid=nogroup --clear-groups osg-token-renewer status")
                .out();
        assertEquals("osg-token-renewer status", pasted(reader), reader);
        host.must("osg-token-renewer status");

        host.must("chown root:root " + CONFIG + " && chmod 0640 " + CONFIG);
        String closed = host.run("osg-token-renewer check").out();
        host.must(closed.substring(closed.indexOf("chgrp ")).strip());
        host.must("osg-token-renewer status");

        host.must("mv " + PASSWORD_FILE + " /etc/osg/old.pw");
        String change = host.run("osg-token-renewer change-password --old-pw-file=/etc/osg/old.pw acct")
                .out();
        host.must(change.substring(change.indexOf("(set -C")).strip());
        host.must("chgrp osg-token-svc " + PASSWORD_FILE + " && chmod g+r " + PASSWORD_FILE);
        host.must("osg-token-renewer change-password --old-pw-file=/etc/osg/old.pw acct");
        host.must("osg-token-renewer renew --force");

        host.must("chown -R 4242 " + STATE);
        String restored = pasted(host.run("osg-token-renewer status").out());
        assertEquals("chown -R osg-token-svc: " + STATE, restored);
        host.must(restored);
        host.must("osg-token-renewer renew --force");
    }

    @Test
    void whatImportPrints() throws Exception {
        host.must("osg-token-renewer export-oidc-agent acct --to=/run/osg-token-renewer/export && install -d -m 0755 "
                + "/etc/osg/agent && mv /run/osg-token-renewer/export " + directory.resolve("acct"));
        String imported = "osg-token-renewer import-oidc-agent --from=/etc/osg/agent acct";
        host.must("cp " + directory.resolve("acct") + " /etc/osg/agent/acct && chmod 0600 /etc/osg/agent/acct");
        String exists = pasted(host.run(imported).out());
        assertEquals("osg-token-renewer remove acct", exists);
        host.must(exists);
        String unreadable = pasted(host.run(imported).out());
        assertEquals("chown -h osg-token-svc: /etc/osg/agent/acct", unreadable);
        host.must(unreadable);
        host.must(imported);
        host.must("osg-token-renewer renew --force");

        Map<String, Object> mytoken = new LinkedHashMap<>(agentAccount());
        mytoken.put("mytoken_url", "https://mytoken.example.org");
        Map<String, Object> grant = new LinkedHashMap<>(agentAccount());
        grant.putAll(Map.of("refresh_token", "", "username", "alice", "password", "hers"));
        Map<String, Object> without = new LinkedHashMap<>(agentAccount());
        without.put("refresh_token", "");
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("empty", new byte[0]);
        files.put("pgp", "-----BEGIN PGP MESSAGE-----\n".getBytes(StandardCharsets.UTF_8));
        files.put("damaged", "something".getBytes(StandardCharsets.UTF_8));
        files.put("password", seal(agentAccount(), "not this one"));
        files.put("mytoken", seal(mytoken, PASSWORD));
        files.put("grant", seal(grant, PASSWORD));
        files.put("without", seal(without, PASSWORD));
        StringBuilder sections = new StringBuilder(TOKEN);
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            String name = file.getKey();
            Files.write(directory.resolve(name), file.getValue());
            host.must("cp -p " + PASSWORD_FILE + " /etc/osg/tokens/" + name + ".pw && cp " + directory.resolve(name)
                    + " /etc/osg/agent/ && chown osg-token-svc /etc/osg/agent/" + name);
            sections.append("[account " + name + "]\npassword_file = /etc/osg/tokens/" + name
                    + ".pw\nca_file = /etc/osg/ca.pem\n[token of-" + name + "]\naccount = " + name
                    + "\ntoken_path = /etc/osg/tokens/" + name + ".token\n");
        }
        config(sections.toString());
        String refused = host.run(
                        "osg-token-renewer import-oidc-agent --from=/etc/osg/agent " + String.join(" ", files.keySet()))
                .out();
        List<String> commands = refused.lines()
                .map(line -> line.substring(line.lastIndexOf(": ") + 2))
                .toList();
        assertEquals(
                files.keySet().stream()
                        .map(name -> "osg-token-renewer-setup " + name)
                        .toList(),
                commands,
                refused);
        for (String command : commands) {
            host.must(command, answers);
        }
        assertTrue(host.must("osg-token-renewer renew --force").endsWith("8 tokens: 8 renewed\n"));
        host.must("osg-token-renewer check");
    }

    private Map<String, Object> agentAccount() throws IOException {
        try (Password secret = Password.of(PASSWORD.getBytes(StandardCharsets.UTF_8))) {
            return Json.object(
                            new String(AgentFile.read(directory.resolve("acct")).open(secret), StandardCharsets.UTF_8))
                    .orElseThrow();
        }
    }

    private static byte[] seal(Map<String, Object> account, String password) {
        try (Password secret = Password.of(password.getBytes(StandardCharsets.UTF_8))) {
            return AgentFile.seal(Json.write(account).getBytes(StandardCharsets.UTF_8), secret);
        }
    }
}
