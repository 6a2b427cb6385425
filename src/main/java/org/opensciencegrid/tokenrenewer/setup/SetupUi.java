package org.opensciencegrid.tokenrenewer.setup;

import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** The user interface of setup: answers what no option set, and shows what happens. */
public interface SetupUi {
    /**
     * The issuer as its URL, see {@code Discovery.issuer}.
     *
     * @param before the issuer of the account that is replaced
     */
    String issuer(Optional<String> before);

    /**
     * @param provider has the list of scopes to choose from
     * @param before the scope of the account that is replaced, if its issuer is the same
     */
    List<String> scope(Provider provider, List<String> before);

    String clientId();

    Secret clientSecret();

    /** The account exists. It stays in use until the new authorization succeeds. */
    void replacing(String account);

    /** The account that is replaced has a client that setup did not register. It is used again. */
    void keepingClient(Client client);

    /** The issuer rejected a registration. Setup tries again with another request. */
    void registrationRefused(String reason);

    void registered(Registered client);

    /** An earlier setup registered this client but could not use it yet. */
    void reusing(Registered client);

    /**
     * An earlier setup registered this client with less scope than requested now.
     *
     * @param deleted whether the issuer confirmed the deletion
     */
    void discarding(Client client, boolean deleted);

    /**
     * The issuer does not allow these scopes for the client.
     *
     * @param isRequested whether the user named one of them
     * @return whether to continue without them
     */
    boolean confirmWithout(List<String> scope, boolean isRequested);

    /** The issuer rejected these scopes in the device request. Setup continues without them. */
    void droppedScope(List<String> scope);

    /** Shows the link and code to open in a browser; then polling begins. */
    void approve(DeviceFlow.Prompt prompt, Provider provider);

    /**
     * Reports how the issuer accepts audiences.
     *
     * @param parameter empty if the issuer ignores audiences, or its tokens do not show it
     */
    void audience(Optional<AudienceParameter> parameter);

    /** The device flow is still waiting after this poll. */
    void waiting(DeviceFlow.Poll poll);

    /**
     * Asks whether the right user approved. Nothing is stored before this.
     *
     * @param before the user who authorized the existing account
     */
    boolean confirmUser(Optional<TokenResponse.Identity> identity, Optional<TokenResponse.Identity> before);

    /**
     * Setup ends without an account after a user approved.
     *
     * @param revoked whether the issuer confirmed the revocation
     */
    void revoked(String issuer, boolean revoked);

    /**
     * Setup ends without an account after it registered a client. The next setup uses the client if it still exists.
     *
     * @param deleted whether the issuer confirmed the deletion
     */
    void unusedClient(Registered client, String issuer, boolean deleted);
}
