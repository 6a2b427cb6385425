package org.opensciencegrid.tokenrenewer.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.renewal.Outcome;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Fresh;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Granted;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Wanted;
import org.opensciencegrid.tokenrenewer.renewal.RenewalRun;
import org.opensciencegrid.tokenrenewer.renewal.RenewalRun.Selection;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.status.StatusReport;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
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

    /** Of the timer that we ship. */
    private static final Duration USUAL_GAP = Duration.ofMinutes(14);

    private final Root root;
    private final Output output;
    private Messages messages;
    private Duration twoRuns;

    RenewCommand(Root root) {
        this.root = root;
        this.output = new Output(root.environment());
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
        messages = new Messages(root.commands());
        Config config = root.readConfig();
        requireKnown(config);
        config.warnings()
                .forEach(warning -> output.warning(config.file() + ":" + warning.line() + ": " + warning.text()));
        Environment environment = root.environment();
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
        Instant began = now().truncatedTo(ChronoUnit.SECONDS); // as state files keep time
        AtomicInteger worst = new AtomicInteger(ExitStatus.OK);
        Selection selection = new Selection(tokens, accounts, force);
        if (dryRun) {
            run.rehearse(config, selection, this::print);
            return ExitStatus.OK;
        }
        run.run(config, selection, outcome -> {
            print(outcome);
            if (outcome instanceof Failed failed && !canWait(failed)) {
                boolean isBug = failed.failure().kind() == Failure.Kind.INTERNAL;
                worst.accumulateAndGet(isBug ? ExitStatus.BUG : ExitStatus.FAILED, Math::max);
            }
        });
        warnOfCopies(config, began);
        writeMetrics(config, began);
        return worst.get();
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
            output.warning("no metrics: " + Printable.of(e.toString()) + "; "
                    + root.commands().allowWriting(file.get().toAbsolutePath().getParent()));
        }
    }

    /** An account that another host had saved: noticed by the run that opens it first. */
    private void warnOfCopies(Config config, Instant began) {
        for (String account : config.accounts().keySet()) {
            try {
                Optional<Instant> noticed = root.states().read(account).otherHostAt();
                if (noticed.filter(at -> !at.isBefore(began)).isPresent()) {
                    output.warning("account " + account + ": " + Messages.onTwoHosts());
                }
            } catch (IOException e) {
                // The run has said what it thinks of its state files.
            }
        }
    }

    /** A misspelt name would else renew nothing and report success. */
    private void requireKnown(Config config) {
        requireKnown(
                "token",
                tokens,
                config.tokens().stream().map(TokenSection::name).collect(Collectors.toSet()));
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

    private void print(Outcome outcome) {
        if (outcome instanceof Renewed renewed) {
            String expiry = renewed.expiresAt()
                    .map(end -> "expires in " + Words.span(Duration.between(now(), end)))
                    .orElse("expiry unknown");
            output.info("token " + renewed.token() + ": renewed, " + expiry + " > " + renewed.path());
            warn(renewed);
        } else if (outcome instanceof Fresh fresh) {
            output.info(fresh.left().toSeconds() + " seconds remaining in '" + fresh.token() + "', not renewing");
        } else if (outcome instanceof Wanted wanted) {
            output.info("token " + wanted.token() + ": would be renewed > " + wanted.path());
        } else if (outcome instanceof Failed failed) {
            print(failed);
        }
    }

    private void warn(Renewed renewed) {
        Granted granted = renewed.granted();
        String token = "token " + renewed.token() + ": ";
        if (!granted.missingScope().isEmpty()) {
            output.warning(token + "asked for scope but was not granted: " + String.join(" ", granted.missingScope()));
        }
        if (!granted.extraScope().isEmpty()) {
            output.warning(token + "granted more scope than asked for: " + String.join(" ", granted.extraScope()));
        }
        if (!granted.missingAudience().isEmpty()) {
            output.warning(token + "asked for audience but was not granted: "
                    + String.join(" ", granted.missingAudience())
                    + "; the issuer may want audience_parameter = audience (or resource) in [account "
                    + renewed.account() + "]");
        }
    }

    private void print(Failed failed) {
        Failure failure = failed.failure();
        String verb = failure.kind().isOfTokenFile() ? "write" : "get";
        String next = failed.nextTry()
                .map(time -> failed.asked()
                        ? " (asked again after " + Words.time(time) + ")"
                        : " (not asked again before " + Words.time(time) + " without --force)")
                .orElse("");
        String line = "Failed to " + verb + " token '" + failed.token() + "': "
                + messages.line(failure, failed.account()) + next;
        if (canWait(failed)) {
            output.warning(line + "; the token that is there is good for "
                    + Words.span(failed.left().orElseThrow()));
        } else if (failure.kind() == Failure.Kind.REFRESH_TOKEN_LOST
                || failure.kind() == Failure.Kind.REFRESH_TOKEN_RESCUED) {
            output.critical(line);
        } else {
            output.error(line);
        }
    }

    /** Whether the trouble passes by itself, and no service will notice it in the next two runs. */
    private boolean canWait(Failed failed) {
        return !strict
                && failed.failure().kind().passesByItself()
                && failed.left().filter(left -> left.compareTo(twoRuns()) > 0).isPresent();
    }

    /** Read once, and only when something failed: in an outage all tokens do. */
    private Duration twoRuns() {
        if (twoRuns == null) {
            twoRuns = root.timer().flatMap(Timer::longestGap).orElse(USUAL_GAP).multipliedBy(2);
        }
        return twoRuns;
    }

    private Instant now() {
        return root.environment().clock().instant();
    }
}
