package org.opensciencegrid.tokenrenewer.renewal;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Fresh;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Granted;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.token.TokenFile;
import org.opensciencegrid.tokenrenewer.token.TokenFileException;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * One account in one run. Its tokens are renewed in order, because each rotated refresh token depends on the one
 * before. A failure of one token stops the account's other tokens only if another request would be useless.
 */
final class AccountRenewal {
    private final AccountSection accountSection;
    private final String account;
    private final List<TokenSection> sections;
    private final boolean force;
    private final BackOff backOff;
    private final AccountStore store;
    private final StateStore states;
    private final TokenSecrets secrets;
    private final Duration lockWait;
    private final RunDeadline deadline;
    private final Clock clock;
    private final Progress progress;
    private final AccountHooks hooks;
    private final Set<String> written = new HashSet<>();
    private final Map<String, Outcome> outcomes = new LinkedHashMap<>();
    private AccountState state = AccountState.UNKNOWN;
    private List<TokenSection> due = List.of();
    private String issuer = "";
    private boolean isFromAnotherHost;
    private boolean foundNarrowing;

    AccountRenewal(
            AccountSection accountSection,
            List<TokenSection> sections,
            boolean force,
            AccountStore store,
            StateStore states,
            TokenSecrets secrets,
            Duration lockWait,
            RunDeadline deadline,
            Clock clock,
            Progress progress) {
        this.accountSection = accountSection;
        this.account = accountSection.name();
        this.sections = sections;
        this.force = force;
        this.backOff = new BackOff(clock, force);
        this.store = store;
        this.states = states;
        this.secrets = secrets;
        this.lockWait = lockWait;
        this.deadline = deadline;
        this.clock = clock;
        this.progress = progress;
        this.hooks = new AccountHooks(account, sections, store, states, secrets, lockWait, deadline, clock);
    }

    /** Whether there is anything to do. If not, the run takes no lock, reads no password and opens no connection. */
    boolean hasWork() {
        due = due(sections);
        boolean hasWork =
                !due.isEmpty() || !hooks.pending(state, written, outcomes).isEmpty();
        issuer = accountSection instanceof ClientCredentialsAccount client
                ? client.tokenRequestUrl().toString()
                : state.issuer().orElse("");
        state = AccountState.UNKNOWN; // read again later: thousands of accounts may be in memory now
        return hasWork;
    }

    /** The issuer, if the config or the state file names it; otherwise empty. */
    String issuer() {
        return issuer;
    }

    /** The outcome of every section, by token name. */
    Map<String, Outcome> outcomes() {
        return outcomes;
    }

    /**
     * Renews the due tokens; call {@link #hasWork} first. A failure of the account becomes an outcome, not an
     * exception.
     *
     * @param run what all accounts share
     */
    void run(RenewalRun run) {
        if (due.isEmpty()) {
            state = readState();
        } else {
            progress.update(account, 0, due.size());
            renew(run);
            progress.update(account, due.size(), due.size());
        }
    }

    /** Whether the account was opened and another host had saved it. Call after {@link #run}. */
    boolean isFromAnotherHost() {
        return isFromAnotherHost;
    }

    /** Whether this run is the first to find that the issuer narrows the refresh token. Call after {@link #run}. */
    boolean hasFoundNarrowing() {
        return foundNarrowing;
    }

    /** Whether a post_renewal must run. Call after {@link #run}. */
    boolean hasPendingHooks() {
        return !hooks.pending(state, written, outcomes).isEmpty();
    }

    /**
     * Runs the tokens' post_renewal commands one after the other; returns the outcome of every section, by token name.
     */
    Map<String, Outcome> runHooks() {
        hooks.run(state, written, outcomes);
        return outcomes;
    }

