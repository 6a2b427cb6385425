package org.opensciencegrid.tokenrenewer.renewal;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.PostRenewal;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.oidc.TokenAnswer;
import org.opensciencegrid.tokenrenewer.oidc.Wanted;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Fresh;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Granted;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.HookFailed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Renewed;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.state.StateFiles;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.text.Printable;
import org.opensciencegrid.tokenrenewer.token.TokenFile;
import org.opensciencegrid.tokenrenewer.token.TokenFileException;

/**
 * One account in one run: its tokens in order, as a rotating refresh token is a chain. What stops one token stops the
 * account's others only where asking again would be of no use.
 */
final class AccountRun {
    /** How long an issuer is left alone after a refusal that only a person can lift. */
    static final Duration BACK_OFF = Duration.ofHours(1);

    /** Opens the account once its lock is held and something is due. */
    @FunctionalInterface
    interface Opener {
        TokenSource open(@Nullable LockedAccount locked, AccountState state) throws FailedException;
    }

    private final AccountSection accountSection;
    private final String account;
    private final List<TokenSection> sections;
    private final boolean force;
    private final AccountStore store;
    private final StateFiles states;
    private final Duration lockWait;
    private final Clock clock;
    private final Progress progress;
    private final List<String> written = new ArrayList<>();
    private final Map<String, Outcome> outcomes = new LinkedHashMap<>();
    private AccountState state = AccountState.UNKNOWN;
    private List<TokenSection> due = List.of();
    private String issuer = "";
    private boolean ofAnotherHost;

    AccountRun(
            AccountSection accountSection,
            List<TokenSection> sections,
            boolean force,
            AccountStore store,
            StateFiles states,
            Duration lockWait,
            Clock clock,
            Progress progress) {
        this.accountSection = accountSection;
        this.account = accountSection.name();
        this.sections = sections;
        this.force = force;
        this.store = store;
        this.states = states;
        this.lockWait = lockWait;
        this.clock = clock;
        this.progress = progress;
    }

    /** Whether there is anything to do: without it no lock, no password, no connection. */
    boolean hasWork() {
        due = due(sections);
        boolean hasWork = !due.isEmpty() || !untold().isEmpty();
        issuer = state.issuer().orElse("");
        state = AccountState.UNKNOWN; // it is read again: thousands of accounts may wait now
        return hasWork;
    }

    /** Where the tokens come from, as far as the state file knows it; else empty. */
    String issuer() {
        return issuer;
    }

    /** Of every section, by token name. */
    Map<String, Outcome> outcomes() {
        return outcomes;
    }

    /**
     * Renews what is due; never throws for what befalls one account. After {@link #hasWork}.
     *
     * @param experience with the account's issuer
     */
    void run(Opener opener, Experience experience) {
        if (due.isEmpty()) {
            state = stored();
        } else {
            progress.at(account, 0, due.size());
            renew(opener, experience);
            progress.at(account, due.size(), due.size());
        }
    }

    /** Whether the account was opened, and another host had saved it. After {@link #run}. */
    boolean isOfAnotherHost() {
        return ofAnotherHost;
    }

    /** Whether the site has asked to be told of a token. After {@link #run}. */
    boolean hasNews() {
        return !untold().isEmpty();
    }

    /** Runs each token's post_renewal, one after the other; gives the outcome of every section, by token name. */
    Map<String, Outcome> tell() {
        for (TokenSection section : untold()) {
            tell(section, section.postRenewal().orElseThrow());
        }
        return outcomes;
    }

    private void renew(Opener opener, Experience experience) {
        try (LockedAccount locked = store.lock(account, lockWait)) {
            underLock(locked, opener, experience, due);
        } catch (StoreException e) {
            if (e.kind() == StoreException.Kind.UNWRITABLE && !(accountSection instanceof StoredAccount)) {
                underLock(null, opener, experience, due); // nothing of this account is in the store but its lock
            } else {
                state = stored();
                failAll(due, Failures.of(e));
            }
        }
    }

