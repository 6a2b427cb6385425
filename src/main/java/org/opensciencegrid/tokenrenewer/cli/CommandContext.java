package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.FileAccountStore;
import org.opensciencegrid.cryptostore.LeaseTerms;
import org.opensciencegrid.cryptostore.RemoteAccountStore;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.AccountMove;
import org.opensciencegrid.tokenrenewer.account.KubernetesRecords;
import org.opensciencegrid.tokenrenewer.account.KubernetesRights;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.account.ShutdownGuard;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.Messages;
import org.opensciencegrid.tokenrenewer.cli.output.Output;
import org.opensciencegrid.tokenrenewer.cli.output.Repair;
import org.opensciencegrid.tokenrenewer.cli.output.RepairCommands;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.config.ConfigFile;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesApi;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.kubernetes.ServiceAccount;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.net.ProxySettings;
import org.opensciencegrid.tokenrenewer.state.AccountObjects;
import org.opensciencegrid.tokenrenewer.state.FileStateStore;
import org.opensciencegrid.tokenrenewer.state.KubernetesStateStore;
import org.opensciencegrid.tokenrenewer.state.StateLayout;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.systemd.ServiceEnvironment;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;
import org.opensciencegrid.tokenrenewer.util.Printable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command line without a command, and what all commands share. */
@Command(
        name = "osg-token-renewer",
        description = "Keeps fresh OAuth access tokens on disk.",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        scope = ScopeType.INHERIT,
        usageHelpWidth = 80,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:everything is OK, or nothing is due",
            "1:something failed, or needs your attention",
            "2:you must correct the command line or the config file",
            "70:a bug"
        })
