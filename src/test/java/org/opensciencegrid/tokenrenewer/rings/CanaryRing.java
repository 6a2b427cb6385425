package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.nimbusds.jose.jwk.JWKSet;
import java.io.File;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.Seen;
import org.opensciencegrid.tokenrenewer.fixture.MailServer;
import org.opensciencegrid.tokenrenewer.fixture.Result;
import org.opensciencegrid.tokenrenewer.net.RawServer;

/**
 * Runs all commands of the shipped program with an issuer that echoes every secret it receives, in all encodings,
 * together with control characters. Then searches everything that was printed, all files, and the arguments and
 * environments of all processes for every secret.
 */
class CanaryRing {
    private static final int CANARIES = 25;
    private static final String PASSWORD = AccessPoint.PASSWORD;
    private static final String NEXT_PASSWORD = "Tr0ub4dor and another three";
    private static final String MANUAL_SECRET = "manual-client/secret+of=32~chars";
    private static final String CONFIG_SECRET = "secret-in-the-config-file-itself";
    private static final String INITIAL_TOKEN = "initial-access-token-of-the-site";
    private static final String HOSTILE = "\u001b]0;owned\u0007\u001b[2J\r\nOct 10 fake: renewed\u202e\u2028\u0085 ";

    @TempDir
    Path directory;

    private AccessPoint point;
    private MailServer mail;
    private RawServer web;
    private final Canaries canaries = new Canaries();
    private final StringBuilder printed = new StringBuilder();
    private final List<String> astray = new ArrayList<>();
    private final Map<String, String> processes = new ConcurrentHashMap<>();

    /** Adds a target of each kind that was told nothing yet, so that the next failure is told. */
    private void tell(String config) {
        int n = mail.mails().size();
        point.config(
                "[DEFAULT]\nowner = grid\nnotify_after = 1\nnotify_relay = " + mail.relay() + "\nnotify = mailto:grid"
                        + n + "@example.org exec:DIR/tell" + n + " " + web.uri("/hook" + n) + "\n" + config);
        point.write("tell" + n, "#!/bin/sh\n{ env; cat; } > " + point.file("told" + n) + "\n");
        point.mode("tell" + n, "rwxr-xr-x");
    }

    @Test
    void noSecretAndNoControlCharacterGetsOut() throws Exception {
        canaries.add(List.of(PASSWORD, NEXT_PASSWORD, MANUAL_SECRET, CONFIG_SECRET, INITIAL_TOKEN));
        try (AccessPoint site = new AccessPoint(directory);
                MailServer mails = new MailServer();
                RawServer hooks = new RawServer(RawServer.answer("204 No Content", ""))) {
            point = site;
            mail = mails;
            web = hooks;
            Thread watcher = new Thread(this::watch);
            watcher.setDaemon(true);
            watcher.start();
            life();
            watcher.interrupt();
            watcher.join();
            canaries.add(site.issuer.secrets());
        }
        assertTrue(canaries.count() >= CANARIES, canaries.count() + " secrets");
        assertTrue(processes.size() > 40, processes.size() + " processes and their environments were seen");
        assertEquals(List.of(), mail.violations());
        assertTrue(mail.mails().size() >= 7, mail.mails().size() + " mails");
        assertEquals(mail.mails().size(), web.requests().size());
        String messages = mail.mails().toString() + web.requests();
        printed.append(messages.replace("\r\n", "\n"));
        List<String> hits =
                new ArrayList<>(canaries.in("printed", printed.toString().getBytes(StandardCharsets.UTF_8)));
        processes.forEach((text, process) -> hits.addAll(canaries.in(process, text.getBytes(StandardCharsets.UTF_8))));
        int files = 0;
        try (Stream<Path> all = Files.walk(directory)) {
            for (Path file : all.filter(Files::isRegularFile).toList()) {
                if (!isThePlaceOfASecret(file)) {
                    files++;
                    hits.addAll(canaries.in(directory.relativize(file).toString(), Files.readAllBytes(file)));
                }
            }
        }
        assertEquals(List.of(), hits);
        assertEquals(List.of(), controls());
        assertEquals(List.of(), astray);
        System.out.println("--- canaries: " + canaries.count() + " secrets, 4 encodings, " + printed.length()
                + " characters printed, " + files + " files, " + processes.size()
                + " command lines and environments: 0 hits, 0 control characters");
    }

