package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.opensciencegrid.testkit.Fault;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.check.User;
import org.opensciencegrid.tokenrenewer.cli.output.CheckText;
import org.opensciencegrid.tokenrenewer.cli.output.Colors;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.systemd.RunningTimer;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/**
 * Makes each kind of finding on a correct site: {@code check} must report exactly that, and nothing on the correct
 * site.
 */
@Tag("slow")
class EveryFindingTest {
    private static final String PASSWORD = Program.PASSWORD;
    private static final String ACCOUNT = "[account acct]\npassword_file = DIR/acct.pw\n";
    private static final String TOKEN = "[token one]\naccount = acct\ntoken_path = DIR/tokens/one.token\n";

    /** Neither the owner of the test's files nor in one of their groups. */
    private static final User SERVICE = new User(54_321, 54_321, Set.of(54_321));

    @TempDir
    Path directory;

    private Session session;
    private Program program;
    private Host host;
    private Optional<User> user = Optional.empty();
    private boolean online = true;

    @BeforeEach
    void goodSite() throws IOException {
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        session = new Session(directory);
        program = session.program;
        // The issuer's web server uses the machine's real time.
        program.clock.advance(Duration.between(program.clock.instant(), java.time.Instant.now()));
        host = new Host(session);
        host.enableTimer();
        Files.createDirectories(program.file("tokens"));
        mode("tokens", "rwxr-xr-x");
        host.dropIn("osg-token-renewer.service", "[Service]\nReadWritePaths=" + program.file("tokens") + "\n");
        program.issuer.policy.accessSeconds = 3600;
        assertEquals(0, program.setup("--scope=openid offline_access").status());
        program.config(ACCOUNT + TOKEN);
        mode("config.ini", "rw-r--r--");
        assertEquals(0, program.run("renew").status());
        mode("tokens/one.token", "rw-------");
    }

    @AfterEach
    void stop() {
        session.close();
    }

    @ParameterizedTest
    @EnumSource
    void everyTroubleOfTheTimerIsAFinding(Timer.Trouble trouble) {
        assertEquals(
                "TIMER_" + trouble, Finding.Kind.valueOf("TIMER_" + trouble).name());
    }

    @Test
    void inAGoodSiteThereIsNothing() {
        assertEquals(List.of(), host.findings(user, online));
    }

    @ParameterizedTest
    @EnumSource
    void isFound(Finding.Kind kind) throws Exception {
        spoil(kind);
        List<Finding> found = host.findings(user, online);
        assertTrue(found.stream().anyMatch(finding -> finding.kind() == kind), found.toString());
        String text = new CheckText(new Messages(Host.COMMANDS), Host.COMMANDS, Colors.NONE).of(found);
        assertTrue(
                text.lines()
                                .filter(line -> line.matches(" {9}(To fix|Nothing to do): .*"))
                                .count()
                        == found.size(),
                text);
    }

