package org.opensciencegrid.tokenrenewer.agent;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.AgentFile;
import org.opensciencegrid.cryptostore.AgentFileException;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.PasswordFile;
import org.opensciencegrid.cryptostore.PasswordFileException;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.account.Account;
import org.opensciencegrid.tokenrenewer.account.Passwords;
import org.opensciencegrid.tokenrenewer.oidc.Discovery;
import org.opensciencegrid.tokenrenewer.oidc.Network;
import org.opensciencegrid.tokenrenewer.oidc.OidcException;
import org.opensciencegrid.tokenrenewer.oidc.Provider;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.Failure;
import org.opensciencegrid.tokenrenewer.state.Failures;
import org.opensciencegrid.tokenrenewer.state.StateFiles;

/**
 * Takes accounts over from oidc-agent: same client, same authorization, no person. Its file is only read. The issuer is
 * asked for its endpoints and for nothing else, so nothing is rotated and the file stays as good as it was until a renewal.
 */
public final class AgentImport {
    private final AgentDirectory directory;
    private final AccountStore store;
    private final StateFiles states;
    private final Passwords passwords;
    private final Duration lockWait;
    private final Network network;

    public AgentImport(
            AgentDirectory directory,
            AccountStore store,
            StateFiles states,
            Passwords passwords,
            Duration lockWait,
            Network network) {
        this.directory = directory;
        this.store = store;
        this.states = states;
        this.passwords = passwords;
        this.lockWait = lockWait;
        this.network = network;
    }

    /**
     * Takes one account over, whole or not at all.
     *
     * @param passwordFile for oidc-agent's file and for ours
     * @param caFile believed in addition, when the issuer is asked
     * @throws AgentException ACCOUNT_EXISTS and all that can be wrong with files, password and issuer
     */
    public Account run(String name, Path passwordFile, Optional<Path> caFile) throws AgentException {
        if (exists(name)) { // first: it is the cause that matters, whatever else may be amiss
            throw new AgentException(new Failure(Failure.Kind.ACCOUNT_EXISTS, name, ""));
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
            throw new AgentException(Failures.of(e));
        } catch (AgentFileException e) {
            throw new AgentException(Failures.of(e, directory.file(name)));
        } catch (StoreException e) {
            throw new AgentException(Failures.of(e));
        }
    }

    private boolean exists(String name) throws AgentException {
        try (LockedAccount locked = store.lock(name, lockWait)) {
            return locked.exists();
        } catch (StoreException e) {
            throw new AgentException(Failures.of(e));
        }
    }

    /** The original service set accounts up with all lines of the file, and renewed with the first. */
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

    private Provider discover(String issuer, Optional<Path> caFile) throws AgentException {
        try {
            return new Discovery(network.transport(caFile)).discover(issuer);
        } catch (OidcException e) {
            throw new AgentException(Failures.of(e, issuer, false));
        }
    }

    private void save(String name, Account account, Password password) throws AgentException, StoreException {
        try (LockedAccount locked = store.lock(name, lockWait)) {
            if (locked.exists()) { // somebody set it up meanwhile
                throw new AgentException(new Failure(Failure.Kind.ACCOUNT_EXISTS, name, ""));
            }
            try (OpenAccount open = locked.create(password)) {
                Optional<Failure> rescued = Failures.of(open.save(account.encode()), store.file(name));
                if (rescued.isPresent()) {
                    throw new AgentException(rescued.get());
                }
            }
            states.write(
                    name,
                    AccountState.UNKNOWN
                            .withClient(account.issuer(), account.client().id())
                            .withAuthorization(
                                    account.authorizedAt(),
                                    Optional.empty(),
                                    account.scope(),
                                    account.clientSecretExpiresAt()));
        } catch (StoreException e) {
            throw e;
        } catch (IOException e) {
            // The account is safe; the first renewal writes its state.
        }
    }
}
