package org.opensciencegrid.tokenrenewer.state;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.opensciencegrid.tokenrenewer.config.TokenSection;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/** The results of the last runs for one token. Immutable. */
public final class TokenState {
    private final JsonObject members;

    TokenState(JsonObject members) {
        this.members = members;
    }

    JsonObject members() {
        return members;
    }

    /** {@link TokenSection#place} when the token was last written; empty before that. */
    public String path() {
        return members.string("path").orElse("");
    }

    /** The first part of the SHA-256 of the token that was written; shows whether the file still holds it. */
    public Optional<String> fingerprint() {
        return members.string("fingerprint");
    }

    /** When we received the token on disk. */
    public Optional<Instant> renewedAt() {
        return members.time("renewed_at");
    }

    /** Empty if neither the token nor the issuer says. */
    public Optional<Instant> expiresAt() {
        return members.time("expires_at");
    }

    /** The section's scope at the last attempt. */
    public List<String> requestedScope() {
        return members.words("asked_scope");
    }

    /** The section's audience at the last attempt. */
    public List<String> requestedAudience() {
        return members.words("asked_audience");
    }

    /** {@link TokenSection#exchange} at the last attempt. */
    public Optional<List<String>> requestedExchange() {
        return members.string("asked_exchange").isPresent()
                ? Optional.of(members.words("asked_resource"))
                : Optional.empty();
    }

    /** Whether the last attempt made exactly this request. */
    public boolean isOfRequest(TokenSection section) {
        return section.scope().equals(requestedScope())
                && section.audience().equals(requestedAudience())
                && section.exchange().equals(requestedExchange());
    }

    /** Empty if unknown. */
    public List<String> grantedScope() {
        return members.words("granted_scope");
    }

    /** Empty if unknown. */
    public List<String> grantedAudience() {
        return members.words("granted_audience");
    }

    /** When a run last tried to renew it. */
    public Optional<Instant> triedAt() {
        return members.time("tried_at");
    }

    /** Why the last attempt failed; empty if it succeeded. */
    public Optional<Failure> failure() {
        return Failure.of(members.member("failure"));
    }

    /**
     * The state without a failure whose cause is gone, so that the next run tries again.
     *
     * @param section as it is now
     * @param areFilesSound whether a check found the account file, the password and the client secret correct
     */
    public TokenState withoutResolvedFailure(TokenSection section, boolean areFilesSound) {
        return failure()
                        .filter(why ->
                                areFilesSound && why.kind().isSeenWithoutOpening() || !stillApplies(why, section))
                        .isEmpty()
                ? this
                : new TokenState(members.with("failure", Optional.empty())
                        .with("failing_since", Optional.empty())
                        .with("next_try", Optional.empty()));
    }

    private boolean stillApplies(Failure why, TokenSection section) {
        return switch (why.kind()) {
            case CONFIG_ERROR -> false; // the section is correct now
            case TOKEN_DIRECTORY_MISSING ->
                isAboutPath(section, why)
                        && !Files.isDirectory(Path.of(why.where()).resolveSibling("."));
            case TOKEN_NAME_UNKNOWN, TOKEN_GROUP_CLOSED, TOKEN_OWNER_CLOSED ->
                isAboutPath(section, why)
                        && Stream.of(section.access().owner(), section.access().group())
                                .flatMap(Optional::stream)
                                .anyMatch(why.detail()::equals);
            case HOOK_NOT_STARTED, HOOK_FAILED, HOOK_TIMEOUT ->
                section.postRenewal()
                        .filter(hook -> hook.program().toString().equals(why.where()))
                        .isPresent();
            case SCOPE_REFUSED, AUDIENCE_REFUSED, EXCHANGE_REFUSED, EXCHANGE_SCOPE_REFUSED, EXCHANGE_AUDIENCE_REFUSED ->
                isOfRequest(section);
            case TOO_MUCH_GRANTED, ACCOUNT_SHARED -> section.strict();
            default -> !why.kind().isTokenFileFailure() || isAboutPath(section, why);
        };
    }

    /** Whether the failure is about the token's file, or a link or directory in its path. */
    private static boolean isAboutPath(TokenSection section, Failure why) {
        return section.tokenPath().filter(path -> path.startsWith(why.where())).isPresent();
    }

    /** When the current failures began. */
    public Optional<Instant> failingSince() {
        return members.time("failing_since");
    }

    /** Why the token could not be written to its Kubernetes Secret; empty if it was. */
    public Optional<Failure> secretFailure() {
        return Failure.of(members.member("secret_failure"));
    }

    /** Since when the token could not be written to its Kubernetes Secret. */
    public Optional<Instant> secretFailingSince() {
        return members.time("secret_failing_since");
    }

