package org.opensciencegrid.tokenrenewer.state;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.text.Members;

/**
 * What became of one token at the last runs. Immutable.
 */
public final class TokenState {
    private final Members members;

    TokenState(Members members) {
        this.members = members;
    }

    Members members() {
        return members;
    }

    /** token_path as configured when it was last written; empty before that. */
    public String path() {
        return members.string("path").orElse("");
    }

    /** Start of the SHA-256 of the token that was written; tells whether the file still holds it. */
    public Optional<String> fingerprint() {
        return members.string("fingerprint");
    }

    /** When the token on disk was received. */
    public Optional<Instant> renewedAt() {
        return members.time("renewed_at");
    }

    /** Empty when neither token nor issuer said. */
    public Optional<Instant> expiresAt() {
        return members.time("expires_at");
    }

    /** The section's scope at the last try. */
    public List<String> askedScope() {
        return members.words("asked_scope");
    }

    /** The section's audience at the last try. */
    public List<String> askedAudience() {
        return members.words("asked_audience");
    }

    /** Empty when nobody said. */
    public List<String> grantedScope() {
        return members.words("granted_scope");
    }

    /** Empty when nobody said. */
    public List<String> grantedAudience() {
        return members.words("granted_audience");
    }

    /** When a run last tried to renew it. */
    public Optional<Instant> triedAt() {
        return members.time("tried_at");
    }

    /** Why the last try failed; empty when it did not. */
    public Optional<Failure> failure() {
        return Failure.of(members.member("failure"));
    }

    /** When the present row of failures began. */
    public Optional<Instant> failingSince() {
        return members.time("failing_since");
    }

    /** How the last runs that tried to renew it ended, oldest first. */
    public List<Streak> history() {
        return Streak.of(members.list("history"));
    }

    /** How long the issuer lets it live, as told when the token on disk was received. */
    public Optional<Duration> life() {
        Optional<Instant> from = renewedAt();
        Optional<Instant> to = expiresAt();
        return from.isPresent() && to.isPresent()
                ? Optional.of(Duration.between(from.get(), to.get()))
                : Optional.empty();
    }

    /** No request before this moment; set after a refusal that only a person can lift. */
    public Optional<Instant> nextTry() {
        return members.time("next_try");
    }

    /** The same after a try with this scope and audience. */
    public TokenState tried(Instant now, List<String> scope, List<String> audience) {
        return new TokenState(
                members.with("tried_at", now).with("asked_scope", scope).with("asked_audience", audience));
    }

    /** The same after a failure; what is known of the token on disk stays. */
    public TokenState failed(Instant now, Failure why, Optional<Instant> next) {
        return new TokenState(members.with("failure", why.toMembers())
                .with("failing_since", failingSince().orElse(now))
                .with("history", Streak.rows(members.list("history"), why.kind().word(), now))
                .with("next_try", next));
    }

    /** The same after the token's post_renewal ran; empty when that went well. */
    public TokenState told(Instant now, Optional<Failure> why) {
        return new TokenState(members.with("failure", why.map(Failure::toMembers))
                .with("failing_since", why.map(failure -> failingSince().orElse(now))));
    }

    /** The same after a new token was written. */
    public TokenState renewed(
            Instant now,
            Path path,
            String fingerprint,
            Optional<Instant> expiresAt,
            List<String> scope,
            List<String> audience) {
        return new TokenState(members.with("path", path.toString())
                .with("fingerprint", fingerprint)
                .with("renewed_at", now)
                .with("expires_at", expiresAt)
                .with("granted_scope", scope)
                .with("granted_audience", audience)
                .with("history", Streak.rows(members.list("history"), Streak.RENEWED, now))
                .with("failure", Optional.empty())
                .with("failing_since", Optional.empty())
                .with("next_try", Optional.empty()));
    }
}
