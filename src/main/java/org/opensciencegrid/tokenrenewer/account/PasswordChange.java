package org.opensciencegrid.tokenrenewer.account;

import java.time.Duration;
import java.util.function.Supplier;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;

/**
 * Re-encrypts an account with the password that its password file holds now. At every moment the account opens with the
 * old or the new password. If a change is interrupted, the same command completes it.
 *
 * <p>An account that was restored from a backup, or whose file is damaged, is not changed: that replaces its previous
 * generation too. A copy, and an account that was moved, may change: the new content says so as well. A sign of an
 * interrupted run may come from this command itself.
 */
public record PasswordChange(AccountStore store, Duration lockWait) {
    /**
     * @param old called only if the account does not open with {@code fresh}; closed here
     * @return false if the account had the new password already
     */
    public boolean run(String name, Password fresh, Supplier<Password> old) throws FailureException {
        try (LockedAccount locked = store.lock(name, lockWait)) {
            if (!locked.exists()) {
                throw new FailureException(new Failure(Failure.Kind.ACCOUNT_MISSING, name, ""));
            }
            // Try the new password first: after a crash, only it opens a generation that was written but not published.
            try (OpenAccount open = locked.open(fresh)) {
                NewestAccount.require(open, store.file(name));
                replacePrevious(open);
                return false;
            } catch (StoreException e) {
                if (e.kind() != StoreException.Kind.WRONG_PASSWORD) {
                    throw e;
                }
            }
            try (Password password = old.get();
                    OpenAccount open = locked.open(password)) {
                NewestAccount.require(open, store.file(name));
                open.rekey(fresh);
                open.save(open.plaintext());
                replacePrevious(open);
                return true;
            }
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        }
    }

    /**
     * Also replaces the previous generation. It would otherwise open with the old password until the issuer rotates.
     */
    private static void replacePrevious(OpenAccount open) throws StoreException {
        open.save(open.plaintext());
    }
}
