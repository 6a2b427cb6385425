package org.opensciencegrid.tokenrenewer.account;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.TokenAnswer;
import org.opensciencegrid.tokenrenewer.text.Members;
import org.opensciencegrid.tokenrenewer.text.Secret;

/**
 * One authorized client as it is kept in an account file: a JSON object whose members docs/account-file.md lists.
 * Immutable. Members that this version does not know are kept and written back, so that a downgrade loses nothing.
 */
public final class Account {
    private static final long FORMAT = 1;
    private static final long LAST_SECOND = 253_402_300_799L; // 9999-12-31

    private final Members members;

    private Account(Members members) {
        this.members = members;
    }

    /** A client at an issuer, not yet authorized. */
    public static Account of(Provider provider, Client client, List<String> scope, List<String> audience) {
        return new Account(Members.NONE)
                .with("v", FORMAT)
                .with("issuer", provider.issuer())
                .withEndpoints(provider)
                .with("client_id", client.id())
                .with("client_secret", client.secret().map(Secret::reveal))
                .with("token_endpoint_auth_method", client.auth().word())
                .with("scope", String.join(" ", scope))
                .with("audience", String.join(" ", audience));
    }

    /**
     * Reads what {@link #encode} wrote.
     *
     * @throws IllegalArgumentException when a member that is needed is missing or unfit; the message names it, no value
     */
    public static Account decode(byte[] json) {
        Account account = decodeRegistration(json);
        account.refreshToken();
        return account;
    }

    /**
     * As {@link #decode}, for a client that nobody has authorized yet: {@link #refreshToken} may throw.
     */
    public static Account decodeRegistration(byte[] json) {
        Account account = new Account(Members.parse(new String(json, StandardCharsets.UTF_8))
                .orElseThrow(() -> new IllegalArgumentException("its content is not a JSON object")));
        account.issuer();
        account.client();
        account.tokenEndpoint();
        return account;
    }

    /** With the mark of this host, so that a copy on another one is noticed there. */
    public byte[] encode() {
        return members.with("host", Host.fingerprint().or(() -> members.string("host")))
                .toJson()
                .getBytes(StandardCharsets.UTF_8);
    }

    public String issuer() {
        return needed("issuer");
    }

    public URI tokenEndpoint() {
        String text = needed("token_endpoint");
        try {
            return new URI(text);
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException("its token_endpoint is not a URL"); // the cause would show the value
        }
    }

    public Client client() {
        Optional<Secret> secret = members.string("client_secret").map(Secret::of);
        String method = members.string("token_endpoint_auth_method").orElse("");
        return ClientAuth.of(method)
                .map(auth -> new Client(needed("client_id"), secret, auth))
                .orElseGet(() -> Client.of(needed("client_id"), secret));
    }

    public Secret refreshToken() {
        return Secret.of(needed("refresh_token"));
    }

    /** What was authorized; a renewal that names no scope gets this. */
    public List<String> scope() {
        return members.words("scope");
    }

    /** What was asked for at setup. */
    public List<String> audience() {
        return members.words("audience");
    }

    /** The parameter that the issuer is known to take audiences by: said or found out at setup. */
    public Optional<AudienceParameter> audienceParameter() {
        return members.string("audience_parameter").flatMap(AudienceParameter::of);
    }

    /** PEM file given at setup. The config file's ca_file goes before it. */
    public Optional<String> caFile() {
        return members.string("cert_path");
    }

    /** Who approved, as the first id_token said. */
    public Optional<TokenAnswer.Identity> identity() {
        return members.string("sub")
                .map(subject -> new TokenAnswer.Identity(
                        members.string("id_token_issuer").orElse(""), subject));
    }

    public Optional<Instant> authorizedAt() {
        return time("authorized_at");
    }

    public Optional<Instant> clientSecretExpiresAt() {
        return time("client_secret_expires_at"); // 0 is never (RFC 7591 section 3.2.1)
    }

    public Optional<URI> deviceAuthorizationEndpoint() {
        return uri("device_authorization_endpoint");
    }

    /** Where the authorization can be taken back (RFC 7009), if the issuer says. */
    public Optional<URI> revocationEndpoint() {
        return uri("revocation_endpoint");
    }

    /** The key to read or delete the client's registration (RFC 7592), if there is one. */
    public Optional<Secret> registrationAccessToken() {
        return members.string("registration_access_token").map(Secret::of);
    }

    /** Where that key works. */
    public Optional<URI> registrationClientUri() {
        return uri("registration_client_uri");
    }

    /** What oidc-agent kept about an account that came from there and that has no other place here. */
    public Members agentMembers() {
        return members.member("oidc_agent");
    }

    /** Whether another machine was the last to save it: then two may be using one refresh token. */
    public boolean isFromAnotherHost() {
        Optional<String> here = Host.fingerprint();
        return here.isPresent()
                && members.string("host")
                        .filter(host -> !host.equals(here.get()))
                        .isPresent();
    }

    /** The same with the endpoints as the issuer names them now. */
    public Account withEndpoints(Provider provider) {
        return with("token_endpoint", provider.tokenEndpoint().toString())
                .with("device_authorization_endpoint", text(provider.deviceAuthorizationEndpoint()))
                .with("revocation_endpoint", text(provider.revocationEndpoint()));
    }

    public Account withRefreshToken(Secret refreshToken) {
        return with("refresh_token", refreshToken.reveal());
    }

    public Account withRegistration(Registered registered) {
        return with("registration_access_token", registered.accessToken().map(Secret::reveal))
                .with("registration_client_uri", text(registered.clientUri()))
                .with("client_secret_expires_at", registered.secretExpiresAt().map(Instant::getEpochSecond));
    }

    /** What {@link #withRegistration} kept. */
    public Registered registration() {
        return new Registered(
                client(),
                scope(),
                members.string("registration_access_token").map(Secret::of),
                members.string("registration_client_uri").map(URI::create),
                clientSecretExpiresAt());
    }

    public Account withAudienceParameter(Optional<AudienceParameter> parameter) {
        return with("audience_parameter", parameter.map(AudienceParameter::word));
    }

    public Account withCaFile(Optional<String> path) {
        return with("cert_path", path);
    }

    public Account withAgentMembers(Members kept) {
        return with("oidc_agent", kept.names().isEmpty() ? Optional.empty() : kept);
    }

    public Account withAuthorization(Instant at, Optional<TokenAnswer.Identity> identity) {
        return with("authorized_at", at.getEpochSecond())
                .with("sub", identity.map(TokenAnswer.Identity::subject))
                .with("id_token_issuer", identity.map(TokenAnswer.Identity::issuer));
    }

    /** Names issuer and client only. */
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
            return Optional.empty(); // of no use, and not needed to renew
        }
    }

    private Optional<Instant> time(String name) {
        return members.number(name)
                .filter(seconds -> seconds > 0 && seconds <= LAST_SECOND)
                .map(Instant::ofEpochSecond);
    }

    private String needed(String name) {
        return members.string(name).orElseThrow(() -> new IllegalArgumentException("its content has no " + name));
    }

    private static Optional<String> text(Optional<URI> uri) {
        return uri.map(URI::toString);
    }
}
