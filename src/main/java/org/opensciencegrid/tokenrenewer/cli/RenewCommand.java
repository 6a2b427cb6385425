package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.tokenrenewer.cli.output.Environment;
import org.opensciencegrid.tokenrenewer.cli.output.ExitStatus;
import org.opensciencegrid.tokenrenewer.cli.output.LiveProgress;
import org.opensciencegrid.tokenrenewer.cli.output.MetricsFile;
import org.opensciencegrid.tokenrenewer.cli.output.MetricsText;
import org.opensciencegrid.tokenrenewer.cli.output.Output;
import org.opensciencegrid.tokenrenewer.cli.output.RenewalLog;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.config.InvalidToken;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.net.Limits;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.renewal.RenewalRun;
import org.opensciencegrid.tokenrenewer.renewal.RenewalRun.Selection;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.state.UnusedAccount;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;
import org.opensciencegrid.tokenrenewer.util.Printable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The command that the timer runs. */
@Command(name = "renew", description = "Renews the tokens of the config file that are due.")
final class RenewCommand implements Callable<Integer> {
    @Parameters(arity = "0..*", paramLabel = "NAME", description = "only this token, or only this account's tokens")
    private List<String> names = List.of();

    @Option(names = "--token", paramLabel = "NAME", description = "only this token; may be repeated")
    private Set<String> tokens = Set.of();

    @Option(names = "--account", paramLabel = "NAME", description = "only this account's tokens; may be repeated")
    private Set<String> accounts = Set.of();

    @Option(
            names = "--force",
            description = "renew tokens that are not due yet, and contact the issuer even if it rejected an earlier"
                    + " request")
    private boolean force;

    @Option(
            names = "--strict",
            description = "fail if an issuer is down, even if the current token is valid for a long time")
    private boolean strict;

    @Option(names = "--dry-run", description = "only print what would be done; do not contact an issuer, do not write")
    private boolean dryRun;

    @Option(
            names = "--metrics-file",
            paramLabel = "FILE",
            description =
                    "write metrics for Prometheus to this file at the end (default: $OSG_TOKEN_RENEWER_METRICS_FILE,"
                            + " else none)")
    private Path metricsFile;

    @Option(names = "--quiet", description = "print only warnings and errors")
    private boolean quiet;

    @Option(
            names = "--every",
            paramLabel = "TIME",
            description = "stay in the foreground, and run again after this time, for example 10min: for containers"
                    + " and hosts without systemd")
    private String every;

    @Option(
            names = "--liveness-file",
            paramLabel = "FILE",
            description = "file to replace after each run of --every, for a probe that looks at its age")
    private Path livenessFile;

    @Option(names = "--after-setup", hidden = true, description = "the last step of osg-token-renewer-setup")
    private boolean afterSetup;

