package org.opensciencegrid.tokenrenewer.status;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.TokenState;

/**
 * One token section, and the file at its path or its Secret.
 *
 * @param onDisk whether there is a token at token_path, or in the Secret of a section without one; {@code UNREADABLE} if unknown
 * @param claims of the token on disk; empty for an opaque token
 * @param expiresAt of the token on disk; empty if unknown
 * @param missingScope requested last time, but not granted to the token on disk; empty if unknown
 * @param missingAudience like missingScope
 * @param otherSubject {@code sub} of the token on disk if its account is a host and this is not its client id
 * @param isShorterThanMinLifetime whether the issuer's tokens live shorter than the section's min_lifetime
 * @param endsBetweenRuns whether the issuer's tokens can expire between two runs
 */
public record TokenStatus(
        TokenSection section,
        TokenState state,
        OnDisk onDisk,
        Optional<JwtClaims> claims,
        Optional<Instant> expiresAt,
        List<String> missingScope,
        List<String> missingAudience,
        Optional<String> otherSubject,
        boolean endsBetweenRuns,
        boolean isShorterThanMinLifetime,
        Level level) {

    /** What is at token_path, or in the Secret of a section without one. */
    public enum OnDisk {
        TOKEN,
        /** No file, or an empty file. */
        NOTHING,
        UNREADABLE
    }
}