    private void renew(RenewalRun run) {
        try (LockedAccount locked = store.lock(account, shorter(lockWait, deadline.leftToBegin()))) {
            underLock(locked, run, due);
        } catch (StoreException e) {
            if (e.kind() == StoreException.Kind.UNWRITABLE && !(accountSection instanceof StoredAccount)) {
                underLock(null, run, due); // the store holds nothing of this account but its lock
            } else {
                state = readState();
                failAll(due, FailureMapper.of(e));
                states.keepUnwritten(account, withOutcome(Optional.of(FailureMapper.of(e))));
            }
        }
    }

    /** What a run would do now, from the files on disk: no request, no lock, no write. */
    Map<String, Outcome> dryRun() {
        for (TokenSection section : due(sections)) {
            Outcome wouldRenew = new Outcome.WouldRenew(account, section.name(), section.place(), section.onlySecret());
            Optional<BackOff.Refusal> refused = backOff.refusal(accountSection, state)
                    .or(() -> backOff.refusal(section, state.token(section.name())));
            Optional<Outcome> older = force || !(accountSection instanceof StoredAccount)
                    ? Optional.empty()
                    : FailureMapper.olderAccount(store, account)
                            .map(why -> new Failed(
                                    account, section.name(), why, Optional.empty(), false, Optional.empty()));
            outcomes.put(
                    section.name(),
                    refused.map(why -> refused(why, section)).or(() -> older).orElse(wouldRenew));
        }
        return outcomes;
    }

    private void underLock(@Nullable LockedAccount locked, RenewalRun run, List<TokenSection> dueBefore) {
        List<TokenSection> due = due(dueBefore); // another run may have renewed them while we waited for the lock
        if (due.isEmpty()) {
            return;
        }
        Optional<BackOff.Refusal> refused = backOff.refusal(accountSection, state);
        if (refused.isPresent()) {
            due.forEach(section -> outcomes.put(section.name(), refused(refused.get(), section)));
            return;
        }
        // If a response was lost, always send the request: some issuers repeat the new refresh token for a short time.
        boolean mustRequest = state.inDoubtSince().isPresent();
        Optional<Failure> down = whyNotRequest(mustRequest ? "" : issuer, run);
        if (down.isPresent()) {
            failWithoutRequest(due, down.get());
            return;
        }
        try (TokenSource source = run.open(accountSection, locked, state)) {
            Optional<Failure> found = whyNotRequest(mustRequest ? "" : source.issuer(), run);
            if (found.isPresent()) {
                failWithoutRequest(due, found.get());
                return;
            }
            Optional<Failure> older = force ? Optional.empty() : older(source, due);
            if (older.isPresent()) {
                failWithoutRequest(due, older.get());
                return;
            }
            isFromAnotherHost = source.isFromAnotherHost();
            Set<IssuerHealth> issuerHealth = new HashSet<>();
            issuerHealth.add(run.health(source.issuer()));
            issuerHealth.add(run.health(issuer)); // the queue's issuer, if the state file did not name it
            Optional<Failure> accountFailure = Optional.empty();
            int done = 0;
            for (TokenSection section : due) {
                if (accountFailure.isEmpty() && deadline.leftToBegin().isZero()) {
                    accountFailure = Optional.of(RunDeadline.outOfTime(account));
                }
                if (accountFailure.isPresent()) {
                    fail(section, accountFailure.get(), accountFailure.get().kind() != Failure.Kind.OUT_OF_TIME);
                } else {
                    accountFailure = renew(source, section, issuerHealth);
                }
                progress.update(account, ++done, due.size());
            }
            state = source.updateState(state);
            conclude(accountFailure);
        } catch (FailureException e) {
            failAll(due, e.failure());
            conclude(Optional.of(e.failure()));
        }
    }

    /** Why we send no request: the run ends, or the issuer has not answered for a long time. */
    private Optional<Failure> whyNotRequest(String url, RenewalRun run) {
        if (deadline.leftToBegin().isZero()) {
            return Optional.of(RunDeadline.outOfTime(account));
        }
        return url.isEmpty() ? Optional.empty() : run.health(url).outage();
    }

