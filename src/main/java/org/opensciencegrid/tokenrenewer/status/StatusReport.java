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
import java.util.stream.Stream;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.Config;
import org.opensciencegrid.tokenrenewer.config.StoredAccount;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.state.StateFiles;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.status.TokenStatus.OnDisk;
import org.opensciencegrid.tokenrenewer.systemd.Timer;
import org.opensciencegrid.tokenrenewer.text.Secret;
import org.opensciencegrid.tokenrenewer.token.TokenFile;

/**
 * How every configured account and token stands at one moment.
 *
 * @param time the moment
 * @param accounts in the order of the config file
 * @param schedule empty where no timer renews
 */
public record StatusReport(Instant time, List<AccountStatus> accounts, Optional<Schedule> schedule) {
    public StatusReport {
        accounts = List.copyOf(accounts);
    }

    public Level level() {
        Level ofTimer = schedule.map(runs -> runs.level(time)).orElse(Level.OK);
        return accounts.stream().map(AccountStatus::level).reduce(ofTimer, Level::or);
    }

    /**
     * Looks at what is there now.
     *
     * @param timer that renews, where one does
     * @param warn secrets and authorizations that end within it are a warning
     * @throws IOException when the state files may not be read; the message names the file
     */
    public static StatusReport of(
            Config config,
            AccountStore store,
            StateFiles states,
            Passwords passwords,
            Optional<Timer> timer,
            Duration warn,
            Clock clock)
            throws IOException {
        Instant now = clock.instant();
        Map<String, List<TokenSection>> byAccount =
                config.tokens().stream().collect(Collectors.groupingBy(TokenSection::account));
        List<AccountStatus> accounts = new ArrayList<>();
        for (AccountSection section : config.accounts().values()) {
            AccountState state = states.read(section.name());
            List<TokenSection> tokens = byAccount.getOrDefault(section.name(), List.of());
            accounts.add(account(section, state, tokens, store, passwords, timer, warn, now));
        }
        return new StatusReport(now, accounts, timer.map(of -> Schedule.of(of, states.lastRun())));
    }

    private static AccountStatus account(
            AccountSection section,
            AccountState state,
            List<TokenSection> sections,
            AccountStore store,
            Passwords passwords,
            Optional<Timer> timer,
            Duration warn,
            Instant now) {
        Optional<Failure> problem = damage(section, store, passwords).or(state::failure);
        Optional<Path> worldReadable = worldReadable(section);
        // A token may be good for a while that will not be renewed.
        Level ofAccount = problem.map(failure -> failure.kind().passesByItself() ? Level.WARNING : Level.ACTION)
                .orElse(Level.OK);
        List<TokenStatus> tokens = sections.stream()
                .map(token -> token(token, state.token(token.name()), ofAccount, timer, now))
                .toList();
        Level level = tokens.stream().map(TokenStatus::level).reduce(ofAccount, Level::or);
        if (worldReadable.isPresent()
                || state.inDoubtSince().isPresent()
                || endsSoon(state, now, warn)
                || state.isOnTwoHosts(now)) {
            level = level.or(Level.WARNING);
        }
        return new AccountStatus(section, state, worldReadable, problem, tokens, level);
    }

    /** What can be seen of an account file without opening it, and of its password file. */
    private static Optional<Failure> damage(AccountSection section, AccountStore store, Passwords passwords) {
        if (!(section instanceof StoredAccount stored)) {
            return Optional.empty();
        }
        try {
            store.peek(section.name());
            passwords.read(section.name(), stored.passwordFile()).close();
            return Optional.empty();
        } catch (StoreException e) {
            return Optional.of(Failures.of(e));
        } catch (PasswordFileException e) {
            // Unreadable to whoever asks for the status is not unreadable to the service.
            return e.kind() == PasswordFileException.Kind.UNREADABLE ? Optional.empty() : Optional.of(Failures.of(e));
        }
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
            return Optional.empty(); // told as damage
        }
    }

    private static boolean endsSoon(AccountState state, Instant now, Duration warn) {
        return Stream.of(state.clientSecretExpiresAt(), state.refreshTokenExpiresAt())
                .flatMap(Optional::stream)
                .anyMatch(end -> AccountState.isSoon(end, now, warn));
    }

    private static TokenStatus token(
            TokenSection section, TokenState state, Level ofAccount, Optional<Timer> timer, Instant now) {
        Optional<Secret> token = new TokenFile(section.tokenPath()).read();
        OnDisk onDisk = token.isPresent() ? OnDisk.TOKEN : isUnreadable(section.tokenPath());
        Optional<JwtClaims> claims = token.flatMap(value -> JwtClaims.of(value.reveal()));
        Optional<Instant> expiresAt = claims.flatMap(JwtClaims::expiresAt)
                .or(() -> onDisk == OnDisk.NOTHING ? Optional.empty() : state.expiresAt());
        boolean isExpired = expiresAt.filter(end -> !end.isAfter(now)).isPresent();
        Level level = ofAccount;
        if (onDisk == OnDisk.NOTHING || isExpired) {
            level = Level.ACTION;
        } else if (state.failure().isPresent()) {
            // With a token that is known to be good there is time for an issuer's trouble to pass.
            boolean canWait =
                    expiresAt.isPresent() && state.failure().get().kind().passesByItself();
            level = level.or(canWait ? Level.WARNING : Level.ACTION);
        }
        boolean endsBetweenRuns =
                timer.isPresent() && state.life().filter(timer.get()::misses).isPresent();
        if (endsBetweenRuns) {
            level = level.or(Level.WARNING);
        }
        return new TokenStatus(section, state, onDisk, claims, expiresAt, endsBetweenRuns, level);
    }

    private static OnDisk isUnreadable(Path path) {
        return Files.notExists(path) || Files.isReadable(path) ? OnDisk.NOTHING : OnDisk.UNREADABLE;
    }
}
