package org.opensciencegrid.tokenrenewer.oidcagent;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.cryptostore.oidcagent.AgentFile;
import org.opensciencegrid.cryptostore.oidcagent.AgentFileException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;

/** Exports an account to oidc-agent's format with the same password. The account stays here. */
public record AgentExport(AccountStore store, Duration lockWait) {
    /** @param file must not exist */
    public void run(String name, Password password, Path file) throws FailureException {
        try (LockedAccount locked = store.lock(name, lockWait)) {
            if (!locked.exists()) {
                throw new FailureException(new Failure(Failure.Kind.ACCOUNT_MISSING, name, ""));
            }
            try (OpenAccount open = locked.open(password)) {
                byte[] json = AgentJson.write(name, Account.decode(open.plaintext()));
                AgentFile.write(file, AgentFile.seal(json, password));
                Arrays.fill(json, (byte) 0);
            }
        } catch (IllegalArgumentException e) {
            throw new FailureException(FailureMapper.invalidAccount(store.file(name), e));
        } catch (AgentFileException e) {
            throw new FailureException(FailureMapper.of(e, file));
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        }
    }
}
