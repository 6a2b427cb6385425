package org.opensciencegrid.tokenrenewer.status;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.AccountSection;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;

/**
 * One account that a token section names.
 *
 * @param passwordFileIsWorldReadable the password file, when everybody on this host can read it
 * @param problem what stands between it and its next renewal: seen now in the account file, or at the last run
 */
public record AccountStatus(
        AccountSection section,
        AccountState state,
        Optional<Path> passwordFileIsWorldReadable,
        Optional<Failure> problem,
        List<TokenStatus> tokens,
        Level level) {
    /** When the first of the present failures of its tokens began; empty where none fails. */
    public Optional<Instant> failingSince() {
        return tokens.stream()
                .map(token -> token.state().failingSince())
                .flatMap(Optional::stream)
                .min(Instant::compareTo);
    }

    /** Whether another host had saved the account of late: two may be using one refresh token. */
    public boolean isOnTwoHosts(Instant now) {
        return state.isOnTwoHosts(now);
    }
}