    /**
     * Whether the account file is older than what this host used: according to the store, or because a token on disk
     * was issued after the last renewal in the state file and after the last rotation in the account file. The state
     * file alone is not enough: an interrupted run leaves an old one.
     */
    private Optional<Failure> older(TokenSource source, List<TokenSection> due) {
        Optional<Instant> rotated = source.rotatedAt();
        Optional<Failure> older = source.whyOlder();
        if (older.isEmpty() && state.mayRotate(rotated)) {
            older = source.whyCopied();
        }
        if (older.isPresent() || rotated.isEmpty()) {
            return older;
        }
        for (TokenSection section : due) {
            if (section.onlySecret().isPresent()) {
                continue; // another pod with an account of its own may have written it
            }
            if (section.exchange().isPresent()
                    || state.token(section.name()).requestedExchange().isPresent()) {
                continue; // an exchange uses no refresh token
            }
            Optional<Instant> issued =
                    Due.issuedAfter(section, token(section), state.token(section.name()), source.issuer());
            if (issued.isPresent() && issued.get().isAfter(rotated.get().plus(Due.SKEW))) {
                return Optional.of(new Failure(
                        Failure.Kind.ACCOUNT_OLDER,
                        store.file(account).toString(),
                        section.place() + " was issued at " + issued.get() + ", after the last renewal that is known"));
            }
        }
        return Optional.empty();
    }

    private void failWithoutRequest(List<TokenSection> due, Failure why) {
        for (TokenSection section : due) {
            backOff.refusal(section, state.token(section.name()))
                    .ifPresentOrElse(
                            standing -> outcomes.put(section.name(), refused(standing, section)),
                            () -> fail(section, why, false));
        }
        conclude(Optional.of(why));
    }