    /** The switch must have a case for every kind, or the compiler fails. */
    private void spoil(Finding.Kind kind) throws Exception {
        switch (kind) {
            case CONFIG_ERROR -> program.config("[token]\n");
            case CONFIG_WARNING -> program.config(ACCOUNT + TOKEN + "audience = a,b\n");
            case CONFIG_WRITABLE -> mode("config.ini", "rw-r--rw-");
            case CONFIG_SHOWS_SECRET ->
                program.config(
                        ACCOUNT + TOKEN + "[account c]\ntoken_request_url = " + program.issuer.base()
                                + "/token\nclient_id = c\nclient_secret = s\n[token c]\naccount = c\ntoken_path = DIR/tokens/c\n");
            case HOOK_OPEN -> {
                program.write("hook", "#!/bin/sh\n");
                mode("hook", "rwxrwxrwx");
                program.config(ACCOUNT + TOKEN + "post_renewal = DIR/hook\n");
            }
            case HOOK_COMMAND_MISSING -> {
                assumeTrue(Files.notExists(Path.of("/usr/bin/condor_store_cred")), "has HTCondor");
                Files.createDirectories(program.file("libexec/osg-token-renewer/hooks"));
                program.write("libexec/osg-token-renewer/hooks/push-condor", "#!/bin/sh\n");
                mode("libexec/osg-token-renewer/hooks/push-condor", "rwxr-xr-x");
                program.config(ACCOUNT + TOKEN + "post_renewal = DIR/libexec/osg-token-renewer/hooks/push-condor\n");
            }
            case HOOK_VARIABLE_UNSET ->
                program.config(ACCOUNT + TOKEN + "post_renewal = /bin/true\npost_renewal_environment = KUBECONFIG\n");
            case NOTIFY_UNUSABLE ->
                program.config(ACCOUNT + "notify = mailto:a@example.org\nnotify_relay = 127.0.0.1:1\n" + TOKEN);
            case NO_TOKENS -> program.config(ACCOUNT);
            case TOKEN_FORGOTTEN -> {
                program.config(ACCOUNT + TOKEN + TOKEN.replace("one", "two"));
                assertEquals(0, program.run("renew").status());
                mode("tokens/two.token", "rw-------");
                program.config(ACCOUNT + TOKEN);
                mode("config.ini", "rw-r--r--");
            }
            case UNUSED_ACCOUNT -> program.config(ACCOUNT + TOKEN + "[account b]\npassword_file = /b\n");
            case RENEWAL -> Files.delete(program.file("state/accounts/acct.account"));
            case UNREADABLE_FOR_SERVICE -> {
                mode("config.ini", "rw-r-----");
                user = Optional.of(SERVICE);
            }
            case DIRECTORY_CLOSED -> {
                mode("tokens", "rwx------");
                program.config(ACCOUNT + TOKEN.replace("tokens/one", "tokens/below/one"));
                Files.createDirectory(program.file("tokens/below"));
                user = Optional.of(SERVICE);
            }
            case PASSWORD_WORLD_READABLE -> mode("acct.pw", "rw-r--r--");
            case PASSWORD_CARRIAGE_RETURN -> program.secret("acct.pw", PASSWORD + "\r");
            case PASSWORD_BYTE_ORDER_MARK -> program.secret("acct.pw", "\ufeff" + PASSWORD);
            case PASSWORD_OUTER_BLANKS -> program.secret("acct.pw", " " + PASSWORD);
            case PASSWORD_SHORT -> program.secret("acct.pw", "short");
            case PASSWORD_MORE_LINES -> program.secret("acct.pw", PASSWORD + "\nmore");
            case STATE_OPEN -> mode("state", "rwxr-xr-x");
            case STATE_OWNER -> {
                assumeTrue(System.getProperty("user.name").equals("root"), "only root gives files away");
                Files.setAttribute(program.file("state/accounts/acct.account"), "unix:uid", 54_321);
            }
            case STATE_NEARLY_FULL -> assumeTrue(false, "CheckIT has a file system for it");
            case ACCOUNT_FORGOTTEN -> program.config("");
            case ACCOUNT_NOT_IN_CONFIG -> {
                Files.delete(program.file("state/state/acct.json")); // no token was ever renewed
                program.config("");
            }
            case REFRESH_TOKEN_WAITING -> {
                Path account = program.file("state/accounts/acct.account");
                byte[] old = Files.readAllBytes(account);
                assertEquals(0, program.run("renew").status());
                Files.move(account, account.resolveSibling("acct.account.next")); // as after a crash
                Files.write(account, old);
            }
            case TWO_HOSTS -> state("other_host_at", program.clock.instant().toString());
            case IN_DOUBT -> {
                program.issuer.fault(Fault.on("/token").always().drop());
                program.run("renew");
            }
            case SECRET_ENDS -> {
                program.issuer.policy.secretExpiresAt =
                        program.clock.instant().plus(Duration.ofDays(3)).getEpochSecond();
                assertEquals(0, program.setup("--scope=openid offline_access").status());
            }
            case AUTHORIZATION_ENDS -> {
                program.issuer.policy.refreshExpiresIn = 3600L;
                assertEquals(0, program.run("renew").status());
            }
            case TOKEN_DIRECTORY_OPEN -> mode("tokens", "rwxrwxrwx");
            case TOKEN_DIRECTORY_CLOSED -> {
                mode("tokens", "rwx------");
                user = Optional.of(SERVICE);
            }
            case TOKEN_OUTSIDE_SANDBOX -> host.dropIn("osg-token-renewer.service", "[Service]\nReadOnlyPaths=/\n");
            case TOKEN_WORLD_READABLE -> mode("tokens/one.token", "rw-r--r--");
            case TOKEN_LONG -> program.write("tokens/one.token", "x".repeat(16_385) + "\n");
            case TOKEN_IS_LINK -> {
                Files.move(program.file("tokens/one.token"), program.file("tokens/target"));
                Files.createSymbolicLink(program.file("tokens/one.token"), program.file("tokens/target"));
                program.config(ACCOUNT + TOKEN + "audience = ce.example.org:9619\n");
            }
            case TIMER_MASKED -> host.mask("osg-token-renewer.timer");
            case TIMER_STATE_LINK -> host.linkState();
            case TIMER_BROKEN_RUN -> host.systemd = Optional.of(new RunningTimer(true, false, "exit status 226"));
            case TIMER_NO_FIRST_RUN ->
                host.dropIn("osg-token-renewer.timer", "[Timer]\nOnUnitActiveSec=\nOnUnitActiveSec=5min\n");
            case TIMER_NO_SECOND_RUN ->
                host.dropIn("osg-token-renewer.timer", "[Timer]\nOnUnitActiveSec=\nOnBootSec=5min\n");
            case TIMER_OFF -> {
                host.disableTimer();
                host.systemd = Optional.of(new RunningTimer(false, false, ""));
            }
            case TIMER_NOT_STARTED -> host.systemd = Optional.of(new RunningTimer(false, false, ""));
            case TIMER_NOT_RELOADED -> host.systemd = Optional.of(new RunningTimer(true, true, ""));
            case TIMER_NOT_ENABLED -> host.disableTimer();
            case TIMER_UNKNOWN -> host.removeTimer();
            case TIMER_TOO_SLOW ->
                host.dropIn(
                        "osg-token-renewer.timer", "[Timer]\nOnUnitActiveSec=\nOnBootSec=15min\nOnUnitActiveSec=1h\n");
            case MIN_LIFETIME_TOO_SHORT -> program.config(ACCOUNT + TOKEN + "min_lifetime = 600\n");
            case LIFE_TOO_SHORT -> program.config(ACCOUNT + TOKEN + "min_lifetime = 7200\n");
            case CLOCK_BEHIND -> program.clock.advance(Duration.ofHours(-2));
            case CLOCK_DIFFERS -> {
                String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(
                        program.clock.instant().minusSeconds(301).atOffset(ZoneOffset.UTC));
                program.issuer.fault(
                        Fault.on("/.well-known/openid-configuration").always().header("Date", date));
            }
            case CRL_MISSING -> caDirectory();
            case CRL_EXPIRED -> {
                caDirectory();
                Files.write(
                        program.file("certificates/0a1b2c3d.r0"),
                        Program.CA.crl(Duration.ofDays(-9), Duration.ofDays(-2)));
            }
            case PROXY_UNREACHABLE ->
                program.config("[DEFAULT]\nproxy = http://127.0.0.1:1\n" + ACCOUNT + TOKEN
                        + "[account c]\ntoken_request_url = https://issuer.invalid/token\nclient_id = c\nclient_secret = s\n"
                        + "[token c]\naccount = c\ntoken_path = DIR/tokens/c\n");
            case PROXY_DIFFERS -> {
                clientCredentialsElsewhere();
                host.shell = Optional.of(ProxySettings.of("HTTPS_PROXY", "http://proxy.example.org:3128", ""));
            }
            case ADDRESS_SILENT -> assumeTrue(false, "SilentAddressesTest has names with several addresses");
            case TOKEN_ENDPOINT_MOVED -> {
                program.secret("secret", "s");
                program.config(ACCOUNT + TOKEN + "[account c]\ntoken_request_url = " + program.issuer.base()
                        + "/old/token\nissuer = " + program.issuer.issuer() + "\nclient_id = c\n"
                        + "client_secret_file = DIR/secret\nca_file = DIR/ca.pem\n"
                        + "[token c]\naccount = c\ntoken_path = DIR/tokens/c\n");
            }
            case ISSUER_NAME_DIFFERS -> {
                assertEquals(
                        0,
                        program.run(
                                        "client-key",
                                        "--add",
                                        program.file("client.key").toString())
                                .status());
                program.config(ACCOUNT + TOKEN + "[account c]\ntoken_request_url = " + program.issuer.base()
                        + "/token\nissuer = " + program.issuer.issuer() + "/\nclient_id = c\n"
                        + "client_key_file = DIR/client.key\nca_file = DIR/ca.pem\n"
                        + "[token c]\naccount = c\ntoken_path = DIR/tokens/c\n");
            }
            case NO_REAUTHENTICATION ->
                program.issuer.fault(
                        Fault.on("/.well-known/openid-configuration").always().remove("device_authorization_endpoint"));
            case ISSUER_NOT_ASKED -> Files.delete(program.file("acct.pw"));
            case NO_CLASS_ARCHIVE -> host.emptyArchiveDirectory();
        }
    }

