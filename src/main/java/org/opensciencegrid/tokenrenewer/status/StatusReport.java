package org.opensciencegrid.tokenrenewer.status;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.account.SecretFile;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.ClientCredentialsAccount;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.ConfigError;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.state.UnusedAccount;
import org.opensciencegrid.tokenrenewer.state.UnusedToken;
import org.opensciencegrid.tokenrenewer.status.TokenStatus.OnDisk;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.token.TokenSecrets;

/**
 * The state of every configured account and token at one moment.
 *
 * @param time the moment
 * @param accounts in the order of the config file
 * @param schedule empty if no timer renews tokens
 * @param configProblems mistakes in the config file; the tokens of these sections are not in accounts
 * @param unusedAccounts accounts that were renewed until recently, and that no section uses any more
 * @param unusedTokens tokens that were renewed until recently, and that have no section any more
 * @param unwritable why no account can be saved
 */
public record StatusReport(
        Instant time,
        List<AccountStatus> accounts,
        Optional<Schedule> schedule,
        List<ConfigError> configProblems,
        List<UnusedAccount> unusedAccounts,
        List<UnusedToken> unusedTokens,
        Optional<Failure> unwritable) {
    public StatusReport {
        accounts = List.copyOf(accounts);
        configProblems = List.copyOf(configProblems);
        unusedAccounts = List.copyOf(unusedAccounts);
        unusedTokens = List.copyOf(unusedTokens);
    }

    /** The report if nothing in the config file is usable. */
    public static StatusReport withoutConfig(Instant time, String why) {
        return new StatusReport(
                time,
                List.of(),
                Optional.empty(),
                List.of(new ConfigError(0, why)),
                List.of(),
                List.of(),
                Optional.empty());
    }

    public Level level() {
        // Without tokens, no run is missed.
        Level ofTimer = schedule.filter(runs -> !accounts.isEmpty())
                .map(runs -> runs.level(time))
                .orElse(Level.OK);
        boolean isHealthy = configProblems.isEmpty() && unusedAccounts.isEmpty() && unwritable.isEmpty();
        Level whole =
                ofTimer.or(isHealthy ? Level.OK : Level.ACTION).or(unusedTokens.isEmpty() ? Level.OK : Level.WARNING);
        return accounts.stream().map(AccountStatus::level).reduce(whole, Level::or);
    }

    /**
     * Reads the present state.
     *
     * @param secrets the Secrets of tokens without token_path
     * @param timer the timer that renews tokens, if any
     * @param warn secrets and authorizations that expire within this time are a warning
     * @throws IOException if the state files cannot be read; the message names the file
     */
    public static StatusReport of(
            Config config,
            AccountStore store,
            StateStore states,
            Passwords passwords,
            TokenSecrets secrets,
            Optional<Timer> timer,
            Duration warn,
            Clock clock)
            throws IOException {
        Instant now = clock.instant();
        Map<String, List<TokenSection>> byAccount =
                config.tokens().stream().collect(Collectors.groupingBy(TokenSection::account));
        List<AccountStatus> accounts = new ArrayList<>();
        List<UnusedToken> unusedTokens = new ArrayList<>();
        UnusedToken.Finder finder = new UnusedToken.Finder(config, now);
        for (AccountSection section : config.accountsInUse().values()) {
            AccountState state = states.read(section.name());
            List<TokenSection> tokens = byAccount.getOrDefault(section.name(), List.of());
            unusedTokens.addAll(finder.of(section.name(), state));
            Optional<NotifyOptions> notify =
                    Optional.ofNullable(config.notifications().get(section.name()));
            accounts.add(account(section, state, notify, tokens, store, passwords, secrets, timer, warn, clock));
        }
        return new StatusReport(
                now,
                accounts,
                timer.map(of -> Schedule.of(of, states.lastRun())),
                config.problems(),
                UnusedAccount.find(config, store, states, now),
                unusedTokens,
                unwritable(store, states));
    }

    /**
     * Tries to write only if runs cannot report the failure themselves, or did report it. Monitoring may run in a
     * sandbox in which the disk looks read-only.
     */
    private static Optional<Failure> unwritable(AccountStore store, StateStore states) {
        try {
            if (states.mayBeUnwritable()) {
                store.requireWritable();
            }
            return Optional.empty();
        } catch (StoreException e) {
            return Optional.of(FailureMapper.of(e));
        }
    }

    private static AccountStatus account(
            AccountSection section,
            AccountState state,
            Optional<NotifyOptions> notify,
            List<TokenSection> sections,
            AccountStore store,
            Passwords passwords,
            TokenSecrets secrets,
            Optional<Timer> timer,
            Duration warn,
            Clock clock) {
        Instant now = clock.instant();
        Optional<Failure> problem = problem(section, state, store, passwords, clock);
        Optional<Path> worldReadable = worldReadable(section);
        // A token that cannot be renewed may still be valid for a while.
        Level ofAccount = problem.map(failure -> failure.kind().passesByItself() ? Level.WARNING : Level.ACTION)
                .orElse(Level.OK);
        boolean areFilesSound =
                problem.filter(why -> why.kind().isSeenWithoutOpening()).isEmpty();
        List<TokenStatus> tokens = sections.stream()
                .map(token -> token(token, section, state, secrets, areFilesSound, ofAccount, timer, now))
                .toList();
        Level level = tokens.stream().map(TokenStatus::level).reduce(ofAccount, Level::or);
        if (worldReadable.isPresent()
                || state.inDoubtSince().isPresent()
                || endsSoon(state, now, warn)
                || state.isOnTwoHosts(now)) {
            level = level.or(Level.WARNING);
        }
        AccountStatus status = new AccountStatus(section, state, worldReadable, notify, problem, tokens, level);
        return status.notNotified().isEmpty() ? status : status.withLevel(level.or(Level.WARNING));
    }

    /** What can be seen without opening the account file; otherwise the last run's failure, if it can still apply. */
    private static Optional<Failure> problem(
            AccountSection section, AccountState state, AccountStore store, Passwords passwords, Clock clock) {
        try {
            if (section instanceof StoredAccount stored) {
                store.peek(section.name());
                passwords.read(section.name(), stored.passwordFile()).close();
                Optional<Failure> older = FailureMapper.olderAccount(store, section.name());
                if (older.isPresent()) {
                    return older;
                }
            } else if (section instanceof ClientCredentialsAccount client
                    && client.clientSecretFile().isPresent()) {
                SecretFile.read(client.clientSecretFile().get());
            }
            Optional<Failure> ofFiles = section.clientFiles().isPresent()
                    ? new ClientProof(section.name(), section.clientFiles(), passwords, clock).problem()
                    : Optional.empty();
            if (ofFiles.isPresent()) {
                // As below, if only this user cannot read it.
                return isClosedToUs(ofFiles.get()) ? state.failure() : ofFiles;
            }
            return state.failure().filter(why -> !why.kind().isSeenWithoutOpening());
        } catch (StoreException e) {
            return Optional.of(FailureMapper.of(e));
        } catch (PasswordFileException e) {
            // The service may be able to read a file that the user who runs status cannot.
            return e.kind() == PasswordFileException.Kind.UNREADABLE
                    ? state.failure()
                    : Optional.of(section instanceof StoredAccount ? FailureMapper.of(e) : FailureMapper.ofSecret(e));
        }
    }

    private static boolean isClosedToUs(Failure failure) {
        Path file = Path.of(failure.where());
        return failure.kind() == Failure.Kind.FILE_ACCESS && !Files.isReadable(file);
    }

    private static Optional<Path> worldReadable(AccountSection section) {
        if (!(section instanceof StoredAccount stored)) {
            return Optional.empty();
        }
        try {
            return PasswordFile.warnings(stored.passwordFile()).contains(PasswordFile.Warning.WORLD_READABLE)
                    ? Optional.of(stored.passwordFile())
                    : Optional.empty();
        } catch (PasswordFileException e) {
            return Optional.empty(); // reported as damage
        }
    }

    private static boolean endsSoon(AccountState state, Instant now, Duration warn) {
        return state.expiries().stream().anyMatch(expiry -> AccountState.isSoon(expiry.at(), now, warn));
    }

    private static TokenStatus token(
            TokenSection section,
            AccountSection of,
            AccountState account,
            TokenSecrets secrets,
            boolean areFilesSound,
            Level ofAccount,
            Optional<Timer> timer,
            Instant now) {
        TokenState state = account.token(section.name()).withoutResolvedFailure(section, areFilesSound);
        TokenOnDisk found = TokenOnDisk.read(section, state, secrets);
        OnDisk onDisk = found.onDisk();
        Optional<JwtClaims> claims = found.claims();
        Optional<Instant> expiresAt = found.expiresAt();
        boolean isExpired = expiresAt.filter(expiry -> !expiry.isAfter(now)).isPresent();
        Level level = ofAccount;
        if (onDisk == OnDisk.NOTHING || isExpired) {
            level = Level.ACTION;
        } else if (state.failure().isPresent()) {
            // While a token is known to be valid, there is time for the issuer to recover.
            boolean canWait =
                    expiresAt.isPresent() && state.failure().get().kind().passesByItself();
            level = level.or(canWait ? Level.WARNING : Level.ACTION);
        }
        Optional<Failure> secretFailure = section.tokenSecret().isPresent() ? state.secretFailure() : Optional.empty();
        if (secretFailure.isPresent()) {
            level = level.or(secretFailure.get().kind().passesByItself() ? Level.WARNING : Level.ACTION);
        }
        boolean endsBetweenRuns = timer.isPresent()
                && state.lifetime().filter(timer.get()::isShorterThanGap).isPresent();
        if (endsBetweenRuns) {
            level = level.or(Level.WARNING);
        }
        boolean isShort = state.livesNoLongerThan(section.minLifetime());
        boolean isWhole = account.narrows().orElse(false)
                && state.requestedScope().isEmpty()
                && state.requestedExchange().isEmpty();
        List<String> missingScope = state.grantedScope().isEmpty()
                ? List.of()
                : without(isWhole ? account.scope() : state.requestedScope(), state.grantedScope());
        List<String> audience = claims.map(JwtClaims::audience).orElse(state.grantedAudience());
        List<String> missingAudience = claims.isEmpty() && audience.isEmpty() // neither the token nor the issuer says
                ? List.of()
                : without(state.requestedAudience(), audience);
        Optional<String> otherSubject = otherSubject(of, claims);
        if (isShort || !missingScope.isEmpty() || !missingAudience.isEmpty() || otherSubject.isPresent()) {
            level = level.or(Level.WARNING);
        }
        return new TokenStatus(
                section,
                state,
                onDisk,
                claims,
                expiresAt,
                missingScope,
                missingAudience,
                otherSubject,
                endsBetweenRuns,
                isShort,
                level);
    }

    /** WLCG token profile 1.3, section 2.2.4: the subject of a host's token is its client id. */
    private static Optional<String> otherSubject(AccountSection account, Optional<JwtClaims> claims) {
        return account instanceof ClientCredentialsAccount client && client.isHost()
                ? claims.flatMap(JwtClaims::subject).filter(subject -> !subject.equals(client.clientId()))
                : Optional.empty();
    }

    private static List<String> without(List<String> requested, List<String> granted) {
        return requested.stream()
                .filter(word -> !granted.contains(word) && !RequestedToken.GRANT_SCOPES.contains(word))
                .toList();
    }
}
