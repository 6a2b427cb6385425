package org.opensciencegrid.tokenrenewer.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.cli.output.NotificationText;
import org.opensciencegrid.tokenrenewer.cli.output.RenewalLog;
import org.opensciencegrid.tokenrenewer.cli.output.UsageException;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigError;
import org.opensciencegrid.tokenrenewer.config.ConfigException;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.notify.Delivery;
import org.opensciencegrid.tokenrenewer.notify.Notifier;
import org.opensciencegrid.tokenrenewer.notify.Notifier.Finding;
import org.opensciencegrid.tokenrenewer.notify.Notifier.Replica;
import org.opensciencegrid.tokenrenewer.renewal.Outcome;
import org.opensciencegrid.tokenrenewer.renewal.RenewalRun.Selection;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** The messages of a run to the owners of its accounts. Not loaded if no account has the option {@code notify}. */
final class Notifications {
    /** Problems of the config file that a message shows; it counts the others. */
    private static final int MOST_PROBLEMS = 10;

    private static final int LONGEST_PROBLEM = 300;

    private final CommandContext context;
    private final RenewalLog log;
    private final Optional<Duration> interval;
    private final Map<String, List<Outcome>> byAccount = new HashMap<>();

    /** @param interval the time between two runs of {@code --every} */
    Notifications(CommandContext context, RenewalLog log, Optional<Duration> interval) {
        this.context = context;
        this.log = log;
        this.interval = interval;
    }

    /** Remembers the outcome of one token. */
    void add(Outcome outcome) {
        byAccount.computeIfAbsent(outcome.account(), name -> new ArrayList<>()).add(outcome);
    }

    /** Sends what is due. Nothing that happens here changes the result of the run. */
    void send(Config config, Selection selection) {
        Map<String, List<Outcome>> whole = new HashMap<>();
        byAccount.forEach((account, outcomes) -> {
            if (isWhole(account, config, selection)) { // one of several tokens says little about the account
                whole.put(account, outcomes);
            }
        });
        send(config, whole, selection.force());
    }

    /**
     * The config file has a line that cannot be read, so nothing is renewed.
     *
     * @param readable the rest of the file
     */
    void send(ConfigException e, Config readable, Selection selection) {
        List<String> problems = new ArrayList<>();
        for (ConfigError problem : e.problems()) {
            if (problems.size() == MOST_PROBLEMS) {
                problems.add((e.problems().size() - MOST_PROBLEMS) + " more");
                break;
            }
            problems.add(Printable.of(problem.in(e.file()), LONGEST_PROBLEM));
        }
        String places = String.join("; ", problems);
        Failure failure = new Failure(Failure.Kind.CONFIG_ERROR, e.file().toString(), places);
        selection.of(readable).forEach(token -> add(Outcome.Failed.of(token.account(), token.name(), failure)));
        selection.faultyOf(readable).forEach(token -> add(Outcome.Failed.of(token.account(), token.name(), failure)));
        send(readable, selection);
    }

    private void send(Config config, Map<String, List<Outcome>> outcomes, boolean isForced) {
        try {
            Network network = context.network(config, false);
            String host = HostIdentity.hostName();
            NotificationText text = new NotificationText(context.messages(), context.commands(), host);
            Function<String, List<Outcome>> of = account -> outcomes.getOrDefault(account, List.of());
            Notifier notifier = new Notifier(
                    context.store(),
                    context.states(),
                    new Delivery(host, network, context.environment().clock()),
                    (account, event, options, state) -> text.of(
                            account,
                            event,
                            options,
                            state,
                            of.apply(account),
                            context.environment().clock().instant()),
                    context.environment().clock(),
                    interval.map(time -> new Replica(context.podName(), time)));
            for (String account : config.accountsToNotify()) {
                NotifyOptions options = config.notifications().get(account);
                if (options != null && outcomes.containsKey(account)) {
                    notifier.send(account, options, finding(of.apply(account)), isForced)
                            .forEach(log::report);
                }
            }
        } catch (UsageException e) {
            log.noNotifications(Printable.of(e.getMessage()));
        } catch (RuntimeException e) {
            log.noNotifications("a bug in osg-token-renewer: " + Printable.of(e.toString()));
        }
    }

    private Finding finding(List<Outcome> outcomes) {
        if (outcomes.stream().anyMatch(log::isFailure)) {
            return Finding.FAILED;
        }
        return outcomes.stream().anyMatch(Outcome.Failed.class::isInstance) ? Finding.WAITING : Finding.WELL;
    }

    private static boolean isWhole(String account, Config config, Selection selection) {
        long all = config.tokens().stream()
                        .filter(token -> token.account().equals(account))
                        .count()
                + config.faultyTokens().stream()
                        .filter(token -> token.account().equals(account))
                        .count();
        long selected = selection.of(config).stream()
                        .filter(token -> token.account().equals(account))
                        .count()
                + selection.faultyOf(config).stream()
                        .filter(token -> token.account().equals(account))
                        .count();
        return all == selected;
    }
}
