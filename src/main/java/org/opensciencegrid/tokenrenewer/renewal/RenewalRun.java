package org.opensciencegrid.tokenrenewer.renewal;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.InvalidToken;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSecret;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.NetworkOptions;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.TokenClient;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Renews the due tokens of a {@link Config}: accounts in parallel, the tokens of one account in order. */
public final class RenewalRun {
    private final AccountStore store;
    private final StateStore states;
    private final Passwords passwords;
    private final TokenSecrets secrets;
    private final Duration lockWait;
    private final Network network;
    private final Clock clock;
    private final Sleeper pause;
    private Progress progress = Progress.NONE;
    private @Nullable HookQueue hooks;
    /** How long we wait for each missing result when the run must end. */
    private static final Duration LAST_WAIT = Duration.ofMillis(250);

    /** How long we wait for an account before the others get more workers. */
    private static final Duration TICK = Duration.ofSeconds(1);

    private RunDeadline deadline;
    private final Map<String, IssuerHealth> healthByIssuer = new ConcurrentHashMap<>();
    private final Map<List<Object>, IssuerClients> issuers = new ConcurrentHashMap<>();
    private final Set<String> fromAnotherHost = new ConcurrentSkipListSet<>();
    private final Set<String> narrowed = new ConcurrentSkipListSet<>();

    /**
     * @param secrets for tokens that are written to a Kubernetes Secret
     * @param lockWait how long to wait for another run or command that holds an account
     */
    public RenewalRun(
            AccountStore store,
            StateStore states,
            Passwords passwords,
            TokenSecrets secrets,
            Duration lockWait,
            Network network,
            Clock clock,
            Sleeper pause) {
        this.store = store;
        this.states = states;
        this.passwords = passwords;
        this.secrets = secrets;
        this.lockWait = lockWait;
        this.network = network;
        this.clock = clock;
        this.pause = pause;
        this.deadline = new RunDeadline(pause);
    }

    /** Replaces the end of the run. */
    RenewalRun withDeadline(RunDeadline other) {
        deadline = other;
        return this;
    }

    /** Reports progress to the watcher. */
    public RenewalRun withProgress(Progress watcher) {
        progress = watcher;
        return this;
    }

    /**
     * Which tokens to renew, and whether to renew fresh ones too.
     *
     * @param tokens names; empty for all
     * @param accounts names; empty for all
     */
    public record Selection(Set<String> tokens, Set<String> accounts, boolean force) {
        /** In the order of the config file. */
        public List<TokenSection> of(Config config) {
            List<TokenSection> selected = new ArrayList<>();
            for (TokenSection section : config.tokens()) {
                if (includes(section.name(), section.account())) {
                    selected.add(section);
                }
            }
            return selected;
        }

        /** The selected tokens that cannot be renewed until the config file is corrected. */
        public List<InvalidToken> faultyOf(Config config) {
            List<InvalidToken> selected = new ArrayList<>();
            for (InvalidToken token : config.faultyTokens()) {
                if (includes(token.name(), token.account())) {
                    selected.add(token);
                }
            }
            return selected;
        }

        private boolean includes(String token, String account) {
            return (tokens.isEmpty() || tokens.contains(token)) && (accounts.isEmpty() || accounts.contains(account));
        }
    }

    /**
     * Renews every selected token, whatever else fails, and ends after {@link
     * org.opensciencegrid.tokenrenewer.net.Limits#RUN}. A token with a mistake in its section fails and does not stop
     * the others.
     *
     * @param inOrder gets the outcome of every selected token: first the faulty ones, then the others in the order of
     *     the config file, each as soon as it and those before it are known
     */
    public void run(Config config, Selection selection, Consumer<Outcome> inOrder) {
        faulty(config, selection).forEach(inOrder);
        List<TokenSection> sections = selection.of(config);
        Map<String, List<TokenSection>> byAccount = byAccount(sections);
        SecretPublisher publisher = new SecretPublisher(store, states, lockWait, deadline, secrets, clock);
        if (byAccount.isEmpty()) {
            if (config.problems().isEmpty()) {
                states.recordRun(clock.instant());
            }
            return;
        }
        Map<String, Results> results = new LinkedHashMap<>();
        Map<String, AccountRenewal> waiting = new LinkedHashMap<>();
        Map<String, IssuerQueue> queues = new HashMap<>();
        try {
            for (Map.Entry<String, List<TokenSection>> each : byAccount.entrySet()) {
                AccountSection account = section(config, each.getKey());
                results.put(account.name(), plan(account, each.getValue(), selection.force(), waiting));
            }
            prepare(config, waiting.keySet());
            for (Map.Entry<String, AccountRenewal> each : waiting.entrySet()) {
                AccountSection account = section(config, each.getKey());
                results.put(account.name(), start(account, each.getValue(), queues));
            }
            for (TokenSection section : sections) {
                Outcome outcome =
                        outcome(Objects.requireNonNull(results.get(section.account())), section, queues.values());
                inOrder.accept(publisher.publish(section, outcome));
            }
        } finally {
            for (IssuerQueue queue : queues.values()) {
                queue.close();
            }
        }
        states.recordRun(clock.instant());
    }

