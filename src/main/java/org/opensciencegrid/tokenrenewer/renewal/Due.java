package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.state.TokenState;
import org.opensciencegrid.tokenrenewer.text.Secret;
import org.opensciencegrid.tokenrenewer.token.TokenFile;

/** Decides whether a token must be renewed now. */
final class Due {
    /** An issue time further ahead than this means that a clock jumped, and no time in the token can be relied on. */
    private static final Duration SKEW = Duration.ofMinutes(5);

    private Due() {}

    /**
     * How long the token on disk is still good, if that is longer than the section's min_lifetime and nothing else asks
     * for a new one; empty when it is due. A section without min_lifetime is always due, as with the original.
     */
    static Optional<Duration> freshFor(TokenSection section, TokenState state, Instant now) {
        if (section.minLifetime().isEmpty()
                || state.failure().filter(why -> !why.kind().isOfHook()).isPresent()
                || !state.path().equals(section.tokenPath().toString())
                || !sameWords(section.scope(), state.askedScope())
                || !sameWords(section.audience(), state.askedAudience())) {
            return Optional.empty();
        }
        Duration least = Duration.ofSeconds(section.minLifetime().getAsLong());
        return left(section, state, now).filter(left -> left.compareTo(least) > 0);
    }

    /** How long the token at token_path is still good; empty when there is none, it has expired, or nobody says. */
    static Optional<Duration> left(TokenSection section, TokenState state, Instant now) {
        return new TokenFile(section.tokenPath())
                .read()
                .flatMap(token -> timeLeft(token, state, now))
                .filter(left -> !left.isNegative());
    }

    private static Optional<Duration> timeLeft(Secret token, TokenState state, Instant now) {
        Optional<JwtClaims> claims = JwtClaims.of(token.reveal());
        Optional<Instant> issued =
                claims.flatMap(JwtClaims::issuedAt).or(() -> ours(token, state).flatMap(TokenState::renewedAt));
        if (issued.isPresent() && issued.get().isAfter(now.plus(SKEW))) {
            return Optional.empty();
        }
        // An opaque token tells nothing: only what the issuer said when it gave us this very token counts.
        Optional<Instant> expires =
                claims.flatMap(JwtClaims::expiresAt).or(() -> ours(token, state).flatMap(TokenState::expiresAt));
        return expires.map(end -> Duration.between(now, end));
    }

    /** What we know of this very token. Not asked for a JWT, as the first hash of a new JVM takes it a while. */
    private static Optional<TokenState> ours(Secret token, TokenState state) {
        return Optional.of(state)
                .filter(known -> known.fingerprint().equals(Optional.of(Fingerprint.of(token.reveal()))));
    }

    private static boolean sameWords(List<String> a, List<String> b) {
        return a.equals(b) || Set.copyOf(a).equals(Set.copyOf(b));
    }
}
