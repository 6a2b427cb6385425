package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Decides whether a token must be renewed now. */
final class Due {
    /**
     * If a token was issued further in the future than this, a clock was set and the times in the token are unreliable.
     */
    static final Duration SKEW = Duration.ofMinutes(5);

    private Due() {}

    /**
     * The remaining lifetime of the token, if it is longer than the section's min_lifetime and there is no other reason
     * to renew; empty if the token is due. A section without min_lifetime is always due, as in the original program.
     *
     * @param left see {@link #left}
     */
    static Optional<Duration> freshFor(TokenSection section, Optional<Duration> left, TokenState state) {
        if (section.minLifetime().isEmpty()
                || hasFailed(state)
                || !state.path().equals(section.place())
                || !sameWords(section.scope(), state.requestedScope())
                || !sameWords(section.audience(), state.requestedAudience())
                || !section.exchange().equals(state.requestedExchange())) {
            return Optional.empty();
        }
        Duration minLifetime = Duration.ofSeconds(section.minLifetime().getAsLong());
        return left.isPresent() && left.get().compareTo(minLifetime) > 0 ? left : Optional.empty();
    }

    /** Whether the last attempt to get the token failed. */
    static boolean hasFailed(TokenState state) {
        return state.failure().isPresent() && !state.failure().get().kind().isHookFailure();
    }

    /** The remaining lifetime of the token; empty if there is none, it has expired, or its expiry is unknown. */
    static Optional<Duration> left(Optional<Secret> token, TokenState state, Instant now) {
        Optional<Duration> left = token.isPresent() ? timeLeft(token.get(), state, now) : Optional.empty();
        return left.isPresent() && left.get().isNegative() ? Optional.empty() : left;
    }

    /** The remaining lifetime of the token that was renewed last, if the file at its place now cannot be read. */
    static Optional<Duration> left(TokenState state, Instant now) {
        return state.renewedAt()
                .filter(at -> !at.isAfter(now.plus(SKEW)))
                .flatMap(at -> state.expiresAt())
                .map(expiry -> Duration.between(now, expiry))
                .filter(left -> !left.isNegative());
    }

    /**
     * When the token was issued, if this issuer issued it after the last renewal in the state and the
     * state does not contain it. Then the state is older than the token, for example because it was restored from a
     * backup.
     */
    static Optional<Instant> issuedAfter(
            TokenSection section, Optional<Secret> token, TokenState state, String issuer) {
        Optional<Instant> renewed = state.renewedAt();
        if (token.isEmpty() || renewed.isEmpty() || !state.path().equals(section.place())) {
            return Optional.empty();
        }
        Optional<JwtClaims> claims = JwtClaims.of(token.get().reveal());
        if (claims.isEmpty() || !claims.get().issuer().equals(Optional.of(issuer))) {
            return Optional.empty();
        }
        Optional<Instant> issued = claims.get().issuedAt();
        boolean isNewer =
                issued.isPresent() && issued.get().isAfter(renewed.get().plus(SKEW)) && !isOf(token.get(), state);
        return isNewer ? issued : Optional.empty();
    }

    private static Optional<Duration> timeLeft(Secret token, TokenState state, Instant now) {
        Optional<Instant> issued = issuedAt(token, state);
        if (issued.isPresent() && issued.get().isAfter(now.plus(SKEW))) {
            return Optional.empty();
        }
        Optional<Instant> expiry = expiresAt(token, state);
        return expiry.isPresent() ? Optional.of(Duration.between(now, expiry.get())) : Optional.empty();
    }

    private static Optional<Instant> issuedAt(Secret token, TokenState state) {
        Optional<JwtClaims> claims = JwtClaims.of(token.reveal());
        if (claims.isPresent() && claims.get().issuedAt().isPresent()) {
            return claims.get().issuedAt();
        }
        return isOf(token, state) ? state.renewedAt() : Optional.empty();
    }

    /** An opaque token has no readable expiry: only the issuer's response for this token counts. */
    static Optional<Instant> expiresAt(Secret token, TokenState state) {
        Optional<JwtClaims> claims = JwtClaims.of(token.reveal());
        if (claims.isPresent() && claims.get().expiresAt().isPresent()) {
            return claims.get().expiresAt();
        }
        return isOf(token, state) ? state.expiresAt() : Optional.empty();
    }

    /** Whether the state is of this token. Not called for a JWT, because the first hash in a new JVM is slow. */
    private static boolean isOf(Secret token, TokenState state) {
        return state.fingerprint().equals(Optional.of(Fingerprint.of(token.reveal())));
    }

    private static boolean sameWords(List<String> a, List<String> b) {
        return a.equals(b) || Set.copyOf(a).equals(Set.copyOf(b));
    }
}
