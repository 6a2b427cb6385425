package org.opensciencegrid.tokenrenewer.setup;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;

/**
 * Finds the parameter by which an issuer accepts audiences. If no option sets it, the aud claim of the first token
 * shows whether the issuer used the parameter. If not, one more token is requested with the other parameter. If no
 * token shows it, the result is empty.
 */
final class AudienceProbe {
    /** A request to the issuer with the parameter. */
    @FunctionalInterface
    interface Attempt<T> {
        T send(RequestedToken request) throws IssuerException;
    }

    private final boolean isConfigured;
    private boolean wasRefused;
    private RequestedToken request;

    /**
     * @param request with the parameter to try first
     * @param configured from an option; empty to find out
     */
    AudienceProbe(RequestedToken request, Optional<AudienceParameter> configured) {
        this.isConfigured = configured.isPresent();
        this.request = request.by(configured.orElse(request.audienceParameter()));
    }

    /** The request with the parameter that was not rejected so far. */
    RequestedToken request() {
        return request;
    }

    /** Changes the scope of later requests. */
    void setScope(List<String> scope) {
        request = new RequestedToken(scope, request.audience(), request.audienceParameter());
    }

    /**
     * Starts the device flow, with the other parameter if the issuer rejects the audience. A rejected request costs
     * nothing here.
     */
    DeviceFlow.Prompt start(DeviceFlow flow, URI device, Client client) throws IssuerException {
        return first(token -> flow.start(device, client, token));
    }

    /** Sends the first request, and repeats it with the other parameter if the issuer rejects the audience. */
    <T> T first(Attempt<T> attempt) throws IssuerException {
        try {
            return attempt.send(request);
        } catch (IssuerException e) {
            // For example, Microsoft Entra rejects a resource with invalid_request.
            boolean mayBeMeant = e.kind() == IssuerException.Kind.AUDIENCE_REFUSED
                    || e.kind() == IssuerException.Kind.REFUSED && e.status() == 400;
            if (isConfigured || request.audience().isEmpty() || !mayBeMeant) {
                throw e;
            }
            T response = attempt.send(request.by(request.audienceParameter().other()));
            wasRefused = true;
            request = request.by(request.audienceParameter().other());
            return response;
        }
    }

    /**
     * The result; {@code attempt} is used at most once.
     *
     * @throws IssuerException if its response was lost, and perhaps the refresh token with it
     */
    Optional<AudienceParameter> find(TokenResponse response, Attempt<TokenResponse> attempt) throws IssuerException {
        // Do not send a rejected parameter again, whether or not the issuer uses the other one.
        if (isConfigured || wasRefused) {
            return Optional.of(request.audienceParameter());
        }
        Optional<Boolean> isHonored = response.proves(request);
        if (isHonored.isEmpty() || isHonored.get()) {
            return isHonored.filter(yes -> yes).map(yes -> request.audienceParameter());
        }
        RequestedToken other = request.by(request.audienceParameter().other());
        try {
            return attempt.send(other).proves(other).filter(yes -> yes).map(yes -> other.audienceParameter());
        } catch (IssuerException e) {
            if (e.leavesDoubt() || e.isAfterDoubt()) {
                throw e;
            }
            return Optional.empty(); // the first token shows that everything else works
        }
    }

    /** Whether the parameter has to be found. */
    boolean isOpen() {
        return !isConfigured && !request.audience().isEmpty();
    }
}
