package org.opensciencegrid.tokenrenewer.status;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.state.AccountState;

/**
 * One account that a token section names.
 *
 * @param worldReadablePasswordFile the password file, if every user on this host can read it
 * @param problem what prevents its next renewal: found in the account file now, or by the last run
 */
public record AccountStatus(
        AccountSection section,
        AccountState state,
        Optional<Path> worldReadablePasswordFile,
        Optional<Failure> problem,
        List<TokenStatus> tokens,
        Level level) {
    /** When the oldest current failure of its tokens began; empty if none fails. */
    public Optional<Instant> failingSince() {
        return tokens.stream()
                .map(token -> token.state().failingSince())
                .flatMap(Optional::stream)
                .min(Instant::compareTo);
    }
}