    /**
     * The outcomes of an account's tokens, after their post_renewal commands ran. Does not keep the {@link
     * AccountRenewal}: there may be thousands.
     *
     * @param later has them instead, if there is still work
     */
    private record Results(Map<String, Outcome> outcomes, Optional<Future<Results>> later) {
        static Results known(Map<String, Outcome> outcomes) {
            return new Results(outcomes, Optional.empty());
        }

        static Results of(Future<Results> later) {
            return new Results(Map.of(), Optional.of(later));
        }
    }

    /** Checks whether any token of the account is due. */
    private Results plan(
            AccountSection account, List<TokenSection> tokens, boolean force, Map<String, AccountRenewal> waiting) {
        try {
            AccountRenewal run = of(account, tokens, force);
            if (run.hasWork()) {
                Network.prepare();
                waiting.put(account.name(), run);
            }
            return Results.known(run.outcomes());
        } catch (RuntimeException e) {
            return failed(e);
        }
    }

    /**
     * Allocates the memory that the run needs before its first request: killed later, the run could lose a response.
     */
    private void prepare(Config config, Collection<String> waiting) {
        List<String> stored = new ArrayList<>();
        for (String name : waiting) {
            if (section(config, name) instanceof StoredAccount) {
                stored.add(name);
            }
        }
        store.prepare(stored);
    }

    /** Starts the renewal of the account, in parallel with those of other issuers. */
    private Results start(AccountSection account, AccountRenewal run, Map<String, IssuerQueue> queues) {
        try {
            IssuerQueue queue = queues.get(run.issuer());
            if (queue == null) {
                queue = new IssuerQueue(health(run.issuer()));
                queues.put(run.issuer(), queue);
            }
            return Results.of(queue.submit(() -> renew(account, run)));
        } catch (RuntimeException e) {
            return failed(e);
        }
    }

    /**
     * Names of the accounts that {@link #run} opened and another host had saved, sorted: two hosts may be using one
     * refresh token.
     */
    public Set<String> accountsFromAnotherHost() {
        return fromAnotherHost;
    }

    /** Names of the accounts for which {@link #run} found first that the issuer narrows the refresh token, sorted. */
    public Set<String> narrowedAccounts() {
        return narrowed;
    }

    /** Call after {@link #run}, in a process that goes on. */
    public void closeConnections() {
        issuers.values().forEach(clients -> clients.transport().closeIdle());
    }

    /** What {@link #run} would do now: no request to an issuer, no lock, no write. */
    public void dryRun(Config config, Selection selection, Consumer<Outcome> inOrder) {
        faulty(config, selection).forEach(inOrder);
        List<TokenSection> sections = selection.of(config);
        Map<String, Map<String, Outcome>> outcomes = new HashMap<>();
        byAccount(sections)
                .forEach((name, tokens) -> outcomes.put(
                        name,
                        of(section(config, name), tokens, selection.force()).dryRun()));
        for (TokenSection section : sections) {
            Outcome outcome = Objects.requireNonNull(
                    Objects.requireNonNull(outcomes.get(section.account())).get(section.name()));
            Optional<Failure> unwritable = section.tokenSecret().flatMap(this::unwritable);
            inOrder.accept(unwritable.isPresent() ? new Outcome.NotPublished(outcome, unwritable.get()) : outcome);
        }
    }

    private Optional<Failure> unwritable(TokenSecret secret) {
        return secrets.problems(secret).stream().findFirst().map(e -> FailureMapper.of(e, secret.toString()));
    }

    private static Map<String, List<TokenSection>> byAccount(List<TokenSection> sections) {
        Map<String, List<TokenSection>> byAccount = new LinkedHashMap<>();
        for (TokenSection section : sections) {
            add(byAccount, section.account(), section);
        }
        return byAccount;
    }

    private static <T> void add(Map<String, List<T>> lists, String name, T element) {
        List<T> list = lists.getOrDefault(name, new ArrayList<>());
        list.add(element);
        lists.put(name, list);
    }

    /** If all tokens of a section with for_each have the same mistakes, there is one outcome, with the section's name. */
    private static List<Outcome> faulty(Config config, Selection selection) {
        Map<String, List<InvalidToken>> bySection = new LinkedHashMap<>();
        for (InvalidToken token : selection.faultyOf(config)) {
            add(bySection, token.section(), token);
        }
        List<Outcome> outcomes = new ArrayList<>();
        for (List<InvalidToken> tokens : bySection.values()) {
            InvalidToken first = tokens.get(0);
            boolean isShared = tokens.size() > 1
                    && tokens.stream().allMatch(token -> token.problems().equals(first.problems()));
            if (isShared) {
                outcomes.add(faulty(config, first, first.section()));
            } else {
                tokens.forEach(token -> outcomes.add(faulty(config, token, token.name())));
            }
        }
        return outcomes;
    }

    private static Outcome faulty(Config config, InvalidToken token, String name) {
        String places = token.problems().stream()
                .map(problem -> Printable.of(problem.in(config.file())))
                .collect(Collectors.joining("; "));
        Failure failure = new Failure(Failure.Kind.CONFIG_ERROR, config.file().toString(), places);
        return Outcome.Failed.of(token.account(), name, failure);
    }

