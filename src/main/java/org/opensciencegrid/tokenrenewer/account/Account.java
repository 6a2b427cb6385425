package org.opensciencegrid.tokenrenewer.account;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.json.JsonObject;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.util.Printable;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * One authorized client as stored in an account file: a JSON object. docs/reference/account-file.md lists its members. Immutable.
 * Members that this version does not know are kept and written back, so a downgrade loses nothing.
 */
public final class Account {
    private static final long FORMAT = 1;
    private static final long LAST_SECOND = 253_402_300_799L; // 9999-12-31

    private final JsonObject members;

    private Account(JsonObject members) {
        this.members = members;
    }

    /** A client at an issuer, without an authorization. */
    public static Account of(Provider provider, Client client, List<String> scope, List<String> audience) {
        return new Account(JsonObject.NONE)
                .with("v", FORMAT)
                .with("issuer", provider.issuer())
                .withEndpoints(provider)
                .withClient(client)
                .with("scope", String.join(" ", scope))
                .with("audience", String.join(" ", audience));
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @throws IllegalArgumentException if a required member is missing or invalid; the message contains its name but
     *     not its value
     */
    public static Account decode(byte[] json) {
        Account account = decodeRegistration(json);
        account.refreshToken();
        return account;
    }

    /**
     * Reads an account without a lock and without changing anything.
     *
     * @throws IllegalArgumentException like {@link #decode}
     */
    public static Account view(AccountStore store, String name, Passwords passwords, Path passwordFile)
            throws StoreException, PasswordFileException {
        try (Password password = passwords.read(name, passwordFile)) {
            byte[] content = store.view(name, password);
            try {
                return decode(content);
            } finally {
                Arrays.fill(content, (byte) 0);
            }
        }
    }

    /** Like {@link #decode}, for a client without an authorization: {@link #refreshToken} may throw. */
    public static Account decodeRegistration(byte[] json) {
        Optional<JsonObject> members = JsonObject.parse(new String(json, StandardCharsets.UTF_8));
        if (members.isEmpty()) {
            throw new IllegalArgumentException("its content is not a JSON object");
        }
        Account account = new Account(members.get());
        account.issuer();
        account.client();
        account.tokenEndpoint();
        return account;
    }

    public byte[] encode() {
        return members.toJson().getBytes(StandardCharsets.UTF_8);
    }

    /** Adds the marks of the host that saves the account, so that another host recognizes a copy. */
    public Account savedBy(HostIdentity host) {
        return new Account(host.addTo(members));
    }

    public String issuer() {
        return required("issuer");
    }

    public URI tokenEndpoint() {
        String text = required("token_endpoint");
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("its token_endpoint is not a URL"); // the cause would show the value
        }
    }

    public Client client() {
        String id = required("client_id");
        Optional<Secret> secret = secret("client_secret");
        Optional<ClientAuth> auth =
                ClientAuth.of(members.string("token_endpoint_auth_method").orElse(""));
        // A registration may name a certificate or key that only its owner has, and also give a secret.
        return auth.isPresent() && (secret.isEmpty() || auth.get().usesSecret() || auth.get() == ClientAuth.NONE)
                ? new Client(id, secret, auth.get())
                : Client.of(id, secret);
    }

    public Secret refreshToken() {
        return Secret.of(required("refresh_token"));
    }

    /** The authorized scope. A renewal without a scope gets this one. */
    public List<String> scope() {
        return members.words("scope");
    }

    /** The audience requested at setup. */
    public List<String> audience() {
        return members.words("audience");
    }

    /** The parameter by which the issuer accepts audiences: an option of setup, or found by setup. */
    public Optional<AudienceParameter> audienceParameter() {
        return AudienceParameter.of(members.string("audience_parameter").orElse(""));
    }

    /** PEM file from an option of setup. The ca_file of the config file takes precedence. */
    public Optional<String> caFile() {
        return members.string("cert_path");
    }

    /** The user who approved, from the first id_token. */
    public Optional<TokenResponse.Identity> identity() {
        Optional<String> subject = members.string("sub");
        String issuer = members.string("id_token_issuer").orElse("");
        return subject.isPresent() ? Optional.of(new TokenResponse.Identity(issuer, subject.get())) : Optional.empty();
    }

    /** The subject of the first access token. Subject or issuer is empty if the token does not contain it. */
    public Optional<TokenResponse.Identity> tokenIdentity() {
        String subject = members.string("token_sub").orElse("");
        String issuer = members.string("token_issuer").orElse("");
        return subject.isEmpty() && issuer.isEmpty()
                ? Optional.empty()
                : Optional.of(new TokenResponse.Identity(issuer, subject));
    }

