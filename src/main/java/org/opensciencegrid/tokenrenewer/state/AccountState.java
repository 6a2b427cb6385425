package org.opensciencegrid.tokenrenewer.state;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.text.Members;

/** What is known of one account without its password. Immutable. */
public final class AccountState {
    /** For so long it is told that another host had saved an account: a copy would be noticed by then, a move be over. */
    private static final Duration TOLD = Duration.ofDays(7);

    /** Secrets and authorizations that end within this time are worth a warning, unless somebody asks otherwise. */
    public static final Duration SOON = Duration.ofDays(7);

    /** An account that neither setup nor a run has left anything of. */
    public static final AccountState UNKNOWN = new AccountState(Members.NONE.with("v", 1L));

    private final Members members;

    AccountState(Members members) {
        this.members = members;
    }

    Members members() {
        return members;
    }

    public Optional<String> issuer() {
        return members.string("issuer");
    }

    public Optional<String> clientId() {
        return members.string("client_id");
    }

    /** When a person last approved. */
    public Optional<Instant> authorizedAt() {
        return members.time("authorized_at");
    }

    /** Who approved, where the issuer told. */
    public Optional<String> subject() {
        return members.string("sub");
    }

    /** What was authorized. */
    public List<String> scope() {
        return members.words("scope");
    }

    public Optional<Instant> clientSecretExpiresAt() {
        return members.time("client_secret_expires_at");
    }

    public Optional<Instant> refreshTokenExpiresAt() {
        return members.time("refresh_token_expires_at");
    }

    /** How often the issuer gave a new refresh token since the account was set up. */
    public long rotations() {
        return members.number("rotations").orElse(0L);
    }

    /** Since when it is not known whether the issuer acted on a request whose answer was lost. */
    public Optional<Instant> inDoubtSince() {
        return members.time("in_doubt_since");
    }

    /** When a run last found that another host had saved the account. */
    public Optional<Instant> otherHostAt() {
        return members.time("other_host_at");
    }

    /** Whether another host had saved the account of late: two may be using one refresh token. */
    public boolean isOnTwoHosts(Instant now) {
        return otherHostAt().filter(at -> at.plus(TOLD).isAfter(now)).isPresent();
    }

    /** Whether a secret or an authorization that ends then is worth a warning now. */
    public static boolean isSoon(Instant end, Instant now, Duration warn) {
        return now.plus(warn).isAfter(end);
    }

    /** Why the account could not be used at the last run that tried. */
    public Optional<Failure> failure() {
        return Failure.of(members.member("failure"));
    }

    /** No request before this moment; set after a refusal that only a person can lift. */
    public Optional<Instant> nextTry() {
        return members.time("next_try");
    }

    public TokenState token(String name) {
        return new TokenState(members.member("tokens").member(name));
    }

    public AccountState withToken(String name, TokenState token) {
        return new AccountState(members.with("tokens", members.member("tokens").with(name, token.members())));
    }

    /** Which form of the account's section the last outcome belongs to. */
    public Optional<String> sectionFingerprint() {
        return members.string("section_fingerprint");
    }

    /** The same after a run that ended like this for the account as a whole. */
    public AccountState withOutcome(Optional<Failure> why, Optional<Instant> next, String sectionFingerprint) {
        return new AccountState(members.with("failure", why.map(Failure::toMembers))
                .with("next_try", next)
                .with("section_fingerprint", sectionFingerprint));
    }

    /** The same after a run found at this time that another host had saved the account; empty changes nothing. */
    public AccountState withOtherHost(Optional<Instant> at) {
        return at.isPresent() ? new AccountState(members.with("other_host_at", at)) : this;
    }

    public AccountState withDoubt(Optional<Instant> since) {
        return new AccountState(members.with("in_doubt_since", since));
    }

    /** The same after the issuer gave a new refresh token {@code more} times. */
    public AccountState withRotations(long more, Optional<Instant> refreshTokenExpiresAt) {
        return new AccountState(members.with("rotations", rotations() + more)
                .with("refresh_token_expires_at", refreshTokenExpiresAt.or(this::refreshTokenExpiresAt)));
    }

    public AccountState withClient(String issuer, String clientId) {
        return new AccountState(members.with("issuer", issuer).with("client_id", clientId));
    }

    /** The same with who authorized what, and when. */
    public AccountState withAuthorization(
            Optional<Instant> at,
            Optional<String> subject,
            List<String> scope,
            Optional<Instant> clientSecretExpiresAt) {
        return new AccountState(members.with("authorized_at", at)
                .with("sub", subject)
                .with("scope", scope)
                .with("client_secret_expires_at", clientSecretExpiresAt));
    }
}
