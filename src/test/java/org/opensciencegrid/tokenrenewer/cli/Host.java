package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.check.HealthCheck;
import org.opensciencegrid.tokenrenewer.check.ServiceMachine;
import org.opensciencegrid.tokenrenewer.check.User;
import org.opensciencegrid.tokenrenewer.cli.output.CheckText;
import org.opensciencegrid.tokenrenewer.cli.output.Colors;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.RepairCommands;
import org.opensciencegrid.tokenrenewer.cli.output.StatusTable;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.systemd.RunningTimer;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;
import org.opensciencegrid.tokenrenewer.systemd.ServiceEnvironment;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/** A site as the installed service sees it: with our units, and with commands as an admin types them there. */
public final class Host {
    private static final List<String> PROGRAMS = List.of("setfacl", "dnf", "fetch-crl", "update-crypto-policies");

    /** A file system with every program that a repair may use, and our units. */
    private static final Path MACHINE = machine();

    public static final RepairCommands COMMANDS =
            new RepairCommands(RepairCommands.CONFIG, RepairCommands.STATE, MACHINE);

    /** Commands for the program without its service. */
    public static final RepairCommands WITHOUT_SERVICE =
            new RepairCommands(RepairCommands.CONFIG, Path.of("/state"), MACHINE);

    private final Session session;
    private final Path root;

    /** The proxies of the shell, if they differ from those of the service. */
    Optional<ProxySettings> shell = Optional.empty();

    /** What systemd would report. */
    public Optional<RunningTimer> systemd = Optional.empty();

    public Host(Session session) throws IOException {
        this.session = session;
        this.root = session.program.file("root");
        installUnits(root);
    }

    private static void installUnits(Path root) throws IOException {
        Path units = Files.createDirectories(root.resolve("usr/lib/systemd/system"));
        for (String unit : new String[] {Timer.UNIT, Sandbox.UNIT}) {
            Files.copy(Path.of("..", "systemd", unit), units.resolve(unit));
        }
    }

    private static Path machine() {
        try {
            Path root = Files.createDirectories(Path.of("target"));
            root = Files.createTempDirectory(root, "machine");
            installUnits(root);
            Files.createDirectories(root.resolve("run/systemd/system"));
            Files.createDirectories(root.resolve("usr/bin"));
            for (String program : PROGRAMS) {
                Files.createFile(root.resolve("usr/bin").resolve(program));
            }
            return root;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public void enableTimer() throws IOException {
        Path wants = root.resolve("etc/systemd/system/multi-user.target.wants/" + Timer.UNIT);
        Files.createDirectories(wants.getParent());
        Files.createFile(wants);
    }

    void dropIn(String unit, String text) throws IOException {
        Path file = root.resolve("etc/systemd/system/" + unit + ".d/site.conf");
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    void removeDropIn(String unit) throws IOException {
        Files.delete(root.resolve("etc/systemd/system/" + unit + ".d/site.conf"));
    }

    void disableTimer() throws IOException {
        Files.delete(root.resolve("etc/systemd/system/multi-user.target.wants/" + Timer.UNIT));
    }

    void mask(String unit) throws IOException {
        Path link = root.resolve("etc/systemd/system/" + unit);
        Files.createDirectories(link.getParent());
        Files.createSymbolicLink(link, Path.of("/dev/null"));
    }

    void unmask(String unit) throws IOException {
        Files.delete(root.resolve("etc/systemd/system/" + unit));
    }

    void linkState() throws IOException {
        Path state = root.resolve("var/lib/osg-token-renewer");
        Files.createDirectories(state.getParent());
        Files.createSymbolicLink(state, Path.of("/srv/tokens"));
    }

    void removeTimer() throws IOException {
        Files.delete(root.resolve("usr/lib/systemd/system/" + Timer.UNIT));
    }

    void emptyArchiveDirectory() throws IOException {
        Files.createDirectories(root.resolve("var/cache"));
    }

    void boot(Instant at) throws IOException {
        Files.createDirectories(root.resolve("proc"));
        Files.writeString(root.resolve("proc/stat"), "cpu 1 2 3\nbtime " + at.getEpochSecond() + "\n");
    }

    private CommandContext root() {
        PrintStream nowhere = new PrintStream(java.io.OutputStream.nullOutputStream(), true);
        return new CommandContext(session.program.environment("", nowhere, nowhere));
    }

    public StatusReport report() throws IOException {
        CommandContext of = root();
        return StatusReport.of(
                of.readConfig(),
                of.store(),
                of.states(),
                of.passwords(),
                of.tokenSecrets(),
                Timer.read(root, systemd),
                AccountState.SOON,
                session.program.clock);
    }

    String status(Colors colors) throws IOException {
        return status(colors, false);
    }

    String status(Colors colors, boolean isLong) throws IOException {
        return new StatusTable(new Messages(COMMANDS), COMMANDS, colors, AccountState.SOON, isLong).of(report());
    }

    String check(Colors colors) {
        return new CheckText(new Messages(COMMANDS), COMMANDS, colors).of(findings(Optional.empty(), false));
    }

    /**
     * @param user the user that renews; empty to ignore file permissions
     * @param online whether to check issuers too
     */
    List<Finding> findings(Optional<User> user, boolean online) {
        CommandContext of = root();
        return new HealthCheck(
                        of.configFile(),
                        of.layout(),
                        of.store(),
                        of.states(),
                        of.passwords(),
                        online ? Optional.of(network(of)) : Optional.empty(),
                        shell,
                        of.tokenSecrets(),
                        of.rights(),
                        Optional.of(new ServiceMachine(
                                user,
                                true,
                                Timer.read(root, systemd),
                                Sandbox.read(root),
                                ServiceEnvironment.read(root).map(Map::keySet),
                                root.resolve("var/cache"))),
                        AccountState.SOON,
                        session.program.clock)
                .run();
    }

    private Network network(CommandContext of) {
        Map<String, String> unit = ServiceEnvironment.read(root).orElse(Map.of());
        return of.network(name -> Optional.ofNullable(unit.get(name)), false);
    }

    static Colors colors() {
        return Colors.of(
                Colors.When.always,
                new Environment(InputStream.nullInputStream(), System.out, System.err, Map.of(), null, null, null));
    }
}
