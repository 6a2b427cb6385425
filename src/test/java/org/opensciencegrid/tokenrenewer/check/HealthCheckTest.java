package org.opensciencegrid.tokenrenewer.check;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opensciencegrid.cryptostore.FileAccountStore;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.check.Finding.Kind;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.fixture.SiteDirectory;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.FileStateStore;
import org.opensciencegrid.tokenrenewer.state.StateLayout;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;
import org.opensciencegrid.tokenrenewer.systemd.ServiceEnvironment;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;

/** Checks that run only if the service is installed: its user, its timer, its sandbox. */
class HealthCheckTest {
    /** Neither the owner of the test's files nor in one of their groups. */
    private static final User SERVICE = new User(54_321, 54_321, Set.of(54_321));

    private boolean hasSystemd = true;

    @TempDir
    Path directory;

    private Path root;
    private Path tokens;

    @BeforeEach
    void machine() throws IOException {
        // The service trusts directories only of root and of itself.
        assumeTrue("root".equals(Files.getOwner(directory).getName()), "needs root");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        root = Files.createDirectories(directory.resolve("root"));
        Path units = Files.createDirectories(root.resolve("usr/lib/systemd/system"));
        for (String unit : List.of(Timer.UNIT, Sandbox.UNIT)) {
            Files.copy(Path.of("..", "systemd", unit), units.resolve(unit));
        }
        tokens = Files.createDirectories(directory.resolve("tokens"));
        Files.setPosixFilePermissions(tokens, PosixFilePermissions.fromString("rwxrwxrwx"));
        Files.setAttribute(tokens, "unix:mode", 01777);
        dropIn(Sandbox.UNIT, "[Service]\nReadWritePaths=" + tokens + "\n");
        enable();
        Path state = Files.createDirectories(directory.resolve("state"));
        Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwx------"));
        config("scope = x");
    }

    private void dropIn(String unit, String text) throws IOException {
        Path place = Files.createDirectories(root.resolve("etc/systemd/system/" + unit + ".d"));
        Files.writeString(place.resolve("site.conf"), text);
    }

    private Path wants() {
        return root.resolve("etc/systemd/system/multi-user.target.wants/" + Timer.UNIT);
    }

    private void enable() throws IOException {
        Files.createDirectories(wants().getParent());
        Files.createSymbolicLink(wants(), Path.of("/usr/lib/systemd/system", Timer.UNIT));
    }

    private void config(String more) throws IOException {
        Path secret = directory.resolve("secret");
        Files.writeString(secret, "s3cret\n");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-r--r--"));
        Files.writeString(directory.resolve("config.ini"), """
                [account acct]
                token_request_url = https://issuer.example.org/token
                client_id = me
                client_secret_file = %s
                [token one]
                account = acct
                token_path = %s
                %s
                """.formatted(secret, tokens.resolve("one.token"), more));
        Files.setPosixFilePermissions(directory.resolve("config.ini"), PosixFilePermissions.fromString("rw-r--r--"));
    }

    private void state(String token) throws IOException {
        Files.createDirectories(directory.resolve("state/state"));
        Files.writeString(directory.resolve("state/state/acct.json"), "{\"v\":1,\"tokens\":{\"one\":" + token + "}}\n");
    }

    private List<Kind> kinds() {
        return findings().stream().map(Finding::kind).toList();
    }

    private List<Finding> findings() {
        StateLayout places = StateLayout.of(directory.resolve("state"), directory.resolve("run"));
        ServiceMachine machine = new ServiceMachine(
                Optional.of(SERVICE),
                hasSystemd,
                hasSystemd ? Timer.read(root) : Optional.empty(),
                hasSystemd ? Sandbox.read(root) : Optional.empty(),
                hasSystemd ? ServiceEnvironment.read(root).map(Map::keySet) : Optional.empty(),
                root.resolve("var/cache/osg-token-renewer"));
        return new HealthCheck(
                        directory.resolve("config.ini"),
                        places,
                        new FileAccountStore(places.accounts(), places.rescue(), SiteDirectory.CHEAP),
                        new FileStateStore(places.state(), places.spareState()),
                        new Passwords(Optional.empty()),
                        Optional.empty(),
                        Optional.empty(),
                        new TokenSecrets(name -> Optional.empty(), Network.DIRECT, Sleeper.REAL),
                        Optional.empty(),
                        Optional.of(machine),
                        AccountState.SOON,
                        Clock.systemUTC())
                .run();
    }

    @Test
    void aServiceAsItShouldBe() {
        assertEquals(List.of(), kinds());
    }

    @Test
    void aConfigFileThatTheServiceCannotRead() throws IOException {
        Files.setPosixFilePermissions(directory.resolve("config.ini"), PosixFilePermissions.fromString("rw-r-----"));
        assertEquals(List.of(Kind.UNREADABLE_FOR_SERVICE), kinds());
    }

