package org.opensciencegrid.tokenrenewer.state;

import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.json.JsonObject;

/** What is known about one account without its password. Immutable. */
public final class AccountState {
    /** How long we report that another host saved an account: enough time to notice a copy or to finish a move. */
    private static final Duration TWO_HOSTS_REPORTED = Duration.ofDays(7);

    /** Default: secrets and authorizations that expire within this time are a warning. */
    public static final Duration SOON = Duration.ofDays(7);

    /** The state of an account for which neither setup nor a run wrote anything. */
    public static final AccountState UNKNOWN = new AccountState(JsonObject.NONE.with("v", 1L));

    private static final String NOTIFY = "notify";

    private final JsonObject members;

    AccountState(JsonObject members) {
        this.members = members;
    }

    JsonObject members() {
        return members;
    }

    public Optional<String> issuer() {
        return members.string("issuer");
    }

    public Optional<String> clientId() {
        return members.string("client_id");
    }

    /** When a user last approved. */
    public Optional<Instant> authorizedAt() {
        return members.time("authorized_at");
    }

    /** Who approved, if the issuer said so. */
    public Optional<String> subject() {
        return members.string("sub");
    }

    /** The authorized scope. */
    public List<String> scope() {
        return members.words("scope");
    }

    public Optional<Instant> clientSecretExpiresAt() {
        return members.time("client_secret_expires_at");
    }

    /** The end of the certificate that the last run used. */
    public Optional<Instant> clientCertificateExpiresAt() {
        return members.time("client_certificate_expires_at");
    }

    public AccountState withClientCertificate(Optional<Instant> expiresAt) {
        return new AccountState(members.with("client_certificate_expires_at", expiresAt));
    }

    public Optional<Instant> refreshTokenExpiresAt() {
        return members.time("refresh_token_expires_at");
    }

    /** Everything of the account whose end is known. */
    public List<Expiry> expiries() {
        List<Expiry> expiries = new ArrayList<>();
        if (clientSecretExpiresAt().isPresent()) {
            expiries.add(new Expiry(
                    Expiry.Kind.CLIENT_SECRET, clientSecretExpiresAt().get()));
        }
        if (clientCertificateExpiresAt().isPresent()) {
            expiries.add(new Expiry(
                    Expiry.Kind.CLIENT_CERTIFICATE, clientCertificateExpiresAt().get()));
        }
        if (refreshTokenExpiresAt().isPresent()) {
            expiries.add(new Expiry(
                    Expiry.Kind.AUTHORIZATION, refreshTokenExpiresAt().get()));
        }
        return expiries;
    }

    /** What the owner was notified of. */
    public NotifyState notifyState() {
        return new NotifyState(members.member(NOTIFY));
    }

    public AccountState withNotifyState(NotifyState notify) {
        JsonObject json = notify.members();
        return new AccountState(members.with(NOTIFY, json.names().isEmpty() ? Optional.empty() : json));
    }

    /** How often the issuer rotated the refresh token since setup. */
    public long rotations() {
        return members.number("rotations").orElse(0L);
    }

    /** Since when it is unknown whether the issuer processed a request whose response was lost. */
    public Optional<Instant> inDoubtSince() {
        return members.time("in_doubt_since");
    }

    /** When a run last found that another host had saved the account. */
    public Optional<Instant> otherHostAt() {
        return members.time("other_host_at");
    }

    /** Whether another host saved the account recently: two hosts may be using one refresh token. */
    public boolean isOnTwoHosts(Instant now) {
        return otherHostAt()
                .filter(at -> at.plus(TWO_HOSTS_REPORTED).isAfter(now))
                .isPresent();
    }

    /** Whether a secret or an authorization that expires then is worth a warning now. */
    public static boolean isSoon(Instant expiry, Instant now, Duration warn) {
        return now.plus(warn).isAfter(expiry);
    }

    /** Why the account could not be used at the last run that tried. */
    public Optional<Failure> failure() {
        return Failure.of(members.member("failure"));
    }

    /** We send no request before this time; set after a rejection that only an admin can fix. */
    public Optional<Instant> nextTry() {
        return members.time("next_try");
    }