    public Account withTokenIdentity(Optional<TokenResponse.Identity> identity) {
        return with("token_sub", identity.map(TokenResponse.Identity::subject).filter(subject -> !subject.isEmpty()))
                .with(
                        "token_issuer",
                        identity.map(TokenResponse.Identity::issuer).filter(issuer -> !issuer.isEmpty()));
    }

    public Optional<Instant> authorizedAt() {
        return time("authorized_at");
    }

    /** When the issuer last rotated the refresh token; empty if the token came from setup or an import. */
    public Optional<Instant> rotatedAt() {
        return time("rotated_at");
    }

    /** Replaces the refresh token with the one that the issuer returned. */
    public Account rotated(Secret refreshToken, Instant at) {
        return with("refresh_token", refreshToken.reveal()).with("rotated_at", at.getEpochSecond());
    }

    /** The access token that is exchanged for others; empty if there is none or its end is unknown. */
    public Optional<SubjectToken> subjectToken() {
        Optional<String> token = members.string("subject_token");
        Optional<Instant> receivedAt = time("subject_token_received_at");
        Optional<Instant> expiresAt = time("subject_token_expires_at");
        return token.isPresent() && receivedAt.isPresent() && expiresAt.isPresent()
                ? Optional.of(new SubjectToken(Secret.of(token.get()), receivedAt.get(), expiresAt))
                : Optional.empty();
    }

    /** @param token not stored if its end is unknown */
    public Account withSubjectToken(Optional<SubjectToken> token) {
        Optional<SubjectToken> kept =
                token.isPresent() && token.get().expiresAt().isPresent() ? token : Optional.empty();
        return with("subject_token", kept.map(SubjectToken::token).map(Secret::reveal))
                .with(
                        "subject_token_received_at",
                        kept.map(SubjectToken::receivedAt).map(Instant::getEpochSecond))
                .with(
                        "subject_token_expires_at",
                        kept.flatMap(SubjectToken::expiresAt).map(Instant::getEpochSecond));
    }

    public Optional<Instant> clientSecretExpiresAt() {
        return time("client_secret_expires_at"); // 0 means never (RFC 7591 section 3.2.1)
    }

    public Optional<URI> deviceAuthorizationEndpoint() {
        return uri("device_authorization_endpoint");
    }

    /** The endpoint to revoke the authorization (RFC 7009), if the issuer has one. */
    public Optional<URI> revocationEndpoint() {
        return uri("revocation_endpoint");
    }

    /** The token to change or delete the client's registration (RFC 7592), if there is one. */
    public Optional<Secret> registrationAccessToken() {
        return secret("registration_access_token");
    }

    /** The endpoint for {@link #registrationAccessToken}. */
    public Optional<URI> registrationClientUri() {
        return uri("registration_client_uri");
    }

    /** Members of an imported oidc-agent account that have no counterpart here. */
    public JsonObject agentMembers() {
        return members.member("oidc_agent");
    }

    /**
     * Whether another machine, or this one with another name, saved the account last. Then two may use one refresh
     * token.
     */
    public boolean isFromAnotherHost(HostIdentity here) {
        return here.differsFrom(HostIdentity.of(members)) || isCopy(here);
    }

    /** Whether the account is a copy: restored from a backup, or from another host. */
    public boolean isCopy(HostIdentity here) {
        return here.hasCopyOf(HostIdentity.of(members));
    }

    /** The failure if {@link #isCopy}; names the host that saved the account. */
    public Optional<Failure> whyCopied(HostIdentity here, Path file) {
        String host = Printable.of(HostIdentity.of(members).name().orElse(""));
        return isCopy(here)
                ? Optional.of(new Failure(Failure.Kind.ACCOUNT_COPIED, file.toString(), host))
                : Optional.empty();
    }

    /** The state, with what this account says about client and authorization. */
    public AccountState updateState(AccountState state) {
        return state.withClient(issuer(), client().id())
                .withAuthorization(authorizedAt(), members.string("sub"), scope(), clientSecretExpiresAt());
    }

    /** Stores the client as it authenticates now. */
    public Account withClient(Client client) {
        return with("client_id", client.id())
                .with("client_secret", client.secret().map(Secret::reveal))
                .with("token_endpoint_auth_method", client.auth().word());
    }

    /** Updates the endpoints to the issuer's current ones. */
    public Account withEndpoints(Provider provider) {
        return with("token_endpoint", provider.tokenEndpoint().toString())
                .with("device_authorization_endpoint", text(provider.deviceAuthorizationEndpoint()))
                .with("revocation_endpoint", text(provider.revocationEndpoint()));
    }

    /** Stores the refresh token of another authorization, to which no earlier access token belongs. */
    public Account withRefreshToken(Secret refreshToken) {
        return with("refresh_token", refreshToken.reveal()).withSubjectToken(Optional.empty());
    }