    @Test
    void aSecretThatTheServiceCannotRead() throws IOException {
        Files.setPosixFilePermissions(directory.resolve("secret"), PosixFilePermissions.fromString("rw-------"));
        assertEquals(List.of(Kind.UNREADABLE_FOR_SERVICE), kinds());
    }

    /** A host key stays root's alone: systemd passes it to the service. */
    @Test
    void aHostKeyThatOnlyRootCanRead() throws Exception {
        Path certificate = directory.resolve("cert.pem");
        Path key = directory.resolve("key.pem");
        new TestCa().writeClientCertificate(certificate, key, "ce", false, Duration.ofDays(30));
        Files.setPosixFilePermissions(certificate, PosixFilePermissions.fromString("rw-r--r--"));
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        String config = Files.readString(directory.resolve("config.ini"));
        Files.writeString(
                directory.resolve("config.ini"),
                config.replaceAll(
                        "client_secret_file.*", "tls_cert_file = " + certificate + "\ntls_key_file = " + key));
        List<Finding> found = findings();
        assertEquals(List.of(Kind.RENEWAL), found.stream().map(Finding::kind).toList());
        assertEquals(
                Failure.Kind.FILE_ACCESS, found.get(0).failure().orElseThrow().kind(), found.toString());
        dropIn(Sandbox.UNIT, "[Service]\nReadWritePaths=" + tokens + "\nLoadCredential=acct.key:" + key + "\n");
        assertEquals(List.of(), findings());
    }