    public TokenState token(String name) {
        return new TokenState(members.member("tokens").member(name));
    }

    /** All tokens that a run tried to renew since setup, including those that no longer have a section. */
    public List<TokenState> tokens() {
        List<TokenState> tokens = new ArrayList<>();
        for (String name : tokenNames()) {
            tokens.add(token(name));
        }
        return tokens;
    }

    /** The names of {@link #tokens}. */
    Collection<String> tokenNames() {
        return members.member("tokens").names();
    }

    /**
     * Whether a renewal may invalidate the refresh token. If the issuer is known not to rotate, several hosts may share
     * one.
     *
     * @param rotatedAt of the account; this state may have been lost since, and exchanges do not show it
     */
    public boolean mayRotate(Optional<Instant> rotatedAt) {
        if (rotatedAt.isPresent() || rotations() > 0) {
            return true;
        }
        for (TokenState token : tokens()) {
            if (token.renewedAt().isPresent()) {
                return false;
            }
        }
        return true;
    }

    /** Whether the issuer narrows the refresh token to the scope of one request; empty if unknown. */
    public Optional<Boolean> narrows() {
        Optional<String> word = members.string("narrows");
        return word.isPresent() ? Optional.of(word.get().equals("yes")) : Optional.empty();
    }

    public AccountState withNarrowing(boolean narrows) {
        return new AccountState(members.with("narrows", narrows ? "yes" : "no"));
    }

    public AccountState withToken(String name, TokenState token) {
        return new AccountState(members.with("tokens", members.member("tokens").with(name, token.members())));
    }

    /** Servers of the issuer that need all key shares in the first TLS message, as host:port. */
    public List<String> allKeyShares() {
        return members.words("all_key_shares");
    }

    public AccountState withAllKeyShares(Collection<String> servers) {
        return servers.isEmpty() ? this : new AccountState(members.with("all_key_shares", List.copyOf(servers)));
    }

    /** Fingerprint of the account's section at the last outcome. */
    public Optional<String> sectionFingerprint() {
        return members.string("section_fingerprint");
    }

    /** The state after a run with this outcome for the account as a whole. */
    public AccountState withOutcome(Optional<Failure> why, Optional<Instant> next, String sectionFingerprint) {
        return new AccountState(
                members.with("failure", why.isPresent() ? why.get().toJson() : Optional.empty())
                        .with("next_try", next)
                        .with("section_fingerprint", sectionFingerprint));
    }

    /** The state after a run found at this time that another host had saved the account; unchanged if empty. */
    public AccountState withOtherHost(Optional<Instant> at) {
        return at.isPresent() ? new AccountState(members.with("other_host_at", at)) : this;
    }

    public AccountState withDoubt(Optional<Instant> since) {
        return new AccountState(members.with("in_doubt_since", since));
    }

    /** The state after the issuer rotated the refresh token {@code added} times. */
    public AccountState withRotations(long added, Optional<Instant> refreshTokenExpiresAt) {
        Optional<Instant> expiresAt =
                refreshTokenExpiresAt.isPresent() ? refreshTokenExpiresAt : refreshTokenExpiresAt();
        return new AccountState(
                members.with("rotations", rotations() + added).with("refresh_token_expires_at", expiresAt));
    }

    /** Where the token endpoint is now that it is no longer at the configured URL; empty if it did not move. */
    public Optional<URI> movedEndpoint(URI configured) {
        return members.string("token_endpoint_was")
                .filter(configured.toString()::equals)
                .flatMap(was -> members.string("token_endpoint"))
                .map(URI::create);
    }

    /** The state after the token endpoint was found at another URL than the configured one. */
    public AccountState withMovedEndpoint(URI configured, URI now) {
        return new AccountState(
                members.with("token_endpoint_was", configured.toString()).with("token_endpoint", now.toString()));
    }

    public AccountState withClient(String issuer, String clientId) {
        return new AccountState(members.with("issuer", issuer).with("client_id", clientId));
    }

    /** The state with who authorized what, and when. */
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