    private static Duration shorter(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    /** Renews one token; returns the failure that makes requests for the account's other tokens useless. */
    private Optional<Failure> renew(TokenSource source, TokenSection section, Set<IssuerHealth> issuerHealth) {
        Optional<BackOff.Refusal> refused = backOff.refusal(section, state.token(section.name()));
        if (refused.isPresent()) {
            outcomes.put(section.name(), refused(refused.get(), section));
            return Optional.empty();
        }
        Duration left = deadline.left();
        try {
            requireWritable(section);
            boolean isWhole = narrows() && section.exchange().isEmpty();
            if (isWhole) {
                requireOwnAccount(section, source.authorizedScope());
            }
            List<String> scope = isWhole ? List.of() : section.scope();
            Duration before = deadline.elapsed();
            TokenResponse response = source.token(section, scope);
            Duration age = deadline.elapsed().minus(before).minus(response.waited());
            for (IssuerHealth health : issuerHealth) {
                health.granted(response.waited());
            }
            if (section.exchange().isEmpty()) {
                learnNarrowing(response, source.authorizedScope(), scope);
            }
            boolean wasWhole = narrows() && section.exchange().isEmpty(); // this response may have shown it
            Granted granted = GrantCheck.granted(section, response, source.authorizedScope(), wasWhole);
            GrantCheck.requireNoMore(section, granted, response);
            Optional<Duration> ahead = GrantCheck.requireValid(
                    response, source.issuer(), clock.instant(), age.isNegative() ? Duration.ZERO : age);
            Optional<String> other = source.otherIdentity();
            if (section.strict() && other.isPresent()) {
                throw new FailureException(new Failure(Failure.Kind.IDENTITY_CHANGED, source.issuer(), other.get()));
            }
            write(section, response, granted, other, ahead);
            Optional<Failure> storageProblem = source.storageProblem();
            if (storageProblem.isPresent()) {
                fail(section, storageProblem.get());
            }
            return storageProblem;
        } catch (FailureException e) {
            Duration tried = left.minus(deadline.left());
            for (IssuerHealth health : issuerHealth) {
                health.failed(e.failure(), tried);
            }
            // A refresh token that is not stored safely matters more than any later failure.
            Failure failure = source.storageProblem().orElse(narrowing(section, source.authorizedScope(), e.failure()));
            fail(section, failure);
            return failure.kind().isSingleTokenFailure() ? Optional.empty() : Optional.of(failure);
        } catch (TokenFileException e) {
            fail(section, source.storageProblem().orElse(FailureMapper.of(e)));
            return source.storageProblem();
        } catch (KubernetesException e) {
            fail(section, source.storageProblem().orElse(FailureMapper.of(e, section.place())));
            return source.storageProblem();
        }
    }

    private boolean narrows() {
        return state.narrows().orElse(false);
    }

    private void learnNarrowing(TokenResponse response, List<String> authorizedScope, List<String> requested) {
        if (response.scope().isEmpty() || state.narrows().isPresent()) {
            return;
        }
        Optional<Boolean> narrows = NarrowingCheck.detect(
                state, authorizedScope, requested, response.scope().get());
        if (narrows.isPresent()) {
            setNarrowing(narrows.get());
        }
    }

    private void setNarrowing(boolean narrows) {
        foundNarrowing |= narrows;
        state = state.withNarrowing(narrows);
    }

    /**
     * If a request cannot name a scope, each token gets the account's whole scope, which a strict section does not
     * allow.
     */
    private void requireOwnAccount(TokenSection section, List<String> authorizedScope) throws FailureException {
        if (section.strict()
                && !section.scope().isEmpty()
                && !NarrowingCheck.without(authorizedScope, section.scope()).isEmpty()) {
            throw new FailureException(new Failure(Failure.Kind.ACCOUNT_SHARED, section.name(), account));
        }
    }

    /** The issuer rejected an approved scope: an earlier request for another token may be the reason. */
    private Failure narrowing(TokenSection section, List<String> authorizedScope, Failure failure) {
        if (failure.kind() != Failure.Kind.SCOPE_REFUSED
                || state.narrows().isPresent()
                || !NarrowingCheck.explainsRefusal(state, authorizedScope, section.scope())) {
            return failure;
        }
        setNarrowing(true);
        return new Failure(Failure.Kind.GRANT_NARROWED, failure.where(), failure.detail());
    }

    /**
     * Each failed attempt may use up a refresh token. So if the token could not be written to its file last time, checks
     * first. Always checks a Secret that will have the only copy.
     */
    private void requireWritable(TokenSection section) throws TokenFileException, KubernetesException {
        Optional<Failure> last = state.token(section.name()).failure();
        if (section.onlySecret().isPresent()) {
            secrets.requireWritable(section.onlySecret().get());
        } else if (last.isPresent() && last.get().kind().isTokenFileFailure()) {
            new TokenFile(section.tokenPath().orElseThrow()).requireWritable(section.access());
        }
    }

    /** The token that is at its place now; empty if it cannot be read. */
    private Optional<Secret> token(TokenSection section) {
        try {
            return secrets.read(section);
        } catch (KubernetesException e) {
            return Optional.empty(); // a renewal fails for the same reason, before its request
        }
    }

    /** An outage of the API server does not make a token due. */
    private Optional<Duration> left(TokenSection section) {
        TokenState known = state.token(section.name());
        try {
            return Due.left(secrets.read(section), known, clock.instant());
        } catch (KubernetesException e) {
            return e.isOutage() ? Due.left(known, clock.instant()) : Optional.empty();
        }
    }

    private void write(
            TokenSection section,
            TokenResponse response,
            Granted granted,
            Optional<String> other,
            Optional<Duration> ahead)
            throws TokenFileException, KubernetesException {
        if (section.onlySecret().isPresent()) {
            secrets.write(
                    section.onlySecret().get(),
                    response.accessToken(),
                    response.expiresAt(),
                    old -> SecretPublisher.expiresLater(
                            old, response.accessToken().reveal()));
        } else {
            new TokenFile(section.tokenPath().orElseThrow()).write(response.accessToken(), section.access());
        }
        written.add(section.name());
        Instant now = clock.instant();
        state = state.withToken(
                section.name(),
                state.token(section.name())
                        .tried(now, section.scope(), section.audience(), section.exchange())
                        .renewed(
                                now,
                                section.place(),
                                Fingerprint.of(response.accessToken().reveal()),
                                response.expiresAt(),
                                response.scope().orElse(List.of()),
                                response.audience()));
        if (section.postRenewal().isPresent()) { // until the command has run: something may end this run first
            String program = section.postRenewal().get().program().toString();
            Failure failure = new Failure(Failure.Kind.HOOK_FAILED, program, "the run ended before it did");
            TokenState started = state.token(section.name()).hookStarted(now, failure);
            state = state.withToken(section.name(), started);
        }
        Optional<Instant> expiry = response.expiresAt();
        Instant issuersNow = now.minus(ahead.orElse(Duration.ZERO));
        outcomes.put(
                section.name(),
                new Renewed(
                        account,
                        section.name(),
                        section.place(),
                        section.onlySecret(),
                        expiry,
                        expiry.isPresent() ? Optional.of(Duration.between(issuersNow, expiry.get())) : Optional.empty(),
                        section.minLifetime().isPresent()
                                ? Optional.of(
                                        Duration.ofSeconds(section.minLifetime().getAsLong()))
                                : Optional.empty(),
                        granted,
                        other,
                        ahead,
                        response.expiresIn().equals(Optional.of(0L)),
                        response.accessToken().reveal().length()));
    }

    /** The state is optional: without it, every token is due. */
    private AccountState readState() {
        return states.readOrUnknown(account);
    }

    private List<TokenSection> due(List<TokenSection> candidates) {
        state = readState();
        List<TokenSection> due = new ArrayList<>();
        for (TokenSection section : candidates) {
            Optional<Duration> fresh =
                    force ? Optional.empty() : Due.freshFor(section, left(section), state.token(section.name()));
            if (fresh.isPresent()) {
                outcomes.put(section.name(), new Fresh(account, section.name(), fresh.get()));
            } else {
                due.add(section);
            }
        }
        return due;
    }

    private Outcome refused(BackOff.Refusal refusal, TokenSection section) {
        return refusal.of(account, section, left(section));
    }

    private void failAll(List<TokenSection> due, Failure failure) {
        due.forEach(section -> fail(section, failure));
    }

    private void fail(TokenSection section, Failure failure) {
        fail(section, failure, true);
    }

    private void fail(TokenSection section, Failure failure, boolean wasRequested) {
        Instant now = clock.instant();
        Optional<Instant> next = BackOff.nextTry(failure, now);
        TokenState token = state.token(section.name());
        TokenState tried =
                wasRequested ? token.tried(now, section.scope(), section.audience(), section.exchange()) : token;
        state = state.withToken(
                section.name(),
                tried.failed(now, failure, failure.kind().isSingleTokenFailure() ? next : Optional.empty()));
        outcomes.put(section.name(), new Failed(account, section.name(), failure, next, wasRequested, left(section)));
    }

    /** Writes the state while the lock is held. A failure to write it does not stop the renewals. */
    private void conclude(Optional<Failure> accountFailure) {
        state = withOutcome(accountFailure);
        try {
            states.write(account, state);
        } catch (IOException e) {
            Failure unwritable = FailureMapper.ofState(e, account);
            states.keepUnwritten(account, withOutcome(accountFailure.or(() -> Optional.of(unwritable))));
            outcomes.replaceAll(
                    (token, outcome) -> outcome instanceof Renewed ? Failed.of(account, token, unwritable) : outcome);
        }
    }

    private AccountState withOutcome(Optional<Failure> accountFailure) {
        Optional<Instant> next =
                accountFailure.isPresent() ? BackOff.nextTry(accountFailure.get(), clock.instant()) : Optional.empty();
        return state.withOutcome(accountFailure, next, Fingerprint.of(accountSection));
    }
}
