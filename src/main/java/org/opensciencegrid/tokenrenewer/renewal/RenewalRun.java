package org.opensciencegrid.tokenrenewer.renewal;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Network;
import org.opensciencegrid.tokenrenewer.oidc.Pause;
import org.opensciencegrid.tokenrenewer.oidc.TokenClient;
import org.opensciencegrid.tokenrenewer.oidc.Transport;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.StateFiles;
import org.opensciencegrid.tokenrenewer.text.Printable;

/** Renews what is due of a {@link Config}: accounts in parallel, the tokens of one account in order. */
public final class RenewalRun {
    private final AccountStore store;
    private final StateFiles states;
    private final Passwords passwords;
    private final Duration lockWait;
    private final Network network;
    private final Clock clock;
    private final Pause pause;
    private Progress progress = Progress.UNSEEN;
    private @Nullable HookQueue hooks;
    private final Map<Optional<Path>, Issuers> issuers = new ConcurrentHashMap<>();
    private final Set<String> ofAnotherHost = new ConcurrentSkipListSet<>();

    /**
     * @param lockWait how long to wait for another run or command that holds an account
     */
    public RenewalRun(
            AccountStore store,
            StateFiles states,
            Passwords passwords,
            Duration lockWait,
            Network network,
            Clock clock,
            Pause pause) {
        this.store = store;
        this.states = states;
        this.passwords = passwords;
        this.lockWait = lockWait;
        this.network = network;
        this.clock = clock;
        this.pause = pause;
    }

    /** Lets somebody look on. */
    public RenewalRun watchedBy(Progress watcher) {
        progress = watcher;
        return this;
    }

    /**
     * Which tokens, and whether even those that are fresh.
     *
     * @param tokens names; empty for all
     * @param accounts names; empty for all
     */
    public record Selection(Set<String> tokens, Set<String> accounts, boolean force) {
        /** In the order of the config file. */
        public List<TokenSection> of(Config config) {
            List<TokenSection> selected = new ArrayList<>();
            for (TokenSection section : config.tokens()) {
                if (includes(section)) {
                    selected.add(section);
                }
            }
            return selected;
        }

        private boolean includes(TokenSection section) {
            return (tokens.isEmpty() || tokens.contains(section.name()))
                    && (accounts.isEmpty() || accounts.contains(section.account()));
        }
    }

    /**
     * Runs to the end whatever fails.
     *
     * @param inOrder gets the outcome of every selected token in the order of the config file, each as soon as it and those
     *     before it are known
     */
    public void run(Config config, Selection selection, Consumer<Outcome> inOrder) {
        List<TokenSection> sections = selection.of(config);
        Map<String, List<TokenSection>> byAccount = new LinkedHashMap<>();
        sections.forEach(section -> byAccount
                .computeIfAbsent(section.account(), name -> new ArrayList<>())
                .add(section));
        if (byAccount.isEmpty()) {
            return;
        }
        Map<String, Told> results = new LinkedHashMap<>();
        Map<String, IssuerQueue> queues = new HashMap<>();
        try {
            byAccount.forEach((name, tokens) ->
                    results.put(name, begin(section(config, name), tokens, selection.force(), queues)));
            for (TokenSection section : sections) {
                inOrder.accept(outcome(Objects.requireNonNull(results.get(section.account())), section));
            }
        } finally {
            queues.values().forEach(IssuerQueue::close);
        }
        states.ran(clock.instant());
    }

    /** What became of an account's tokens, when the site has been told of them, too. */
    @FunctionalInterface
    private interface Told {
        Map<String, Outcome> outcomes() throws ExecutionException, InterruptedException;
    }

