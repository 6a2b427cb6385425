package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.oidc.Network;
import org.opensciencegrid.tokenrenewer.renewal.RenewalRun;
import org.opensciencegrid.tokenrenewer.renewal.RenewalRun.Selection;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.text.Printable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What the timer runs. */
@Command(name = "renew", description = "Renews the tokens of the config file that are due.")
final class RenewCommand implements Callable<Integer> {
    @Option(names = "--token", paramLabel = "NAME", description = "only this token; may be repeated")
    private Set<String> tokens = Set.of();

    @Option(names = "--account", paramLabel = "NAME", description = "only this account's tokens; may be repeated")
    private Set<String> accounts = Set.of();

    @Option(
            names = "--force",
            description = "renew even what is fresh for longer than its min_lifetime, and ask the issuer even where"
                    + " an earlier refusal stands")
    private boolean force;

    @Option(
            names = "--strict",
            description = "an issuer that is down for a while is a failure even where the old token is good for long")
    private boolean strict;

    @Option(names = "--dry-run", description = "only tell what would be done; ask no issuer, write nothing")
    private boolean dryRun;

    @Option(
            names = "--metrics-file",
            paramLabel = "FILE",
            description = "write metrics for Prometheus there when done (default: $OSG_TOKEN_RENEWER_METRICS_FILE,"
                    + " else none)")
    private Path metricsFile;

    @Option(names = "--verbose", description = "show each request to an issuer and its answer, without secrets")
    private boolean verbose;

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            description = "text or json, one object a line (default: $OSG_TOKEN_RENEWER_LOG_FORMAT, else text)")
    private String logFormat;

    private final Root root;

    @SuppressWarnings("NullAway.Init") // call() begins with it
    private RenewalLog log;

    RenewCommand(Root root) {
        this.root = root;
    }

    /** For one account that has just been authorized: whatever stood in the way before does no more. */
    static RenewCommand of(Root root, String account, boolean verbose) {
        RenewCommand renew = new RenewCommand(root);
        renew.accounts = Set.of(account);
        renew.force = true;
        renew.verbose = verbose;
        return renew;
    }

    @Override
    public Integer call() {
        Environment environment = root.environment();
        if (isJson()) {
            root.printTo(new Output(environment, true));
        }
        log = new RenewalLog(root.output(), root.commands(), root::timer, environment.clock(), strict);
        Config config = dryRun ? root.readConfig() : root.readConfig(Network::prepare);
        requireKnown(config);
        log.warningsOf(config);
        if (!dryRun) {
            root.makeStateDirectory();
        }
        RenewalRun run = new RenewalRun(
                root.store(),
                root.states(),
                root.passwords(),
                Root.LOCK_WAIT,
                root.network(verbose),
                environment.clock(),
                environment.pause());
        Selection selection = new Selection(tokens, accounts, force);
        if (dryRun) {
            run.rehearse(config, selection, log::tell);
            return ExitStatus.OK;
        }
        Instant began = environment.clock().instant().truncatedTo(ChronoUnit.SECONDS); // as state files keep time
        Optional<LiveLines> live = verbose
                ? Optional.empty()
                : LiveLines.of(environment, selection.of(config).size());
        if (live.isPresent()) {
            root.output().below(live.get());
            run.watchedBy(live.get());
        }
        run.run(config, selection, log::tell);
        run.accountsOfAnotherHost().forEach(log::onTwoHosts);
        writeMetrics(config, began);
        log.end();
        return log.status();
    }

    private boolean isJson() {
        String format = Optional.ofNullable(logFormat)
                .or(() -> root.environment().variable("OSG_TOKEN_RENEWER_LOG_FORMAT"))
                .orElse("text");
        if (!format.equals("text") && !format.equals("json")) {
            throw new UsageException("the log format '" + Printable.of(format) + "' is neither text nor json");
        }
        return format.equals("json");
    }

    /** For whoever watches the service: their loss costs no token, and so fails nothing. */
    private void writeMetrics(Config config, Instant began) {
        Environment environment = root.environment();
        Optional<Path> file = Optional.ofNullable(metricsFile)
                .or(() -> environment.variable("OSG_TOKEN_RENEWER_METRICS_FILE").map(Path::of));
        if (file.isEmpty()) {
            return;
        }
        try {
            StatusReport report = StatusReport.of(
                    config,
                    root.store(),
                    root.states(),
                    root.passwords(),
                    root.timer(),
                    AccountState.SOON,
                    environment.clock());
            new MetricsFile(file.get()).write(Metrics.of(report, began));
        } catch (IOException e) {
            log.noMetrics(Printable.of(e.toString()) + "; "
                    + root.commands()
                            .allowWriting(Objects.requireNonNullElse(
                                    file.get().toAbsolutePath().getParent(), file.get())));
        }
    }

    /** A misspelt name would else renew nothing and report success. */
    private void requireKnown(Config config) {
        Set<String> names = new HashSet<>();
        config.tokens().forEach(token -> names.add(token.name()));
        requireKnown("token", tokens, names);
        requireKnown("account", accounts, config.accounts().keySet());
    }

    private void requireKnown(String kind, Set<String> asked, Set<String> known) {
        Set<String> unknown = new TreeSet<>(asked);
        unknown.removeAll(known);
        if (!unknown.isEmpty()) {
            throw new UsageException("no [" + kind + " " + unknown.iterator().next() + "] in use in "
                    + root.configFile() + "; there are: " + String.join(", ", new TreeSet<>(known)));
        }
    }
}
