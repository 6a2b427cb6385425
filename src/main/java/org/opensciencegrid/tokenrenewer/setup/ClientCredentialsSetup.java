package org.opensciencegrid.tokenrenewer.setup;

import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Network;
import org.opensciencegrid.tokenrenewer.oidc.OidcException;
import org.opensciencegrid.tokenrenewer.oidc.Pause;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.TokenAnswer;
import org.opensciencegrid.tokenrenewer.oidc.TokenClient;
import org.opensciencegrid.tokenrenewer.oidc.Transport;
import org.opensciencegrid.tokenrenewer.oidc.Wanted;
import org.opensciencegrid.tokenrenewer.state.Failures;

/** Finds the token endpoint for an account that lives in the config file alone, and proves that its secret works. */
public final class ClientCredentialsSetup {
    /** What goes into the config file, and the token that proved it. */
    public record Result(Provider provider, Client client, AudienceParameter audienceParameter, TokenAnswer proof) {}

    private final Network network;
    private final Clock clock;
    private final Pause pause;

    public ClientCredentialsSetup(Network network, Clock clock, Pause pause) {
        this.network = network;
        this.clock = clock;
        this.pause = pause;
    }

    /**
     * Asks for one token, which is thrown away; for another where it has to be found out how to ask for audiences.
     *
     * @param parameter empty to find out
     */
    public Result run(
            List<String> scope,
            List<String> audience,
            Optional<AudienceParameter> parameter,
            Optional<ClientAuth> auth,
            Optional<Path> caFile,
            Person person)
            throws SetupException {
        String issuer = person.issuer();
        Transport transport = network.transport(caFile);
        try {
            Provider provider = new Discovery(transport).discover(issuer);
            Client client =
                    new Client(person.clientId(), Optional.of(person.clientSecret()), auth.orElse(ClientAuth.BASIC));
            TokenClient tokens = new TokenClient(transport, clock, pause);
            AudienceSearch.Attempt ask = wanted -> tokens.clientCredentials(provider.tokenEndpoint(), client, wanted);
            // First as the original sends it, and as a section that says nothing has it.
            AudienceSearch search = new AudienceSearch(
                    new Wanted(scope, audience, AudienceParameter.AUDIENCE), parameter, AudienceParameter.AUDIENCE);
            TokenAnswer proof = search.first(ask);
            Optional<AudienceParameter> found;
            try {
                found = search.find(proof, ask);
            } catch (OidcException e) {
                found = Optional.empty(); // there is no refresh token that could be lost
            }
            if (search.isOpen()) {
                person.audience(found);
            }
            return new Result(provider, client, found.orElse(search.wanted().audienceParameter()), proof);
        } catch (OidcException e) {
            throw new SetupException(Failures.of(e, issuer, false));
        }
    }
}
