package org.opensciencegrid.tokenrenewer.rings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.Policy;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.cli.Main;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/**
 * A directory with accounts at one embedded issuer. This process sets up the accounts, with the cheapest key
 * derivation. The shipped tree is under test and runs in other processes.
 */
final class AccessPoint implements AutoCloseable {
    static final TestCa CA = new TestCa();
    static final Path PROGRAM = Path.of("target/dist/usr/bin/osg-token-renewer").toAbsolutePath();

    final Path directory;
    final EmbeddedIssuer issuer;
    final Map<String, String> variables = new HashMap<>();
    /** Comes before each command line of the program: strace, or a namespace to enter. */
    final List<String> prefix = new ArrayList<>();

    /** The program to start: the command, or what the unit starts. */
    Path program = PROGRAM;
    /** For accounts that this process sets up. */
    KdfParameters cost = new KdfParameters(8, 1, 1);

    private int runs;

    AccessPoint(Path directory) throws IOException {
        this.directory = Files.createDirectories(directory);
        issuer = EmbeddedIssuer.start(CA);
        issuer.policy.interval = 1;
        issuer.approveAutomatically("alice");
        CA.writeCaPem(file("ca.pem"));
        Files.writeString(file("acct.pw"), "correct horse battery staple\n");
        Files.setPosixFilePermissions(file("acct.pw"), PosixFilePermissions.fromString("rw-------"));
        variables.put("OSG_TOKEN_RENEWER_CONFIG_PATH", file("config.ini").toString());
        variables.put("OSG_TOKEN_RENEWER_STATE_DIR", file("state").toString());
        variables.put("RUNTIME_DIRECTORY", file("run").toString());
        variables.put("OSG_TOKEN_RENEWER_JAVA_HOME", System.getProperty("java.home"));
        Files.createDirectories(file("tokens"));
        tokens(file("tokens/one.token"));
    }

    /** The status of a command and everything that it printed. */
    record Ended(int status, String said) {}

    record Running(Process process, Path output) {
        Ended await() throws InterruptedException, IOException {
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("hangs: " + Files.readString(output));
            }
            return new Ended(process.exitValue(), Files.readString(output));
        }
    }

    Path file(String name) {
        return directory.resolve(name);
    }

    /** One section for each path, all with the same account. */
    void tokens(Path... paths) throws IOException {
        StringBuilder config = new StringBuilder(
                "[account acct]\npassword_file = " + file("acct.pw") + "\nca_file = " + file("ca.pem"));
        for (int i = 0; i < paths.length; i++) {
            config.append("\n[token t" + i + "]\naccount = acct\ntoken_path = " + paths[i] + "\n");
        }
        Files.writeString(file("config.ini"), config);
    }

    /** The options of setup that come before the account name. */
    String[] setup(String... more) {
        return Stream.concat(
                        Stream.of("setup", "--pw-file=" + file("acct.pw"), "--ca-file=" + file("ca.pem")),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    /** Sets up the account in this process. It has rotated once, so there is a previous generation. */
    AccessPoint authorize() throws IOException {
        Ended setup = inProcess(setup("--issuer=" + issuer.issuer(), "--scope=openid offline_access", "acct"));
        assertEquals(0, setup.status(), setup.said());
        Ended renew = inProcess("renew", "--force");
        assertEquals(0, renew.status(), renew.said());
        return this;
    }

    /** Runs the program in this process, for steps that are not under test, because a JVM takes a second to start. */
    Ended inProcess(String... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
        Environment environment = new Environment(
                new ByteArrayInputStream(new byte[0]), print, print, variables, Clock.systemUTC(), Sleeper.REAL, cost);
        return new Ended(Main.run(environment, words), out.toString(StandardCharsets.UTF_8));
    }

    Ended run(String... words) throws IOException, InterruptedException {
        return start(words).await();
    }

    synchronized Running start(String... words) throws IOException {
        // A background process of a shell ignores SIGINT, and so would a JVM; not so under systemd or in the
        // foreground.
        List<String> line = new ArrayList<>(List.of("env", "--default-signal=INT"));
        line.addAll(prefix);
        line.add(program.toString());
        line.addAll(List.of(words));
        Path output = file("output." + runs++);
        ProcessBuilder builder = new ProcessBuilder(line)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(variables);
        return new Running(builder.start(), output);
    }

    AccountStore store() {
        return new AccountStore(file("state/accounts"), file("run"), new KdfParameters(8, 1, 1));
    }

    /**
     * The content of the account file, read by the library instead of the program. Recovers what a crash left behind.
     */
    String refreshToken() throws IOException {
        return refreshToken(store());
    }

    String refreshToken(AccountStore store) throws IOException {
        try (Password password = PasswordFile.read(file("acct.pw"));
                LockedAccount locked = store.lock("acct", Duration.ofSeconds(30));
                OpenAccount open = locked.open(password)) {
            return Account.decode(open.plaintext()).refreshToken().reveal();
        }
    }

    int refreshes() {
        return issuer.count("/token", Policy.REFRESH_TOKEN);
    }

    static void await(BooleanSupplier condition) throws InterruptedException {
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60); !condition.getAsBoolean(); ) {
            if (System.nanoTime() > end) {
                throw new AssertionError("in vain");
            }
            Thread.sleep(1);
        }
    }

    static void sh(String command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("sh", "-c", command)
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), () -> command + ": " + said);
    }

    static boolean has(String program) {
        return Stream.of(System.getenv("PATH").split(":"))
                .anyMatch(place -> Files.isExecutable(Path.of(place, program)));
    }

    @Override
    public void close() {
        issuer.close();
    }
}
