package org.opensciencegrid.tokenrenewer.account;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import org.opensciencegrid.cryptostore.AccountStore;
import org.opensciencegrid.cryptostore.LockedAccount;
import org.opensciencegrid.cryptostore.OpenAccount;
import org.opensciencegrid.cryptostore.Password;
import org.opensciencegrid.cryptostore.StoreException;
import org.opensciencegrid.tokenrenewer.failure.Failure;
import org.opensciencegrid.tokenrenewer.failure.FailureException;
import org.opensciencegrid.tokenrenewer.failure.FailureMapper;
import org.opensciencegrid.tokenrenewer.net.IssuerException;
import org.opensciencegrid.tokenrenewer.net.Network;
import org.opensciencegrid.tokenrenewer.net.TrustStore;
import org.opensciencegrid.tokenrenewer.oidc.ClientKeys;
import org.opensciencegrid.tokenrenewer.oidc.Registration;
import org.opensciencegrid.tokenrenewer.state.AccountState;
import org.opensciencegrid.tokenrenewer.state.StateStore;
import org.opensciencegrid.tokenrenewer.util.Secret;

/** Gives the public keys of a client that setup registered to its issuer. */
public record KeyUpdate(AccountStore store, StateStore states, Duration lockWait, Network network) {
    /**
     * Replaces the keys that the issuer has.
     *
     * @param caFile trusted in addition; if empty, the account's own CA file
     * @return why the issuer does not have them, if the client cannot be changed like this; empty if it has them
     */
    public Optional<String> run(String name, ClientKeys keys, Password password, Optional<Path> caFile)
            throws FailureException {
        try (LockedAccount locked = store.lock(name, lockWait)) {
            if (!locked.exists()) {
                throw new FailureException(new Failure(Failure.Kind.ACCOUNT_MISSING, name, ""));
            }
            try (OpenAccount open = locked.open(password)) {
                Account account = Account.decode(open.plaintext());
                requireUsable(name, account, open);
                return ShutdownGuard.run(() -> replace(account, keys, open, caFile));
            }
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        } catch (IllegalArgumentException e) {
            throw new FailureException(FailureMapper.invalidAccount(store.file(name), e));
        }
    }

    /** A save counts as the answer to the newest request for a token, so there must be no doubt about that one. */
    private void requireUsable(String name, Account account, OpenAccount open) throws FailureException {
        Path file = store.file(name);
        Optional<Failure> whyMoved = account.whyMoved(file);
        if (whyMoved.isPresent()) {
            throw new FailureException(whyMoved.get());
        }
        if (open.interruptedAt().isPresent()) {
            keepDoubt(name, open.interruptedAt().get());
            throw new FailureException(new Failure(Failure.Kind.ACCOUNT_INTERRUPTED, file.toString(), ""));
        }
        NewestAccount.require(account, open, HostIdentity.here(store, name), file);
    }

    /** With files, opening an account removes what shows that a run was interrupted. */
    private void keepDoubt(String name, Instant since) throws FailureException {
        try {
            AccountState state = states.read(name);
            states.write(name, state.withDoubt(state.inDoubtSince().or(() -> Optional.of(since))));
        } catch (IOException e) {
            throw new FailureException(FailureMapper.ofState(e, name));
        }
    }

    /** Whether the answer is not about the token to change the client. Refusals never are about the authorization. */
    private static boolean isTrouble(IssuerException e) {
        return switch (e.kind()) {
            case UNREACHABLE, TLS, PROXY, INSECURE, NO_ANSWER -> true;
            case TEMPORARY, WEB_PAGE -> e.status() == 408 || e.status() == 429 || e.status() >= 500;
            default -> false;
        };
    }

    private Optional<String> replace(Account account, ClientKeys keys, OpenAccount open, Optional<Path> caFile)
            throws FailureException {
        Optional<URI> uri = account.registrationClientUri();
        Optional<Secret> token = account.registrationAccessToken();
        if (uri.isEmpty() || token.isEmpty()) {
            return Optional.of("its issuer gave no token to change the client");
        }
        TrustStore trust = new TrustStore(caFile.or(() -> account.caFile().map(Path::of)));
        try {
            new Registration(network.transport(trust))
                    .replaceKeys(uri.get(), token.get(), keys, new Kept(account, open));
            return Optional.empty();
        } catch (StoreException e) {
            throw new FailureException(FailureMapper.of(e));
        } catch (IssuerException e) {
            if (isTrouble(e)) {
                throw new FailureException(FailureMapper.of(e, account.issuer(), false));
            }
            return Optional.of("its issuer did not confirm the change of the client: " + e.getMessage());
        } catch (IOException e) {
            throw new IllegalStateException(e); // only the store throws it
        }
    }

    /** Saves each answer that has a new token or secret, which may be the only copy. */
    private static final class Kept implements Registration.Management {
        private Account account;
        private final OpenAccount open;

        Kept(Account account, OpenAccount open) {
            this.account = account;
            this.open = open;
        }

        @Override
        public void reserve() throws StoreException {
            open.reserve();
        }

        @Override
        public void answered(Registration.Answer answer) throws StoreException {
            Account next = account.withManagement(answer);
            if (!Arrays.equals(next.encode(), account.encode())) {
                open.save(next.encode());
                account = next;
            }
        }
    }
}