    /** The config has an account for every token in it. */
    private static AccountSection section(Config config, String name) {
        return Objects.requireNonNull(config.accounts().get(name));
    }

    /** What this run knows about the issuer. */
    IssuerHealth health(String issuer) {
        IssuerHealth health = new IssuerHealth(pause);
        IssuerHealth known = healthByIssuer.putIfAbsent(issuer, health);
        return known == null ? health : known;
    }

    /** Waits until the result is there or the run must end, even if the worker hangs. */
    private Results await(Future<Results> future, Collection<IssuerQueue> queues)
            throws ExecutionException, InterruptedException, TimeoutException {
        while (true) {
            try {
                long wait = Math.max(
                        LAST_WAIT.toMillis(),
                        Math.min(TICK.toMillis(), deadline.left().toMillis()));
                return future.get(wait, TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                if (deadline.left().isZero()) {
                    throw e;
                }
                queues.forEach(IssuerQueue::letOthersPass);
            }
        }
    }

    private Outcome outcome(Results results, TokenSection section, Collection<IssuerQueue> queues) {
        Failure failure;
        try {
            Results last = results;
            while (last.later().isPresent()) {
                last = await(last.later().get(), queues);
            }
            return Objects.requireNonNull(last.outcomes().get(section.name()));
        } catch (TimeoutException e) {
            failure = new Failure(Failure.Kind.OUT_OF_TIME, section.account(), "it did not end in time");
        } catch (ExecutionException e) {
            // A bug in the work on one account must not hide the outcomes of the others.
            failure = new Failure(Failure.Kind.INTERNAL, section.account(), Printable.of(described(e.getCause())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            failure = new Failure(Failure.Kind.INTERNAL, section.account(), "interrupted");
        }
        return Outcome.Failed.of(section.account(), section.name(), failure);
    }

    private static String described(Throwable bug) {
        StackTraceElement[] trace = bug.getStackTrace();
        return bug + (trace.length == 0 ? "" : " at " + trace[0]);
    }

    private Results renew(AccountSection account, AccountRenewal run) {
        run.run(this);
        if (run.isFromAnotherHost()) {
            fromAnotherHost.add(account.name());
        }
        if (run.hasFoundNarrowing()) {
            narrowed.add(account.name());
        }
        if (!run.hasPendingHooks()) {
            return Results.known(run.outcomes());
        }
        return Results.of(hooks().submit(() -> Results.known(run.runHooks())));
    }

    private static Results failed(RuntimeException bug) {
        return Results.of(CompletableFuture.failedFuture(bug));
    }

    private synchronized HookQueue hooks() {
        if (hooks == null) {
            hooks = new HookQueue();
        }
        return hooks;
    }

    /** Opens an account that is locked if it can be, and of which something is due. */
    TokenSource open(AccountSection account, @Nullable LockedAccount locked, AccountState state)
            throws FailureException {
        if (account instanceof StoredAccount stored) {
            return new RefreshTokenSource(
                    stored,
                    Objects.requireNonNull(locked),
                    store.file(stored.name()),
                    HostIdentity.here(store, stored.name()),
                    passwords,
                    this,
                    state,
                    deadline,
                    clock);
        }
        ClientCredentialsAccount section = (ClientCredentialsAccount) account;
        return new ClientCredentialsSource(
                section, issuers(section.caFile(), section).after(state), state, passwords, deadline, clock);
    }

    private AccountRenewal of(AccountSection account, List<TokenSection> tokens, boolean force) {
        return new AccountRenewal(account, tokens, force, store, states, secrets, lockWait, deadline, clock, progress);
    }

    /** One for each set of trusted certificates and each proxy, so that accounts share connections. */
    IssuerClients issuers(Optional<Path> caFile, AccountSection section) throws FailureException {
        NetworkOptions options = section.networkOptions();
        boolean hasCertificate = section.clientFiles().tls().isPresent();
        // A certificate belongs to one account. Not a record, whose first hash code takes a run 10 ms.
        List<Object> route =
                List.of(caFile, options.proxies(), options.responseTimeout(), hasCertificate ? section.name() : "");
        IssuerClients known = issuers.get(route);
        if (known != null) {
            return known;
        }
        Transport transport = hasCertificate
                ? new ClientProof(section.name(), section.clientFiles(), passwords, clock)
                        .transport(network.with(options), caFile)
                : network.with(options).transport(caFile);
        IssuerClients clients =
                new IssuerClients(transport, new TokenClient(transport, clock, pause), new Discovery(transport));
        IssuerClients other = issuers.putIfAbsent(route, clients);
        return other == null ? clients : other;
    }

    /** The clients for the issuers that have the same trusted certificates and the same route. */
    record IssuerClients(Transport transport, TokenClient tokens, Discovery discovery) {
        /** With what earlier runs learned about the TLS of the issuer. */
        IssuerClients after(AccountState state) {
            transport.allShares(state.allKeyShares());
            return this;
        }
    }
}
