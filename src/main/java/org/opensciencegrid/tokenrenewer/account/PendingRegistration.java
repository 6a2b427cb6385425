package org.opensciencegrid.tokenrenewer.account;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;

/**
 * Stores the client that was registered for an incomplete account, encrypted like an account. An issuer's administrator
 * may have to approve a client before it can be used, and a second client would need another approval.
 *
 * <p>The lock is held during the whole setup. Two setups of one account at the same time would use and delete each
 * other's client.
 */
public final class PendingRegistration implements AutoCloseable {
    /** Enough for a setup that is about to end. A setup that waits for a user takes longer. */
    private static final Duration LOCK_WAIT = Duration.ofSeconds(2);

    private final LockedAccount locked;

    /** @throws StoreException BUSY during another setup of the account */
    public PendingRegistration(AccountStore store, String account) throws StoreException {
        this.locked = store.lock(account, LOCK_WAIT);
    }

    /** @param requested the scope that was requested */
    public void keep(
            Password password, Provider provider, Registered registered, List<String> requested, List<String> audience)
            throws StoreException {
        Account client = Account.of(provider, registered.client(), registered.scope(), audience)
                .withRequestedScope(requested)
                .withRegistration(registered);
        try (OpenAccount open = locked.create(password)) {
            open.save(client.encode());
        }
    }

    /** The stored client for this issuer; empty if it cannot be read. */
    public Optional<Account> find(Password password, String issuer) {
        if (!locked.exists()) {
            return Optional.empty();
        }
        try (OpenAccount open = locked.open(password)) {
            return Optional.of(Account.decodeRegistration(open.plaintext()))
                    .filter(client -> client.issuer().equals(issuer));
        } catch (StoreException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    public void delete() {
        try {
            if (locked.exists()) {
                locked.delete();
            }
        } catch (StoreException e) {
            // The client is offered to the next setup of this account, and the issuer reports if it is gone.
        }
    }

    @Override
    public void close() {
        locked.close();
    }
}
