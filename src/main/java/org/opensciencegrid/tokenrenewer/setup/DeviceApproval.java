package org.opensciencegrid.tokenrenewer.setup;

import java.net.URI;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Sleeper;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.DeviceFlow;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
import org.opensciencegrid.tokenrenewer.oidc.TokenResponse;

/** Lets the user approve a client by the device flow (RFC 8628). */
final class DeviceApproval {
    private final Transport transport;
    private final Provider provider;
    private final Clock clock;
    private final Sleeper pause;
    private final SetupUi ui;
    private final URI endpoint;

    DeviceApproval(Transport transport, Provider provider, Clock clock, Sleeper pause, SetupUi ui)
            throws FailureException {
        this.transport = transport;
        this.provider = provider;
        this.clock = clock;
        this.pause = pause;
        this.ui = ui;
        this.endpoint = provider.deviceAuthorizationEndpoint()
                .orElseThrow(() -> new FailureException(new Failure(
                        Failure.Kind.NO_DEVICE_FLOW, provider.issuer(), "no device_authorization_endpoint")));
    }

    /**
     * Waits until the user has approved, and has confirmed who that was.
     *
     * @param search the scope and audience to request; it has the scope without what the issuer refused afterwards
     * @param added scopes that setup added and may drop without a question
     * @param before who approved the account that is authorized again
     * @param rollback revokes the refresh token if setup fails
     */
    TokenResponse authorize(
            Client client,
            AudienceProbe search,
            List<String> added,
            Optional<TokenResponse.Identity> before,
            SetupRollback rollback)
            throws FailureException {
        DeviceFlow flow = new DeviceFlow(transport, clock, pause);
        List<String> wanted = search.request().scope();
        TokenResponse answer = ask(provider.issuer(), () -> {
            DeviceFlow.Prompt prompt = start(search, flow, client, added);
            ui.approve(prompt, provider);
            return flow.await(provider.tokenEndpoint(), client, prompt, search.request(), ui::waiting);
        });
        if (answer.refreshToken().isEmpty()) {
            throw new FailureException(new Failure(
                    Failure.Kind.NO_REFRESH_TOKEN,
                    provider.issuer(),
                    "granted was: "
                            + String.join(" ", answer.scope().orElse(List.of()))
                            + refused(wanted, search.request().scope())));
        }
        // Many issuers end all authorizations that one user gave to a client when one of them is revoked. If the same
        // user approved again, the earlier authorization is in use, so do not revoke this one.
        boolean isAnotherOne = before.isEmpty()
                || answer.identity().filter(now -> !now.isThatOf(before.get())).isPresent();
        if (isAnotherOne) {
            rollback.authorized(client, answer.refreshToken().get());
        }
        if (!ui.confirms(answer.identity(), before)) {
            throw new FailureException(new Failure(Failure.Kind.NOT_CONFIRMED, provider.issuer(), ""));
        }
        return answer;
    }

    private static String refused(List<String> wanted, List<String> asked) {
        List<String> refused =
                wanted.stream().filter(word -> !asked.contains(word)).toList();
        return refused.isEmpty() ? "" : "; refused was: " + String.join(" ", refused);
    }

    /**
     * Starts the device flow. If the issuer rejects a scope, tries without the scopes that setup added, and without
     * {@code openid}: plain OAuth servers issue tokens without it, but do not say who approved.
     */
    private DeviceFlow.Prompt start(AudienceProbe search, DeviceFlow flow, Client client, List<String> added)
            throws IssuerException {
        try {
            return search.start(flow, endpoint, client);
        } catch (IssuerException refusal) {
            List<String> wanted = search.request().scope();
            if (refusal.kind() != IssuerException.Kind.SCOPE_REFUSED) {
                throw refusal;
            }
            for (List<String> forgone : forgoable(wanted, added, refusal.getMessage())) {
                search.want(
                        wanted.stream().filter(word -> !forgone.contains(word)).toList());
                try {
                    DeviceFlow.Prompt prompt = search.start(flow, endpoint, client);
                    ui.forgone(forgone);
                    return prompt;
                } catch (IssuerException e) {
                    if (e.kind() != IssuerException.Kind.SCOPE_REFUSED) {
                        throw e;
                    }
                }
            }
            throw refusal.asked(wanted);
        }
    }

    /** The sets of scopes that can be dropped without asking the user; first those that the error names. */
    private static List<List<String>> forgoable(List<String> wanted, List<String> added, String refusal) {
        List<String> ours = RequestedToken.OF_THE_GRANT.stream()
                .filter(wanted::contains)
                .filter(word -> word.equals(RequestedToken.OPENID) || added.contains(word))
                .toList();
        List<String> named = ours.stream().filter(refusal::contains).toList();
        List<List<String>> ways = new ArrayList<>();
        if (!named.isEmpty()) {
            ways.add(named);
        }
        ours.forEach(word -> ways.add(List.of(word)));
        ways.add(ours);
        return ways.stream().filter(way -> !way.isEmpty()).distinct().toList();
    }

    @FunctionalInterface
    interface Question<T> {
        T ask() throws IssuerException;
    }

    static <T> T ask(String issuer, Question<T> question) throws FailureException {
        try {
            return question.ask();
        } catch (IssuerException e) {
            if (e.isClientUnapproved()) {
                throw new FailureException(new Failure(Failure.Kind.CLIENT_NOT_APPROVED, issuer, e.getMessage()));
            }
            if (e.kind() == IssuerException.Kind.GRANT_REFUSED) { // there is no authorization yet that could have ended
                throw new FailureException(new Failure(
                        e.isAfterDoubt() ? Failure.Kind.APPROVAL_LOST : Failure.Kind.REQUEST_REFUSED,
                        issuer,
                        e.getMessage()));
            }
            throw new FailureException(FailureMapper.of(e, issuer, false));
        }
    }
}