    private void clientCredentialsElsewhere() {
        program.secret("secret", "s");
        program.config(ACCOUNT + TOKEN
                + "[account c]\ntoken_request_url = https://issuer.invalid/token\nclient_id = c\n"
                + "client_secret_file = DIR/secret\n[token c]\naccount = c\ntoken_path = DIR/tokens/c\n");
    }

    /** The shell has no proxy, and may or may not reach the issuer: the timer does not. */
    @Test
    void aProxyOfTheUnitWhereNobodyListens() throws Exception {
        clientCredentialsElsewhere();
        host.dropIn(
                "osg-token-renewer.service",
                "[Service]\nReadWritePaths=" + program.file("tokens")
                        + "\nEnvironment=HTTPS_PROXY=http://127.0.0.1:1\n");
        host.shell = Optional.of(ProxySettings.NONE);
        List<Finding> found = host.findings(user, online);
        assertEquals(
                List.of(Finding.Kind.PROXY_UNREACHABLE, Finding.Kind.PROXY_DIFFERS),
                found.stream().map(Finding::kind).toList(),
                found.toString());
        assertTrue(
                found.get(0).detail().contains("through the proxy 127.0.0.1:1 of HTTPS_PROXY cannot be reached"),
                found.toString());
        assertEquals("osg-token-renewer.service", found.get(0).where());
        assertTrue(found.get(0).isProblem());
        assertEquals(
                "the service reaches it through the proxy http://127.0.0.1:1, and this shell without a proxy",
                found.get(1).detail());
    }

    private void caDirectory() throws IOException {
        Files.createDirectories(program.file("certificates"));
        Program.CA.writeCaPem(program.file("certificates/0a1b2c3d.0"));
        program.config(ACCOUNT + "ca_dir = DIR/certificates\n" + TOKEN);
    }

    private void state(String name, String value) {
        JsonObject state =
                JsonObject.parse(program.read("state/state/acct.json")).orElseThrow();
        program.write("state/state/acct.json", state.with(name, value).toJson() + "\n");
    }

    private void mode(String file, String mode) throws IOException {
        program.mode(file, mode);
    }
}
