package org.opensciencegrid.tokenrenewer.setup;

import java.net.URI;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.oidc.AudienceParameter;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow;
import org.opensciencegrid.tokenrenewer.oidc.OidcException;
import org.opensciencegrid.tokenrenewer.oidc.TokenAnswer;
import org.opensciencegrid.tokenrenewer.oidc.Wanted;

/**
 * By which parameter an issuer takes audiences. Where nobody said, a token that was asked for one way tells by its aud
 * whether it was heard; if not, one more is asked for the other way. What no token proves stays open.
 */
final class AudienceSearch {
    /** Asks for one more token. */
    @FunctionalInterface
    interface Attempt {
        TokenAnswer ask(Wanted wanted) throws OidcException;
    }

    private final boolean isGiven;
    private boolean wasRefused;
    private Wanted wanted;

    /**
     * @param given by the person; empty to find out
     * @param first what is tried first then
     */
    AudienceSearch(Wanted wanted, Optional<AudienceParameter> given, AudienceParameter first) {
        this.isGiven = given.isPresent();
        this.wanted = wanted.by(given.orElse(first));
    }

    /** The wish in the form that was not refused so far. */
    Wanted wanted() {
        return wanted;
    }

    /** Asks for one scope less from now on; false if it was not asked for. */
    boolean forgo(String scope) {
        boolean was = wanted.scope().contains(scope);
        wanted = wanted.without(scope);
        return was;
    }

    /** The device step, which costs nothing yet when the issuer refuses the audience in this form. */
    DeviceFlow.Prompt start(DeviceFlow flow, URI device, Client client) throws OidcException {
        return withBoth(way -> flow.start(device, client, way));
    }

    /** The first token, asked for the other way where the issuer refuses the audience. */
    TokenAnswer first(Attempt attempt) throws OidcException {
        return withBoth(attempt::ask);
    }

    @FunctionalInterface
    private interface Question<T> {
        T ask(Wanted wanted) throws OidcException;
    }

    private <T> T withBoth(Question<T> question) throws OidcException {
        try {
            return question.ask(wanted);
        } catch (OidcException e) {
            if (isGiven || e.kind() != OidcException.Kind.AUDIENCE_REFUSED) {
                throw e;
            }
            wasRefused = true;
            wanted = wanted.by(wanted.audienceParameter().other());
            return question.ask(wanted);
        }
    }

    /**
     * What is known in the end; {@code attempt} is used at most once.
     *
     * @throws OidcException when its answer was lost, and with it perhaps the refresh token
     */
    Optional<AudienceParameter> find(TokenAnswer answer, Attempt attempt) throws OidcException {
        if (isGiven || wasRefused) { // what was refused is not asked again, whether the other way is heard or not
            return Optional.of(wanted.audienceParameter());
        }
        Optional<Boolean> heard = answer.proves(wanted);
        if (heard.isEmpty() || heard.get()) {
            return heard.filter(yes -> yes).map(yes -> wanted.audienceParameter());
        }
        Wanted other = wanted.by(wanted.audienceParameter().other());
        try {
            return attempt.ask(other).proves(other).filter(yes -> yes).map(yes -> other.audienceParameter());
        } catch (OidcException e) {
            if (e.leavesDoubt() || e.isAfterDoubt()) {
                throw e;
            }
            return Optional.empty(); // the first token shows that all else is well
        }
    }

    /** Whether there was something to find out. */
    boolean isOpen() {
        return !isGiven && !wanted.audience().isEmpty();
    }
}
