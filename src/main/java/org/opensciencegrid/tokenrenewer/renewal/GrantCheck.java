package org.opensciencegrid.tokenrenewer.renewal;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.oidc.JwtClaims;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.renewal.Outcome.Granted;
import org.opensciencegrid.tokenrenewer.util.Printable;

/** Whether an access token is what its section requests, and valid. */
final class GrantCheck {
    private GrantCheck() {}

    /**
     * Compares what was granted with what the section requests.
     *
     * @param authorizedScope the scope that the user approved
     * @param narrows whether requests to this issuer cannot name a scope
     */
    static Granted granted(
            TokenSection section, TokenResponse response, List<String> authorizedScope, boolean narrows) {
        boolean isWhole = narrows && !section.strict(); // we requested more than the section's scope
        List<String> requested = narrows && section.scope().isEmpty() ? authorizedScope : section.scope();
        List<String> granted = response.scope().orElse(List.of());
        boolean isKnown = !requested.isEmpty() && response.scope().isPresent();
        List<String> missing = isKnown ? NarrowingCheck.without(requested, granted) : List.of();
        boolean isJwt = JwtClaims.of(response.accessToken().reveal())
                .isPresent(); // a JWT of MITREid has no aud: the audience was not granted
        List<String> unseen = new ArrayList<>();
        if (section.strict() && !section.scope().isEmpty() && response.scope().isEmpty()) {
            unseen.add("scope");
        }
        if (section.strict() && !section.audience().isEmpty() && !isJwt) {
            unseen.add("audience");
        }
        return new Granted(
                missing,
                isKnown && !isWhole ? NarrowingCheck.without(granted, requested) : List.of(),
                isJwt ? NarrowingCheck.without(section.audience(), response.audience()) : List.of(),
                List.copyOf(unseen),
                narrows && !missing.isEmpty());
    }

    /** Keeps the token on disk: a service that relies on strict must not get a token with more rights. */
    static void requireNoMore(TokenSection section, Granted granted, TokenResponse response) throws FailureException {
        List<String> more = new ArrayList<>(granted.extraScope());
        if (!granted.missingAudience().isEmpty()) {
            more.add("aud " + (response.audience().isEmpty() ? "any" : String.join(" ", response.audience())));
        }
        if (section.strict() && !more.isEmpty()) {
            throw new FailureException(
                    new Failure(Failure.Kind.TOO_MUCH_GRANTED, section.name(), String.join(" ", more)));
        }
    }

    /**
     * Keeps the token on disk: it may be valid, and no service accepts the new one. If the response shows the issuer's
     * clock, that clock decides: other hosts accept a token that looks expired only on this machine.
     *
     * @param ours the time on this machine
     * @param age the time since the response: to save the refresh token may have taken hours
     * @return how far this machine's clock is ahead of the issuer's, if the token is invalid by our clock only
     */
    static Optional<Duration> requireValid(TokenResponse response, String issuer, Instant ours, Duration age)
            throws FailureException {
        Instant now = response.sentAt().isPresent() ? response.sentAt().get().plus(age) : ours;
        long lifetime = response.expiresIn().orElse(0L);
        boolean isOver = lifetime < 0 || lifetime > 0 && lifetime <= age.toSeconds();
        Optional<String> why = isOver ? Optional.of("expires_in " + lifetime) : whyNotValid(response, now);
        if (why.isPresent()) {
            throw new FailureException(new Failure(
                    Failure.Kind.TOKEN_NOT_VALID, Printable.of(issuer), why.get() + ", now " + seconds(now)));
        }
        return whyNotValid(response, ours).isPresent() ? Optional.of(Duration.between(now, ours)) : Optional.empty();
    }

    private static Optional<String> whyNotValid(TokenResponse response, Instant now) {
        Optional<JwtClaims> claims = JwtClaims.of(response.accessToken().reveal());
        if (claims.isEmpty()) {
            return Optional.empty();
        }
        Optional<Instant> expiry = claims.get().expiresAt();
        if (expiry.isPresent() && !expiry.get().isAfter(now)) {
            return Optional.of("exp " + seconds(expiry.get()));
        }
        Optional<Instant> notBefore = claims.get().notBefore();
        boolean isEarly = notBefore.isPresent() && notBefore.get().isAfter(now.plus(Due.SKEW));
        return isEarly ? Optional.of("nbf " + seconds(notBefore.get())) : Optional.empty();
    }

    private static Instant seconds(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS);
    }
}
