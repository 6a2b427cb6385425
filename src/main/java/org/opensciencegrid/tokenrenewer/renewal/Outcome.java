package org.opensciencegrid.tokenrenewer.renewal;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.state.Failure;

/** What became of one token in one run. */
public sealed interface Outcome {
    String account();

    String token();

    /**
     * A new token is at its path.
     *
     * @param expiresAt empty when nobody says
     */
    record Renewed(String account, String token, Path path, Optional<Instant> expiresAt, Granted granted)
            implements Outcome {}

    /** The token there is good for longer than min_lifetime; nothing was asked. */
    record Fresh(String account, String token, Duration left) implements Outcome {}

    /** Told by a rehearsal: a run would ask for it now. */
    record Wanted(String account, String token, Path path) implements Outcome {}

    /**
     * No new token, or one whose account is now in danger.
     *
     * @param nextTry set when the issuer will not be asked before then, as only a person can end the failure
     * @param asked false when this run did not ask because an earlier refusal stands
     * @param left how long the token that is there is still good; empty when it is not, or nobody says
     */
    record Failed(
            String account,
            String token,
            Failure failure,
            Optional<Instant> nextTry,
            boolean asked,
            Optional<Duration> left)
            implements Outcome {}

    /**
     * How what was granted differs from what the token section asks for; all empty when it does not, or nobody says.
     *
     * @param missingScope asked and not granted
     * @param extraScope granted and not asked
     * @param missingAudience asked and not granted
     */
    record Granted(List<String> missingScope, List<String> extraScope, List<String> missingAudience) {}
}