    /** Looks whether anything is due of one account, and if so has it renewed beside those of other issuers. */
    private Told begin(
            AccountSection account, List<TokenSection> tokens, boolean force, Map<String, IssuerQueue> queues) {
        try {
            AccountRun run = of(account, tokens, force);
            if (!run.hasWork()) {
                return nobodyToTell(run);
            }
            Network.prepare();
            IssuerQueue queue = queues.computeIfAbsent(run.issuer(), issuer -> new IssuerQueue(pause));
            Future<Told> renewed = queue.submit(() -> renew(account, run, queue.experience()));
            return () -> renewed.get().outcomes();
        } catch (RuntimeException e) {
            return () -> {
                throw new ExecutionException(e);
            };
        }
    }

    /** Names of the accounts that {@link #run} opened and another host had saved, sorted: two may be using one refresh token. */
    public Set<String> accountsOfAnotherHost() {
        return ofAnotherHost;
    }

    /** What {@link #run} would do now: nothing is asked, locked or written. */
    public void rehearse(Config config, Selection selection, Consumer<Outcome> inOrder) {
        for (TokenSection section : selection.of(config)) {
            AccountSection account = section(config, section.account());
            inOrder.accept(
                    of(account, List.of(section), selection.force()).rehearse().get(section.name()));
        }
    }

    /** The config has an account for every token in it. */
    private static AccountSection section(Config config, String name) {
        return Objects.requireNonNull(config.accounts().get(name));
    }

    private static Outcome outcome(Told result, TokenSection section) {
        try {
            return Objects.requireNonNull(result.outcomes().get(section.name()));
        } catch (ExecutionException e) {
            // A bug in the work on one account must not hide what became of the others.
            Failure bug = new Failure(Failure.Kind.INTERNAL, section.account(), Printable.of(described(e.getCause())));
            return new Outcome.Failed(section.account(), section.name(), bug, Optional.empty(), true, Optional.empty());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            Failure ended = new Failure(Failure.Kind.INTERNAL, section.account(), "interrupted");
            return new Outcome.Failed(
                    section.account(), section.name(), ended, Optional.empty(), true, Optional.empty());
        }
    }

    private static String described(Throwable bug) {
        StackTraceElement[] trace = bug.getStackTrace();
        return bug + (trace.length == 0 ? "" : " at " + trace[0]);
    }

    private Told renew(AccountSection account, AccountRun run, Experience experience) {
        run.run(opener(account), experience);
        if (run.isOfAnotherHost()) {
            ofAnotherHost.add(account.name());
        }
        if (!run.hasNews()) {
            return nobodyToTell(run);
        }
        Future<Map<String, Outcome>> told = hooks().submit(run::tell);
        return told::get;
    }

    private static Told nobodyToTell(AccountRun run) {
        Map<String, Outcome> outcomes = run.outcomes(); // and nothing else of the run, of which there may be thousands
        return () -> outcomes;
    }

    private synchronized HookQueue hooks() {
        if (hooks == null) {
            hooks = new HookQueue();
        }
        return hooks;
    }

    private AccountRun.Opener opener(AccountSection account) {
        if (account instanceof StoredAccount stored) {
            return (locked, state) -> new RefreshTokenSource(
                    stored,
                    Objects.requireNonNull(locked),
                    store.file(stored.name()),
                    passwords,
                    this::issuers,
                    state.inDoubtSince(),
                    clock);
        }
        ClientCredentialsAccount section = (ClientCredentialsAccount) account;
        return (locked, state) ->
                new ClientCredentialsSource(section, issuers(section.caFile()).tokens());
    }

    private AccountRun of(AccountSection account, List<TokenSection> tokens, boolean force) {
        return new AccountRun(account, tokens, force, store, states, lockWait, clock, progress);
    }

    /** One for each set of trusted certificates, so that connections and TLS sessions are shared. */
    private Issuers issuers(Optional<Path> caFile) {
        return issuers.computeIfAbsent(caFile, file -> {
            Transport transport = network.transport(file);
            return new Issuers(new TokenClient(transport, clock, pause), new Discovery(transport));
        });
    }

    /** What is asked of the issuers whose certificates are vouched for in one way. */
    record Issuers(TokenClient tokens, Discovery discovery) {}
}
