package org.opensciencegrid.tokenrenewer.status;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.config.NotifyOptions;
import org.opensciencegrid.tokenrenewer.config.NotifyTarget;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.state.AccountState;

/**
 * One account that a token section names.
 *
 * @param worldReadablePasswordFile the password file, if every user on this host can read it
 * @param notifications whom to notify of problems, if the section says so
 * @param problem what prevents its next renewal: found in the account file now, or by the last run
 */
public record AccountStatus(
        AccountSection section,
        AccountState state,
        Optional<Path> worldReadablePasswordFile,
        Optional<NotifyOptions> notifications,
        Optional<Failure> problem,
        List<TokenStatus> tokens,
        Level level) {
    AccountStatus withLevel(Level other) {
        return new AccountStatus(section, state, worldReadablePasswordFile, notifications, problem, tokens, other);
    }

    /** The targets that the last message could not be delivered to. */
    public List<NotifyTarget> notNotified() {
        return notifications.map(NotifyOptions::targets).orElse(List.of()).stream()
                .filter(target -> state.notifyState()
                        .target(target.id())
                        .undeliveredSince()
                        .isPresent())
                .toList();
    }

    /** When the oldest current failure of its tokens began; empty if none fails. */
    public Optional<Instant> failingSince() {
        return tokens.stream()
                .map(token -> token.state().failingSince())
                .flatMap(Optional::stream)
                .min(Instant::compareTo);
    }
}