final class CommandContext implements Runnable {
    private static final String SERVICE = "osg-token-svc";
    private static final String FILES = "files";
    private static final String KUBERNETES = "kubernetes";
    private static final LeaseTerms LEASE = new LeaseTerms(Limits.LEASE, Limits.LEASE_TO_ASK, Limits.LEASE_RENEWAL);
    private static final Path RUNTIME = Path.of("/run/osg-token-renewer");
    private static final Path CACHE = Path.of("/var/cache/osg-token-renewer/host");

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
            description = "directory of accounts and state (default: $OSG_TOKEN_RENEWER_STATE_DIR, else"
                    + " /var/lib/osg-token-renewer)")
    private Path stateDirectory;

    @Option(
            names = "--store",
            paramLabel = "STORE",
            scope = ScopeType.INHERIT,
            description = "where the accounts are: files, or kubernetes for the cluster that this pod runs in"
                    + " (default: $OSG_TOKEN_RENEWER_STORE, else files)")
    private String store;

    private final Environment environment;
    private final List<String> arguments;
    private Output output;
    private @Nullable Passwords passwords;
    private @Nullable FileAccountStore cachingStore;
    private @Nullable Cluster cluster;

    /** One for the whole process: it holds the keys, the connections and what it has seen of the leases. */
    private record Cluster(AccountStore store, StateStore states, KubernetesRights rights) {}

    /** @param arguments the whole command line, to suggest it again */
    CommandContext(Environment environment, String... arguments) {
        this.environment = environment;
        this.arguments = List.of(arguments);
        this.output = new Output(environment);
    }

    @Override
    public void run() {
        String commands = String.join(", ", spec.subcommands().keySet());
        throw new ParameterException(spec.commandLine(), "a command is missing: " + commands);
    }

    /** Sets the destination of all later lines. */
    void setOutput(Output other) {
        output = other;
    }

    Output output() {
        return output;
    }

    Environment environment() {
        return environment;
    }

    Path configFile() {
        return path(config, "OSG_TOKEN_RENEWER_CONFIG_PATH", RepairCommands.CONFIG);
    }

    Path stateDirectory() {
        return path(stateDirectory, "OSG_TOKEN_RENEWER_STATE_DIR", RepairCommands.STATE);
    }

    /** Absolute, because commands that we suggest may run in another directory. */
    private Path path(@Nullable Path option, String variable, Path fallback) {
        return (option != null ? option : environment.path(variable, fallback.toString())).toAbsolutePath();
    }

    /** Under systemd, the rescue directory is on a tmpfs, so that it does not fill up with the state directory. */
    StateLayout layout() {
        Path state = stateDirectory();
        Path runtime = environment
                .directory("RUNTIME_DIRECTORY", RUNTIME)
                .orElse(state.equals(RepairCommands.STATE) ? RUNTIME : state.resolve("rescue"));
        return StateLayout.of(state, runtime);
    }

    RepairCommands commands() {
        return new RepairCommands(configFile(), stateDirectory(), isInCluster(), Path.of("/"));
    }

    Messages messages() {
        return new Messages(commands());
    }

    /** Reports the failure of a command on an account; returns the exit status. */
    int failed(String account, String what, Failure failure) {
        output.error(
                "account " + account + ": " + what + ": " + messages().what(failure),
                messages().repair(failure, account));
        return ExitStatus.FAILED;
    }

    Config readConfig() {
        return readConfig(() -> {});
    }

    /** @param onAlwaysDue see {@link ConfigFile} */
    Config readConfig(Runnable onAlwaysDue) {
        try {
            return ConfigFile.read(configFile(), List.of(stateDirectory(), layout().rescue()), onAlwaysDue);
        } catch (ConfigException e) {
            throw UsageException.of(e);
        }
    }

    AccountStore store() {
        return isInCluster() ? cluster().store() : fileStore();
    }

    /** Whether the accounts are in the cluster. */
    boolean isInCluster() {
        String name = store != null
                ? store
                : environment.variable("OSG_TOKEN_RENEWER_STORE").orElse(FILES);
        if (!name.equals(FILES) && !name.equals(KUBERNETES)) {
            throw new UsageException("the store '" + Printable.of(name) + "' is neither files nor kubernetes");
        }
        return name.equals(KUBERNETES);
    }

    /** The accounts in the cluster, whatever the option says. */
    AccountMove.Place inCluster() {
        String namespace = cluster().rights().objects().namespace();
        return new AccountMove.Place(
                KUBERNETES + " " + namespace, cluster().store(), cluster().states());
    }

    /** The accounts in files, whatever the option says. */
    AccountMove.Place inFiles() {
        return new AccountMove.Place(FILES, fileStore(), fileStates());
    }

    /** Empty if the accounts are not in a cluster. */
    Optional<KubernetesRights> rights() {
        return isInCluster() ? Optional.of(cluster().rights()) : Optional.empty();
    }

    /** For one run. Uses no proxy. */
    TokenSecrets tokenSecrets() {
        return new TokenSecrets(environment, Network.DIRECT, environment.pause());
    }

    /** In a pod, its name. */
    String podName() {
        return environment.variable("HOSTNAME").orElse("unknown");
    }

    private Cluster cluster() {
        if (cluster == null) {
            try {
                KubernetesApi api =
                        new KubernetesApi(ServiceAccount.of(environment), Network.DIRECT, environment.pause());
                AccountObjects objects = new AccountObjects(api.namespace());
                KubernetesRecords records = new KubernetesRecords(api, objects, podName(), environment.clock());
                RemoteAccountStore accounts =
                        new RemoteAccountStore(records, layout().rescue(), environment.kdf(), LEASE, this::notSavedYet);
                ShutdownGuard.atEnd(accounts::releaseAll);
                cluster = new Cluster(
                        accounts, new KubernetesStateStore(api, objects), new KubernetesRights(api, objects));
            } catch (KubernetesException e) {
                throw new UsageException(
                        "the store is kubernetes: " + e.getMessage(),
                        Repair.advice("run this in a pod with a service account, or use --store=files"));
            }
        }
        return cluster;
    }

    private void notSavedYet(StoreException e) {
        output.warning(
                "a new refresh token is not saved yet, and this process tries until it is: "
                        + Printable.of(e.getMessage()),
                Optional.of(messages().repair(FailureMapper.of(e), "")),
                JsonObject.NONE.with("event", "not_saved_yet"));
    }

    private FileAccountStore fileStore() {
        if (cachingStore != null) {
            return cachingStore;
        }
        StateLayout layout = layout();
        FileAccountStore store = new FileAccountStore(layout.accounts(), layout.rescue(), environment.kdf())
                .withKeyCache(layout.rescue());
        Optional<Path> cache = cacheDirectory();
        return cache.isPresent() ? store.withHostRecords(cache.get()) : store;
    }

    /** For a process that opens the same accounts again and again. */
    void cacheKeys() {
        if (!isInCluster()) {
            cachingStore = fileStore().withInProcessKeyCache();
        }
    }

    /** Outside the state directory, and so not in its backup. */
    private Optional<Path> cacheDirectory() {
        Optional<Path> directory = environment.directory("CACHE_DIRECTORY", CACHE);
        return directory.isEmpty() && commands().isService() ? Optional.of(CACHE) : directory;
    }

    /** The timer of the installed service; we know of no timer for another state directory, or without systemd. */
    Optional<Timer> timer() {
        return commands().isTimerPossible() ? Timer.read(Path.of("/")) : Optional.empty();
    }

    /** Like {@link #timer}, for commands that can wait for systemd's answer. */
    Optional<Timer> timerNow() {
        return commands().isTimerPossible() ? Timer.ask() : Optional.empty();
    }

    /**
     * For commands that only read. The config file and the state belong to the service: other users get one message
     * with the command to run.
     */
    void requireReadable() {
        List<Path> files = isInCluster() ? List.of(configFile()) : List.of(configFile(), stateDirectory());
        for (Path needed : files) {
            if (!Files.isReadable(needed) && !Files.notExists(needed)) {
                throw new UsageException(
                        needed + ": permission denied for " + System.getProperty("user.name"), letRead(needed));
            }
        }
    }

    /** The launcher gives up root, so root cannot read what the service cannot. */
    private Repair letRead(Path needed) {
        if (!commands().isService() || !SERVICE.equals(System.getProperty("user.name"))) {
            return new Repair("run this as root", commands().rerun(arguments));
        }
        return RepairCommands.closedParent(needed)
                .map(above -> commands().letPass(above, needed.toString()))
                .orElseGet(() -> needed.equals(stateDirectory())
                        ? new Repair(
                                "give the state to the user that runs the renewals",
                                commands().ownState())
                        : new Repair("let the service read it", commands().letRead(needed)));
    }

    /** A time span in the syntax of systemd. */
    static Duration span(String option, String text) {
        return Timer.span(text)
                .orElseThrow(() -> new UsageException(
                        option + "=" + Printable.of(text) + ": give a span of time such as 7d, 36h or 90min"));
    }

    /** For commands that write: makes the state directory if its parent exists. */
    void makeStateDirectory() {
        if (isInCluster()) {
            makeDirectory(layout().rescue());
        } else {
            makeFileDirectory();
        }
    }

    /** For commands that write files whatever the store is. */
    void makeFileDirectory() {
        if (makeDirectory(stateDirectory())) {
            try {
                giveToService(stateDirectory());
            } catch (IOException e) {
                // The store's message names the file that it cannot write.
            }
        }
        requireOwner(stateDirectory());
    }

    /** @return false if it exists, or we cannot make it: then the store's message names what it cannot write */
    private static boolean makeDirectory(Path directory) {
        try {
            Files.createDirectory(
                    directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Only root can make the service's directory; the unit and setup must be able to write there. */
    private void giveToService(Path directory) throws IOException {
        if (commands().isService()) {
            Files.setOwner(
                    directory,
                    directory.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName(SERVICE));
        }
    }

    /** Root can write anywhere, but the service's user could not read the result. */
    private void requireOwner(Path directory) {
        try {
            Object owner = Files.getAttribute(directory, "unix:uid");
            if (!owner.equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))) {
                throw new UsageException(
                        directory + " belongs to " + Files.getOwner(directory).getName(),
                        new Repair(
                                "run this as that user, or as root", commands().rerun(arguments)));
            }
        } catch (IOException | UnsupportedOperationException e) {
            // no such directory, or no uid on this file system: the store reports what fails
        }
    }

    /** Clients registered for accounts that are not set up yet; see {@code PendingRegistration}. */
    AccountStore registrations() {
        StateLayout layout = layout();
        // In a cluster they stay in the pod: an incomplete setup is not worth the rights to more objects.
        Path directory = isInCluster() ? layout.rescue().resolve("registrations") : layout.registrations();
        return new FileAccountStore(directory, directory, environment.kdf());
    }

    /** @param verbose whether to print each request and response, without secrets */
    Network network(boolean verbose) {
        return network(environment, verbose);
    }

    /** With the proxy of the account's section or of {@code [DEFAULT]}. */
    Network network(String account, boolean verbose) {
        NetworkOptions options = networkOptions(account);
        return network(options.proxies().isEmpty(), verbose).with(options);
    }

    /** For all accounts of the config file, each of which may have its own options. */
    Network network(Config config, boolean verbose) {
        boolean isProxyNeeded = false;
        for (AccountSection account : config.accounts().values()) {
            isProxyNeeded |= account.networkOptions().proxies().isEmpty();
        }
        return network(isProxyNeeded, verbose);
    }

    /** Does not read variables that no request needs: they may be wrong. */
    private Network network(boolean isProxyNeeded, boolean verbose) {
        return isProxyNeeded ? network(environment, verbose) : network(ProxySettings.NONE, verbose);
    }

    /** The option of the config file; empty if the environment decides. */
    Optional<ProxySettings> proxy(String account) {
        return networkOptions(account).proxies();
    }

    private NetworkOptions networkOptions(String account) {
        try {
            return ConfigFile.networkOptions(configFile(), account);
        } catch (ConfigException e) {
            throw new UsageException(e.getMessage());
        }
    }

    /** @param variable reads the environment variables that name a proxy */
    Network network(Function<String, Optional<String>> variable, boolean verbose) {
        try {
            return network(ProxySettings.of(variable), verbose);
        } catch (IllegalArgumentException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private Network network(ProxySettings proxies, boolean verbose) {
        Optional<Consumer<String>> log =
                verbose ? Optional.of(line -> environment.err().println(line)) : Optional.empty();
        return new Network(proxies, log);
    }

    /** With the proxy that the installed service's unit names; empty if the command is not about that service. */
    Optional<Network> networkOfService() {
        Optional<Map<String, String>> unit =
                commands().isService() ? ServiceEnvironment.read(Path.of("/")) : Optional.empty();
        return unit.map(variables -> network(name -> Optional.ofNullable(variables.get(name)), false));
    }

    /** Empty if the variables name no usable proxy. */
    Optional<ProxySettings> proxiesOfShell() {
        try {
            return Optional.of(ProxySettings.of(environment));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    StateStore states() {
        return isInCluster() ? cluster().states() : fileStates();
    }

    private StateStore fileStates() {
        if (stateDirectory != null && !Files.isDirectory(stateDirectory)) {
            throw new UsageException("--state-dir: " + stateDirectory() + ": no such directory");
        }
        StateLayout layout = layout();
        return new FileStateStore(layout.state(), layout.spareState());
    }

    /** One for the whole command: the password from root's launcher can be read only once. */
    Passwords passwords() {
        if (passwords == null) {
            passwords = new Passwords(environment.path("CREDENTIALS_DIRECTORY"))
                    .withPipes(
                            environment.variable("OSG_TOKEN_RENEWER_PASSWORDS").orElse(""));
        }
        return passwords;
    }
}