    /** The state after the token was written to its Secret; {@code why} is empty if that succeeded. */
    public TokenState published(Instant now, Optional<Failure> why) {
        return new TokenState(members.with("secret_failure", why.map(Failure::toJson))
                .with(
                        "secret_failing_since",
                        why.map(failure -> secretFailingSince().orElse(now))));
    }

    /** The results of the last runs that tried to renew it, oldest first. */
    public List<OutcomeSpan> history() {
        return OutcomeSpan.of(members.list("history"));
    }

    /** The lifetime that the issuer gave the token on disk. */
    public Optional<Duration> lifetime() {
        Optional<Instant> from = renewedAt();
        Optional<Instant> to = expiresAt();
        return from.isPresent() && to.isPresent()
                ? Optional.of(Duration.between(from.get(), to.get()))
                : Optional.empty();
    }

    /** Whether every run renews it: even a new token is valid for no longer than this min_lifetime. */
    public boolean livesNoLongerThan(OptionalLong minLifetime) {
        return lifetime()
                .filter(lifetime -> lifetime.toSeconds() <= minLifetime.orElse(-1))
                .isPresent();
    }

    /** We send no request before this time; set after a rejection that only an admin can fix. */
    public Optional<Instant> nextTry() {
        return members.time("next_try");
    }

    /** The state after an attempt with this scope and audience, and {@link TokenSection#exchange}. */
    public TokenState tried(Instant now, List<String> scope, List<String> audience, Optional<List<String>> exchange) {
        return new TokenState(members.with("tried_at", now)
                .with("asked_scope", scope)
                .with("asked_audience", audience)
                .with("asked_exchange", exchange.isPresent() ? "yes" : "")
                .with("asked_resource", exchange.orElse(List.of())));
    }

    /** The state after a failure; keeps what is known about the token on disk. */
    public TokenState failed(Instant now, Failure why, Optional<Instant> next) {
        return new TokenState(members.with("failure", why.toJson())
                .with("failing_since", failingSince().orElse(now))
                .with(
                        "history",
                        OutcomeSpan.rows(members.list("history"), why.kind().word(), now))
                .with("next_try", next));
    }

    /** The state while the token's post_renewal runs: something may end the run first. */
    public TokenState hookStarted(Instant now, Failure unfinished) {
        return withHookFailure(now, Optional.of(unfinished));
    }

    /**
     * The state after the token's post_renewal ran. The failure of a renewal is kept, because it is worse.
     *
     * @param why empty if it succeeded
     * @param reported what it reported in this run; a destination that it did not report any more is forgotten
     */
    public TokenState hookFinished(Instant now, Optional<Failure> why, List<Destination> reported) {
        Map<String, Instant> failingSince = new HashMap<>();
        for (Destination known : destinations()) {
            known.failingSince().ifPresent(since -> failingSince.put(known.name(), since));
        }
        List<Map<String, Object>> rows = new ArrayList<>();
        for (Destination one : reported) {
            Optional<Instant> since = one.failingSince().map(at -> failingSince.getOrDefault(one.name(), at));
            rows.add(new Destination(one.name(), since, one.reason()).asMap());
        }
        TokenState next = new TokenState(members.with("destinations", rows));
        return failure().filter(known -> !known.kind().isHookFailure()).isPresent()
                ? next
                : next.withHookFailure(now, why);
    }

    private TokenState withHookFailure(Instant now, Optional<Failure> why) {
        return new TokenState(members.with("failure", why.map(Failure::toJson))
                .with("failing_since", why.map(failure -> failingSince().orElse(now))));
    }

    /** Where the post_renewal of this section copied the token, if it reports that. */
    public List<Destination> destinations(TokenSection section) {
        return section.postRenewal().isPresent() ? destinations() : List.of();
    }

    private List<Destination> destinations() {
        return Destination.of(members.list("destinations"));
    }

    public boolean isSame(TokenState other) {
        return members.toJson().equals(other.members.toJson());
    }

    /** The state after a new token was written. */
    public TokenState renewed(
            Instant now,
            String place,
            String fingerprint,
            Optional<Instant> expiresAt,
            List<String> scope,
            List<String> audience) {
        return new TokenState(members.with("path", place)
                .with("fingerprint", fingerprint)
                .with("renewed_at", now)
                .with("expires_at", expiresAt)
                .with("granted_scope", scope)
                .with("granted_audience", audience)
                .with("history", OutcomeSpan.rows(members.list("history"), OutcomeSpan.RENEWED, now))
                .with("failure", Optional.empty())
                .with("failing_since", Optional.empty())
                .with("next_try", Optional.empty()));
    }
}