    private List<TokenSection> untold() {
        List<TokenSection> untold = new ArrayList<>();
        for (TokenSection section : sections) {
            if (section.postRenewal().isPresent() && mustTell(section.name())) {
                untold.add(section);
            }
        }
        return untold;
    }

    /** Whether there is a new token, or one that the site was not told of at an earlier run. */
    private boolean mustTell(String token) {
        Optional<Failure> before = state.token(token).failure();
        return written.contains(token)
                || outcomes.get(token) instanceof Fresh
                        && before.isPresent()
                        && before.get().kind().isOfHook();
    }

    /** Without the lock: a site's program may take its time, and the account must not wait for it. */
    private void tell(TokenSection section, PostRenewal hook) {
        TokenState token = state.token(section.name());
        Optional<Failure> why = HookProcess.run(hook, section, token.expiresAt());
        if (why.isPresent()) {
            outcomes.put(
                    section.name(), new HookFailed(Objects.requireNonNull(outcomes.get(section.name())), why.get()));
        }
        if (why.isPresent() || token.failure().isPresent()) {
            remember(section.name(), why);
        }
    }

    /** For status, and for the next run to tell again; its loss fails nothing. */
    private void remember(String token, Optional<Failure> why) {
        try {
            LockedAccount locked = store.lock(account, lockWait);
            try {
                AccountState now = states.read(account); // another run may have been here
                Optional<Failure> known = now.token(token).failure();
                if (known.isEmpty() || known.get().kind().isOfHook()) {
                    states.write(account, now.withToken(token, now.token(token).told(clock.instant(), why)));
                }
            } finally {
                locked.close();
            }
        } catch (IOException e) {
            // This run tells it all the same.
        }
    }

    /** What a run would do now, by what is on disk; nothing is asked, locked or written. */
    Map<String, Outcome> rehearse() {
        for (TokenSection section : due(sections)) {
            Outcome wanted = new Outcome.Wanted(account, section.name(), section.tokenPath());
            Optional<Refusal> refused = refusal().or(() -> refusal(section));
            outcomes.put(
                    section.name(),
                    refused.map(why -> (Outcome) why.of(account, section)).orElse(wanted));
        }
        return outcomes;
    }

    private void underLock(
            @Nullable LockedAccount locked, Opener opener, Experience experience, List<TokenSection> dueBefore) {
        List<TokenSection> due = due(dueBefore); // another run may have done it while we waited
        if (due.isEmpty()) {
            return;
        }
        Optional<Refusal> refused = refusal();
        if (refused.isPresent()) {
            due.forEach(section -> outcomes.put(section.name(), refused.get().of(account, section)));
            return;
        }
        // Whose answer was lost asks all the same: the issuer may give the new refresh token once more, for a moment.
        boolean mustAsk = state.inDoubtSince().isPresent() || issuer.isEmpty(); // that one is of several issuers, maybe
        Optional<Failure> down = mustAsk ? Optional.empty() : experience.outage();
        if (down.isPresent()) {
            for (TokenSection section : due) {
                refusal(section)
                        .ifPresentOrElse(
                                standing -> outcomes.put(section.name(), standing.of(account, section)),
                                () -> fail(section, down.get(), false));
            }
            conclude(down);
            return;
        }
        try (TokenSource source = opener.open(locked, state)) {
            ofAnotherHost = source.isOfAnotherHost();
            Optional<Failure> whole = Optional.empty();
            int done = 0;
            for (TokenSection section : due) {
                if (whole.isPresent()) {
                    fail(section, whole.get());
                } else {
                    whole = renew(source, section, experience);
                }
                progress.at(account, ++done, due.size());
            }
            state = source.learned(state);
            conclude(whole);
        } catch (FailedException e) {
            failAll(due, e.failure());
            conclude(Optional.of(e.failure()));
        }
    }

