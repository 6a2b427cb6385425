package org.opensciencegrid.tokenrenewer.life;

import java.time.Duration;
import java.util.function.Supplier;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;

/**
 * Brings an account under the password that its password file holds by now. At every instant it opens with the old one or
 * with the new one, and the same command again ends what an interrupted one began.
 */
public final class PasswordChange {
    private final AccountStore store;
    private final Duration lockWait;

    public PasswordChange(AccountStore store, Duration lockWait) {
        this.store = store;
        this.lockWait = lockWait;
    }

    /**
     * @param old asked only when the account does not open with {@code fresh}; closed here
     * @return false if the account had the new password already
     */
    public boolean run(String name, Password fresh, Supplier<Password> old) throws LifeException {
        try (LockedAccount locked = store.lock(name, lockWait)) {
            if (!locked.exists()) {
                throw new LifeException(new Failure(Failure.Kind.ACCOUNT_MISSING, name, ""));
            }
            // The new one first: only it opens a generation that a crash kept from being published.
            try (OpenAccount open = locked.open(fresh)) {
                replacePrevious(open);
                return false;
            } catch (StoreException e) {
                if (e.kind() != StoreException.Kind.WRONG_PASSWORD) {
                    throw e;
                }
            }
            try (Password password = old.get();
                    OpenAccount open = locked.open(password)) {
                open.rekey(fresh);
                open.save(open.plaintext());
                replacePrevious(open);
                return true;
            }
        } catch (StoreException e) {
            throw new LifeException(Failures.of(e));
        }
    }

    /** The generation before would else open with the old password for as long as the issuer does not rotate. */
    private static void replacePrevious(OpenAccount open) throws StoreException {
        open.save(open.plaintext());
    }
}