    @Test
    void aDirectoryOfTokensThatIsClosedToTheService() throws IOException {
        Files.setPosixFilePermissions(tokens, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertEquals(List.of(Kind.TOKEN_DIRECTORY_CLOSED), kinds());
    }

    @Test
    void withoutSystemdThereIsNoTimerButTheServiceStillNeedsItsFiles() throws IOException {
        hasSystemd = false;
        Files.setPosixFilePermissions(tokens, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertEquals(List.of(Kind.TOKEN_DIRECTORY_CLOSED), kinds());
    }

    @Test
    void aFindingAboutATokenNamesItsAccount() throws IOException {
        dropIn(Sandbox.UNIT, "");
        Files.setAttribute(tokens, "unix:mode", 0777);
        Path token = Files.writeString(tokens.resolve("one.token"), "x".repeat(16_385) + "\n");
        Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-r--r--"));
        state("{\"renewed_at\":\"2026-01-01T00:00:00Z\",\"expires_at\":\"2026-01-01T00:14:00Z\"}");
        config("min_lifetime = 840");
        assertEquals(
                List.of("acct"),
                findings().stream().map(Finding::account).distinct().toList(),
                findings().toString());
        assertEquals(6, findings().size(), findings().toString());
    }

    @Test
    void aTokenThatEverybodyShouldRead() throws IOException {
        Path token = Files.createFile(tokens.resolve("one.token"));
        Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-r--r--"));
        assertEquals(List.of(Kind.TOKEN_WORLD_READABLE), kinds());
        config("token_mode = 0644");
        assertEquals(List.of(), kinds(), "the next renewal would set the mode again");
    }

    @Test
    void aFileOfOthersBesideTheState() throws IOException {
        Path state = directory.resolve("state");
        Files.createFile(state.resolve("theirs"));
        assumeTrue(System.getProperty("user.name").equals("root"), "only root gives files away");
        Files.setAttribute(state.resolve("theirs"), "unix:uid", 54_321);
        assertEquals(List.of(), kinds());
        Files.createDirectories(state.resolve("accounts"));
        Files.setAttribute(state.resolve("accounts"), "unix:uid", 54_321);
        assertEquals(List.of(Kind.STATE_OWNER), kinds());
    }

    @Test
    void aTokenFileThatTheServiceMayOverwriteInAClosedDirectory() throws IOException {
        Files.setPosixFilePermissions(tokens, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path token = Files.createFile(tokens.resolve("one.token"));
        Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-----w-"));
        assertEquals(List.of(), kinds());
    }

    @Test
    void aDirectoryOfTokensThatTheUnitKeepsReadOnly() throws IOException {
        dropIn(Sandbox.UNIT, "");
        assertEquals(List.of(Kind.TOKEN_OUTSIDE_SANDBOX), kinds());
    }

    @Test
    void aTimerThatIsNotEnabled() throws IOException {
        Files.delete(wants());
        assertEquals(List.of(Kind.TIMER_NOT_ENABLED), kinds());
    }

    @Test
    void aTokenThatEndsBetweenTwoRuns() throws IOException {
        state("{\"renewed_at\":\"2026-01-01T00:00:00Z\",\"expires_at\":\"2026-01-01T00:14:00Z\"}");
        assertEquals(List.of(Kind.TIMER_TOO_SLOW), kinds());
        state("{\"renewed_at\":\"2026-01-01T00:00:00Z\",\"expires_at\":\"2026-01-01T00:14:01Z\"}");
        assertEquals(List.of(), kinds());
    }

    @Test
    void aMinLifetimeShorterThanTheTimersGap() throws IOException {
        state("{\"renewed_at\":\"2026-01-01T00:00:00Z\",\"expires_at\":\"2026-01-01T01:00:00Z\"}");
        config("min_lifetime = 839");
        assertEquals(List.of(Kind.MIN_LIFETIME_TOO_SHORT), kinds());
        config("min_lifetime = 840");
        assertEquals(List.of(), kinds());
    }

    private List<String> failures() {
        return findings().stream()
                .flatMap(finding -> finding.failure().stream())
                .map(why -> why.kind() + " " + why.detail())
                .toList();
    }

    @Test
    void aGroupThatTheServiceCannotGiveTokensTo() throws IOException {
        config("token_group = no-such-group");
        assertEquals(List.of("TOKEN_NAME_UNKNOWN no-such-group"), failures());
        config("token_group = 54321"); // the user's own group
        assertEquals(List.of(), failures());
        config("token_group = root");
        assertEquals(List.of("TOKEN_GROUP_CLOSED root"), failures());
        dropIn(Sandbox.UNIT, "[Service]\nReadWritePaths=" + tokens + "\nSupplementaryGroups=root\n");
        assertEquals(List.of("TOKEN_GROUP_CLOSED root"), failures(), "the unit's filter");
        dropIn(
                Sandbox.UNIT,
                "[Service]\nReadWritePaths=" + tokens + "\nSupplementaryGroups=root\nSystemCallFilter=@chown\n");
        assertEquals(List.of(), kinds());
        dropIn(Sandbox.UNIT, "[Service]\nReadWritePaths=" + tokens + "\n");
        Files.setAttribute(tokens, "unix:mode", 03777); // the setgid bit: new files get the directory's group
        Files.setAttribute(tokens, "unix:gid", 0);
        assertEquals(List.of(), kinds());
    }

    @Test
    void anOwnerThatTheServiceIsNot() throws IOException {
        config("token_owner = no-such-user");
        assertEquals(List.of("TOKEN_NAME_UNKNOWN no-such-user"), failures());
        config("token_owner = 54321");
        assertEquals(List.of(), failures());
        config("token_owner = root");
        assertEquals(List.of("TOKEN_OWNER_CLOSED root"), failures());
    }

    @Test
    void aProgramAfterARenewalThatIsMissingOrNotOneOrEverybodys() throws IOException {
        Path program = directory.resolve("bin/hook");
        config("post_renewal = " + program + " x");
        assertEquals(List.of("HOOK_NOT_STARTED no such file"), failures());
        Files.createDirectories(program.getParent());
        Files.setPosixFilePermissions(program.getParent(), PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.writeString(program, "#!/bin/sh\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        assertEquals(List.of("HOOK_NOT_STARTED not a program that the service may run"), failures());
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        assertEquals(List.of(), kinds());
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xrwx"));
        assertEquals(List.of(Kind.HOOK_OPEN), kinds());
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        Files.setPosixFilePermissions(program.getParent(), PosixFilePermissions.fromString("rwxrwxrwx"));
        assertEquals(List.of(Kind.HOOK_OPEN), kinds());
    }

    @Test
    void aVariableOfAProgramThatTheUnitDoesNotSet() throws IOException {
        config("post_renewal = /bin/true\npost_renewal_environment = KUBECONFIG");
        assertEquals(List.of(Kind.HOOK_VARIABLE_UNSET), kinds());
        assertEquals("KUBECONFIG", findings().get(0).detail());
        dropIn(Sandbox.UNIT, "[Service]\nReadWritePaths=" + tokens + "\nEnvironment=KUBECONFIG=/etc/osg/kubeconfig\n");
        assertEquals(List.of(), kinds());
    }

    @Test
    void noArchiveOfClasses() throws IOException {
        Path cache = Files.createDirectories(root.resolve("var/cache/osg-token-renewer"));
        assertEquals(List.of(Kind.NO_CLASS_ARCHIVE), kinds());
        Files.createFile(cache.resolve("classes-1-5.jsa"));
        assertEquals(List.of(Kind.NO_CLASS_ARCHIVE), kinds(), "of another Java");
        Files.createFile(cache.resolve("classes-" + Runtime.version().feature() + "-5.jsa"));
        assertEquals(List.of(), kinds());
    }

    @Test
    void theUserIsTheOwnerOfTheStateDirectoryWithItsGroups() throws IOException {
        Path state = directory.resolve("state");
        String name = Files.getOwner(state).getName();
        Path groups = directory.resolve("group");
        Files.writeString(groups, "a:x:77:other," + name + "\nb:x:78:other\nbroken\n");
        User user = User.ownerOf(state, groups);
        assertEquals(Files.getAttribute(state, "unix:uid"), user.uid());
        assertEquals(Set.of((Integer) Files.getAttribute(state, "unix:gid"), 77), user.groups());
    }
}