    /** Renews one token; gives the failure that makes it useless to ask for the account's others. */
    private Optional<Failure> renew(TokenSource source, TokenSection section, Experience experience) {
        Optional<Refusal> refused = refusal(section);
        if (refused.isPresent()) {
            outcomes.put(section.name(), refused.get().of(account, section));
            return Optional.empty();
        }
        try {
            TokenAnswer answer = source.token(section);
            experience.granted(answer.waited());
            Granted granted = granted(section, answer);
            requireNoMore(section, granted, answer);
            write(section, answer, granted);
            source.danger().ifPresent(danger -> fail(section, danger));
            return source.danger();
        } catch (FailedException e) {
            experience.failed(e.failure());
            // A refresh token in danger is worse news than whatever else went wrong after it.
            Failure failure = source.danger().orElse(e.failure());
            fail(section, failure);
            return failure.kind().isOfOneToken() ? Optional.empty() : Optional.of(failure);
        } catch (TokenFileException e) {
            fail(section, source.danger().orElse(Failures.of(e)));
            return source.danger();
        }
    }

    /** The token that is there stays: a service that relies on strict must not get one that opens more doors. */
    private static void requireNoMore(TokenSection section, Granted granted, TokenAnswer answer)
            throws FailedException {
        List<String> more = new ArrayList<>(granted.extraScope());
        if (!granted.missingAudience().isEmpty()) {
            more.add("aud " + (answer.audience().isEmpty() ? "any" : String.join(" ", answer.audience())));
        }
        if (section.strict() && !more.isEmpty()) {
            throw new FailedException(
                    new Failure(Failure.Kind.TOO_MUCH_GRANTED, section.name(), String.join(" ", more)));
        }
    }

    private void write(TokenSection section, TokenAnswer answer, Granted granted) throws TokenFileException {
        new TokenFile(section.tokenPath()).write(answer.accessToken(), section.access());
        written.add(section.name());
        Instant now = clock.instant();
        state = state.withToken(
                section.name(),
                state.token(section.name())
                        .tried(now, section.scope(), section.audience())
                        .renewed(
                                now,
                                section.tokenPath(),
                                Fingerprint.of(answer.accessToken().reveal()),
                                answer.expiresAt(),
                                answer.scope().orElse(List.of()),
                                answer.audience()));
        section.postRenewal()
                .ifPresent(hook -> state = state.withToken( // until it has run: this run may be ended before
                        section.name(),
                        state.token(section.name())
                                .told(
                                        now,
                                        Optional.of(new Failure(
                                                Failure.Kind.HOOK_FAILED,
                                                hook.program().toString(),
                                                "the run ended before it did")))));
        outcomes.put(
                section.name(),
                new Renewed(
                        account,
                        section.name(),
                        section.tokenPath(),
                        answer.expiresAt(),
                        granted,
                        answer.accessToken().reveal().length()));
    }

    /** Of use, not of need: without it everything is due. */
    private AccountState stored() {
        try {
            return states.read(account);
        } catch (IOException e) {
            return AccountState.UNKNOWN;
        }
    }

    private List<TokenSection> due(List<TokenSection> candidates) {
        state = stored();
        List<TokenSection> due = new ArrayList<>();
        for (TokenSection section : candidates) {
            Optional<Duration> fresh =
                    force ? Optional.empty() : Due.freshFor(section, state.token(section.name()), clock.instant());
            if (fresh.isPresent()) {
                outcomes.put(section.name(), new Fresh(account, section.name(), fresh.get()));
            } else {
                due.add(section);
            }
        }
        return due;
    }

    private void failAll(List<TokenSection> due, Failure failure) {
        due.forEach(section -> fail(section, failure));
    }

    private void fail(TokenSection section, Failure failure) {
        fail(section, failure, true);
    }

