package org.opensciencegrid.tokenrenewer.status;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.Header;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.state.StateFiles;

/**
 * All that is known of one account, whether the config file names it or not.
 *
 * @param header of the account file; empty when that cannot be read
 * @param account what is in it; empty when whoever asks cannot open it
 * @param problem why not
 */
public record AccountStory(
        String name,
        Path file,
        Instant time,
        AccountState state,
        Optional<Header> header,
        Optional<Account> account,
        Optional<Failure> problem) {
    /**
     * Looks at what is there now, and changes nothing.
     *
     * @throws IOException when the state file may not be read
     */
    public static AccountStory of(
            String name, Path passwordFile, AccountStore store, StateFiles states, Passwords passwords, Instant now)
            throws IOException {
        AccountState state = states.read(name);
        Optional<Header> header = Optional.empty();
        Optional<Account> account = Optional.empty();
        Optional<Failure> problem = Optional.empty();
        try {
            header = Optional.of(store.peek(name));
            try (Password password = passwords.read(name, passwordFile)) {
                byte[] content = store.view(name, password);
                account = Optional.of(Account.decode(content));
                Arrays.fill(content, (byte) 0);
            }
        } catch (StoreException e) {
            problem = Optional.of(Failures.of(e));
        } catch (PasswordFileException e) {
            problem = Optional.of(Failures.of(e));
        } catch (IllegalArgumentException e) {
            problem = Optional.of(Failures.unfit(store.file(name), e));
        }
        return new AccountStory(name, store.file(name), now, state, header, account, problem);
    }

    /** Whether there is such an account, be it damaged. */
    public boolean exists() {
        return problem.filter(why -> why.kind() == Failure.Kind.ACCOUNT_MISSING).isEmpty();
    }

    /** What stands between it and its next renewal; a password that only the service may read does not. */
    public Level level() {
        Optional<Failure> worst = problem.filter(why -> header.isEmpty()
                        || why.kind() != Failure.Kind.PASSWORD_FILE && why.kind() != Failure.Kind.PASSWORD_MISSING)
                .or(state::failure);
        if (worst.isPresent()) {
            return worst.get().kind().passesByItself() ? Level.WARNING : Level.ACTION;
        }
        return isOnTwoHosts() ? Level.WARNING : Level.OK;
    }

    /** Whether another host had saved the account of late, or has now. */
    public boolean isOnTwoHosts() {
        return account.filter(Account::isFromAnotherHost).isPresent() || state.isOnTwoHosts(time);
    }
}
