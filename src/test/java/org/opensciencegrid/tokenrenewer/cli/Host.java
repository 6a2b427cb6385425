package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.check.Checkup;
import org.opensciencegrid.tokenrenewer.check.Finding;
import org.opensciencegrid.tokenrenewer.check.Machine;
import org.opensciencegrid.tokenrenewer.check.User;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.systemd.Sandbox;
import org.opensciencegrid.tokenrenewer.systemd.Timer;

/** A site as the installed service sees it: with our units, and commands as they are typed there. */
final class Host {
    static final Commands COMMANDS = new Commands(Commands.CONFIG, Commands.STATE);

    private final Session session;
    private final Path root;

    Host(Session session) throws IOException {
        this.session = session;
        this.root = session.program.file("root");
        Path units = Files.createDirectories(root.resolve("usr/lib/systemd/system"));
        for (String unit : new String[] {Timer.UNIT, Sandbox.UNIT}) {
            Files.copy(Path.of("..", "systemd", unit), units.resolve(unit));
        }
    }

    void enableTimer() throws IOException {
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

    private Root root() {
        PrintStream nowhere = new PrintStream(java.io.OutputStream.nullOutputStream(), true);
        return new Root(session.program.environment("", nowhere, nowhere));
    }

    StatusReport report() throws IOException {
        Root of = root();
        return StatusReport.of(
                of.readConfig(),
                of.store(),
                of.states(),
                of.passwords(),
                Timer.read(root),
                AccountState.SOON,
                session.program.clock);
    }

    String status(Colours colours) throws IOException {
        return new StatusTable(new Messages(COMMANDS), COMMANDS, colours, AccountState.SOON).of(report());
    }

    String check(Colours colours) {
        return new CheckText(new Messages(COMMANDS), COMMANDS, colours).of(findings(Optional.empty(), false));
    }

    /**
     * @param user that renews; empty to leave the modes of files out of it
     * @param online whether issuers are asked too
     */
    List<Finding> findings(Optional<User> user, boolean online) {
        Root of = root();
        return new Checkup(
                        of.configFile(),
                        of.places(),
                        of.store(),
                        of.states(),
                        of.passwords(),
                        online ? Optional.of(of.network(false)) : Optional.empty(),
                        Optional.of(new Machine(user, Timer.read(root), Sandbox.read(root), root.resolve("var/cache"))),
                        AccountState.SOON,
                        session.program.clock)
                .run();
    }

    static Colours colours() {
        return Colours.of(
                Colours.When.always,
                new Environment(
                        InputStream.nullInputStream(), System.out, System.err, java.util.Map.of(), null, null, null));
    }
}