    private void fail(TokenSection section, Failure failure, boolean asked) {
        Instant now = clock.instant();
        Optional<Instant> next = nextTry(failure, now);
        TokenState token = state.token(section.name());
        TokenState tried = asked ? token.tried(now, section.scope(), section.audience()) : token;
        state = state.withToken(
                section.name(), tried.failed(now, failure, failure.kind().isOfOneToken() ? next : Optional.empty()));
        Optional<Duration> left = Due.left(section, state.token(section.name()), now);
        outcomes.put(section.name(), new Failed(account, section.name(), failure, next, asked, left));
    }

    /** Writes the state while the lock is held. It is of use to status only: its loss fails nothing. */
    private void conclude(Optional<Failure> whole) {
        state = state.withOutcome(
                whole, whole.flatMap(failure -> nextTry(failure, clock.instant())), Fingerprint.of(accountSection));
        try {
            states.write(account, state);
        } catch (IOException e) {
            Failure unwritable = new Failure(Failure.Kind.STATE_UNWRITABLE, account, Printable.of(e.getMessage()));
            outcomes.replaceAll((token, outcome) -> outcome instanceof Renewed
                    ? new Failed(account, token, unwritable, Optional.empty(), true, Optional.empty())
                    : outcome);
        }
    }

    private static Optional<Instant> nextTry(Failure failure, Instant now) {
        return failure.kind().needsPerson() ? Optional.of(now.plus(BACK_OFF)) : Optional.empty();
    }

    /** An earlier refusal that stands: the issuer is not asked before then. */
    private record Refusal(Failure failure, Instant next) {
        Failed of(String account, TokenSection section) {
            return new Failed(account, section.name(), failure, Optional.of(next), false, Optional.empty());
        }
    }

    /** Of the account as a whole, unless its section was changed since. */
    private Optional<Refusal> refusal() {
        return refusal(state.failure(), state.nextTry()).filter(standing -> !force && isSameSection());
    }

    /** A correction is tried at once. */
    private boolean isSameSection() {
        return state.sectionFingerprint().equals(Optional.of(Fingerprint.of(accountSection)));
    }

    /** Of one token's request, unless its section was changed since. */
    private Optional<Refusal> refusal(TokenSection section) {
        TokenState before = state.token(section.name());
        return force || !sameRequest(section, before) ? Optional.empty() : refusal(before.failure(), before.nextTry());
    }

    private Optional<Refusal> refusal(Optional<Failure> standing, Optional<Instant> nextTry) {
        return standing.flatMap(failure -> stillAhead(nextTry).map(next -> new Refusal(failure, next)));
    }

    /** A moment further ahead than we ever set it was set by a clock that has since been put back. */
    private Optional<Instant> stillAhead(Optional<Instant> moment) {
        Instant now = clock.instant();
        return moment.filter(next -> next.isAfter(now) && !next.isAfter(now.plus(BACK_OFF)));
    }

    private static boolean sameRequest(TokenSection section, TokenState before) {
        return section.scope().equals(before.askedScope()) && section.audience().equals(before.askedAudience());
    }

    private static Granted granted(TokenSection section, TokenAnswer answer) {
        List<String> asked = section.scope();
        List<String> got = answer.scope().orElse(List.of());
        boolean canTell = !asked.isEmpty() && answer.scope().isPresent();
        boolean isJwt = JwtClaims.of(answer.accessToken().reveal()).isPresent(); // MITREid's has no aud: not granted
        return new Granted(
                canTell ? without(asked, got) : List.of(),
                canTell ? without(got, asked) : List.of(),
                isJwt ? without(section.audience(), answer.audience()) : List.of());
    }

    private static List<String> without(List<String> all, List<String> those) {
        List<String> rest = new ArrayList<>();
        for (String word : all) {
            if (!those.contains(word) && !Wanted.OF_THE_GRANT.contains(word)) {
                rest.add(word);
            }
        }
        return List.copyOf(rest);
    }
}