    /** Files that contain secrets in plain text, and the token files. The encrypted accounts are searched. */
    private boolean isThePlaceOfASecret(Path file) {
        String name = file.getFileName().toString();
        return name.endsWith(".pw")
                || name.endsWith(".secret")
                || name.endsWith(".secret.old") // of client-key
                || name.endsWith(".token")
                || name.equals("config.ini");
    }

    /** The search finds every encoding of a secret. Otherwise it would prove nothing. */
    @Test
    void theSearchFindsWhatIsThere() {
        canaries.add(List.of(MANUAL_SECRET, PASSWORD));
        for (String secret : List.of(MANUAL_SECRET, PASSWORD)) {
            for (byte[] text : Canaries.writtenIn(secret)) {
                assertFalse(canaries.in("x", text).isEmpty(), () -> new String(text, StandardCharsets.UTF_8));
            }
        }
        assertEquals(List.of(), canaries.in("x", "correct horse".getBytes(StandardCharsets.UTF_8)));
        printed.append("a\u001bb\n\u009b\n");
        assertEquals(2, controls().size());
    }

    private void life() throws Exception {
        point.secret("manual.secret", MANUAL_SECRET);
        point.secret("initial.secret", INITIAL_TOKEN);
        point.secret("old.pw", PASSWORD);
        String issuer = "--issuer=" + point.issuer.issuer();
        String scope = "--scope=openid offline_access";

        // Setup that fails at each step, then one that succeeds.
        for (String path : List.of("/register", "/device_authorization", "/token")) {
            echo(path, 400, "application/json", "invalid_request");
            run(
                    1,
                    point.setupLine(
                            "--verbose",
                            issuer,
                            scope,
                            "--registration-token-file=" + point.file("initial.secret"),
                            "acct"));
        }
        point.issuer.clearFaults();
        point.issuer.fault(Fault.on("/device_authorization").set("user_code", "AB" + HOSTILE));
        run(0, point.setupLine("--verbose", issuer, scope, "acct"));
        run(
                1,
                point.setupLine(
                        issuer,
                        scope,
                        "--manual",
                        "--client-id=m",
                        "--client-secret-file=" + point.file("manual.secret"),
                        "manual"));

        // Renewals, and every kind of error.
        run(0, "renew", "--verbose", "--force");
        String[][] refusals = {
            {"400", "application/json", "invalid_grant"},
            {"401", "application/json", "invalid_token"},
            {"401", "application/json", "invalid_client"},
            {"400", "application/json", "invalid_scope"},
            {"400", "text/plain", ""},
            {"403", "text/html", ""},
            {"302", "text/html", ""},
        };
        String quiet = point.read("config.ini");
        for (String[] refusal : refusals) {
            tell(quiet);
            echo("/token", Integer.parseInt(refusal[0]), refusal[1], refusal[2]);
            run(1, "renew", "--force", "--verbose");
            run(-1, "status");
        }
        point.config(quiet);
        point.variables.put("JOURNAL_STREAM", "1:1");
        echo("/token", 200, "application/json", "");
        run(1, "renew", "--force");
        point.variables.remove("JOURNAL_STREAM");
        point.issuer.clearFaults();
        run(0, "renew", "--force", "--metrics-file=" + point.file("metrics.prom"));
        run(0, "renew", "--dry-run");
        run(0, "status");
        run(0, "status", "--json");
        run(0, "status", "t0");
        run(0, "status", "--account=acct");
        run(-1, "check");
        run(-1, "check", "--offline");

        changeTheClient();

        // A client secret in the config file.
        String config = point.read("config.ini");
        point.config("[account cc]\ntoken_request_url = " + point.issuer.base()
                + "/token\nclient_id = cc\nclient_secret = " + CONFIG_SECRET + "\nca_file = DIR/ca.pem\n"
                + AccessPoint.tokenSection("cc", "cc", "DIR/cc.token"));
        run(1, "renew", "--verbose");
        echo("/token", 401, "application/json", "invalid_client");
        run(1, "renew", "--force", "--verbose");
        point.issuer.clearFaults();
        run(-1, "status");
        run(-1, "check");
        point.config(config);

        clientWithAKey();
        point.config(config);
        exchange(config);
        point.config(config);

        // Export and import, a password change, and removal.
        Files.createDirectory(point.file("agent"));
        run(0, "export-oidc-agent", "acct", "--to=" + point.file("agent/acct"));
        run(0, "remove", "acct");
        run(0, "import-oidc-agent", "acct", "--from=" + point.file("agent"));
        run(0, "renew", "--force");
        point.secret("acct.pw", NEXT_PASSWORD);
        run(1, "renew", "--force");
        run(0, "change-password", "acct", "--old-pw-file=" + point.file("old.pw"));
        run(0, "change-password", "acct", "--old-pw-file=" + point.file("old.pw"));
        run(0, "setup", "--verbose", "--reauthenticate", "--pw-file=" + point.file("acct.pw"), "acct");
        echo("/revoke", 400, "application/json", "unsupported_token_type");
        run(1, "remove", "acct", "--revoke", "--delete-client");
        point.issuer.clearFaults();
        echo("/register/*", 403, "application/json", "access_denied"); // 401 would mean that the client was deleted
        run(1, "remove", "acct", "--revoke", "--delete-client");
        point.issuer.clearFaults();
        run(0, "remove", "acct", "--revoke", "--delete-client");
    }

