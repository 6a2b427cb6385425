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
     * @param probe the scope and audience to request; it has the scope without what the issuer refused afterwards
     * @param added scopes that setup added and may drop without a question
     * @param before who approved the account that is authorized again
     * @param rollback revokes the refresh token if setup fails
     */
    TokenResponse authorize(
            Client client,
            AudienceProbe probe,
            List<String> added,
            Optional<TokenResponse.Identity> before,
            SetupRollback rollback)
            throws FailureException {
        DeviceFlow flow = new DeviceFlow(transport, clock, pause);
        List<String> requested = probe.request().scope();
        TokenResponse response = request(provider.issuer(), () -> {
            DeviceFlow.Prompt prompt = start(probe, flow, client, added);
            ui.approve(prompt, provider);
            return flow.await(provider.tokenEndpoint(), client, prompt, probe.request(), ui::waiting);
        });
        if (response.refreshToken().isEmpty()) {
            throw new FailureException(new Failure(
                    Failure.Kind.NO_REFRESH_TOKEN,
                    provider.issuer(),
                    "granted was: "
                            + String.join(" ", response.scope().orElse(List.of()))
                            + refused(requested, probe.request().scope())));
        }
        // Many issuers end all authorizations that one user gave to a client when one of them is revoked. If the same
        // user approved again, the earlier authorization is in use, so do not revoke this one.
        boolean isNewAuthorization = before.isEmpty()
                || response.identity()
                        .filter(now -> !now.isSameAs(before.get()))
                        .isPresent();
        if (isNewAuthorization) {
            rollback.authorized(client, response.refreshToken().get());
        }
        if (!ui.confirmUser(response.identity(), before)) {
            throw new FailureException(new Failure(Failure.Kind.NOT_CONFIRMED, provider.issuer(), ""));
        }
        return response;
    }

    private static String refused(List<String> requested, List<String> accepted) {
        List<String> refused =
                requested.stream().filter(word -> !accepted.contains(word)).toList();
        return refused.isEmpty() ? "" : "; refused was: " + String.join(" ", refused);
    }

    /**
     * Starts the device flow. If the issuer rejects a scope, tries without the scopes that setup added, and without
     * {@code openid}: plain OAuth servers issue tokens without it, but do not say who approved.
     */
    private DeviceFlow.Prompt start(AudienceProbe probe, DeviceFlow flow, Client client, List<String> added)
            throws IssuerException {
        try {
            return probe.start(flow, endpoint, client);
        } catch (IssuerException refusal) {
            List<String> requested = probe.request().scope();
            if (refusal.kind() != IssuerException.Kind.SCOPE_REFUSED) {
                throw refusal;
            }
            for (List<String> dropped : droppable(requested, added, refusal.getMessage())) {
                probe.setScope(requested.stream()
                        .filter(word -> !dropped.contains(word))
                        .toList());
                try {
                    DeviceFlow.Prompt prompt = probe.start(flow, endpoint, client);
                    ui.droppedScope(dropped);
                    return prompt;
                } catch (IssuerException e) {
                    if (e.kind() != IssuerException.Kind.SCOPE_REFUSED) {
                        throw e;
                    }
                }
            }
            throw refusal.withScope(requested);
        }
    }

    /** The sets of scopes that can be dropped without asking the user; first those that the error names. */
    private static List<List<String>> droppable(List<String> requested, List<String> added, String refusal) {
        List<String> ours = RequestedToken.GRANT_SCOPES.stream()
                .filter(requested::contains)
                .filter(word -> word.equals(RequestedToken.OPENID) || added.contains(word))
                .toList();
        List<String> named = ours.stream().filter(refusal::contains).toList();
        List<List<String>> candidates = new ArrayList<>();
        if (!named.isEmpty()) {
            candidates.add(named);
        }
        ours.forEach(word -> candidates.add(List.of(word)));
        candidates.add(ours);
        return candidates.stream()
                .filter(candidate -> !candidate.isEmpty())
                .distinct()
                .toList();
    }

    @FunctionalInterface
    interface IssuerRequest<T> {
        T send() throws IssuerException;
    }

    static <T> T request(String issuer, IssuerRequest<T> request) throws FailureException {
        try {
            return request.send();
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
