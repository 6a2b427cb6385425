package org.opensciencegrid.tokenrenewer.setup;

import java.util.Optional;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Transport;
import org.opensciencegrid.tokenrenewer.oidc.Client;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;
import org.opensciencegrid.tokenrenewer.oidc.Revocation;
import org.opensciencegrid.tokenrenewer.util.Secret;

/**
 * Undoes and reports what setup created at the issuer, if setup fails or you press Ctrl-C. Code that must not be
 * interrupted by Ctrl-C holds this object's monitor.
 */
final class SetupRollback {
    private final Transport transport;
    private final Provider provider;
    private final Optional<Registered> registered;
    private final SetupUi ui;
    private final Runnable onClientDeleted;
    private final Thread onInterrupt = new Thread(this::undo, "undo");
    private Optional<Client> client = Optional.empty();
    private Optional<Secret> refreshToken = Optional.empty();
    private boolean done;

    SetupRollback(
            Transport transport,
            Provider provider,
            Optional<Registered> registered,
            SetupUi ui,
            Runnable onClientDeleted) {
        this.onClientDeleted = onClientDeleted;
        this.transport = transport;
        this.provider = provider;
        this.registered = registered;
        this.ui = ui;
        Runtime.getRuntime().addShutdownHook(onInterrupt);
    }

    synchronized void authorized(Client client, Secret refreshToken) {
        this.client = Optional.of(client);
        this.refreshToken = Optional.of(refreshToken);
    }

    synchronized void requireNotDone() throws FailureException {
        if (done) {
            throw new FailureException(new Failure(Failure.Kind.DENIED, provider.issuer(), "interrupted"));
        }
    }

    synchronized void commit() {
        done = true;
    }

    void run() {
        try {
            Runtime.getRuntime().removeShutdownHook(onInterrupt);
            undo();
        } catch (IllegalStateException e) {
            // The process is ending, and the shutdown hook does it.
        }
    }

    private synchronized void undo() {
        if (done) {
            return;
        }
        done = true;
        refreshToken.ifPresent(this::revoke);
        registered.ifPresent(this::delete);
    }

    private void revoke(Secret token) {
        boolean revoked = false;
        if (provider.revocationEndpoint().isPresent()) {
            try {
                new Revocation(transport).revoke(provider.revocationEndpoint().get(), client.orElseThrow(), token);
                revoked = true;
            } catch (IssuerException e) {
                // reported by revoked = false
            }
        }
        ui.revoked(provider.issuer(), revoked);
    }

    private void delete(Registered client) {
        boolean deleted = Registrar.delete(transport, client);
        if (deleted) {
            onClientDeleted.run();
        }
        ui.unusedClient(client, provider.issuer(), deleted);
    }
}
