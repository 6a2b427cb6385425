package org.opensciencegrid.tokenrenewer.demo;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.cli.Main;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/**
 * Sets up an account by dynamic registration and the device flow, renews its tokens, renews again after rotation, and
 * shows the status. Each command line is as an operator types it. The issuer runs in this process, over TLS with its
 * own CA. With {@code -Ddemo.interactive=true} you approve in a browser, otherwise the demo approves.
 */
public final class Demo {
    private static final String ACCOUNT = "myaccount123";

    private final Path directory;
    private final EmbeddedIssuer issuer;
    private final Environment environment;

    private Demo(Path directory, EmbeddedIssuer issuer) {
        this.directory = directory;
        this.issuer = issuer;
        this.environment = new Environment(
                InputStream.nullInputStream(),
                new PrintStream(System.out, true, StandardCharsets.UTF_8),
                new PrintStream(System.out, true, StandardCharsets.UTF_8),
                Map.of(
                        "OSG_TOKEN_RENEWER_CONFIG_PATH", file("config.ini").toString(),
                        "OSG_TOKEN_RENEWER_STATE_DIR", file("state").toString()),
                Clock.systemUTC(),
                Sleeper.REAL,
                KdfParameters.DEFAULT);
    }

    /** Exits with 0 if every command did and the issuer recorded no violation. */
    public static void main(String[] arguments) throws Exception {
        Path directory = Files.createTempDirectory("otr-demo-");
        TestCa ca = new TestCa();
        try (EmbeddedIssuer issuer = EmbeddedIssuer.start(ca)) {
            ca.writeCaPem(directory.resolve("ca.pem"));
            issuer.policy.interval = 1;
            new Demo(directory, issuer).run(Boolean.getBoolean("demo.interactive"));
        } finally {
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(path -> path.toFile().delete());
            }
        }
        System.exit(0); // the issuer's threads may linger
    }

    private void run(boolean interactive) throws Exception {
        say("An issuer runs at " + issuer.issuer() + "; its CA is in " + file("ca.pem") + ".");
        say("");
        say("$ export OSG_TOKEN_RENEWER_CONFIG_PATH=" + file("config.ini"));
        say("$ export OSG_TOKEN_RENEWER_STATE_DIR=" + file("state"));
        say("$ cd " + directory);
        passwordFile();
        if (!interactive) {
            say("(the demo approves as alice; -Ddemo.interactive=true leaves it to you)");
            issuer.approveAutomatically("alice");
        }
        type(
                "setup",
                "--issuer=" + issuer.issuer(),
                "--scope=openid offline_access storage.read:/ compute.read",
                "--audience=https://ce.example.org:9619",
                "--ca-file=" + file("ca.pem"),
                "--pw-file=" + file(ACCOUNT + ".pw"),
                ACCOUNT);
        configFile();
        type("renew");
        String first = Files.readString(file(ACCOUNT + ".site.token"));
        say("");
        say("Again, with the refresh token that the issuer gave in exchange for the first:");
        type("renew");
        require(!first.equals(Files.readString(file(ACCOUNT + ".site.token"))), "the second run gave a new token");
        type("status");
        type("status", "--json");
        require(issuer.violations().isEmpty(), "the issuer saw no breach of the RFCs: " + issuer.violations());
        require(issuer.reuses() == 0, "no refresh token was used twice");
        say("");
        say("The demo succeeded: setup by device flow, two renewals with rotation, status.");
    }

    private void passwordFile() throws Exception {
        Path file = Files.createFile(
                file(ACCOUNT + ".pw"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        say("$ (umask 077; openssl rand -base64 32 > " + file.getFileName() + ")");
        byte[] random = new byte[32];
        new java.security.SecureRandom().nextBytes(random);
        Files.writeString(file, java.util.Base64.getEncoder().encodeToString(random) + "\n");
    }

    private void configFile() throws Exception {
        String config = String.join(
                "\n",
                "[account " + ACCOUNT + "]",
                "",
                "password_file = " + file(ACCOUNT + ".pw"),
                "",
                "[token site]",
                "",
                "account = " + ACCOUNT,
                "token_path = " + file(ACCOUNT + ".site.token"),
                "",
                "[token ce]",
                "",
                "account = " + ACCOUNT,
                "token_path = " + file(ACCOUNT + ".ce.token"),
                "audience = https://ce.example.org:9619",
                "scope = compute.read",
                "min_lifetime = 120",
                "");
        Files.writeString(file("config.ini"), config);
        say("");
        say("$ cat config.ini");
        say(config.stripTrailing());
    }

    private void type(String... arguments) {
        say("");
        say("$ osg-token-renewer "
                + Stream.of(arguments)
                        .map(word -> word.contains(" ") ? "'" + word + "'" : word)
                        .reduce((a, b) -> a + " " + b)
                        .orElseThrow());
        int status = Main.run(environment, arguments);
        require(status == 0, "exit status " + status);
    }

    private Path file(String name) {
        return directory.resolve(name);
    }

    private static void require(boolean held, String what) {
        if (!held) {
            say("The demo failed: " + what);
            System.exit(1);
        }
    }

    private static void say(String line) {
        System.out.println(line);
    }
}