    /** The token that is exchanged, in each kind of error. */
    private void exchange(String config) throws Exception {
        point.issuer.policy.tokenExchange = true;
        for (String client : point.issuer.registeredClients()) {
            point.issuer.addGrant(client, Policy.TOKEN_EXCHANGE);
        }
        String exchanging = config.replaceFirst(
                "(?m)^token_path", "exchange = yes\nexchange_resource = https://a.example.org/\ntoken_path");
        point.config(exchanging);
        run(0, "renew", "--verbose", "--force");
        assertEquals(1, point.issuer.count("/token", Policy.TOKEN_EXCHANGE));
        for (String error : List.of("invalid_request", "invalid_grant", "unauthorized_client", "invalid_target", "")) {
            tell(exchanging);
            echo("/token", error.isEmpty() ? 200 : 400, "application/json", error);
            run(1, "renew", "--verbose", "--force");
            run(-1, "status");
        }
        point.issuer.clearFaults();
        point.config(exchanging);
        run(0, "renew", "--force");
        run(-1, "status", "--json");
        run(-1, "check");
    }

    /** The tokens to change the client, which each answer replaces. */
    private void changeTheClient() throws Exception {
        String key = point.file("managed.secret").toString();
        run(0, "client-key", "--add", "--send=acct", key);
        String[][] refusals = {
            {"401", "application/json", "invalid_token"}, {"403", "text/html", ""}, {"200", "application/json", ""}
        };
        for (String[] refusal : refusals) {
            echo("/register/*", Integer.parseInt(refusal[0]), refusal[1], refusal[2]);
            run(1, "client-key", "--send=acct", key);
        }
        point.issuer.clearFaults();
        run(0, "client-key", "--add", "--send=acct", key);
        addKeys("managed.secret");
    }

    private void addKeys(String file) throws Exception {
        JWKSet.load(point.file(file).toFile())
                .getKeys()
                .forEach(one -> canaries.add(List.of(one.toECKey().getD().toString())));
    }

    /** A private key, and the assertions that it signs. */
    private void clientWithAKey() throws Exception {
        String key = point.file("key.secret").toString();
        String[] setup = {
            "setup",
            "--verbose",
            "--client-credentials",
            "--issuer=" + point.issuer.issuer(),
            "--ca-file=" + point.caFile(),
            "--client-id=kc",
            "--client-key-file=" + key,
            "kc"
        };
        run(1, setup);
        String jwks = point.run("client-key", key).out();
        point.issuer.addKeyClient("kc", jwks, List.of("client_credentials"), List.of("compute.read"));
        run(0, setup);
        point.config("[account kc]\ntoken_request_url = " + point.issuer.base() + "/token\nclient_id = kc\n"
                + "client_key_file = " + key + "\nca_file = DIR/ca.pem\n"
                + AccessPoint.tokenSection("kc", "kc", "DIR/kc.token"));
        run(0, "renew", "--verbose");
        run(0, "client-key", "--add", key);
        run(0, "client-key", "--use-new", key);
        echo("/token", 401, "application/json", "invalid_client");
        run(1, "renew", "--force", "--verbose");
        point.issuer.clearFaults();
        run(-1, "status");
        run(-1, "check");
        addKeys("key.secret");
        for (Seen request : point.issuer.requests("/token")) {
            if (request.parameter("client_assertion") != null) {
                canaries.add(List.of(request.parameter("client_assertion")));
            }
        }
    }

