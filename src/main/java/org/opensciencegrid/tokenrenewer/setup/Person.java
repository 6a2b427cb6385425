package org.opensciencegrid.tokenrenewer.setup;

import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.TokenAnswer;
import org.opensciencegrid.tokenrenewer.text.Secret;

/** Whoever sets up an account: answers what no option said, and is told what happens. */
public interface Person {
    String issuer();

    /**
     * @param provider names the scopes to choose from
     */
    List<String> scope(Provider provider);

    String clientId();

    Secret clientSecret();

    /** The account exists and stays in use until the new authorization has succeeded. */
    void replacing(String account);

    /** One way to register was refused, and the next is tried. */
    void registrationRefused(String reason);

    void registered(Registered client);

    /** An earlier setup has registered this client and could not use it yet. */
    void reusing(Registered client);

    /** The registration does not allow these; setup goes on without them. */
    void scopeNotAllowed(List<String> scope);

    /** The link and code to open in a browser; polling begins. */
    void approve(DeviceFlow.Prompt prompt, Provider provider);

    /**
     * What setup found out of the issuer's way with audiences.
     *
     * @param parameter empty when the issuer heeds none, or its tokens do not tell
     */
    void audience(Optional<AudienceParameter> parameter);

    /** A poll did not end the waiting. */
    void waiting(DeviceFlow.Poll poll);

    /**
     * Somebody has approved: whether it is who was meant. Nothing is stored before that.
     *
     * @param before who had authorized the account that is authorized anew
     */
    boolean confirms(Optional<TokenAnswer.Identity> identity, Optional<TokenAnswer.Identity> before);

    /**
     * Setup ends without an account, after somebody had approved.
     *
     * @param revoked whether the issuer confirmed that the authorization is gone again
     */
    void takenBack(String issuer, boolean revoked);

    /**
     * Setup ends without an account, after a client was registered; the next setup uses it if it is still there.
     *
     * @param deleted whether the issuer confirmed that it is gone again
     */
    void abandoned(Registered client, String issuer, boolean deleted);
}
