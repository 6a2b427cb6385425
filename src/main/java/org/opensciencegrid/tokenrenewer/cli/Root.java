package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.config.ConfigFile;
import org.opensciencegrid.tokenrenewer.oidc.Network;
import org.opensciencegrid.tokenrenewer.oidc.Proxies;
import org.opensciencegrid.tokenrenewer.state.Places;
import org.opensciencegrid.tokenrenewer.state.StateFiles;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.text.Printable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command without a command, and what all commands share. */
@Command(
        name = "osg-token-renewer",
        description = "Keeps fresh OAuth access tokens on disk.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        scope = ScopeType.INHERIT,
        usageHelpWidth = 80,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:all well, or nothing due",
            "1:something failed, or needs a person",
            "2:usage or configuration; nothing was attempted",
            "70:a bug"
        })
final class Root implements Runnable {
    private static final String SERVICE = "osg-token-svc";

    static final Duration LOCK_WAIT = Duration.ofSeconds(30);

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description = "config file (default: $OSG_TOKEN_RENEWER_CONFIG_PATH, else"
                    + " /etc/osg/token-renewer/config.ini)")
    private Path config;

    @Option(
            names = "--state-dir",
            paramLabel = "DIR",
            scope = ScopeType.INHERIT,
            description =
                    "accounts and state (default: $OSG_TOKEN_RENEWER_STATE_DIR, else" + " /var/lib/osg-token-renewer)")
    private Path stateDirectory;

    private final Environment environment;
    private final List<String> typed;
    private Output output;

    /** @param typed the whole command line, for who has to type it again */
    Root(Environment environment, String... typed) {
        this.environment = environment;
        this.typed = List.of(typed);
        this.output = new Output(environment);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /** Where lines go from now on. */
    void printTo(Output other) {
        output = other;
    }

    Output output() {
        return output;
    }

    Environment environment() {
        return environment;
    }

    Path configFile() {
        Path file =
                config != null ? config : environment.path("OSG_TOKEN_RENEWER_CONFIG_PATH", Commands.CONFIG.toString());
        return file.toAbsolutePath(); // it is named in commands that are typed elsewhere
    }

    Path stateDirectory() {
        Path directory = stateDirectory != null
                ? stateDirectory
                : environment.path("OSG_TOKEN_RENEWER_STATE_DIR", Commands.STATE.toString());
        return directory.toAbsolutePath();
    }

    /** The rescue directory is a memory file system under systemd, and so does not fill with the state directory's. */
    Places places() {
        Path state = stateDirectory();
        Path runtime = environment
                .variable("RUNTIME_DIRECTORY")
                .map(Path::of)
                .orElse(state.equals(Commands.STATE) ? Path.of("/run/osg-token-renewer") : state.resolve("rescue"));
        return Places.of(state, runtime);
    }

    Commands commands() {
        return new Commands(configFile(), stateDirectory());
    }

    Config readConfig() {
        return readConfig(() -> {});
    }

    /** @param onAlwaysDue see {@link ConfigFile} */
    Config readConfig(Runnable onAlwaysDue) {
        try {
            return ConfigFile.read(configFile(), onAlwaysDue);
        } catch (ConfigException e) {
            throw new UsageException(e.getMessage());
        }
    }

    AccountStore store() {
        Places places = places();
        return new AccountStore(places.accounts(), places.rescue(), environment.kdf()).withKeysKept(places.rescue());
    }

    /** The timer of the installed service; another state directory is renewed by none that we know. */
    Optional<Timer> timer() {
        return commands().isService() ? Timer.read(Path.of("/")) : Optional.empty();
    }

    /**
     * For commands that only look. Config file and state are the service's alone: everybody else is told once who may ask.
     */
    void requireReader() {
        for (Path needed : List.of(configFile(), stateDirectory())) {
            if (!Files.isReadable(needed) && !Files.notExists(needed)) {
                throw new UsageException(needed + ": permission denied for " + System.getProperty("user.name")
                        + "; type: " + commands().as(owner(stateDirectory()), typed));
            }
        }
    }

    private static String owner(Path directory) {
        try {
            return Files.getOwner(directory).getName();
        } catch (IOException | UnsupportedOperationException e) {
            return "root";
        }
    }

    /** A span of time as systemd writes them. */
    static Duration span(String option, String text) {
        return Timer.span(text)
                .orElseThrow(() -> new UsageException(
                        option + "=" + Printable.of(text) + ": give a span of time such as 7d, 36h or 90min"));
    }

    /** For commands that write: makes the state directory where only it is missing. */
    void makeStateDirectory() {
        try {
            Files.createDirectory(
                    stateDirectory(),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            giveToService(stateDirectory());
        } catch (IOException e) {
            // There already, or impossible: then the store's own message says which file cannot be written.
        }
        requireOwn(stateDirectory());
    }

    /** Only root can make the service's directory; the unit and setup must be able to write there. */
    private void giveToService(Path directory) throws IOException {
        if (commands().isService()) {
            Files.setOwner(
                    directory,
                    directory.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(SERVICE));
        }
    }

    /** Root can write anywhere, but what it writes here the service's user could not read. */
    private void requireOwn(Path directory) {
        try {
            Object owner = Files.getAttribute(directory, "unix:uid");
            if (!owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
                String name = Files.getOwner(directory).getName();
                throw new UsageException(directory + " belongs to " + name + "; run this as "
                        + (name.equals("root")
                                ? "root"
                                : "that user: " + commands().again(name, typed)));
            }
        } catch (IOException | UnsupportedOperationException e) {
            // no such directory, or no such notion: the store says what it cannot do
        }
    }

    /** Clients that wait for an account; see {@code KeptRegistrations}. */
    AccountStore registrations() {
        Places places = places();
        return new AccountStore(places.registrations(), places.registrations(), environment.kdf());
    }

    /**
     * @param verbose whether each request and answer is shown, without secrets
     */
    Network network(boolean verbose) {
        Optional<Consumer<String>> log =
                verbose ? Optional.of(line -> environment.err().println(line)) : Optional.empty();
        try {
            return new Network(Proxies.of(environment::variable), log);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    StateFiles states() {
        if (stateDirectory != null && !Files.isDirectory(stateDirectory)) {
            throw new UsageException("--state-dir: " + stateDirectory() + ": no such directory");
        }
        return new StateFiles(places().state());
    }

    Passwords passwords() {
        Optional<Path> credentials =
                environment.variable("CREDENTIALS_DIRECTORY").map(Path::of);
        return new Passwords(credentials);
    }
}
