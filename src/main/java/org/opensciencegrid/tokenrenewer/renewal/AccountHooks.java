package org.opensciencegrid.tokenrenewer.renewal;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.tokenrenewer.config.PostRenewal;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.kubernetes.KubernetesException;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Failed;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Fresh;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.HookFailed;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * The post_renewal commands of an account's tokens. They run one after the other and without the account's lock: a
 * command may take a long time, and the account must not wait for it.
 */
record AccountHooks(
        String account,
        List<TokenSection> sections,
        AccountStore store,
        StateStore states,
        TokenSecrets secrets,
        Duration lockWait,
        RunDeadline deadline,
        Clock clock) {
    /**
     * The tokens that are new, whose command failed in an earlier run, or whose command runs in every run.
     *
     * @param written the names of the tokens that this run wrote
     * @param outcomes by token name
     */
    List<TokenSection> pending(AccountState state, Set<String> written, Map<String, Outcome> outcomes) {
        List<TokenSection> pending = new ArrayList<>();
        for (TokenSection section : sections) {
            if (section.postRenewal().isPresent()) {
                Optional<Failure> lastFailure = state.token(section.name()).failure();
                Outcome outcome = outcomes.get(section.name());
                if (written.contains(section.name())
                        || outcome instanceof Fresh
                                && lastFailure.isPresent()
                                && lastFailure.get().kind().isHookFailure()
                        || section.postRenewal().get().when() == PostRenewal.When.EVERY_RUN && hasValidToken(outcome)) {
                    pending.add(section);
                }
            }
        }
        return pending;
    }

    /** Whether the token on disk is valid, although this run did not write it. */
    private static boolean hasValidToken(@Nullable Outcome outcome) {
        return outcome instanceof Fresh
                || outcome instanceof Failed failed && failed.left().isPresent();
    }

    /** Runs the pending commands; a command that fails changes the outcome of its token. */
    void run(AccountState state, Set<String> written, Map<String, Outcome> outcomes) {
        for (TokenSection section : pending(state, written, outcomes)) {
            PostRenewal hook = section.postRenewal().orElseThrow();
            Duration left = deadline.left();
            if (!left.isZero()) { // otherwise the next run does it
                Duration timeout = hook.timeout().compareTo(left) < 0 ? hook.timeout() : left;
                run(section, hook.withTimeout(timeout), state.token(section.name()), outcomes);
            }
        }
    }

    private void run(TokenSection section, PostRenewal hook, TokenState token, Map<String, Outcome> outcomes) {
        HookResult result = HookProcess.run(hook, section, current(section), token.expiresAt(), clock.instant());
        if (result.failure().isPresent()) {
            Outcome renewal = Objects.requireNonNull(outcomes.get(section.name()));
            outcomes.put(
                    section.name(), new HookFailed(renewal, result.failure().get()));
        }
        if (!with(token, result).isSame(token)) { // otherwise the run needs no lock
            recordResult(section.name(), result);
        }
    }

    /** Not shown if the program prints it. */
    private Optional<Secret> current(TokenSection section) {
        try {
            return secrets.read(section);
        } catch (KubernetesException e) {
            return Optional.empty(); // the program cannot read it either
        }
    }

    private TokenState with(TokenState token, HookResult result) {
        return token.hookFinished(clock.instant(), result.failure(), result.destinations());
    }

    /**
     * Records the result for status and for the next run, which tries again. If it cannot be written, the run still
     * succeeds.
     */
    private void recordResult(String token, HookResult result) {
        try {
            LockedAccount locked = store.lock(account, lockWait);
            try {
                AccountState now = states.read(account); // another run may have written since
                AccountState next = now.withToken(token, with(now.token(token), result));
                try {
                    states.write(account, next);
                } catch (IOException e) {
                    states.keepUnwritten(account, next);
                }
            } finally {
                locked.close();
            }
        } catch (IOException e) {
            // This run reports the failure anyway.
        }
    }
}