    /** @param status the expected exit status, which shows that the command took the intended path; -1 for any */
    private void run(int status, String... words) throws IOException, InterruptedException {
        Result ended = point.run(words);
        printed.append(ended.said());
        if (status >= 0 && ended.status() != status) {
            astray.add(String.join(" ", words) + ": " + ended);
        }
    }

    private void secret(String name, String text) throws IOException {
        Files.writeString(point.file(name), text + "\n");
        point.mode(name, "rw-------");
    }

    /** Echoes what the request contained. */
    private void echo(String path, int status, String type, String error) {
        point.issuer.clearFaults();
        String sent = String.join(" ", point.issuer.currentRefreshTokens()); // for a renewal, which contains no other
        point.issuer.fault(Fault.on(path)
                .respond(status, type, "-")
                .header("Location", "https://elsewhere.example.org/?" + sent)
                .rewrite(body -> echo(point.issuer.requests(), type, error))
                .always());
    }

    private static byte[] echo(List<Seen> requests, String type, String error) {
        Seen request = requests.get(requests.size() - 1);
        List<String> carried = new ArrayList<>();
        for (String name : List.of(
                "refresh_token", "token", "device_code", "client_secret", "client_assertion", "subject_token")) {
            if (request.parameter(name) != null) {
                carried.add(request.parameter(name));
            }
        }
        String authorization = request.header("Authorization");
        if (authorization != null) {
            String value = authorization.substring(authorization.indexOf(' ') + 1);
            carried.add(value); // Basic credentials unchanged, or a bearer token
        }
        StringBuilder text = new StringBuilder(HOSTILE);
        for (String secret : carried) {
            byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
            text.append("Invalid token: ")
                    .append(secret)
                    .append(' ')
                    .append(Base64.getEncoder().encodeToString(bytes))
                    .append(' ')
                    .append(Base64.getUrlEncoder().encodeToString(("x" + secret).getBytes(StandardCharsets.UTF_8)))
                    .append(' ')
                    .append(HexFormat.of().formatHex(bytes))
                    .append(' ')
                    .append(URLEncoder.encode(secret, StandardCharsets.UTF_8))
                    .append(HOSTILE);
        }
        String said = text.toString();
        if (type.equals("application/json") && !error.isEmpty()) {
            StringBuilder json = new StringBuilder();
            said.chars().forEach(c -> json.append(String.format("\\u%04x", c)));
            said = "{\"error\":\"" + error + "\",\"error_description\":\"" + json + "\",\"scope\":\"" + json + "\"}";
        }
        return said.getBytes(StandardCharsets.UTF_8);
    }

    /** Reads arguments and environments of the processes of this access point, as often as possible. */
    private void watch() {
        String mark = "OSG_TOKEN_RENEWER_STATE_DIR=" + point.file("state");
        while (!Thread.currentThread().isInterrupted()) {
            String[] pids = new File("/proc").list((place, name) -> Character.isDigit(name.charAt(0)));
            for (String pid : pids) {
                try {
                    String environment =
                            Files.readString(Path.of("/proc", pid, "environ"), StandardCharsets.ISO_8859_1);
                    if (environment.contains(mark)) {
                        String line = Files.readString(Path.of("/proc", pid, "cmdline"), StandardCharsets.ISO_8859_1);
                        processes.putIfAbsent(environment, "environment");
                        processes.putIfAbsent(line, "command line");
                    }
                } catch (IOException e) {
                    // The process has ended.
                }
            }
        }
    }

    /** The lines with a character that moves the cursor, ends a line, or changes the text direction. */
    private List<String> controls() {
        return Stream.of(printed.toString().split("\n"))
                .filter(line -> line.codePoints().anyMatch(CanaryRing::isControl))
                .toList();
    }

    private static boolean isControl(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }
}
