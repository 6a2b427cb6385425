package org.opensciencegrid.tokenrenewer.setup;

import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
import org.opensciencegrid.tokenrenewer.oidc.TokenClient;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;

/** Finds the token endpoint for an account that exists only in the config file, and tests that its secret works. */
public record ClientCredentialsSetup(Network network, Clock clock, Sleeper pause) {
    /** The values for the config file. */
    public record Result(Provider provider, Client client, AudienceParameter audienceParameter) {}

    /**
     * Requests one token and discards it; one more if the audience parameter has to be found.
     *
     * @param parameter empty to find out
     */
    public Result run(
            List<String> scope,
            List<String> audience,
            Optional<AudienceParameter> parameter,
            Optional<ClientAuth> auth,
            Optional<Path> caFile,
            SetupUi ui)
            throws FailureException {
        String issuer = ui.issuer(Optional.empty());
        Transport transport = network.transport(caFile);
        try {
            Provider provider = new Discovery(transport).discover(issuer);
            Client client = new Client(
                    ui.clientId(),
                    Optional.of(ui.clientSecret()),
                    auth.orElseGet(() -> ClientAuth.preferred(provider, true)));
            TokenClient tokens = new TokenClient(transport, clock, pause);
            AudienceProbe.Attempt<TokenResponse> attempt =
                    token -> tokens.clientCredentials(provider.tokenEndpoint(), client, token);
            // First the parameter of the original program, which is also the default of a section.
            AudienceProbe probe =
                    new AudienceProbe(new RequestedToken(scope, audience, AudienceParameter.AUDIENCE), parameter);
            TokenResponse response = probe.first(attempt);
            Optional<AudienceParameter> found;
            try {
                found = probe.find(response, attempt);
            } catch (IssuerException e) {
                found = Optional.empty(); // there is no refresh token to lose
            }
            if (probe.isOpen()) {
                ui.audience(found);
            }
            return new Result(provider, client, found.orElse(probe.request().audienceParameter()));
        } catch (IssuerException e) {
            throw new FailureException(FailureMapper.of(e, issuer, false));
        }
    }
}