    @Option(names = "--verbose", description = "show each request to an issuer and its answer, without secrets")
    private boolean verbose;

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            description = "text or json (one object for each line; default: $OSG_TOKEN_RENEWER_LOG_FORMAT, else text)")
    private String logFormat;

    @FunctionalInterface
    private interface Reporter {
        StatusReport report() throws IOException;
    }

    private final CommandContext context;

    private @Nullable RenewalLoop loop;

    @SuppressWarnings("NullAway.Init") // run() sets it first
    private RenewalLog log;

    RenewCommand(CommandContext context) {
        this.context = context;
    }

    /** For an account that was just authorized: ignores earlier rejections. */
    static RenewCommand of(CommandContext context, String account, boolean verbose) {
        RenewCommand renew = new RenewCommand(context);
        renew.accounts = Set.of(account);
        renew.force = true;
        renew.verbose = verbose;
        return renew;
    }

    @Override
    public Integer call() {
        if (quiet || isJson()) {
            context.setOutput(new Output(context.environment(), isJson(), quiet));
        }
        if (every == null) {
            if (livenessFile != null) {
                throw new UsageException("--liveness-file needs --every");
            }
            return run();
        }
        if (force || dryRun) {
            throw new UsageException("--every cannot be combined with --force or --dry-run");
        }
        loop = new RenewalLoop(context, every, Optional.ofNullable(livenessFile));
        return loop.run(this::run);
    }

    /** The longest time between two runs. */
    private Optional<Duration> gap() {
        return loop != null ? Optional.of(loop.longestGap()) : context.timer().flatMap(Timer::longestGap);
    }

    private Optional<Duration> interval() {
        return loop != null ? Optional.of(loop.interval()) : Optional.empty();
    }

    private int run() {
        Environment environment = context.environment();
        log = new RenewalLog(context.output(), context.commands(), this::gap, environment.clock(), strict);
        Instant startedAt =
                environment.clock().instant().truncatedTo(ChronoUnit.SECONDS); // state files have this precision
        Config config = readConfig(startedAt);
        Selection selection = selection(config);
        boolean selectsAll =
                selection.tokens().isEmpty() && selection.accounts().isEmpty();
        log.warningsOf(config);
        if (selectsAll) {
            log.problemsOf(config);
        }
        if (!dryRun && (config.problems().isEmpty() || !config.tokens().isEmpty())) {
            context.makeStateDirectory();
        }
        AccountStore store = context.store();
        StateStore states = context.states();
        if (selectsAll) {
            Instant now = environment.clock().instant();
            for (UnusedAccount account : UnusedAccount.find(config, store, states, now)) {
                log.unusedAccount(account, config);
            }
        }
        TokenSecrets secrets = context.tokenSecrets();
        RenewalRun run = new RenewalRun(
                store,
                states,
                context.passwords(),
                secrets,
                Limits.LOCK,
                context.network(config, verbose),
                environment.clock(),
                environment.pause());
        if (dryRun) {
            run.dryRun(config, selection, log);
            log.summary();
            return log.status() == ExitStatus.USAGE ? ExitStatus.USAGE : ExitStatus.OK;
        }
        Optional<LiveProgress> progress = verbose || quiet || every != null
                ? Optional.empty()
                : LiveProgress.of(environment, selection.of(config).size());
        if (progress.isPresent()) {
            context.output().showProgress(progress.get());
            run.withProgress(progress.get());
        }
        Notifications notifications =
                config.notifications().isEmpty() ? null : new Notifications(context, log, interval());
        try {
            run.run(config, selection, notifications == null ? log : log.andThen(notifications::add));
        } finally {
            if (loop != null) {
                run.closeConnections(); // a process that ends closes them itself
            }
        }
        for (String account : run.accountsFromAnotherHost()) {
            log.onTwoHosts(account);
        }
        for (String account : run.narrowedAccounts()) {
            log.narrows(account);
        }
        if (notifications != null) {
            notifications.send(config, selection);
        }
        Optional<Path> metrics = metrics();
        if (metrics.isPresent()) {
            writeMetrics(
                    metrics.get(),
                    () -> StatusReport.of(
                            config,
                            store,
                            states,
                            context.passwords(),
                            secrets,
                            context.timer(),
                            AccountState.SOON,
                            environment.clock()),
                    startedAt);
        }
        if (loop != null) {
            secrets.close();
        }
        log.finish();
        if (afterSetup) {
            PostSetup.timer(context).forEach(context.output()::info);
        }
        return log.status();
    }

    /** If nothing in the file is usable, the metrics say so, instead of keeping the values of an earlier run. */
    private Config readConfig(Instant startedAt) {
        if (dryRun) {
            return context.readConfig();
        }
        try {
            return context.readConfig(Network::prepare);
        } catch (UsageException e) {
            if (e.getCause() instanceof ConfigException mistakes) {
                mistakes.readable().ifPresent(readable -> notify(mistakes, readable));
            }
            Optional<Path> metrics = metrics();
            if (metrics.isPresent()) {
                Instant now = context.environment().clock().instant();
                writeMetrics(metrics.get(), () -> StatusReport.withoutConfig(now, e.getMessage()), startedAt);
            }
            throw e;
        }
    }

    private void notify(ConfigException mistakes, Config readable) {
        Selection selection;
        try {
            selection = selection(readable);
        } catch (UsageException e) {
            return; // what the command line names may be in the lines that cannot be read
        }
        new Notifications(context, log, interval()).send(mistakes, readable, selection);
    }

    private boolean isJson() {
        String format = logFormat != null
                ? logFormat
                : context.environment().variable("OSG_TOKEN_RENEWER_LOG_FORMAT").orElse("text");
        if (!format.equals("text") && !format.equals("json")) {
            throw new UsageException("the log format '" + Printable.of(format) + "' is neither text nor json");
        }
        return format.equals("json");
    }

    /** For monitoring. If they cannot be written, the run still succeeds, because no token is lost. */
    private void writeMetrics(Path file, Reporter reporter, Instant startedAt) {
        try {
            MetricsFile.write(file, MetricsText.of(reporter.report(), startedAt));
        } catch (IOException e) {
            log.noMetrics(Printable.of(e.toString()), context.commands().allowWritingFile(file));
        }
    }

    private Optional<Path> metrics() {
        return metricsFile != null
                ? Optional.of(metricsFile)
                : context.environment().path("OSG_TOKEN_RENEWER_METRICS_FILE");
    }

    /** A misspelled name would otherwise renew nothing and report success. */
    private Selection selection(Config config) {
        Map<String, Set<String>> known = new HashMap<>();
        for (TokenSection token : config.tokens()) {
            add(known, token.name(), token.section());
        }
        Set<String> knownAccounts = new HashSet<>(config.accountsInUse().keySet());
        for (InvalidToken token : config.faultyTokens()) {
            add(known, token.name(), token.section());
            knownAccounts.add(token.account());
        }
        requireKnown("account", accounts, knownAccounts);
        requireKnown("token", tokens, known.keySet());
        Set<String> selected = new HashSet<>();
        for (String name : tokens) {
            selected.addAll(known.getOrDefault(name, Set.of()));
        }
        for (String name : names) {
            selected.addAll(tokensOf(name, config, known, knownAccounts));
        }
        Selection selection = new Selection(selected, accounts, force);
        if (!selects(selection, config) && !known.isEmpty()) {
            throw new UsageException("no token that you name belongs to an account that you name");
        }
        return selection;
    }

    private static boolean selects(Selection selection, Config config) {
        return !selection.of(config).isEmpty() || !selection.faultyOf(config).isEmpty();
    }

    /** A token can be selected with its own name, or with that of its section, which selects all of for_each. */
    private static void add(Map<String, Set<String>> known, String token, String section) {
        for (String name : List.of(token, section)) {
            Set<String> named = known.getOrDefault(name, new HashSet<>());
            named.add(token);
            known.put(name, named);
        }
    }

    /** The tokens of this name, or all of the account. A name may be both if both select the same tokens. */
    private Set<String> tokensOf(
            String name, Config config, Map<String, Set<String>> known, Set<String> knownAccounts) {
        Set<String> named = known.getOrDefault(name, Set.of());
        if (!knownAccounts.contains(name)) {
            requireKnown("token", Set.of(name), known.keySet());
            return named;
        }
        Selection account = new Selection(Set.of(), Set.of(name), force);
        Set<String> ofAccount = new HashSet<>();
        account.of(config).forEach(token -> ofAccount.add(token.name()));
        account.faultyOf(config).forEach(token -> ofAccount.add(token.name()));
        if (!named.isEmpty() && !ofAccount.equals(named)) {
            throw new UsageException("there are [token " + name + "] and [account " + name + "]; choose one: --token="
                    + name + " or --account=" + name);
        }
        return ofAccount;
    }

    private void requireKnown(String kind, Set<String> names, Set<String> known) {
        Set<String> unknown = new TreeSet<>(names);
        unknown.removeAll(known);
        if (!unknown.isEmpty()) {
            String wrong = unknown.iterator().next();
            throw new UsageException("no [" + kind + " " + wrong + "] in use in " + context.configFile()
                    + "; there are: " + UsageException.some(known, wrong));
        }
    }
}
