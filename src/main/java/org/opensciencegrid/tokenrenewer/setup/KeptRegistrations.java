package org.opensciencegrid.tokenrenewer.setup;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.oidc.Registration.Registered;

/**
 * Clients that exist at an issuer for accounts that are not complete, encrypted like accounts: an issuer's administrator
 * may have to approve a client before it can be used, and a second one would have to be approved again.
 */
final class KeptRegistrations {
    private final AccountStore store;
    private final Duration lockWait;

    KeptRegistrations(AccountStore store, Duration lockWait) {
        this.store = store;
        this.lockWait = lockWait;
    }

    void keep(String account, Password password, Provider provider, Registered registered, List<String> audience)
            throws StoreException {
        Account client = Account.of(provider, registered.client(), registered.scope(), audience)
                .withRegistration(registered);
        try (LockedAccount locked = store.lock(account, lockWait);
                OpenAccount open = locked.create(password)) {
            open.save(client.encode());
        }
    }

    /** What was kept for the account at this issuer; nothing where it cannot be read any more. */
    Optional<Registered> find(String account, Password password, String issuer) throws StoreException {
        try (LockedAccount locked = store.lock(account, lockWait)) {
            if (!locked.exists()) {
                return Optional.empty();
            }
            try (OpenAccount open = locked.open(password)) {
                Account client = Account.decodeRegistration(open.plaintext());
                return client.issuer().equals(issuer) ? Optional.of(client.registration()) : Optional.empty();
            } catch (StoreException | IllegalArgumentException e) {
                return Optional.empty();
            }
        }
    }

    void forget(String account) {
        try (LockedAccount locked = store.lock(account, lockWait)) {
            if (locked.exists()) {
                locked.delete();
            }
        } catch (StoreException e) {
            // It is offered to the next setup of this account, which is told by the issuer if it is gone.
        }
    }
}