    public Account withRegistration(Registered registered) {
        return with("registration_access_token", registered.accessToken().map(Secret::reveal))
                .with("registration_client_uri", text(registered.clientUri()))
                .with("client_secret_expires_at", registered.secretExpiresAt().map(Instant::getEpochSecond));
    }

    /** Stores what the next change of the registration needs, and a new secret if the client uses one. */
    public Account withManagement(Registration.Answer answer) {
        Account next = with("registration_client_uri", answer.clientUri().toString());
        if (answer.accessToken().isPresent()) {
            next = next.with("registration_access_token", answer.accessToken().map(Secret::reveal));
        }
        if (answer.clientSecret().isPresent() && client().secret().isPresent()) {
            next = next.with("client_secret", answer.clientSecret().map(Secret::reveal));
            if (answer.secretExpiresAt().isPresent()) {
                next = next.with(
                        "client_secret_expires_at", answer.secretExpiresAt().filter(at -> at > 0));
            }
        }
        return next;
    }

    /** Stores the scope that was requested at registration, even if the issuer granted less. */
    public Account withRequestedScope(List<String> requested) {
        return with("requested_scope", String.join(" ", requested));
    }

    /** The scope from {@link #withRequestedScope}, or else the scope of the client. */
    public List<String> requestedScope() {
        List<String> requested = members.words("requested_scope");
        return requested.isEmpty() ? scope() : requested;
    }

    /** Whether the client was not registered by setup: the issuer returned no registration access token. */
    public boolean isPredefined() {
        return registrationAccessToken().isEmpty()
                && registrationClientUri().isEmpty()
                && clientSecretExpiresAt().isEmpty();
    }

    /** The registration from {@link #withRegistration}. */
    public Registered registration() {
        return new Registered(
                client(),
                scope(),
                registrationAccessToken(),
                members.string("registration_client_uri").map(URI::create),
                clientSecretExpiresAt());
    }

    public Account withAuthorized(List<String> scope, List<String> audience) {
        return with("scope", String.join(" ", scope)).with("audience", String.join(" ", audience));
    }

    public Account withAudienceParameter(Optional<AudienceParameter> parameter) {
        return with("audience_parameter", parameter.map(AudienceParameter::word));
    }

    /** The store that the account was moved to, or is being moved to. Then this copy must not be used. */
    public Optional<String> movedTo() {
        Optional<String> store = members.string("moved_to");
        return store.isPresent() ? Optional.of(Printable.of(store.get())) : Optional.empty();
    }

    /** The failure if the account was moved. */
    public Optional<Failure> whyMoved(Path file) {
        Optional<String> store = movedTo();
        return store.isPresent()
                ? Optional.of(new Failure(Failure.Kind.ACCOUNT_MOVED, file.toString(), store.get()))
                : Optional.empty();
    }

    /** @param store empty: this copy may be used */
    public Account withMovedTo(Optional<String> store) {
        return with("moved_to", store);
    }

    public Account withCaFile(Optional<String> path) {
        return with("cert_path", path);
    }

    public Account withAgentMembers(JsonObject kept) {
        return with("oidc_agent", kept.names().isEmpty() ? Optional.empty() : kept);
    }

    public Account withAuthorization(Instant at, Optional<TokenResponse.Identity> identity) {
        return with("authorized_at", at.getEpochSecond())
                .with("sub", identity.map(TokenResponse.Identity::subject))
                .with("id_token_issuer", identity.map(TokenResponse.Identity::issuer));
    }

    /** Shows issuer and client only. */
    @Override
    public String toString() {
        return "Account[" + members.string("issuer").orElse("?") + ", "
                + members.string("client_id").orElse("?") + "]";
    }

    private Account with(String name, Object value) {
        return new Account(members.with(name, value));
    }

    private Optional<URI> uri(String name) {
        try {
            return members.string(name).map(URI::create);
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // not usable, and not needed to renew
        }
    }

    private Optional<Instant> time(String name) {
        long seconds = members.number(name).orElse(0L);
        return seconds > 0 && seconds <= LAST_SECOND ? Optional.of(Instant.ofEpochSecond(seconds)) : Optional.empty();
    }

    private Optional<Secret> secret(String name) {
        Optional<String> text = members.string(name);
        return text.isPresent() ? Optional.of(Secret.of(text.get())) : Optional.empty();
    }

    private String required(String name) {
        Optional<String> value = members.string(name);
        if (value.isEmpty()) {
            throw new IllegalArgumentException("its content has no " + name);
        }
        return value.get();
    }

    private static Optional<String> text(Optional<URI> uri) {
        return uri.map(URI::toString);
    }
}
