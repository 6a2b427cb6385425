package org.opensciencegrid.tokenrenewer.renewal;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.token.TokenFile;

/** What became of one token in one run. */
public sealed interface Outcome {
    String account();

    String token();

    /**
     * A new token is at its path.
     *
     * @param expiresAt empty when nobody says
     * @param length of the token in bytes
     */
    record Renewed(String account, String token, Path path, Optional<Instant> expiresAt, Granted granted, int length)
            implements Outcome {
        /** Whether some of those that read it will not take it whole. */
        public boolean isTooLongForSome() {
            return length > TokenFile.LONGEST_FOR_ALL;
        }
    }

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
     * The token is in its place, and its post_renewal failed.
     *
     * @param after what became of the token itself: renewed, or fresh when an earlier failure of its post_renewal stood
     */
    record HookFailed(Outcome after, Failure failure) implements Outcome {
        @Override
        public String account() {
            return after.account();
        }

        @Override
        public String token() {
            return after.token();
        }
    }

    /**
     * How what was granted differs from what the token section asks for; all empty when it does not, or nobody says.
     *
     * @param missingScope asked and not granted
     * @param extraScope granted and not asked
     * @param missingAudience asked and not granted
     */
    record Granted(List<String> missingScope, List<String> extraScope, List<String> missingAudience) {}
}
