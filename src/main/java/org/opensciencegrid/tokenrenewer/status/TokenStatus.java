package org.opensciencegrid.tokenrenewer.status;

import java.time.Instant;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.TokenState;

/**
 * One token section, and the file at its path.
 *
 * @param onDisk whether there is a token at token_path; {@code UNREADABLE} when that cannot be told
 * @param claims of the token on disk; empty for an opaque one
 * @param expiresAt of the token on disk; empty when nobody says
 * @param endsBetweenRuns whether the issuer's tokens live for less time than may lie between two runs
 */
public record TokenStatus(
        TokenSection section,
        TokenState state,
        OnDisk onDisk,
        Optional<JwtClaims> claims,
        Optional<Instant> expiresAt,
        boolean endsBetweenRuns,
        Level level) {

    /** What is at token_path. */
    public enum OnDisk {
        TOKEN,
        /** No file, or an empty one. */
        NOTHING,
        UNREADABLE
    }
}
