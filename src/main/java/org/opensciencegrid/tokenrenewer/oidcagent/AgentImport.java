package org.opensciencegrid.tokenrenewer.oidcagent;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.cryptostore.oidcagent.AgentFile;
import org.opensciencegrid.cryptostore.oidcagent.AgentFileException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.HostIdentity;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;

/**
 * Imports accounts from oidc-agent. Client and authorization stay the same, so no approval is needed. The file of
 * oidc-agent is only read. The issuer is only asked for its endpoints, so no token is rotated and the file stays valid
 * until the first renewal.
 */
public record AgentImport(
        AgentDirectory directory,
        AccountStore store,
        StateStore states,
        Passwords passwords,
        Duration lockWait,
        Network network) {
    /**
     * Imports one account completely or not at all.
     *
     * @param passwordFile for oidc-agent's file and for the new one
     * @param caFile trusted in addition, to discover the issuer
     * @throws FailureException ACCOUNT_EXISTS, and everything that can be wrong with files, password and issuer
     */
    public Account run(String name, Path passwordFile, Optional<Path> caFile) throws FailureException {
        if (exists(name)) { // check first: this is the cause that matters, whatever else is wrong
            throw new FailureException(new Failure(Failure.Kind.ACCOUNT_EXISTS, name, ""));
        }
        try (Password password = passwords.read(name, passwordFile)) {
            Path file = directory.file(name);
            byte[] json = open(file, password, passwordFile);
            try {
                AgentJson agent = AgentJson.parse(file, json);
                Account account = agent.toAccount(
                        discover(agent.issuer(), caFile.or(() -> agent.caFile().map(Path::of))));
                save(name, account, password);
                return account;
            } finally {
                Arrays.fill(json, (byte) 0);
            }
        } catch (PasswordFileException e) {
            throw new FailureException(FailureMapper.of(e));
        } catch (AgentFileException e) {
            throw new FailureException(FailureMapper.of(e, directory.file(name)));
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        }
    }

    private boolean exists(String name) throws FailureException {
        try (LockedAccount locked = store.lock(name, lockWait)) {
            return locked.exists();
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        }
    }

    /** The original service used all lines of the file as the password at setup, and only the first line to renew. */
    private static byte[] open(Path file, Password line, Path passwordFile)
            throws AgentFileException, PasswordFileException {
        AgentFile agent = AgentFile.read(file);
        try {
            return agent.open(line);
        } catch (AgentFileException e) {
            Optional<Password> lines = e.isAboutPassword() ? PasswordFile.readAllLines(passwordFile) : Optional.empty();
            if (lines.isEmpty()) {
                throw e;
            }
            try (Password all = lines.get()) {
                return agent.open(all);
            }
        }
    }

    private Provider discover(String issuer, Optional<Path> caFile) throws FailureException {
        try {
            return new Discovery(network.transport(caFile)).discover(issuer);
        } catch (IssuerException e) {
            throw new FailureException(FailureMapper.of(e, issuer, false));
        }
    }

    private void save(String name, Account account, Password password) throws FailureException, StoreException {
        try (LockedAccount locked = store.lock(name, lockWait)) {
            if (locked.exists()) { // another setup created it in the meantime
                throw new FailureException(new Failure(Failure.Kind.ACCOUNT_EXISTS, name, ""));
            }
            try (OpenAccount open = locked.create(password)) {
                Optional<Failure> rescued = FailureMapper.of(
                        open.save(
                                account.savedBy(HostIdentity.here(store, name)).encode()),
                        store.file(name));
                if (rescued.isPresent()) {
                    throw new FailureException(rescued.get());
                }
            }
            states.write(name, account.updateState(AccountState.UNKNOWN));
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            // The account is saved. The first renewal writes its state.
        }
    }
}
