package org.opensciencegrid.tokenrenewer.status;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.Header;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;

/**
 * Everything known about one account, whether or not the config file names it.
 *
 * @param header of the account file; empty if it cannot be read
 * @param account the content of the account file; empty if the caller cannot open it
 * @param isFromAnotherHost whether the content shows that another host saved the account
 * @param problem why header or account is empty
 */
public record AccountDetails(
        String name,
        Path file,
        Instant time,
        AccountState state,
        Optional<Header> header,
        Optional<Account> account,
        boolean isFromAnotherHost,
        Optional<Failure> problem) {
    /**
     * Reads the present state and changes nothing.
     *
     * @param passwordFile empty for an account without an account file
     * @throws IOException if the state file cannot be read
     */
    public static AccountDetails of(
            String name,
            Optional<Path> passwordFile,
            AccountStore store,
            StateStore states,
            Passwords passwords,
            Instant now)
            throws IOException {
        AccountState state = states.read(name);
        Optional<Header> header = Optional.empty();
        Optional<Account> account = Optional.empty();
        Optional<Failure> problem = Optional.empty();
        try {
            if (passwordFile.isPresent()) {
                header = Optional.of(store.peek(name));
                account = Optional.of(Account.view(store, name, passwords, passwordFile.get()));
            }
        } catch (StoreException e) {
            problem = Optional.of(FailureMapper.of(e));
        } catch (PasswordFileException e) {
            problem = Optional.of(FailureMapper.of(e));
        } catch (IllegalArgumentException e) {
            problem = Optional.of(FailureMapper.invalidAccount(store.file(name), e));
        }
        boolean isFromAnotherHost = account.filter(open -> open.isFromAnotherHost(HostIdentity.here(store, name)))
                .isPresent();
        return new AccountDetails(name, store.file(name), now, state, header, account, isFromAnotherHost, problem);
    }

    /** Whether the account exists, even if it is damaged. */
    public boolean exists() {
        return problem.filter(why -> why.kind() == Failure.Kind.ACCOUNT_MISSING).isEmpty();
    }

    /** What prevents its next renewal. A password that only the service can read does not. */
    public Level level() {
        Optional<Failure> worst = problem.filter(why -> header.isEmpty()
                        || why.kind() != Failure.Kind.FILE_ACCESS && why.kind() != Failure.Kind.PASSWORD_MISSING)
                .or(state::failure);
        if (worst.isPresent()) {
            return worst.get().kind().passesByItself() ? Level.WARNING : Level.ACTION;
        }
        return isOnTwoHosts() ? Level.WARNING : Level.OK;
    }

    /** Whether another host saved the account recently, or was the last to save it. */
    public boolean isOnTwoHosts() {
        return isFromAnotherHost || state.isOnTwoHosts(time);
    }
}
