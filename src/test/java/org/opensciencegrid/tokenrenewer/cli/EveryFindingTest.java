package org.opensciencegrid.tokenrenewer.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
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
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.check.User;
import org.opensciencegrid.tokenrenewer.issuer.Fault;
import org.opensciencegrid.tokenrenewer.text.Members;

/** A good site, spoilt once for each kind of finding: {@code check} finds that and, in a good one, nothing. */
@Tag("slow")
class EveryFindingTest {
    private static final String PASSWORD = "correct horse battery staple";
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
        // The issuer's web server tells the time of the machine.
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
        String text = new CheckText(new Messages(Host.COMMANDS), Host.COMMANDS, Colours.NONE).of(found);
        assertTrue(
                text.lines()
                                .filter(line -> line.startsWith("         repair: "))
                                .count()
                        == found.size(),
                text);
    }

    /** The compiler asks for a new kind. */
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
            case NO_TOKENS -> program.config(ACCOUNT);
            case UNUSED_ACCOUNT -> program.config(ACCOUNT + TOKEN + "[account b]\npassword_file = /b\n");
            case RENEWAL -> Files.delete(program.file("state/accounts/acct.account"));
            case UNREADABLE_FOR_SERVICE -> {
                mode("config.ini", "rw-r-----");
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
            case ACCOUNT_NOT_IN_CONFIG -> program.config("");
            case REFRESH_TOKEN_WAITING -> {
                Path account = program.file("state/accounts/acct.account");
                byte[] old = Files.readAllBytes(account);
                assertEquals(0, program.run("renew").status());
                Files.move(account, account.resolveSibling("acct.account.next")); // as a crash leaves it
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
            case TOKEN_PATH_RELATIVE -> program.config(ACCOUNT + TOKEN.replace("DIR/", ""));
            case TOKEN_DIRECTORY_OPEN -> mode("tokens", "rwxrwxrwx");
            case TOKEN_DIRECTORY_CLOSED -> {
                mode("tokens", "rwx------");
                user = Optional.of(SERVICE);
            }
            case TOKEN_OUTSIDE_SANDBOX -> host.dropIn("osg-token-renewer.service", "[Service]\nReadOnlyPaths=/\n");
            case TOKEN_WORLD_READABLE -> mode("tokens/one.token", "rw-r--r--");
            case TOKEN_LONG -> program.write("tokens/one.token", "x".repeat(16_385) + "\n");
            case TIMER_OFF -> host.disableTimer();
            case TIMER_UNKNOWN -> host.removeTimer();
            case TIMER_TOO_SLOW ->
                host.dropIn("osg-token-renewer.timer", "[Timer]\nOnUnitActiveSec=\nOnUnitActiveSec=1h\n");
            case MIN_LIFETIME_TOO_SHORT -> program.config(ACCOUNT + TOKEN + "min_lifetime = 600\n");
            case CLOCK_BEHIND -> program.clock.advance(Duration.ofHours(-2));
            case CLOCK_DIFFERS -> program.clock.advance(Duration.ofMinutes(5));
            case NO_REAUTHENTICATION ->
                program.issuer.fault(
                        Fault.on("/.well-known/openid-configuration").always().remove("device_authorization_endpoint"));
            case ISSUER_NOT_ASKED -> Files.delete(program.file("acct.pw"));
            case NO_CLASS_ARCHIVE -> host.emptyArchiveDirectory();
        }
    }

    private void state(String name, String value) {
        Members state = Members.parse(program.read("state/state/acct.json")).orElseThrow();
        program.write("state/state/acct.json", state.with(name, value).toJson() + "\n");
    }

    private void mode(String file, String mode) throws IOException {
        Files.setPosixFilePermissions(program.file(file), PosixFilePermissions.fromString(mode));
    }
}
