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
    /** Requests one more token. */
    @FunctionalInterface
    interface Attempt {
        TokenResponse ask(RequestedToken wanted) throws IssuerException;
    }

    private final boolean isGiven;
    private boolean wasRefused;
    private RequestedToken wanted;

    /**
     * @param given from an option; empty to find out
     * @param first the parameter to try first
     */
    AudienceProbe(RequestedToken wanted, Optional<AudienceParameter> given, AudienceParameter first) {
        this.isGiven = given.isPresent();
        this.wanted = wanted.by(given.orElse(first));
    }

    /** The request with the parameter that was not rejected so far. */
    RequestedToken request() {
        return wanted;
    }

    /** Changes the scope of later requests. */
    void want(List<String> scope) {
        wanted = new RequestedToken(scope, wanted.audience(), wanted.audienceParameter());
    }

    /**
     * Starts the device flow, with the other parameter if the issuer rejects the audience. A rejected request costs
     * nothing here.
     */
    DeviceFlow.Prompt start(DeviceFlow flow, URI device, Client client) throws IssuerException {
        return withBoth(way -> flow.start(device, client, way));
    }

    /** Requests the first token, with the other parameter if the issuer rejects the audience. */
    TokenResponse first(Attempt attempt) throws IssuerException {
        return withBoth(attempt::ask);
    }

    @FunctionalInterface
    private interface Question<T> {
        T ask(RequestedToken wanted) throws IssuerException;
    }

    private <T> T withBoth(Question<T> question) throws IssuerException {
        try {
            return question.ask(wanted);
        } catch (IssuerException e) {
            // For example, Microsoft Entra rejects a resource with invalid_request.
            boolean mayBeMeant = e.kind() == IssuerException.Kind.AUDIENCE_REFUSED
                    || e.kind() == IssuerException.Kind.REFUSED && e.status() == 400;
            if (isGiven || wanted.audience().isEmpty() || !mayBeMeant) {
                throw e;
            }
            T answer = question.ask(wanted.by(wanted.audienceParameter().other()));
            wasRefused = true;
            wanted = wanted.by(wanted.audienceParameter().other());
            return answer;
        }
    }

    /**
     * The result; {@code attempt} is used at most once.
     *
     * @throws IssuerException if its response was lost, and perhaps the refresh token with it
     */
    Optional<AudienceParameter> find(TokenResponse answer, Attempt attempt) throws IssuerException {
        // Do not send a rejected parameter again, whether or not the issuer uses the other one.
        if (isGiven || wasRefused) {
            return Optional.of(wanted.audienceParameter());
        }
        Optional<Boolean> heard = answer.proves(wanted);
        if (heard.isEmpty() || heard.get()) {
            return heard.filter(yes -> yes).map(yes -> wanted.audienceParameter());
        }
        RequestedToken other = wanted.by(wanted.audienceParameter().other());
        try {
            return attempt.ask(other).proves(other).filter(yes -> yes).map(yes -> other.audienceParameter());
        } catch (IssuerException e) {
            if (e.leavesDoubt() || e.isAfterDoubt()) {
                throw e;
            }
            return Optional.empty(); // the first token shows that everything else works
        }
    }

    /** Whether the parameter has to be found. */
    boolean isOpen() {
        return !isGiven && !wanted.audience().isEmpty();
    }
}
