package org.opensciencegrid.tokenrenewer.setup;

import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.config.ClientFiles;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.oidc.AssertionAudience;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
import org.opensciencegrid.tokenrenewer.oidc.TokenClient;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;

/** Finds the token endpoint for an account that exists only in the config file, and tests that its secret works. */
public record ClientCredentialsSetup(String account, Network network, Passwords passwords, Clock clock, Sleeper pause) {
    /**
     * The values for the config file.
     *
     * @param clientFiles with the audience that the issuer accepts
     * @param token was discarded; shows for whom the issuer issues tokens
     */
    public record Result(
            Provider provider,
            Client client,
            ClientFiles clientFiles,
            AudienceParameter audienceParameter,
            TokenResponse token) {}

    /** Both are common, and an issuer that wants another one rejects the client. */
    private static final List<AssertionAudience> ASSERTION_AUDIENCES =
            List.of(AssertionAudience.ISSUER, AssertionAudience.TOKEN_ENDPOINT);

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
            ClientFiles files,
            Optional<Path> caFile,
            SetupUi ui)
            throws FailureException {
        String issuer = ui.issuer(Optional.empty());
        Transport transport = files.tls().isPresent()
                ? new ClientProof(account, files, passwords, clock).transport(network, caFile)
                : network.transport(caFile);
        ClientAuth withoutSecret =
                files.tls().isPresent() ? auth.orElse(ClientAuth.TLS_CLIENT_AUTH) : ClientAuth.PRIVATE_KEY_JWT;
        try {
            Provider provider = new Discovery(transport)
                    .discover(issuer)
                    .forAuthentication(files.isPresent() ? withoutSecret : ClientAuth.BASIC);
            String id = ui.clientId();
            if (!files.isPresent()) {
                Client client = new Client(
                        id, Optional.of(ui.clientSecret()), auth.orElseGet(() -> ClientAuth.preferred(provider, true)));
                return test(transport, provider, client, files, scope, audience, parameter, ui);
            }
            Client client = new Client(id, Optional.empty(), withoutSecret);
            boolean isOpen = files.key().isPresent() && files.audience().isEmpty();
            for (AssertionAudience wanted : isOpen ? ASSERTION_AUDIENCES : List.<AssertionAudience>of()) {
                try {
                    ClientFiles with = new ClientFiles(files.key(), files.assertion(), Optional.of(wanted));
                    return test(transport, provider, client, with, scope, audience, parameter, ui);
                } catch (IssuerException e) {
                    if (e.kind() != IssuerException.Kind.CLIENT_REFUSED || wanted == AssertionAudience.TOKEN_ENDPOINT) {
                        throw e;
                    }
                }
            }
            return test(transport, provider, client, files, scope, audience, parameter, ui);
        } catch (IssuerException e) {
            throw new FailureException(FailureMapper.of(e, issuer, false));
        }
    }

    private Result test(
            Transport transport,
            Provider provider,
            Client incomplete,
            ClientFiles files,
            List<String> scope,
            List<String> audience,
            Optional<AudienceParameter> parameter,
            SetupUi ui)
            throws IssuerException, FailureException {
        Client client = incomplete.auth().usesAssertion() || incomplete.auth().usesCertificate()
                ? new ClientProof(account, files, passwords, clock)
                        .complete(incomplete, Optional.of(provider.issuer()), provider.tokenEndpoint())
                : incomplete;
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
        return new Result(provider, client, files, found.orElse(probe.request().audienceParameter()), response);
    }
}
