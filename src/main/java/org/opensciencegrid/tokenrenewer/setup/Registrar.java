package org.opensciencegrid.tokenrenewer.setup;

import java.net.URI;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.ClientProof;
import org.opensciencegrid.tokenrenewer.account.PendingRegistration;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.oidc.ClientAuth;
import org.opensciencegrid.tokenrenewer.oidc.ClientKeys;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.RequestedToken;
import org.opensciencegrid.tokenrenewer.util.Printable;

/**
 * Gets a client from the issuer: the one that an earlier setup registered but could not use yet, or a new one (RFC 7591).
 */
record Registrar(Transport transport, Provider provider, SetupUi ui) {
    /** Registers a new client only if needed. */
    Registered client(
            AccountSetup.Request request, Password password, PendingRegistration registrations, List<String> scope)
            throws FailureException, StoreException {
        Optional<Account> pending = registrations.find(password, provider.issuer());
        if (pending.isPresent()) {
            Registered client = pending.get().registration();
            boolean usesKey = client.client().auth() == ClientAuth.PRIVATE_KEY_JWT;
            if (usesKey == request.clientFiles().key().isPresent()
                    && pending.get().requestedScope().containsAll(scope)) {
                ui.reusing(client);
                return client;
            }
            ui.discarding(client.client(), delete(transport, client));
            registrations.delete();
        }
        Registered registered = register(request, scope);
        registrations.keep(password, provider, registered, scope, request.audience());
        return registered;
    }

    /** Deletes a client that setup registered, if the issuer allows it; returns whether the issuer confirmed that. */
    static boolean delete(Transport transport, Registered client) {
        if (client.clientUri().isEmpty() || client.accessToken().isEmpty()) {
            return false;
        }
        try {
            new Registration(transport)
                    .delete(client.clientUri().get(), client.accessToken().get());
            return true;
        } catch (IssuerException e) {
            return false;
        }
    }

    private Registered register(AccountSetup.Request request, List<String> scope) throws FailureException {
        Optional<ClientKeys> keys = request.clientFiles().key().isPresent()
                ? Optional.of(ClientProof.keys(request.clientFiles().key().get()))
                : Optional.empty();
        Registered registered;
        try {
            registered = new Registration(transport)
                    .register(
                            provider,
                            "osg-token-renewer:" + request.account(),
                            scope,
                            keys,
                            request.registrationToken(),
                            ui::registrationRefused);
        } catch (IssuerException e) {
            throw new FailureException(
                    e.isDefinitive()
                            ? new Failure(
                                    Failure.Kind.REGISTRATION_REFUSED,
                                    provider.documentation().map(URI::toString).orElse(Printable.of(provider.issuer())),
                                    e.getMessage())
                            : FailureMapper.of(e, provider.issuer(), false));
        }
        ui.registered(registered);
        if (keys.isPresent() && registered.client().auth() != ClientAuth.PRIVATE_KEY_JWT) {
            boolean deleted = delete(transport, registered);
            ui.unusedClient(registered, provider.issuer(), deleted);
            throw new FailureException(new Failure(
                    Failure.Kind.REGISTRATION_REFUSED,
                    provider.documentation().map(URI::toString).orElse(Printable.of(provider.issuer())),
                    "it registered the client for " + registered.client().auth().metadataName()
                            + " and not with the public key"));
        }
        return registered;
    }

    /**
     * The scope to request: what the registration allows, and always {@code openid}. Keycloak does not let an anonymous
     * client register for it, but any client may request it, and only then does Keycloak say who approved.
     */
    static List<String> granted(List<String> scope, Optional<Registered> registered) {
        return registered
                .map(client -> scope.stream()
                        .filter(value ->
                                value.equals(RequestedToken.OPENID) || Registration.covers(client.scope(), value))
                        .toList())
                .orElse(scope);
    }

    /** Asks before it drops a scope that the user named. */
    void requireScope(List<String> named, List<String> requested, List<String> granted) throws FailureException {
        List<String> refused =
                requested.stream().filter(word -> !granted.contains(word)).toList();
        boolean isNamed = refused.stream().anyMatch(named::contains);
        if (!refused.isEmpty() && !ui.confirmWithout(refused, isNamed)) {
            throw new FailureException(new Failure(
                    Failure.Kind.SCOPE_REFUSED,
                    provider.issuer(),
                    "the client may not ask for " + Printable.of(String.join(" ", refused))));
        }
    }

    /** An issuer may register other grant types than requested, and its response counts (RFC 7591 section 3.2.1). */
    static FailureException ofChangedGrants(FailureException e, Registered client) {
        return switch (e.failure().kind()) {
            case CLIENT_REFUSED, CLIENT_NOT_APPROVED, REQUEST_REFUSED ->
                new FailureException(new Failure(
                        Failure.Kind.CLIENT_NOT_APPROVED,
                        e.failure().where(),
                        e.failure().detail() + "; it registered the client for "
                                + Printable.of(String.join(" ", client.grantTypes()))
                                + " and not for the device flow"));
            default -> e;
        };
    }
}
