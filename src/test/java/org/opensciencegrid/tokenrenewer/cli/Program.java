package org.opensciencegrid.tokenrenewer.cli;

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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.opensciencegrid.cryptostore.KdfParameters;
import org.opensciencegrid.testkit.EmbeddedIssuer;
import org.opensciencegrid.testkit.SettableClock;
import org.opensciencegrid.testkit.TestCa;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.net.Sleeper;

/** Runs the program in this process, with its own directory and issuer. The test sets the clock. */
public final class Program implements AutoCloseable {
    /** The result of a command: its status and its output. */
    public record Result(int status, String out, String err) {}

    /** The commands that have their own help. */
    static final List<String> COMMANDS = List.of(
            "renew",
            "status",
            "token",
            "check",
            "setup",
            "import-oidc-agent",
            "export-oidc-agent",
            "change-password",
            "remove");

    public static final TestCa CA = new TestCa();

    public final Path directory;
    public final SettableClock clock = new SettableClock(Clock.systemUTC().instant());
    public final EmbeddedIssuer issuer =
            EmbeddedIssuer.builder().tls(CA.serverContext()).clock(clock).start();
    public final Map<String, String> variables = new HashMap<>();

    /** Runs a command in this process, for a machine whose clock may be wrong. */
    public static Result at(Clock clock, Map<String, String> variables, String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Environment environment = new Environment(
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                variables,
                clock,
                Sleeper.REAL,
                KdfParameters.DEFAULT);
        int status = Main.run(environment, arguments);
        return new Result(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    public Program(Path directory) {
        this.directory = directory;
        CA.writeCaPem(directory.resolve("ca.pem"));
        issuer.approveAutomatically("alice");
        variables.put("OSG_TOKEN_RENEWER_CONFIG_PATH", file("config.ini").toString());
        variables.put("OSG_TOKEN_RENEWER_STATE_DIR", file("state").toString());
        secret("acct.pw", "correct horse battery staple");
    }

    public Path file(String name) {
        return directory.resolve(name);
    }

    public Result run(String... arguments) {
        return answer("", arguments);
    }

    /** Runs a command with these lines as standard input. */
    public Result answer(String lines, String... arguments) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Main.run(
                environment(
                        lines,
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8)),
                arguments);
        return new Result(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    Environment environment(String lines, PrintStream out, PrintStream err) {
        return new Environment(
                new ByteArrayInputStream(lines.getBytes(StandardCharsets.UTF_8)),
                out,
                err,
                variables,
                clock,
                pause(),
                new KdfParameters(8, 1, 1));
    }

    public Result setup(String... more) {
        String[] arguments = new String[more.length + 5];
        arguments[0] = "setup";
        arguments[1] = "--issuer=" + issuer.issuer();
        arguments[2] = "--ca-file=" + file("ca.pem");
        arguments[3] = "--pw-file=" + file("acct.pw");
        System.arraycopy(more, 0, arguments, 4, more.length);
        arguments[arguments.length - 1] = "acct";
        return run(arguments);
    }

    public void config(String text) {
        write("config.ini", text.replace("DIR", directory.toString()));
    }

    /** One account with the given token sections. */
    public void accountWith(String tokens) {
        config("[account acct]\npassword_file = DIR/acct.pw\n" + tokens);
    }

    public void write(String name, String text) {
        try {
            Files.writeString(file(name), text);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    public String read(String name) {
        try {
            return Files.readString(file(name));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    public void secret(String name, String text) {
        write(name, text + "\n");
        try {
            Files.setPosixFilePermissions(file(name), PosixFilePermissions.fromString("rw-------"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Sleeper pause() {
        return new Sleeper() {
            @Override
            public void sleep(Duration duration) {
                clock.advance(duration);
            }

            @Override
            public Duration elapsed() {
                return Duration.between(java.time.Instant.EPOCH, clock.instant());
            }
        };
    }

    @Override
    public void close() {
        issuer.close();
    }
}
